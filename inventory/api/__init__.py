"""The partner API of stock: what a warehouse may report, its levels and what moved them."""

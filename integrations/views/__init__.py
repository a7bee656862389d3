"""Pages of the integrations, one module for each part of them."""

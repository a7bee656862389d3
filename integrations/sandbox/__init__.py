"""Stand-in stores and a stand-in warehouse. Imports nothing of the product, and no connector."""

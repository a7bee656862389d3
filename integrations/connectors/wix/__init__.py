"""Wix: Stores with Catalog V1 or V3, by API key or through the operator's own app."""

"""The partner API: what is to be shipped, and what a warehouse answers. The same functions as the pages call."""

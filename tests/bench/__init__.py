"""`make bench`: the figures the product is held to, each a ratio against a floor taken in the same run."""

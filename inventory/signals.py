"""Nudges for the apps to the left; the rows are the promise."""

from django.dispatch import Signal

# A person added a product, or gave one another SKU: product, by, now. Sent after it is stored.
product_named = Signal()

# Stock of some of an account's products changed: account_id. Sent after it is stored.
stock_moved = Signal()

# Aliases were added, changed or deleted many at a time, where no model signal tells: account_id, codes (old and new),
# product_ids. Sent in their transaction.
aliases_changed = Signal()

# An alias was added, changed or removed: was and row (None before it was added, and after it was removed), by, now.
# Sent in its transaction.
alias_told = Signal()

# A file of levels is to be written on, behind the page: import_id.
levels_to_import = Signal()

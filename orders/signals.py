"""Nudges for the apps to the left, sent after commit; the rows are the promise."""

from django.dispatch import Signal

# Fulfillments of this store wait to be told: store_id.
shipments_to_tell = Signal()

# These orders are to be read from the store once more: store_id, uids, now. Sent within the transaction, so that what
# the receiver writes is there together with the reason.
orders_to_read = Signal()

# Other rules are in force: account_id, now. Sent within the transaction; waiting orders are to be looked at again.
rules_changed = Signal()

# What these orders name has changed, and may hold or free them: what ("product", "ship_method", "warehouse"), row.
orders_to_settle = Signal()

# A person said what becomes of orders under a word's older meaning: remapping_id.
orders_to_remap = Signal()

# Orders are to be let go, or taken back, in the background: cure_id.
cure_waits = Signal()

# A file of tracking numbers is to be shipped on, behind the page: import_id.
tracking_to_import = Signal()

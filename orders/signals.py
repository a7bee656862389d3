"""Nudges for the apps to the left, sent after commit; the rows are the promise."""

from django.dispatch import Signal

# Fulfillments of this store wait to be told: store_id.
shipments_to_tell = Signal()

# These orders are to be read from the store once more: store_id, uids, now. Sent within the transaction, so that what
# the receiver writes is there together with the reason.
orders_to_read = Signal()

"""Nudges for the apps to the left, sent after commit; the rows are the promise."""

from django.dispatch import Signal

# Fulfillments of this store wait to be told: store_id.
shipments_to_tell = Signal()

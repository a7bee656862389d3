"""Nudges for the apps to the left; the rows are the promise."""

from django.dispatch import Signal

# A word got a target or another one: kind ("ship_code", "sku", "location"), row_id, account_id. Sent after commit.
word_mapped = Signal()

# Several words got a target at once: account_id. Sent after commit.
words_mapped = Signal()

# Orders of a shipping option are to wait for a look, or no longer: row_id, account_id, now, quiet. Sent within the
# transaction, so that what the receiver writes is there together with it. `quiet`: one of many, which `words_mapped`
# tells of together.
ship_method_held = Signal()

# A file of mappings is to be written on, or taken back, behind the page: import_id.
words_to_import = Signal()

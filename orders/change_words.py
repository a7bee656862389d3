"""What a warehouse may be asked to follow after it took a request, in words. A change is as the request keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# As they stand in the word of the hold that asks about changes after release.
ADDRESS = "address"
SHIP_CODE = "ship code"
PRODUCT = "product"
WAREHOUSE = "warehouse"

# In the word of the hold that asks which address is right.
CHANGED_THERE = "it was changed in the store after it was changed here"
# In the event, where the store came to the address that was set here.
AS_HERE = "address (to the one set here)"

WORDS = {"ship_to": ADDRESS, "ship_code": SHIP_CODE, "carrier": SHIP_CODE, "service": SHIP_CODE}


def words_of(change: Mapping[str, Any]) -> list[str]:
    """What is asked: "address", "ship code"."""
    return list(dict.fromkeys(WORDS[name] for name in WORDS if name in change))


def asked_for(change: Mapping[str, Any]) -> str:
    """ "the new address", "the ship code EXPRESS", or both."""
    parts = {ADDRESS: "the new address", SHIP_CODE: f"the ship code {code_in(change)}".strip()}
    return " and ".join(parts[word] for word in words_of(change)) or "the change"


def code_in(change: Mapping[str, Any]) -> str:
    """The ship code as a person reads it, with its carrier where that is what changed."""
    way = " ".join(str(change[name]) for name in ("carrier", "service") if change.get(name))
    return str(change.get("ship_code") or way)


def as_it_was(change: Mapping[str, Any]) -> str:
    """How it left where the warehouse did not follow."""
    parts = {ADDRESS: "for the address it had", SHIP_CODE: "by the ship code it had"}
    return " and ".join(parts[word] for word in words_of(change)) or "as it was"

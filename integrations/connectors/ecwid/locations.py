"""Places of an Ecwid store. Ecwid lists none, so they are put together from what names a place.

The store itself, under its own id; its pickup options, which orders that are picked up name; and the outlets of a store
that is linked to Lightspeed's tills, which its products and shipping options name by a number only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcp.errors import Refused, Rejected

from ..shapes import IncomingLocation
from .connecting import name_of
from .reading import Call, Json, id_text, part_of, text_of

OUTLETS = "items(locationInventory,combinations(locationInventory))"


def locations(call: Call, profile: Any) -> list[IncomingLocation]:
    """The store first, as the default one. Each once."""
    found = {place.uid: place for place in _places(call, profile) if place.uid}
    return sorted(found.values(), key=lambda place: not place.default)


def _places(call: Call, profile: Any) -> Iterator[IncomingLocation]:
    options = shipping_options(call, profile)
    outlets = [*_outlets(call), *(uid for option in options if (uid := id_text(option, "locationId")))]
    for uid in outlets:
        yield IncomingLocation(uid, f"Outlet {uid}")
    for option in options:
        if text_of(option, "fulfilmentType", 40).lower() == "pickup":
            uid = id_text(option, "id")
            yield IncomingLocation(uid, text_of(option, "title", 255) or f"Pickup {uid}")
    # Last, so that nothing else takes its id.
    yield IncomingLocation(id_text(part_of(profile, "generalInfo"), "storeId"), _name(profile), default=True)


def _name(profile: Any) -> str:
    """Where its parcels begin, where it says so, else the store's own name."""
    origin, company = part_of(part_of(profile, "shipping"), "shippingOrigin"), part_of(profile, "company")
    named = text_of(origin, "companyName") or text_of(company, "companyName") or name_of(profile)
    city = text_of(origin, "city", 100) or text_of(company, "city", 100)
    return f"{named}, {city}"[:255] if named and city else (named or city or "Store")


def shipping_options(call: Call, profile: Any) -> list[Json]:
    """From the profile, which mostly holds them, else asked for by themselves."""
    listed = part_of(profile, "shipping").get("shippingOptions")
    if not isinstance(listed, list):
        reply = call("GET", "/profile/shippingOptions")
        listed = reply.get("items") if isinstance(reply, dict) else reply
    return [option for option in listed if isinstance(option, dict)] if isinstance(listed, list) else []


def _outlets(call: Call) -> list[str]:
    """Every product of a linked store names all its outlets, so that a page of them is enough."""
    try:
        reply = call("GET", "/products", params={"limit": "100", "responseFields": OUTLETS})
    except (Refused, Rejected):  # a key for orders only
        return []
    products = reply.get("items") if isinstance(reply, dict) else None
    found: dict[str, None] = {}
    for product in products if isinstance(products, list) else ():
        variations = product.get("combinations") if isinstance(product, dict) else None
        for one in (product, *(variations if isinstance(variations, list) else ())):
            found |= dict.fromkeys(uid[:100] for uid in part_of(one, "locationInventory") if uid)
    return list(found)

"""What Wix says of stock, at its own places. Source: dev.wix.com, Stores Inventory (V1) and Inventory Items (V3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from fcp.http import ErrorTable

from ..shapes import Page, StoreStock
from .listings import of_rows
from .reading import Json, Wrong, key_text, number, parts, text
from .replies import V1_ROWS, Query, by_numeric_id, cursor_gone, next_of, part_of, rows_of
from .words import NO_VARIANT

QUERY_V1 = "/stores-reader/v2/inventoryItems/query"
QUERY_V3 = "/stores/v3/inventory-items/query"
V3_ROWS = 1000  # of a page, at most
NEW = "new"  # goes for the id of an item that Wix does not have yet, of a variant that it counts elsewhere

Listings = Sequence[tuple[str, str]]  # (product, variant)


@dataclass(frozen=True, slots=True)
class Places:
    """The Stores locations of a V3 site: theirs and our id of each, the default one first.

    Ours is the id that orders name: that of the business location it stands for. A second Stores location of the same
    business location, or one of none, goes by its own id.
    """

    uids: Mapping[str, str]  # Stores location -> ours

    def theirs(self, uid: str) -> str:
        """The default location for ""; "" where Wix has no such location."""
        if not uid:
            return next(iter(self.uids), "")
        return next((theirs for theirs, ours in self.uids.items() if ours == uid), "")

    def ours(self, stores_location: str) -> str:
        return self.uids.get(stores_location, stores_location)


def places_of(rows: Sequence[Json]) -> Places:
    uids: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.get("defaultLocation") is not True):
        own, business = text(row, "id", 100), text(row, "wixLocationId", 100)
        if own:
            uids[own] = business if business and business not in uids.values() else own
    return Places(uids)


# --- Catalog V1 ---------------------------------------------------------------------------------------------------


def v1_page(query: Query, token: str | None) -> Page[StoreStock]:
    rows, following = by_numeric_id(query, QUERY_V1, "inventoryItems", token, {})
    found, bad = of_rows(rows, v1_stock)
    return Page(found, bad, following)


def of_v1(query: Query, wanted: Listings) -> list[StoreStock]:
    """Many products a call; a product that does not come with the others is asked for alone.

    A listing that Wix does not know counts nothing.
    """
    uids = list(dict.fromkeys(product for product, _ in wanted))
    known: dict[tuple[str, str], StoreStock] = {}
    for start in range(0, len(uids), V1_ROWS):
        some = uids[start : start + V1_ROWS]
        rows = _v1_items(query, {"$hasSome": some}) if len(some) > 1 else []
        there = {row.get("productId") for row in rows}
        for uid in some:
            rows += _v1_items(query, uid) if uid not in there else []
        known |= {(row.product_uid, row.variant_uid): row for row in of_rows(rows, v1_stock)[0]}
    keys = dict.fromkeys((product, variant or NO_VARIANT) for product, variant in wanted)
    return [known.get(key) or StoreStock(*key, None, tracked=False) for key in keys]


def _v1_items(query: Query, product: Any) -> list[Json]:
    condition = orjson.dumps({"productId": product}).decode()  # V1 takes its filters as text
    asked = {"paging": {"limit": V1_ROWS, "offset": 0}, "filter": condition}
    return rows_of(query("POST", QUERY_V1, {"query": asked}), "inventoryItems")


def v1_stock(item: Json) -> Iterator[StoreStock]:
    """All variants of one product."""
    product = key_text(text(item, "productId", 1000) or text(item, "externalId", 1000), 100)
    if not product:
        raise Wrong("has no product")
    tracked = item.get("trackQuantity") is True
    for variant in parts(item, "variants"):
        yield StoreStock(
            product_uid=product,
            variant_uid=key_text(text(variant, "variantId", 1000), 100) or NO_VARIANT,
            quantity=_quantity(variant) if tracked else None,
            tracked=tracked,
        )


# --- Catalog V3 ---------------------------------------------------------------------------------------------------


def v3_page(call: Any, places: Places, token: str | None) -> Page[StoreStock]:
    rows, following = _v3_items(call, {"sort": [{"fieldName": "createdDate", "order": "ASC"}]}, token)
    found, bad = of_rows(rows, partial(v3_stock, places))
    return Page(found, bad, following)


def of_v3(call: Any, places: Places, wanted: Listings) -> list[StoreStock]:
    """Each listing at each location, the default one first; a listing without any item counts nothing.

    Where Wix counts a variant, but has no item of it at some location yet, that location's row goes by `NEW`.
    """
    variants = list(dict.fromkeys(variant for _, variant in wanted))
    size = max(1, V3_ROWS // max(1, len(places.uids)))  # so that one page holds all their locations
    items: dict[tuple[str, str], dict[str, StoreStock]] = defaultdict(dict)
    for start in range(0, len(variants), size):
        condition = {"variantId": {"$in": variants[start : start + size]}}
        for row in _all_v3(call, places, {"filter": condition}):
            items[row.product_uid, row.variant_uid][row.location_uid] = row
    return [row for key in dict.fromkeys(wanted) for row in _at_each(places, key, items.get(key, {}))]


def _at_each(places: Places, key: tuple[str, str], items: Mapping[str, StoreStock]) -> Iterator[StoreStock]:
    if not items:
        yield StoreStock(*key, None, tracked=False)
        return
    counted = all(row.tracked for row in items.values())
    for uid in dict.fromkeys([*places.uids.values(), *items]):
        if uid in items:
            yield items[uid]
        elif counted:
            yield StoreStock(*key, 0, tracked=True, location_uid=uid, item_uid=NEW)


def _all_v3(call: Any, places: Places, query: Json) -> Iterator[StoreStock]:
    token: str | None = None
    while True:
        rows, token = _v3_items(call, query, token)
        yield from of_rows(rows, partial(v3_stock, places))[0]
        if token is None:
            return


def _v3_items(call: Any, query: Json, token: str | None) -> tuple[list[Json], str | None]:
    """`query` (filter, sort) goes with the first page only: the cursor carries it."""
    paging: Json = {"limit": V3_ROWS}
    asked = {"cursorPaging": {**paging, "cursor": token}} if token else {"cursorPaging": paging, **query}
    table: ErrorTable = {400: cursor_gone} if token else {}
    reply = call("POST", QUERY_V3, {"query": asked}, reads=True, table=table)
    return rows_of(reply, "inventoryItems"), next_of(part_of(reply, "pagingMetadata"), token)


def v3_stock(places: Places, item: Json) -> Iterator[StoreStock]:
    """One variant at one location."""
    uid, variant = text(item, "id", 100), key_text(text(item, "variantId", 1000), 100)
    if not uid or not variant:
        raise Wrong("has no id")
    tracked = item.get("trackQuantity") is True
    yield StoreStock(
        product_uid=key_text(text(item, "productId", 1000), 100),
        variant_uid=variant,
        quantity=_quantity(item) if tracked else None,
        tracked=tracked,
        location_uid=places.ours(text(item, "locationId", 100)),
        item_uid=uid,
        revision=text(item, "revision", 40),
    )


def _quantity(source: Json) -> int:
    """May be below zero, in a store that sold more than it had. A count without a number is 0."""
    value = source.get("quantity")
    if value is None:
        return 0
    exact = number(value, "quantity")
    if exact != int(exact) or abs(exact) > 10_000_000:
        raise Wrong('has an unreadable value in the field "quantity"')
    return int(exact)

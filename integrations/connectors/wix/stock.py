"""Setting stock. Source: dev.wix.com, Stores Inventory (Catalog V1) and Inventory Items (Catalog V3).

V1 counts each variant once for the whole site and takes one product a call; V3 counts each variant at each of its
Stores locations, 1000 rows a call, and refuses a row whose revision is no longer the item's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from fcp.errors import NotFound, Rejected, Stale, Unreadable

from ..goods import Step, in_turn
from ..shapes import Answer, StockToSet
from .errors import STOCK_NOT_ACCEPTED, STOCK_REJECTIONS, rejection
from .reading import Json, Wrong, count, part, parts, text
from .stock_reading import NEW, Places
from .words import NO_VARIANT

Call = Callable[..., Any]  # (method, path, json) -> what Wix answers
MOST = 99_999  # the largest quantity that Wix takes; negative ones it takes of nobody
ROWS = 1000  # V3 items a call, at most
ONE_PRODUCT = "/stores/v2/inventoryItems/product/{}"
UPDATE, CREATE = "/stores/v3/bulk/inventory-items/update", "/stores/v3/bulk/inventory-items/create"


def set_v1(call: Call, rows: Sequence[StockToSet]) -> list[Answer]:
    """A call for each product. `trackQuantity` goes with each: Wix takes its absence for "stop counting"."""
    products: dict[str, list[StockToSet]] = defaultdict(list)
    for row in rows:
        products[row.product_uid].append(row)
    return in_turn(rows, [(some, partial(_set_product, call)) for some in products.values()])


def set_v3(call: Call, rows: Sequence[StockToSet], places: Callable[[], Places]) -> list[Answer]:
    """One bulk call; a second one where Wix has no item of a variant at a location yet, and shall make it."""
    unread = [row for row in rows if not row.item_uid or (not row.revision and row.item_uid != NEW)]
    answers = [Answer(row.key, error=Stale("never read", code="stock_unread")) for row in unread]
    new = [row for row in rows if row.item_uid == NEW]
    locations = places_for(new, places) if new else {}
    answers += [
        Answer(row.key, error=NotFound("no such location", code="location_not_found", sentence=_NO_LOCATION))
        for row in new
        if not locations[row.key]
    ]
    answered = {answer.key for answer in answers}
    known = [row for row in rows if row.item_uid != NEW and row.key not in answered]
    made = [row for row in new if row.key not in answered]
    steps: list[Step[StockToSet]] = [(some, partial(_update, call)) for some in _cut(known)]
    steps += [(some, partial(_create, call, locations)) for some in _cut(made)]
    return answers + in_turn(known + made, steps)


def places_for(rows: Sequence[StockToSet], places: Callable[[], Places]) -> dict[str, str]:
    """The Stores location of each row, by the row's key; "" where Wix has none."""
    there = places()
    return {row.key: there.theirs(row.location_uid) for row in rows}


def sendable(row: StockToSet) -> bool:
    return type(row.quantity) is int and 0 <= row.quantity <= MOST and bool(row.product_uid)


def nonsense(row: StockToSet) -> Answer:
    detail = f"quantity {row.quantity!r} of product {row.product_uid!r}"
    return Answer(row.key, error=Rejected(detail[:200], code="quantity_refused", sentence=_NONSENSE))


_NONSENSE = f"Wix takes whole quantities from 0 to {MOST} only."
_NO_LOCATION = "Wix no longer has this location. Read the store's locations again."


def _cut(rows: Sequence[StockToSet]) -> Iterator[Sequence[StockToSet]]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


def _set_product(call: Call, rows: Sequence[StockToSet]) -> list[Answer]:
    """Variants of one product; those not named keep their quantity."""
    variants = [{"variantId": row.variant_uid or NO_VARIANT, "quantity": row.quantity} for row in rows]
    product = rows[0].product_uid
    body = {"inventoryItem": {"productId": product, "trackQuantity": True, "variants": variants}}
    call("PATCH", ONE_PRODUCT.format(quote(product, safe="")), body)
    return [Answer(row.key) for row in rows]


def _update(call: Call, rows: Sequence[StockToSet]) -> list[Answer]:
    items = [
        {"inventoryItem": {"id": row.item_uid, "revision": row.revision, "quantity": row.quantity}} for row in rows
    ]
    reply = call("POST", UPDATE, {"inventoryItems": items, "returnEntity": True, "reason": "MANUAL"})
    return _bulk_answers(reply, rows, made=False)


def _create(call: Call, locations: Mapping[str, str], rows: Sequence[StockToSet]) -> list[Answer]:
    items = [
        {
            "productId": row.product_uid,
            "variantId": row.variant_uid,
            "locationId": locations[row.key],
            "quantity": row.quantity,
        }
        for row in rows
    ]
    return _bulk_answers(call("POST", CREATE, {"inventoryItems": items, "returnEntity": True}), rows, made=True)


def _bulk_answers(reply: Any, rows: Sequence[StockToSet], *, made: bool) -> list[Answer]:
    """A row that the answer does not name is not done: Wix leaves details out when there are many failures."""
    try:
        results = parts(reply, "results") if isinstance(reply, dict) else []
        by_place = {_place(part(result, "itemMetadata")): result for result in results}
        return [_bulk_answer(by_place.get(place), row, made=made) for place, row in enumerate(rows)]
    except Wrong as odd:
        raise Unreadable(f"bulk answer {odd}", maybe_done=True) from odd


def _place(meta: Json) -> int:
    return 0 if meta.get("originalIndex") is None else count(meta, "originalIndex")


def _bulk_answer(result: Json | None, row: StockToSet, *, made: bool) -> Answer:
    if result is None:
        return Answer(row.key, error=Unreadable("not in the bulk answer", maybe_done=True))
    meta, item = part(result, "itemMetadata"), part(result, "item")
    if meta.get("success") is True:
        uid = text(item, "id", 100) or text(meta, "id", 100) or ("" if made else row.item_uid)
        return Answer(row.key, store_ref=uid, revision=text(item, "revision", 40))
    said = part(meta, "error") or part(result, "error")
    code, description = text(said, "code", 100), text(said, "description", 500)
    error = rejection(code, description, pieces=STOCK_REJECTIONS, otherwise=STOCK_NOT_ACCEPTED)
    if isinstance(error, NotFound) and not made:  # the id may be an old one; reading shows what is there now
        error = Stale(error.detail, code="stock_item_gone")
    return Answer(row.key, error=error)

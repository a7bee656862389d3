"""Stock of an Ecwid store: one whole number for each product, and for each variation with an SKU of its own.

One quantity is one PUT, several are one batch (`batch`). Quantities are absolute, so that telling one twice changes
nothing. Unverified, each read in the way that cannot harm: what a quantity does to a product whose stock is unlimited
(`unlimited` is never sent, so we do not switch counting on), and what it does to a variation that is sold from its
product's stock (it is never sent to one that was never read).
Source: Ecwid API reference, "Update product", "Update product variation"; official client, tests of stock.

Least calls: 1 for one quantity; 1 and the questions for the ticket (2, 2, 4, 8, 15, 15 ... seconds apart) for each 500.
Reading all: one for each 99 products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fcp.errors import Rejected, SyncError

from ..declaring import StockOffer
from ..goods import in_turn, shaped
from ..shapes import Answer, Done, Later, Page, StockToSet, StoreStock
from . import batch, shelf
from .goods_errors import stock_table
from .listings import counted, sells_itself, uid_of
from .reading import Call, Json, number, parts, text, unreadable

MOST = 99_999_999  # a guard against nonsense; Ecwid names no largest quantity
FIELDS = (
    "id,sku,quantity,unlimited,createTimestamp,updateTimestamp,options(type,name,choices(text)),"
    "combinations(id,sku,options(name,value),quantity,unlimited)"
)
Listings = Sequence[tuple[str, str]]  # (product, variation or "")

# As many as a batch takes: changes of the same listings wait for its end, which is within a minute at its rate.
OFFER = StockOffer(
    per_call=500,
    most=MOST,
    seen_first=True,
    later_from=2,
    notes=(
        "Ecwid has one quantity for each SKU and none by location: the stock of a SKU in all mapped warehouses is "
        "added up and sent as one number.",
        "A variation without an SKU of its own is sold from its product's stock, so only the product's number is sent.",
        "A product whose stock is unlimited in Ecwid is left alone.",
        "A quantity below 0 goes to Ecwid as 0.",
        "Quantities go to Ecwid only once a warehouse is mapped here; while none is, nothing is sent and Ecwid keeps "
        "its own.",
    ),
)


# --- reading ----------------------------------------------------------------------------------------------------------


def page(call: Call, token: str | None) -> Page[StoreStock]:
    rows, following = shelf.read(call, FIELDS, shelf.place_of(token))
    found, bad = shaped("Ecwid", rows, stock_of)
    return Page(found, bad, following.token if following else None)


def of(call: Call, listings: Listings) -> list[StoreStock]:
    """One row for each, a hundred products a call.

    What Ecwid does not have counts nothing, and neither does a variation that is sold from its product's stock.
    """
    rows = shelf.of(call, FIELDS, [product for product, _ in listings])
    known = {(one.product_uid, one.variant_uid): one for one in shaped("Ecwid", rows, stock_of)[0]}
    return [known.get(key) or StoreStock(*key, None, tracked=False) for key in dict.fromkeys(listings)]


def stock_of(product: Json) -> Iterator[StoreStock]:
    """What holds a number of its own: the product where it is sold itself, and variations with their own SKU."""
    uid, tracked = uid_of(product), counted(product)
    if sells_itself(product):
        yield _row(uid, "", product, tracked is not False)
    for one in parts(product, "combinations"):
        if text(one, "sku", 100):
            yield _row(uid, uid_of(one), one, counted(one, tracked) is not False)


def _row(product: str, variation: str, source: Json, tracked: bool) -> StoreStock:
    return StoreStock(product, variation, _quantity(source) if tracked else None, tracked)


def _quantity(source: Json) -> int | None:
    """May be below zero, in a store that sold more than it had."""
    value = source.get("quantity")
    if value is None:
        return None
    exact = number(value, "quantity")
    if exact != int(exact) or abs(exact) > 10 * MOST:
        raise unreadable("quantity")
    return int(exact)


# --- setting ----------------------------------------------------------------------------------------------------------


def push(call: Call, rows: Sequence[StockToSet]) -> Done | Later:
    """The product before its variations: where both have one SKU, Ecwid wants them to show one number."""
    odd = [nonsense(row) for row in rows if not sendable(row)]
    good = sorted((row for row in rows if sendable(row)), key=lambda row: (row.product_uid, row.variant_uid != ""))
    if len(good) > 1 and good[0].telling:
        changes = [batch.Change(row.key, path_of(row), _body(row)) for row in good]
        return Later(batch.ask(call, changes, good[0].telling))
    answers = odd + in_turn(good, [([row], lambda some: _set(call, some)) for row in good])
    by_key = {answer.key: answer for answer in answers}
    return Done([by_key[row.key] for row in rows])


def _set(call: Call, rows: Sequence[StockToSet]) -> list[Answer]:
    (row,) = rows
    call("PUT", path_of(row), _body(row), errors=stock_table("PUT", path_of(row)))
    return [Answer(row.key)]


def path_of(row: StockToSet) -> str:
    product = f"/products/{row.product_uid}"
    return f"{product}/combinations/{row.variant_uid}" if row.variant_uid else product


def _body(row: StockToSet) -> Mapping[str, Any]:
    return {"quantity": row.quantity}


def sendable(row: StockToSet) -> bool:
    whole = type(row.quantity) is int and 0 <= row.quantity <= MOST
    return whole and row.product_uid.isdecimal() and (not row.variant_uid or row.variant_uid.isdecimal())


def nonsense(row: StockToSet) -> Answer:
    detail = f"quantity {row.quantity!r} of product {row.product_uid!r} {row.variant_uid!r}"
    error: SyncError = Rejected(detail[:200], code="quantity_refused", sentence=_NONSENSE)
    return Answer(row.key, error=error)


_NONSENSE = "Ecwid takes whole quantities from 0 on, of products that it knows by a number."

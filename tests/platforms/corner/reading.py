"""Corner Till's words and values in ours."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from fcp.errors import Unreadable
from integrations.connectors.cutting import Cut
from integrations.connectors.reading import Json, Wrong, cleaned, part, parts, text, unreadable
from orders.shapes import (
    IncomingLine,
    IncomingOrder,
    Party,
    Payment,
    RawOrder,
    ShipWord,
    Status,
    StoreFulfillment,
)

TIME = "%d.%m.%Y %H:%M:%S %z"
STATES = {"open": Status.APPROVED, "parked": Status.PENDING, "void": Status.CANCELED}
TILLS = {
    "paid": Payment.PAID, "owed": Payment.UNPAID, "part": Payment.PARTLY_PAID, "back": Payment.REFUNDED,
    "partback": Payment.PARTLY_REFUNDED,
}  # fmt: skip
GONE = {"none": StoreFulfillment.NONE, "some": StoreFulfillment.PARTLY, "all": StoreFulfillment.ALL}


def time_of(value: Any) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(value, TIME).astimezone(dt.UTC)
    except (TypeError, ValueError):
        return None


def number_of(value: Any) -> str:
    """A number as an id; "" for anything else."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15 else ""


def pieces_of(value: Any) -> int:
    """ "2,000": pieces are written with a comma and three places."""
    try:
        found = Decimal(str(value).replace(",", "."))
        if found != int(found) or not 0 <= found < 10**7:
            raise unreadable("pieces")
    except (InvalidOperation, OverflowError, ValueError):
        raise unreadable("pieces") from None
    return int(found)


def money_of(source: Json, field: str) -> Decimal:
    value = source.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 10**15:
        raise unreadable(field)
    return Decimal(value) / 100


def _uid(sale: Json) -> str:
    return number_of(sale.get("sale_no"))


def _slip(sale: Json) -> str:
    slip = sale.get("slip")
    return cleaned(slip, 60) if isinstance(slip, str) else ""


SALES = Cut("Corner Till", _uid, _slip, _slip, lambda sale: time_of(sale.get("touched")))


def shaped(raw: RawOrder) -> IncomingOrder:
    try:
        return _order(raw)
    except Wrong as odd:
        name = raw.number or raw.uid
        raise Unreadable(f"{raw.uid}: {odd}", code="order_odd", sentence=f"Sale {name} {odd}.") from odd


def _order(raw: RawOrder) -> IncomingOrder:
    sale = raw.raw
    placed_at = time_of(sale.get("rung"))
    if placed_at is None:
        raise Wrong("does not say when it was rung up")
    cents, post = part(sale, "cents"), part(sale, "post")
    kind = text(post, "kind", 200)
    counter = number_of(sale.get("counter"))
    ship_to = _party(part(sale, "to"))
    return IncomingOrder(
        uid=raw.uid, number=raw.number or raw.uid, placed_at=placed_at, changed_at=raw.changed_at,
        status=_word(sale, "state", STATES), payment=_word(sale, "till", TILLS), fulfillment=_word(sale, "gone", GONE),
        currency=text(sale, "money", 3), subtotal=money_of(cents, "goods"), shipping=money_of(cents, "post"),
        tax=money_of(cents, "tax"), discount=money_of(cents, "off"), total=money_of(cents, "all"),
        refunded=money_of(cents, "back"), lines=_lines(sale, counter), pickup=sale.get("collect") == "Y",
        ship_to=ship_to, bill_to=ship_to, location_uid=counter, buyer_note=text(sale, "say", 4000),
        ship_word=ShipWord(kind.casefold(), kind, number_of(post.get("nr"))) if kind else None,
    )  # fmt: skip


def _word(sale: Json, field: str, words: dict[str, Any]) -> Any:
    value = text(sale, field, 60)
    if value not in words:
        raise Wrong(f'has the {field} "{value}", which we do not know')
    return words[value]


def _lines(sale: Json, counter: str) -> tuple[IncomingLine, ...]:
    rows = parts(sale, "rows")
    if not rows:
        raise Wrong("has no rows")
    lines = tuple(_line(row, counter) for row in rows)
    if len({line.uid for line in lines}) < len(lines):
        raise Wrong("has two rows with one number")
    return lines


def _line(row: Json, counter: str) -> IncomingLine:
    uid, code = number_of(row.get("row")), text(row, "code", 100)
    if not uid:
        raise Wrong("has a row without a number")
    return IncomingLine(
        uid=uid, product_uid=number_of(row.get("art")) or f"text:{text(row, 'text', 90)}", variant_uid=code,
        sku=code, title=text(row, "text", 255) or code, quantity=pieces_of(row.get("pieces")),
        ships=row.get("post") == "Y", price=money_of(row, "each"), total=money_of(row, "sum"), location_uid=counter,
    )  # fmt: skip


def _party(to: Json) -> Party:
    street = [line for line in to.get("street") or [] if isinstance(line, str)] + ["", ""]
    land = text(to, "land", 2)
    return Party(
        name=text(to, "who", 200), company=text(to, "firm", 200), street1=street[0][:255], street2=street[1][:255],
        city=text(to, "town", 120), region=text(to, "state", 60), postcode=text(to, "zip", 30),
        country=land if land.isalpha() else "", phone=text(to, "tel", 60), email=text(to, "mail", 254),
    )  # fmt: skip

"""The rows of a file of tracking numbers, and what each of them does: plain values in, a plan with its reasons out.

Rows of an order that name no SKU are the parcels in which all that is left of it goes. Rows with an SKU say what is in
which parcel; without a quantity it is all that is left of that SKU. What could mean two things is refused, for the
whole parcel: half a parcel would be a wrong one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from fcp.file_rows import cell_text, first, heading
from fcp.spreadsheets import HEADER_WITHIN, FileRefused, Formula, Row, unquoted
from inventory.models import sku_key_of

from .models.shipping import tracking_key_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "order": ("ordernumber", "order", "orderno", "orderid", "ordername", "ordernr", "number", "reference"),
    "integration": ("integration", "store", "shop", "channel", "saleschannel", "cart"),
    "carrier": ("carrier", "carriername", "shippingcarrier", "shippingprovider", "shipper"),
    "service": ("service", "shippingservice", "servicelevel"),
    "tracking": ("trackingnumber", "tracking", "trackingno", "trackingid", "trackingcode", "trackingnr", "awb"),
    "link": ("trackinglink", "trackingurl", "link", "url"),
    "sku": ("sku", "itemsku", "productsku", "mastersku", "item"),
    "quantity": ("quantity", "qty", "pieces", "shippedquantity", "quantityshipped"),
    "date": ("shipdate", "shippeddate", "dateshipped", "shippedat", "shippedon", "shippingdate", "date"),
}  # fmt: skip
LENGTHS = {"order": 60, "integration": 100, "carrier": 60, "service": 60, "tracking": 100, "link": 500, "sku": 100}
REF = "csv-"


class Found(StrEnum):
    SHIPS = "ships"
    ALREADY = "already"
    REFUSED = "refused"
    EMPTY = "empty"  # no tracking number: left out


@dataclass(slots=True)
class TrackingRow:
    """One row as it stands in the file, what it means, and what it would do.

    `request` at `revision` and `lines` (pairs of order line and pieces) are what the preview showed.
    """

    number: int
    order: str
    integration: str
    carrier: str
    service: str
    tracking: str
    link: str
    sku: str
    quantity: str
    pieces: int | None = None
    at: str = ""  # as ISO text; empty: the moment of writing
    order_id: int = 0
    request: int = 0
    revision: int = 0
    lines: list[list[int]] = field(default_factory=list)
    found: str = ""
    reason: str = ""

    def say(self, found: Found, reason: str) -> None:
        self.found, self.reason = found, reason

    def refuse(self, reason: str) -> None:
        self.say(Found.REFUSED, reason)

    @property
    def shipped_at(self) -> dt.datetime | None:
        return dt.datetime.fromisoformat(self.at) if self.at else None


# --- reading ------------------------------------------------------------------------------------------------------


def read_tracking(rows: Iterable[tuple[int, Row]], zone: dt.tzinfo, now: dt.datetime) -> list[TrackingRow]:
    """The rows below the header. Raises FileRefused."""
    every = iter(rows)
    columns = _header(every)
    found = [_row(number, cells, columns, zone, now) for number, cells in every]
    if not found:
        raise FileRefused("There are no rows below the header.")
    return found


def _header(rows: Iterable[tuple[int, Row]]) -> dict[str, int]:
    for _, cells in first(rows, HEADER_WITHIN):
        names = [heading(cell) for cell in cells]
        found = {
            column: place
            for column, known in COLUMNS.items()
            if (place := next((names.index(name) for name in known if name in names), None)) is not None
        }
        if "order" in found and "tracking" in found:
            return found
    raise FileRefused(
        "The first row must name the columns: Order number, Carrier, Tracking number. The file that you can download "
        "here has them."
    )


def _row(number: int, cells: Row, columns: Mapping[str, int], zone: dt.tzinfo, now: dt.datetime) -> TrackingRow:
    raw = {name: cells[place] if place < len(cells) else None for name, place in columns.items()}
    texts: dict[str, Any] = {name: unquoted(cell_text(raw.get(name))) for name in COLUMNS if name != "date"}
    row = TrackingRow(number, **texts)
    if not row.tracking and not any(isinstance(cell, Formula) for cell in raw.values()):
        row.say(Found.EMPTY, "No tracking number")
    elif problem := _problem(raw, row):
        row.refuse(problem)
    else:
        _set_pieces(row)
        _set_date(row, raw.get("date"), zone, now)
    return row


def _problem(raw: Mapping[str, Any], row: TrackingRow) -> str:
    if any(isinstance(cell, Formula) for cell in raw.values()):
        return "A formula stands here. Paste its value instead."
    if not row.order:
        return "The order number is missing."
    for name in ("order", "sku", "tracking"):
        if isinstance(raw.get(name), dt.date | dt.time):
            return "The spreadsheet made a date of a cell. Format the column as text, and type it again."
    if isinstance(raw.get("tracking"), float):
        return "The spreadsheet shortened this tracking number. Format the column as text, and type it again."
    for name, most in LENGTHS.items():
        if len(getattr(row, name)) > most:
            return f"“{getattr(row, name)[:30]}…” is too long: at most {most} characters."
    if not tracking_key_of(row.tracking):
        return "This is no tracking number."
    if row.link and not row.link.startswith(("https://", "http://")):
        return "A tracking link begins with https://."
    if row.quantity and not row.sku:
        return "A quantity needs the SKU that it counts."
    return ""


def _set_pieces(row: TrackingRow) -> None:
    text = row.quantity
    if not text:
        return
    if text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0:
        row.pieces = int(text)
    else:
        row.refuse("The quantity must be a whole number from 1.")


def _set_date(row: TrackingRow, cell: Any, zone: dt.tzinfo, now: dt.datetime) -> None:
    """A day without a time is its start, in the account's zone."""
    if cell in (None, "") or row.found:
        return
    try:
        if isinstance(cell, str):
            cell = dt.datetime.fromisoformat(cell)
        elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
            cell = dt.datetime.combine(cell, dt.time())
        moment = cell if cell.tzinfo else cell.replace(tzinfo=zone)
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError, AttributeError):
        row.refuse("The ship date is not clear. Write it like 2026-11-22.")
        return
    if moment > now + dt.timedelta(days=1):
        row.refuse("The ship date lies in the future.")
    row.at = moment.isoformat()


# --- what the rows of one order do --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of a request: `skus` are the forms of its SKUs as they are compared, `left` pieces to ship."""

    id: int
    skus: frozenset[str]
    left: int


@dataclass(frozen=True, slots=True)
class OpenRequest:
    id: int
    revision: int
    lines: tuple[OpenLine, ...]

    @property
    def left(self) -> int:
        return sum(line.left for line in self.lines)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What left already: tracking numbers as they are compared, pieces by SKU."""

    numbers: frozenset[str]
    pieces: Mapping[str, int]
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands. `why_not`: why nothing of it can ship, where `requests` is empty."""

    order_id: int
    requests: tuple[OpenRequest, ...]
    recorded: tuple[Recorded, ...]
    voided: tuple[str, ...] = ()  # the reporters' ids of shipments that did not leave after all
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What goes out together: a fulfillment with its parcels."""

    rows: tuple[TrackingRow, ...]
    request: int
    revision: int
    lines: Mapping[int, int]
    ref: str


class Refused(Exception):
    """Why a parcel does not ship; the text is for a person."""


def plan(standing: Standing, rows: Sequence[TrackingRow]) -> list[Part]:
    """What the rows of one order do: the parts that ship; each row says what becomes of it."""
    parts: list[Part] = []
    left = {line.id: line.left for request in standing.requests for line in request.lines}
    for group in _groups(rows):
        try:
            _check(group, rows)
            if _is_recorded(standing, group):
                for row in group:
                    row.say(Found.ALREADY, "Shipped with this number already.")
                continue
            request, lines = _contents(standing, group, left)
        except Refused as error:
            for row in group:
                row.refuse(str(error))
            continue
        sentence = _sentence(request, lines, left)
        for line, pieces in lines.items():
            left[line] -= pieces
        for row in group:
            row.say(Found.SHIPS, sentence)
            row.request, row.revision = request.id, request.revision
            row.lines = [[line, pieces] for line, pieces in sorted(lines.items())]
        parts.append(Part(tuple(group), request.id, request.revision, lines, ref_of(standing, group)))
    return parts


def _groups(rows: Sequence[TrackingRow]) -> list[list[TrackingRow]]:
    """What goes out together: with SKUs each tracking number for itself, without them all."""
    groups: dict[str, list[TrackingRow]] = defaultdict(list)
    for row in rows:
        groups[tracking_key_of(row.tracking) if row.sku else ""].append(row)
    return list(groups.values())


def _check(group: Sequence[TrackingRow], rows: Sequence[TrackingRow]) -> None:
    if len({bool(row.sku) for row in rows}) > 1:
        raise Refused("Some rows of this order name an SKU, others none. Name it in all of them, or in none.")
    for name in ("carrier", "service"):
        if len({getattr(row, name).casefold() for row in group if getattr(row, name)}) > 1:
            raise Refused(
                f"Its parcels have different {name}s. Say by SKU what is in each."
                if not group[0].sku
                else f"This parcel has different {name}s."
            )
    keys = [sku_key_of(row.sku) for row in group if row.sku]
    if len(set(keys)) < len(keys):
        numbers = ", ".join(str(row.number) for row in group)
        raise Refused(f"An SKU stands twice for this parcel (rows {numbers}). Leave one row, with the sum.")


def _is_recorded(standing: Standing, group: Sequence[TrackingRow]) -> bool:
    """Whether all of it was recorded before. Raises Refused where another shipment has one of these numbers."""
    numbers = {tracking_key_of(row.tracking) for row in group}
    for one in standing.recorded:
        if not numbers & one.numbers:
            continue
        if numbers <= one.numbers and all(
            (row.pieces or 1) <= one.pieces.get(sku_key_of(row.sku), 0) for row in group if row.sku
        ):
            return True
        which = "One of these numbers" if len(numbers) > 1 else "This number"
        raise Refused(f"{which} is recorded for the order already, with other contents. Mend it on the order's page.")
    return False


def _contents(
    standing: Standing, group: Sequence[TrackingRow], left: Mapping[int, int]
) -> tuple[OpenRequest, dict[int, int]]:
    if not standing.requests:
        raise Refused(standing.why_not)
    if not group[0].sku:
        if len(standing.requests) > 1:
            raise Refused("Several warehouses ship parts of this order. Say by SKU what left.")
        [request] = standing.requests
        lines = {line.id: left[line.id] for line in request.lines if left[line.id] > 0}
        if not lines:
            raise Refused("Nothing is left to ship of this order.")
        return request, lines
    problems = []
    for request in standing.requests:
        try:
            return request, _by_sku(request, group, left)
        except Refused as error:
            problems.append(error)
    raise problems[0]


def _by_sku(request: OpenRequest, group: Sequence[TrackingRow], left: Mapping[int, int]) -> dict[int, int]:
    lines: dict[int, int] = {}
    for row in group:
        key = sku_key_of(row.sku)
        of_sku = [line for line in request.lines if key in line.skus]
        there = sum(left[line.id] for line in of_sku)
        if not of_sku:
            raise Refused(f"“{row.sku}” is not to ship in this order.")
        if not there:
            raise Refused(f"Nothing is left to ship of “{row.sku}”.")
        wanted = row.pieces or there
        if wanted > there:
            raise Refused(f"Only {there} of “{row.sku}” {'is' if there == 1 else 'are'} left to ship.")
        for line in of_sku:
            pieces = min(wanted, left[line.id])
            if pieces:
                lines[line.id] = pieces
                wanted -= pieces
    return lines


def _sentence(request: OpenRequest, lines: Mapping[int, int], left: Mapping[int, int]) -> str:
    open_lines = [line for line in request.lines if left[line.id] > 0]
    pieces, all_pieces = sum(lines.values()), sum(left[line.id] for line in open_lines)
    text = f"Ships {len(lines)} of {len(open_lines)} {'line' if len(open_lines) == 1 else 'lines'}"
    return f"{text}." if pieces == all_pieces else f"{text}, {pieces} of {all_pieces} pieces."


def ref_of(standing: Standing, group: Sequence[TrackingRow]) -> str:
    """From the order and its tracking numbers: the same file again is the same shipment, unless it was voided."""
    numbers = " ".join(sorted({tracking_key_of(row.tracking) for row in group}))
    ref = REF + blake2b(f"{standing.order_id} {numbers}".encode(), digest_size=16).hexdigest()
    voided = sum(one.startswith(ref) for one in standing.voided)
    return f"{ref}-{voided}" if voided else ref

"""What the rows of a file say: which columns there are, and what each row means, before anything is compared.

A row that cannot be meant otherwise is read; whatever could mean two things is refused with a sentence, for that row
alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fcp.file_rows import cell_text, first
from fcp.spreadsheets import HEADER_WITHIN, FileRefused, Formula, Row, unquoted

from .errors import InventoryError
from .levels import check_takes_counts
from .models import Warehouse, sku_key_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "warehouse": ("warehouse", "warehousecode", "warehousename", "wh", "whcode", "location", "site", "lager"),
    "sku": ("sku", "mastersku", "productsku", "itemsku", "item", "itemnumber", "article", "articlenumber", "artikel",
            "artikelnummer", "productcode"),
    "quantity": ("quantity", "qty", "onhand", "level", "stock", "stocklevel", "count", "counted", "pieces", "units",
                 "menge", "bestand", "inventory"),
    "time": ("time", "takenat", "countedat", "at", "date", "datetime", "timestamp", "zeit"),
}  # fmt: skip
WHOLE = re.compile(r"\+?([0-9]{1,12})(?:[.,]0{1,2})?")
NUMBER = re.compile(r"[+-]?[0-9.,' \u00a0\u202f]*[0-9]")


class Found(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    EMPTY = "empty"  # no quantity: left out


@dataclass(slots=True)
class FileRow:
    """One row: what stands there, what it means, and what it would do (`before` and `after` a level)."""

    number: int
    warehouse: str
    sku: str
    quantity: str
    house: int | None = None
    pieces: int | None = None
    at: str = ""  # as ISO text; empty: the moment of the upload
    found: str = ""
    before: int | None = None
    after: int | None = None
    reason: str = ""

    def refuse(self, reason: str) -> None:
        self.found, self.reason = Found.REFUSED, reason


def read_levels(
    rows: Iterable[tuple[int, Row]], houses: Sequence[Warehouse], only: Warehouse | None, zone: dt.tzinfo
) -> list[FileRow]:
    """The rows below the header. `only`: the warehouse of all rows where no column names one. Raises FileRefused."""
    every = iter(rows)
    columns = _header(every)
    if "warehouse" not in columns and only is None:
        raise FileRefused(
            "The file has no column with the warehouse. Name it “Warehouse”, or choose the warehouse beside the file."
        )
    known = {key: house for house in houses for key in (house.name.casefold(), house.code.casefold())}
    refused_houses = {house.pk: _why_not(house) for house in houses}
    found = [_row(number, cells, columns, known, only, zone) for number, cells in every]
    if not found:
        raise FileRefused("There are no rows below the header.")
    for row in found:
        if not row.found and row.house is not None and refused_houses[row.house]:
            row.refuse(refused_houses[row.house])
    _refuse_twice(found)
    return found


def _header(rows: Iterable[tuple[int, Row]]) -> dict[str, int]:
    """Where each column is; the first row with an SKU and a quantity counts."""
    for _, cells in first(rows, HEADER_WITHIN):
        names = [re.sub(r"[^a-z]", "", str(cell).casefold()) if cell is not None else "" for cell in cells]
        found = {
            column: place
            for column, known in COLUMNS.items()
            if (place := next((at for at, name in enumerate(names) if name in known), None)) is not None
        }
        if "sku" in found and "quantity" in found:
            return found
    raise FileRefused(
        "The first row must name the columns: Warehouse, SKU, Quantity. The sheet of levels that you can download here "
        "has them."
    )


def _why_not(house: Warehouse) -> str:
    try:
        check_takes_counts(house)
    except InventoryError as error:
        return str(error)
    return ""


def _row(
    number: int, cells: Row, columns: Mapping[str, int], known: Mapping[str, Warehouse], only: Warehouse | None,
    zone: dt.tzinfo,
) -> FileRow:  # fmt: skip
    raw = {name: cells[place] if place < len(cells) else None for name, place in columns.items()}
    row = FileRow(number, cell_text(raw.get("warehouse")), unquoted(cell_text(raw["sku"])), cell_text(raw["quantity"]))
    house = known.get(unquoted(row.warehouse).casefold()) if row.warehouse else only
    row.house = house.pk if house else None
    if house and not row.warehouse:
        row.warehouse = house.code
    if row.quantity == "":
        row.found, row.reason = Found.EMPTY, "No quantity"
    elif problem := _problem(raw, row):
        row.refuse(problem)
    else:
        row.pieces = _pieces(raw["quantity"])
        if row.pieces is None:
            row.refuse(_not_whole(row.quantity))
        else:
            _set_time(row, raw.get("time"), zone)
    return row


def _problem(raw: Mapping[str, Any], row: FileRow) -> str:
    if any(isinstance(cell, Formula) for cell in raw.values()):
        return "A formula stands here. Paste its value instead."
    if not row.sku:
        return "The SKU is missing."
    if isinstance(raw["sku"], dt.date | dt.time):
        return "The spreadsheet turned this SKU into a date. Format the column as text, and type it again."
    if len(row.sku) > 100:
        return "An SKU has at most 100 characters."
    if not row.warehouse:
        return "The warehouse is missing."
    if row.house is None:
        return f"No warehouse of yours has the code {row.warehouse[:40]}."
    return ""


def _pieces(cell: Any) -> int | None:
    """A whole number of at least 0; "12.0" is one, "1.000" may be a thousand or one, and is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if cell >= 0 and cell == cell and cell < 1e12 and cell == int(cell) else None
    found = WHOLE.fullmatch(cell) if isinstance(cell, str) else None
    return int(found[1]) if found else None


def _not_whole(text: str) -> str:
    if text.startswith("-") and NUMBER.fullmatch(text):
        return "There cannot be less than 0."
    if NUMBER.fullmatch(text):
        return "This is not a whole number of pieces. Write it without separators, for example 1200."
    return "This is not a number."


def _set_time(row: FileRow, cell: Any, zone: dt.tzinfo) -> None:
    if cell in (None, ""):
        return
    moment = _moment(cell, zone)
    if moment is None:
        row.refuse("The time is not clear. Write it like 2026-11-22 14:30.")
    else:
        row.at = moment.astimezone(dt.UTC).isoformat()


def _moment(cell: Any, zone: dt.tzinfo) -> dt.datetime | None:
    """A day without a time is its start, in the account's zone."""
    try:
        if isinstance(cell, str):
            cell = dt.datetime.fromisoformat(cell)
        elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
            cell = dt.datetime.combine(cell, dt.time())
        if not isinstance(cell, dt.datetime):
            return None
        moment = cell if cell.tzinfo else cell.replace(tzinfo=zone)
        moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def _refuse_twice(rows: Sequence[FileRow]) -> None:
    """A product that stands twice at one warehouse: nobody knows which row is meant, or whether they add up."""
    places: dict[tuple[int, str], list[FileRow]] = {}
    for row in rows:
        if not row.found and row.house is not None:
            places.setdefault((row.house, sku_key_of(row.sku)), []).append(row)
    for same in places.values():
        if len(same) > 1:
            numbers = ", ".join(str(row.number) for row in same[:5])
            for row in same:
                row.refuse(f"This SKU stands in rows {numbers}. Leave one of them, with the sum.")

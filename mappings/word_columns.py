"""The columns of a file of mappings: our own, and those of the tables that other systems show or export.

What stands in `SETS` of other systems was looked up in November 2026 in their public help pages:

- Extensiv Order Manager (Skubana), "Setting Up Shipment & Carrier Mappings": the fields Channel Service, Shipping
  Provider, Shipping Service, Package Type. "Creating Listing SKUs in Bulk": Master SKU and Listing SKU, one sales
  channel a file.
- Extensiv Integration Manager (CartRover), "Ship Method Mapping" and its alert: Method code, WMS Shipping Method; the
  list of the WMS with ship code, description, carrier. "SCAC Mapping": WMS Carrier Code, Mapped SCAC Code, where
  *PASSTHROUGH* means that nothing is translated. "Product aliases": Product SKU, Alias Name, Alias Value. It has no
  export of its own; support draws one for a fee.
- Pipe17, "Getting Started with Shipping Method Mapping": Order Methods, Fulfillment Methods; "SKU Mapping": the SKU
  and the Channel SKU.

These are the names that their screens show. Whether a file that they export spells its headers so is not verified:
therefore headers are compared without case, spaces and signs, in any order, and a file that no set fits gets a form
where a person says which column is what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fcp.file_rows import cell_text, first, heading
from fcp.spreadsheets import HEADER_WITHIN, FileRefused, Formula, Row

from .models import WordKind


@dataclass(frozen=True, slots=True)
class Field:
    """One column that we understand. `also` are other names for it, as `heading` makes them."""

    key: str
    label: str
    help: str = ""
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (heading(self.label), *self.also)


STORE = Field(
    "store", "Integration", "Its nickname; needed where the account has several.",
    ("store", "shop", "channel", "saleschannel", "sellingchannel", "cart", "cartname", "marketplace", "ordersource",
     "nickname"),
)  # fmt: skip
STORE_UID = Field("store_uid", "Store id", "The store's own id; tells two of one name apart.")
FIRST_SEEN = Field("first_seen", "First seen", "Not read again.")
SEEN = Field("seen", "Last seen", "Not read again.")
NONE = "(none)"  # what a person writes to take a meaning away; an empty cell changes nothing

FIELDS: dict[str, tuple[Field, ...]] = {
    WordKind.SHIP_CODES: (
        STORE,
        STORE_UID,
        Field("said_carrier", "Carrier in the store", "Where the store names one apart.", ("channelcarrier",)),
        Field(
            "title", "Shipping option in the store", "As the store says it.",
            ("shippingoption", "shipmethod", "shippingmethod", "storeshippingmethod", "ordershippingmethod",
             "cartshipmethod", "option", "channelservice", "ordermethod", "shippingmethodname"),
        ),
        Field("code", "Code in the store", "", ("storescode", "methodcode", "cartshipcode", "storecode")),
        Field("key", "Key", "Tells options of one name apart."),
        Field(
            "target", "Ship code", f"The warehouse's code. Empty changes nothing, {NONE} takes it away.",
            ("shippingcode", "wmsshipcode", "wmsshippingmethod", "wmsshipmethod", "fulfillmentmethod"),
        ),
        Field("carrier", "Carrier", "For the warehouse.", ("shippingprovider",)),
        Field("service", "Service", "For the warehouse.", ("shippingservice", "servicelevel")),
        FIRST_SEEN,
        SEEN,
    ),
    WordKind.SKUS: (
        STORE,
        STORE_UID,
        Field(
            "sku", "SKU in the store", "",
            ("sku", "listingsku", "channelsku", "storesku", "sellersku", "externalsku"),
        ),
        Field("title", "Title in the store", "Not read again.", ("title",)),
        Field("product_uid", "Product id in the store", "Tells listings of one SKU apart.", ("productid", "listingid")),
        Field("variant_uid", "Variant id in the store", "", ("variantid",)),
        Field(
            "target", "Product SKU", f"Your SKU or another code of it. Empty changes nothing, {NONE} takes it away.",
            ("mastersku", "product", "wmssku", "warehousesku", "internalsku", "primarysku"),
        ),
        Field("units", "Units", "How many of the product one listing is. Empty: 1, or as it was.",
              ("unit", "quantityperunit", "unitsperlisting", "packsize", "qty", "quantity")),
        FIRST_SEEN,
        SEEN,
    ),
    WordKind.LOCATIONS: (
        STORE,
        STORE_UID,
        Field("title", "Location in the store", "", ("location", "locationname", "storelocation", "externallocation")),
        Field("uid", "Location id in the store", "Tells locations of one name apart.",
              ("locationid", "externallocationid", "extlocationid")),
        Field(
            "target", "Warehouse", f"Code or name. Empty changes nothing, {NONE} takes it away.",
            ("warehousecode", "warehousename", "wmslocation", "facility", "mappedwarehouse"),
        ),
        FIRST_SEEN,
        SEEN,
    ),
    WordKind.CARRIERS: (
        STORE,
        STORE_UID,
        Field("title", "Carrier", "As the warehouse calls it.", ("ourcarrier", "wmscarriercode", "carriercode")),
        Field(
            "target", "Name for the store", f"Empty changes nothing, {NONE} takes it away.",
            ("nameinthestore", "storename", "mappedscaccode", "mappedcarrier", "channelcarrier"),
        ),
        Field("link", "Tracking link", "{number} stands for the tracking number.", ("trackingurl", "link", "url")),
        FIRST_SEEN,
        SEEN,
    ),
    WordKind.ALIASES: (
        Field("type", "Alias type", "What kind of code it is; one that is new is made. Needed where you have several.",
              ("type", "kind", "aliasname", "codetype")),
        Field("code", "Alias", "The other code.", ("code", "aliasvalue", "aliascode", "aliassku", "othercode")),
        Field(
            "target", "Product SKU", f"Your SKU of the product. Empty changes nothing, {NONE} removes the alias.",
            ("sku", "mastersku", "product", "internalsku", "primarysku"),
        ),
        Field("units", "Units", "How many of the product one thing with this code is. Empty: 1, or as it was.",
              ("unit", "quantityperunit", "unitsperalias", "packsize", "qty", "quantity")),
    ),
}  # fmt: skip
WITHOUT_STORE = {WordKind.ALIASES}  # they belong to the account as a whole
NOT_READ = {"first_seen", "seen"}
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {  # one of these, and one of those
    WordKind.SHIP_CODES: (("title", "code", "key"), ("target", "service")),
    WordKind.SKUS: (("sku", "product_uid"), ("target",)),
    WordKind.LOCATIONS: (("title", "uid"), ("target",)),
    WordKind.CARRIERS: (("title",), ("target",)),
    WordKind.ALIASES: (("code",), ("target",)),
}
NOTHING = {"*passthrough*", "*passthrough* - do not translate"}  # how others say that there is no meaning


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """The table of another system: our field to its header. All of them but `may_lack` must be there."""

    label: str
    kind: str
    columns: Mapping[str, str]
    may_lack: tuple[str, ...] = ()
    note: str = ""


SETS = (
    ColumnSet(
        "Extensiv Order Manager, shipment and carrier mappings",
        WordKind.SHIP_CODES,
        {"title": "Channel Service", "carrier": "Shipping Provider", "service": "Shipping Service",
         "store": "Sales Channel"},
        ("store",),
        "The ship code is the one of your warehouses with this carrier and service. Package Type is not read.",
    ),
    ColumnSet(
        "Extensiv Integration Manager, ship method mapping",
        WordKind.SHIP_CODES,
        {"title": "Method Code", "target": "WMS Shipping Method", "store": "Cart"},
        ("store",),
        "Method Code may be the option's name or the store's code for it.",
    ),
    ColumnSet(
        "Pipe17, shipping mapping",
        WordKind.SHIP_CODES,
        {"title": "Order Method", "target": "Fulfillment Method", "store": "Integration"},
        ("store",),
    ),
    ColumnSet(
        "Extensiv Order Manager and Network Manager, listing SKUs",
        WordKind.SKUS,
        {"sku": "Listing SKU", "target": "Master SKU", "store": "Sales Channel"},
        ("store",),
        "One sales channel a file: choose the integration beside it.",
    ),
    ColumnSet(
        "Extensiv Integration Manager, product aliases",
        WordKind.SKUS,
        {"sku": "Alias Value", "target": "Product SKU"},
        (),
        "Alias Value is the SKU that the store shows. Alias Name is not read. To keep the names, send it as aliases.",
    ),
    ColumnSet(
        "Extensiv Integration Manager, product aliases",
        WordKind.ALIASES,
        {"type": "Alias Name", "code": "Alias Value", "target": "Product SKU"},
        (),
        "Alias Name becomes the type.",
    ),
    ColumnSet(
        "Pipe17, SKU mapping",
        WordKind.SKUS,
        {"sku": "Channel SKU", "target": "SKU", "store": "Channel"},
        ("store",),
    ),
    ColumnSet(
        "Extensiv Integration Manager, SCAC mapping",
        WordKind.CARRIERS,
        {"title": "WMS Carrier Code", "target": "Mapped SCAC Code", "store": "Cart"},
        ("store",),
        "*PASSTHROUGH* means that the carrier's own name goes out.",
    ),
)  # fmt: skip


@dataclass(slots=True)
class Table:
    """A file as it came: its header, its rows with their numbers, and which column is what, if that is clear."""

    header: list[str]
    rows: list[tuple[int, Row]]
    columns: dict[str, int] | None
    of: str = ""


def sets_of(kind: str) -> list[ColumnSet]:
    return [one for one in SETS if one.kind == kind]


def read_table(rows: Iterable[tuple[int, Row]], kind: str) -> Table:
    """The rows below the header; the first rows may be a title. Raises FileRefused."""
    every = iter(rows)
    top: list[tuple[int, Row]] = []
    for number, cells in first(every, HEADER_WITHIN):
        known = columns_of([cell_text(cell) for cell in cells], kind)
        if known:
            table = Table([cell_text(cell) for cell in cells], list(every), *known)
            break
        top.append((number, cells))
    else:
        named = next((at for at, (_, cells) in enumerate(top) if len(_named(cells)) > 1), None)
        if named is None:
            raise FileRefused("The first row must name the columns, two at least. The file to download here has them.")
        header = [cell_text(cell) for cell in top[named][1]]
        table = Table(header, [*top[named + 1 :], *every], None)
    if not table.rows:
        raise FileRefused("There are no rows below the header.")
    return table


def _named(cells: Row) -> list[Any]:
    return [cell for cell in cells if heading(cell)]


def columns_of(header: Sequence[str], kind: str) -> tuple[dict[str, int], str] | None:
    """Which column is what, and whose table this is ("" for ours); None where that is not clear."""
    names = [heading(cell) for cell in header]
    places = {name: place for place, name in reversed(list(enumerate(names))) if name}
    own = {one.key for one in FIELDS[kind] if heading(one.label) in places}
    loose = {
        one.key: place
        for one in FIELDS[kind]
        if (place := next((places[name] for name in one.names if name in places), None)) is not None
    }
    of_store = {key: place for key, place in loose.items() if key in ("store", "store_uid")}
    found: list[tuple[dict[str, int], str]] = [(loose, "")] if enough(own, kind) else []
    for one in sets_of(kind):
        theirs = {key: places[heading(label)] for key, label in one.columns.items() if heading(label) in places}
        if theirs.keys() | set(one.may_lack) >= one.columns.keys():
            found.append((of_store | theirs, one.label))
    found.append((loose, ""))
    return next((one for one in found if enough(one[0], kind)), None)


def enough(columns: Collection[str], kind: str) -> bool:
    """Whether these columns say both a word and a meaning."""
    return all(any(key in columns for key in keys) for keys in NEEDED[kind])


def choosable(kind: str) -> list[Field]:
    return [one for one in FIELDS[kind] if one.key not in NOT_READ]


# --- kept until somebody says which column is what ----------------------------------------------------------------


def raw_cell(cell: Any) -> Any:
    """A cell that can be kept as JSON; a formula stays one, a date is one no more than a text is."""
    if isinstance(cell, Formula):
        return {"formula": str(cell)}
    return cell if cell is None or isinstance(cell, str | bool | int) else _dated(cell)


def _dated(cell: Any) -> Any:
    return {"date": str(cell)} if hasattr(cell, "isoformat") else cell_text(cell)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is read: its text, and what a spreadsheet may have made of it."""

    text: str
    formula: bool = False
    date: bool = False


def read_cell(cell: Any) -> Cell:
    """Of a file's cell or of one that was kept."""
    if isinstance(cell, dict):
        [(kind, text)] = cell.items()
        return Cell(str(text), kind == "formula", kind == "date")
    if isinstance(cell, Formula):
        return Cell(str(cell), formula=True)
    return Cell(cell_text(cell), date=hasattr(cell, "isoformat"))

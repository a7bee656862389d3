"""The three kinds of words that come in from stores, as lists: columns, filters, and what their rows show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from fcp.listing import Choice, Column, Empty, Flag, Listing, Rows
from fcp.models import Account, Store
from fcp.panel import panel_url
from inventory.models import Warehouse, sku_key_of

from .forms import ListingForm, LocationForm, ShipCodeForm, WordForm
from .models import Listing as StoreListing
from .models import Location, ShipMethod, Word
from .outside import OUTSIDE
from .ship_codes import ship_codes_of, suggested_code
from .suggest import Candidate, Suggestion, suggest


@dataclass(frozen=True)
class Kind:
    """One kind of word. `one` is the view of a single word, `hold` the kind of hold that an unmapped one causes."""

    key: str
    one: str
    hold: str
    model: type[Word]
    form: type[WordForm]
    related: tuple[str, ...]
    title: str
    lead: str
    noun: str
    means: str
    listing: Listing
    suggest: Callable[[Account, Sequence[Any]], None]

    def rows(self, account: Account) -> Any:
        return self.model.objects.for_account(account).select_related(*self.related)


def prepare_rows(kind: Kind, rows: Sequence[Any], account: Account, waiting: Mapping[int, int] | None = None) -> None:
    """Give rows what the page shows beside them: orders that wait (unless given), the integration's name, suggestion
    and form.
    """
    if waiting is None:
        waiting = OUTSIDE.waiting(account, kind.hold, [row.pk for row in rows])
    names = OUTSIDE.nicknames(account)
    extra = {"codes": ship_codes_of(account)} if kind.key == "ship_codes" else {}
    for row in rows:
        row.kind = kind
        row.url = panel_url(account, f"mappings:{kind.one}", pk=row.pk)
        row.waiting = waiting.get(row.pk, 0)
        row.integration_name = names.get(row.store_id, row.store.name)
        row.suggestion = None
        row.store_code = getattr(row, "code", "") or getattr(row, "uid", "")
        row.meaning = meaning_of(row)
    kind.suggest(account, [row for row in rows if not is_mapped(row)])
    for row in rows:
        proposed = {"initial": {"target": row.suggestion.value}} if row.suggestion else {}
        row.form = kind.form(account, row, **extra, **proposed)


def meaning_of(row: Any) -> str:
    """What it is mapped to, in a word."""
    if isinstance(row, ShipMethod):
        return row.target
    target = row.product if isinstance(row, StoreListing) else row.warehouse
    return str(target) if target else ""


def is_mapped(row: Any) -> bool:
    if isinstance(row, ShipMethod):
        return bool(row.target)
    return (row.product_id if isinstance(row, StoreListing) else row.warehouse_id) is not None


# --- suggestions ------------------------------------------------------------------------------------------------


def _suggest_codes(account: Account, rows: Sequence[Any]) -> None:
    codes = ship_codes_of(account) if rows else []
    for row in rows:
        row.suggestion = suggested_code(row, codes)


def _suggest_warehouses(account: Account, rows: Sequence[Any]) -> None:
    if not rows:
        return
    warehouses = list(Warehouse.objects.for_account(account)[:100])
    if len(warehouses) == 1:
        only = Suggestion(str(warehouses[0].pk), f"{warehouses[0].name} is your only warehouse.", 1)
        for row in rows:
            row.suggestion = only
        return
    known = [Candidate(str(one.pk), (one.name, one.code)) for one in warehouses]
    for row in rows:
        row.suggestion = suggest([row.name], known)


def _suggest_nothing(account: Account, rows: Sequence[Any]) -> None:
    """A listing with the SKU of a product is linked by itself; anything else would be a guess."""


# --- filters and search -------------------------------------------------------------------------------------------


def stores_of(account: Account) -> list[tuple[str, str]]:
    names = OUTSIDE.nicknames(account)
    stores = Store.objects.for_account(account).order_by("name")
    return [(str(store.pk), names.get(store.pk, store.name)) for store in stores]


def by_store() -> Choice:
    return Choice("store", "Integration", apply=lambda rows, value: rows.filter(store_id=value), choices=stores_of)


def _find_ship_methods(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(title__istartswith=text) | Q(code__istartswith=text) | Q(target__istartswith=text))


def _csv_store(row: Any) -> str:
    return str(row.store)


SEEN = Column("seen", "Last seen", csv=lambda row: row.last_seen_on)
STORE = Column("store", "Integration", csv=_csv_store)
WAITING = Column("waiting", "Orders waiting", align="end")


def _decorate(key: str) -> Callable[[list[Any], Account | None], None]:
    def decorate(rows: list[Any], account: Account | None) -> None:
        assert account is not None
        prepare_rows(KINDS[key], rows, account)

    return decorate


SHIP_CODES = Listing(
    key="ship-codes",
    row="mappings/parts/row.html",
    order=("title", "id"),
    columns=(
        Column("word", "Shipping option in the store", csv=lambda row: row.title),
        Column("code", "Store's code", csv=lambda row: row.code, hidden=True),
        STORE,
        SEEN,
        WAITING,
        Column("target", "Ship code", csv=lambda row: row.target),
    ),
    filters=(by_store(),),
    search=_find_ship_methods,
    search_label="Option or ship code begins with",
    prepare=lambda rows: rows.select_related("store"),
    decorate=_decorate("ship_codes"),
    empty=Empty(
        "No shipping options yet",
        "A way of shipping appears here as soon as an order uses it. Then you say which ship code it means, once.",
        icon="truck",
    ),
)

SKUS = Listing(
    key="skus",
    row="mappings/parts/row.html",
    order=("sku_key", "id"),
    columns=(
        Column("word", "Listing in the store", csv=lambda row: row.sku),
        Column("title", "Title", csv=lambda row: row.title, hidden=True),
        STORE,
        SEEN,
        WAITING,
        Column("target", "Product", csv=lambda row: row.product or ""),
        Column("units", "Units", csv=lambda row: row.units, hidden=True),
    ),
    filters=(
        by_store(),
        Flag("changed", "SKU changed in the store", lambda rows, value: rows.exclude(sku_was="")),
        Flag("asked", "Not carried over", lambda rows, value: rows.exclude(asked="").filter(product=None)),
    ),
    search=lambda rows, text: rows.filter(sku_key__prefix=sku_key_of(text)),
    search_label="SKU begins with",
    prepare=lambda rows: rows.select_related("store", "product"),
    decorate=_decorate("skus"),
    empty=Empty(
        "No listings yet",
        "What your stores sell appears here once their products are read, or an order names it.",
        icon="tags",
    ),
)

LOCATIONS = Listing(
    key="locations",
    row="mappings/parts/row.html",
    order=("name", "id"),
    columns=(
        Column("word", "Location in the store", csv=lambda row: row.name),
        Column("code", "Store's id", csv=lambda row: row.uid, hidden=True),
        STORE,
        SEEN,
        WAITING,
        Column("target", "Warehouse", csv=lambda row: row.warehouse or ""),
    ),
    filters=(by_store(),),
    search=lambda rows, text: rows.filter(name__istartswith=text),
    search_label="Name begins with",
    prepare=lambda rows: rows.select_related("store", "warehouse"),
    decorate=_decorate("locations"),
    empty=Empty(
        "No locations yet",
        "Places that your stores ship from appear here once a store is connected.",
        icon="map-pin",
    ),
)

KINDS: dict[str, Kind] = {
    "ship_codes": Kind(
        "ship_codes", "ship_code", "ship_code", ShipMethod, ShipCodeForm, ("store",),
        title="Ship codes",
        lead="What your stores call a way of shipping, and the warehouse's code for it. Map each one once.",
        noun="shipping option",
        means="Ship code",
        listing=SHIP_CODES,
        suggest=_suggest_codes,
    ),
    "skus": Kind(
        "skus", "sku", "sku", StoreListing, ListingForm, ("store", "product"),
        title="SKUs",
        lead="What your stores sell, and which of your products it is. The same SKU is linked by itself.",
        noun="listing",
        means="Product",
        listing=SKUS,
        suggest=_suggest_nothing,
    ),
    "locations": Kind(
        "locations", "location", "location", Location, LocationForm, ("store", "warehouse"),
        title="Locations",
        lead="Places that your stores ship from, and the warehouse that each one is.",
        noun="location",
        means="Warehouse",
        listing=LOCATIONS,
        suggest=_suggest_warehouses,
    ),
}  # fmt: skip

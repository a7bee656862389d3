"""The kinds of words as lists: three that come in from stores, and carriers, which go out. Columns, filters, rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.http import urlencode

from fcp.listing import Choice, Column, Empty, Filter, Flag, Listing
from fcp.models import Account, Store
from fcp.panel import panel_url
from fcp.roles import May
from inventory.models import Warehouse

from .forms import CarrierNameForm, ListingForm, LocationForm, ShipCodeForm, WordForm
from .models import CarrierOut, Location, ShipMethod, Word
from .models import Listing as StoreListing
from .outside import OUTSIDE
from .ship_codes import ShipCode, ship_codes_of
from .sku_suggestions import suggest_products
from .suggest import Suggestion
from .suggestions import suggest_codes, suggest_names, suggest_warehouses
from .word_filters import (
    FIRST,
    SEEN,
    STORE,
    WAITING,
    Awaited,
    by_store,
    find_listings,
    find_ship_methods,
    means_product,
    warehouses_of,
)

FEW = 2  # words that mean the same and are named in a row
MANY = 1000


@dataclass(frozen=True)
class Kind:
    """One kind of word. `one` is the view of a single word, `hold` the kind of hold that an unmapped one causes, empty
    where no order waits for it.
    """

    key: str
    one: str
    hold: str
    model: type[Word]
    form: type[WordForm]
    related: tuple[str, ...]
    title: str
    lead: str
    noun: str
    nouns: str  # for the filter `plural`
    means: str
    listing: Listing
    suggest: Callable[[Account, Sequence[Any], Choices], None]
    target: str  # the field that holds its meaning
    words: tuple[str, ...]  # the fields that name it
    first: str = "To map"  # the tab of those that mean nothing yet
    actions: str = "mappings/parts/files_button.html"

    def rows(self, account: Account) -> Any:
        return self.model.objects.for_account(account).select_related(*self.related)


def prepare_rows(
    kind: Kind,
    rows: Sequence[Any],
    account: Account,
    waiting: Mapping[int, int] | None = None,
    *,
    inline: bool = False,
    chosen: Choices | None = None,
) -> None:
    """Give rows what the page shows beside them: orders that wait (unless given), the integration's name, what else
    means the same, suggestion and form. A constant number of statements.
    """
    if not kind.hold:
        waiting = {}
    elif waiting is None:
        waiting = OUTSIDE.waiting(account, kind.hold, [row.pk for row in rows])
    names = OUTSIDE.nicknames(account)
    chosen = chosen or choices_of(kind, account)
    for row in rows:
        row.kind = kind
        row.url = panel_url(account, f"mappings:{kind.one}", pk=row.pk)
        row.waiting = waiting.get(row.pk, 0)
        row.waiting_url = OUTSIDE.held_group(account, kind.hold, row.pk) if row.waiting else ""
        row.integration_name = names.get(row.store_id, row.store.name)
        row.suggestion = None
        row.store_code = getattr(row, "code", "") or getattr(row, "uid", "")
        row.meaning = meaning_of(row)
        row.way = " ".join(part for part in (row.target_carrier, row.target_service) if part) if is_ship(row) else ""
        row.unlisted = is_ship(row) and bool(row.target and chosen.codes) and row.target not in chosen.known
    _name_the_same(kind, account, rows)
    kind.suggest(account, [row for row in rows if not is_mapped(row)], chosen)
    for row in rows:
        proposed = {"initial": _proposed(row.suggestion)} if row.suggestion else {}
        row.form = kind.form(account, row, inline=inline, **chosen.of_form(kind), **proposed)


def _proposed(one: Suggestion) -> dict[str, Any]:
    return {"target": one.value, "units": one.units, "carrier": one.carrier, "service": one.service}


def is_ship(row: Any) -> bool:
    return isinstance(row, ShipMethod)


def meaning_of(row: Any) -> str:
    """What it is mapped to, in a word."""
    if isinstance(row, ShipMethod):
        return row.target
    if isinstance(row, CarrierOut):
        return row.name
    target = row.product if isinstance(row, StoreListing) else row.warehouse
    return str(target) if target else ""


def is_mapped(row: Any) -> bool:
    if isinstance(row, ShipMethod | CarrierOut):
        return bool(meaning_of(row))
    return (row.product_id if isinstance(row, StoreListing) else row.warehouse_id) is not None


# --- what can be chosen, and what is suggested -------------------------------------------------------------------


@dataclass(frozen=True)
class Choices:
    """What words of one kind can mean here, read once for a page: ship codes, warehouses, or the carriers' names that
    each platform knows; products are typed.
    """

    codes: list[ShipCode]
    warehouses: list[Warehouse]
    carriers: Mapping[str, Sequence[str]]

    @property
    def names(self) -> dict[str, list[str]]:
        """The carriers' names by platform, and of "all"."""
        every = sorted({name for names in self.carriers.values() for name in names})
        return {**{platform: list(names) for platform, names in self.carriers.items()}, "all": every}

    @property
    def known(self) -> set[str]:
        return {code.code for code in self.codes}

    def of_form(self, kind: Kind) -> dict[str, Any]:
        if kind.key in ("skus", "carriers"):
            return {}
        return {"codes": self.codes} if kind.key == "ship_codes" else {"warehouses": self.warehouses}


def choices_of(kind: Kind, account: Account) -> Choices:
    codes = ship_codes_of(account) if kind.key == "ship_codes" else []
    places = list(Warehouse.objects.for_account(account)[:MANY]) if kind.key == "locations" else []
    platforms = Store.objects.for_account(account).values_list("platform", flat=True) if kind.key == "carriers" else ()
    return Choices(codes, places, {platform: OUTSIDE.carriers(platform) for platform in sorted(set(platforms))})


def _suggest_codes(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_codes(account, rows, chosen.codes)


def _suggest_warehouses(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_warehouses(account, rows, chosen.warehouses)


def _suggest_products(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_products(account, rows)


def _suggest_names(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_names(account, rows, chosen.carriers)


def _name_the_same(kind: Kind, account: Account, rows: Sequence[Any]) -> None:
    """Give rows the other words that mean the same: `same` (a few of them), `same_more` and where all are listed."""
    field = kind.target
    ids = {value for row in rows if (value := getattr(row, field))}
    found: dict[Any, list[tuple[int, str]]] = defaultdict(list)
    if ids:
        others = kind.model.objects.for_account(account).filter(**{f"{field}__in": ids}).order_by(field, "pk")
        for pk, value, *words in others.values_list("pk", field, *kind.words)[:MANY]:
            found[value].append((pk, next((word for word in words if word), str(pk))))
    for row in rows:
        value = getattr(row, field)
        others_of_it = [word for pk, word in found.get(value, []) if pk != row.pk]
        row.same, row.same_more = others_of_it[:FEW], max(len(others_of_it) - FEW, 0)
        wanted = value if kind.key == "locations" else row.meaning
        every = panel_url(account, f"mappings:all_{kind.key}")
        row.same_url = f"{every}?{urlencode({'target': wanted})}" if others_of_it else ""


# --- the lists ----------------------------------------------------------------------------------------------------


def _decorate(key: str) -> Callable[[list[Any], Account | None], None]:
    def decorate(rows: list[Any], account: Account | None) -> None:
        assert account is not None
        prepare_rows(KINDS[key], rows, account, inline=True)

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
        FIRST,
        WAITING,
        Column("target", "Ship code", csv=lambda row: row.target),
        Column("carrier", "Carrier", csv=lambda row: row.target_carrier, hidden=True),
        Column("service", "Service", csv=lambda row: row.target_service, hidden=True),
    ),
    filters=(by_store(), Awaited("ship_code"), Filter("target", "Ship code")),
    bulk="mappings/parts/bulk.html",
    rows_have_forms=True,
    decorate_files=False,
    template="mappings/list.html",
    search=find_ship_methods,
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
        FIRST,
        WAITING,
        Column("target", "Product", csv=lambda row: row.product or ""),
        Column("units", "Units", csv=lambda row: row.units, hidden=True),
    ),
    filters=(
        by_store(),
        Awaited("sku"),
        Filter("target", "Product", means_product),
        Flag("changed", "SKU changed in the store", lambda rows, value: rows.exclude(sku_was="")),
        Flag("asked", "Not carried over", lambda rows, value: rows.exclude(asked="").filter(product=None)),
    ),
    search=find_listings,
    search_label="SKU, title or product begins with",
    bulk="mappings/parts/bulk.html",
    rows_have_forms=True,
    decorate_files=False,
    template="mappings/list.html",
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
        FIRST,
        WAITING,
        Column("target", "Warehouse", csv=lambda row: row.warehouse or ""),
    ),
    filters=(
        by_store(),
        Awaited("location"),
        Choice("target", "Warehouse", lambda rows, value: rows.filter(warehouse_id=value), choices=warehouses_of),
    ),
    search=lambda rows, text: rows.filter(Q(name__istartswith=text) | Q(warehouse__name__istartswith=text)),
    search_label="Location or warehouse begins with",
    bulk="mappings/parts/bulk.html",
    rows_have_forms=True,
    decorate_files=False,
    template="mappings/list.html",
    prepare=lambda rows: rows.select_related("store", "warehouse"),
    decorate=_decorate("locations"),
    empty=Empty(
        "No locations yet",
        "Places that your stores ship from appear here once a store is connected.",
        icon="map-pin",
    ),
)

CARRIERS = Listing(
    key="carriers",
    row="mappings/parts/row.html",
    order=("carrier", "id"),
    columns=(
        Column("word", "Carrier", csv=lambda row: row.carrier),
        STORE,
        SEEN,
        FIRST,
        Column("target", "Name for the store", csv=lambda row: row.name),
        Column("link", "Tracking link", csv=lambda row: row.link, hidden=True),
    ),
    filters=(
        by_store(),
        Filter("target", "Name for the store", lambda rows, value: rows.filter(name__iexact=value)),
        Flag("linked", "With a tracking link", lambda rows, value: rows.exclude(link="")),
    ),
    search=lambda rows, text: rows.filter(Q(carrier__istartswith=text) | Q(name__istartswith=text)),
    search_label="Carrier or its name begins with",
    bulk="mappings/parts/bulk.html",
    rows_have_forms=True,
    decorate_files=False,
    template="mappings/list.html",
    prepare=lambda rows: rows.select_related("store"),
    decorate=_decorate("carriers"),
    empty=Empty(
        "Every carrier's name goes to the stores unchanged",
        "A carrier appears here once a store is told of a shipment with it. Add one before that where a store knows it "
        "by another name, so that its tracking link works.",
        icon="truck-delivery",
        view="mappings:add_carrier",
        action="Add carrier name",
        may=May.WORK_ORDERS,
    ),
)

KINDS: dict[str, Kind] = {
    "ship_codes": Kind(
        "ship_codes", "ship_code", "ship_code", ShipMethod, ShipCodeForm, ("store",),
        title="Ship codes",
        lead="What your stores call a way of shipping, and the warehouse's code for it. Map each one once.",
        noun="shipping option",
        nouns="shipping option,shipping options",
        means="Ship code",
        listing=SHIP_CODES,
        suggest=_suggest_codes,
        target="target",
        words=("title", "code"),
    ),
    "skus": Kind(
        "skus", "sku", "sku", StoreListing, ListingForm, ("store", "product"),
        title="SKUs",
        lead="What your stores sell, and which of your products it is. The same SKU is linked by itself.",
        noun="listing",
        nouns="listing,listings",
        means="Product",
        listing=SKUS,
        suggest=_suggest_products,
        target="product_id",
        words=("sku", "title", "product_uid"),
    ),
    "locations": Kind(
        "locations", "location", "location", Location, LocationForm, ("store", "warehouse"),
        title="Locations",
        lead="Places that your stores ship from, and the warehouse that each one is.",
        noun="location",
        nouns="location,locations",
        means="Warehouse",
        listing=LOCATIONS,
        suggest=_suggest_warehouses,
        target="warehouse_id",
        words=("name", "uid"),
    ),
    "carriers": Kind(
        "carriers", "carrier", "", CarrierOut, CarrierNameForm, ("store",),
        title="Carriers",
        lead="What each store calls a carrier when it gets a tracking number. Without a name its own goes out.",
        noun="carrier",
        nouns="carrier,carriers",
        means="Name for the store",
        listing=CARRIERS,
        suggest=_suggest_names,
        target="name",
        words=("carrier",),
        first="To name",
        actions="mappings/parts/carriers_actions.html",
    ),
}  # fmt: skip

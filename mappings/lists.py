"""The three kinds of words that come in from stores, as lists: columns, filters, and what their rows show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q
from django.http import QueryDict
from django.utils.http import urlencode

from fcp.listing import Choice, Column, Empty, Filter, Flag, Listing, Rows
from fcp.models import Account, Store
from fcp.panel import panel_url
from inventory.models import Warehouse, sku_key_of

from .forms import ListingForm, LocationForm, ShipCodeForm, WordForm
from .models import Listing as StoreListing
from .models import Location, ShipMethod, Word
from .outside import OUTSIDE
from .ship_codes import ShipCode, ship_codes_of
from .sku_suggestions import suggest_products
from .suggest import Suggestion
from .suggestions import suggest_codes, suggest_warehouses

FEW = 2  # words that mean the same and are named in a row
MANY = 1000


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
    nouns: str  # for the filter `plural`
    means: str
    listing: Listing
    suggest: Callable[[Account, Sequence[Any], Choices], None]
    target: str  # the field that holds its meaning
    words: tuple[str, ...]  # the fields that name it

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
    if waiting is None:
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
    target = row.product if isinstance(row, StoreListing) else row.warehouse
    return str(target) if target else ""


def is_mapped(row: Any) -> bool:
    if isinstance(row, ShipMethod):
        return bool(row.target)
    return (row.product_id if isinstance(row, StoreListing) else row.warehouse_id) is not None


# --- what can be chosen, and what is suggested -------------------------------------------------------------------


@dataclass(frozen=True)
class Choices:
    """What words of one kind can mean here, read once for a page: ship codes, or warehouses; products are typed."""

    codes: list[ShipCode]
    warehouses: list[Warehouse]

    @property
    def known(self) -> set[str]:
        return {code.code for code in self.codes}

    def of_form(self, kind: Kind) -> dict[str, Any]:
        if kind.key == "skus":
            return {}
        return {"codes": self.codes} if kind.key == "ship_codes" else {"warehouses": self.warehouses}


def choices_of(kind: Kind, account: Account) -> Choices:
    codes = ship_codes_of(account) if kind.key == "ship_codes" else []
    places = list(Warehouse.objects.for_account(account)[:MANY]) if kind.key == "locations" else []
    return Choices(codes, places)


def _suggest_codes(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_codes(account, rows, chosen.codes)


def _suggest_warehouses(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_warehouses(account, rows, chosen.warehouses)


def _suggest_products(account: Account, rows: Sequence[Any], chosen: Choices) -> None:
    suggest_products(account, rows)


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


# --- filters and search -------------------------------------------------------------------------------------------


def stores_of(account: Account) -> list[tuple[str, str]]:
    names = OUTSIDE.nicknames(account)
    stores = Store.objects.for_account(account).order_by("name")
    return [(str(store.pk), names.get(store.pk, store.name)) for store in stores]


def by_store() -> Choice:
    return Choice("store", "Integration", apply=lambda rows, value: rows.filter(store_id=value), choices=stores_of)


def _find_ship_methods(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(title__istartswith=text) | Q(code__istartswith=text) | Q(target__istartswith=text))


def _find_listings(rows: Rows, text: str) -> Rows:
    """By SKU, by title, and by the SKU of the product they mean; each has its index. Titles begin in any case."""
    titles = Q()
    for written in {text, text.lower(), text.upper(), text.capitalize(), text.title()}:
        titles |= Q(title__prefix=written)
    product = Q(product__sku_key__prefix=sku_key_of(text), product__account=F("account"))
    by_title = rows.filter(titles).order_by().values("pk")[:MANY]
    by_product = rows.filter(product).order_by().values("pk")[:MANY]
    ids = {row["pk"] for found in (by_title, by_product) for row in found}
    return rows.filter(Q(sku_key__prefix=sku_key_of(text)) | Q(pk__in=ids))


def _means_product(rows: Rows, value: str) -> Rows:
    return rows.filter(product__sku_key=sku_key_of(value), product__account=F("account"))


def warehouses_of(account: Account) -> list[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in Warehouse.objects.for_account(account)[:MANY]]


class Awaited(Flag):
    """Words that orders wait for: which these are is asked of the app that holds the orders."""

    def __init__(self, hold: str) -> None:
        super().__init__("waiting", "Orders wait")
        self.hold = hold

    def read(self, query: QueryDict, account: Account | None) -> Any:
        on = super().read(query, account)
        return OUTSIDE.awaited(account, self.hold) if on and account else None

    def narrow(self, rows: Rows, value: Any) -> Rows:
        return rows.filter(pk__in=value)


def _csv_store(row: Any) -> str:
    return str(row.store)


SEEN = Column("seen", "Seen", csv=lambda row: row.last_seen_on)
FIRST = Column("first", "First seen", csv=lambda row: row.first_seen_at, hidden=True)
STORE = Column("store", "Integration", csv=_csv_store)
WAITING = Column("waiting", "Orders waiting", align="end")


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
        FIRST,
        WAITING,
        Column("target", "Product", csv=lambda row: row.product or ""),
        Column("units", "Units", csv=lambda row: row.units, hidden=True),
    ),
    filters=(
        by_store(),
        Awaited("sku"),
        Filter("target", "Product", _means_product),
        Flag("changed", "SKU changed in the store", lambda rows, value: rows.exclude(sku_was="")),
        Flag("asked", "Not carried over", lambda rows, value: rows.exclude(asked="").filter(product=None)),
    ),
    search=_find_listings,
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
}  # fmt: skip

"""Finding the rows of the words a page of orders uses, making those that are new: a constant number of statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fcp.insert import make_rows
from fcp.models import Store
from inventory.models import Product, sku_key_of

from .models import Listing, Location, ShipMethod, Word


class ShipRow(NamedTuple):
    """A ShipMethod, as far as translation needs it; plain tuples, since a page reads hundreds of words."""

    pk: int
    last_seen_on: dt.date
    word_key: str
    title: str
    code: str
    target: str
    target_carrier: str
    target_service: str
    hold: bool
    version: int


class ListingRow(NamedTuple):
    pk: int
    last_seen_on: dt.date
    product_uid: str
    variant_uid: str
    sku: str
    title: str
    product_id: int | None
    units: int
    version: int


class LocationRow(NamedTuple):
    pk: int
    last_seen_on: dt.date
    uid: str
    name: str
    warehouse_id: int | None
    version: int


@dataclass(frozen=True, slots=True)
class SeenShipWord:
    key: str
    title: str
    code: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class SeenListing:
    product_uid: str
    variant_uid: str
    sku: str
    title: str


@dataclass(frozen=True, slots=True)
class Words:
    """The rows by what the store calls them. `named` are listings that were only looked for."""

    ship: Mapping[str, ShipRow]
    listings: Mapping[tuple[str, str], ListingRow]
    locations: Mapping[str, LocationRow]
    named: Collection[int] = ()


def words_of(
    store: Store,
    ship: Iterable[SeenShipWord],
    listings: Iterable[SeenListing],
    locations: Mapping[str, str],
    now: dt.datetime,
    named: Collection[tuple[str, str]] = (),
) -> Words:
    """The rows of these words, locked until the transaction ends, so that nobody maps one of them between our reading
    it and our holding an order for it. `locations` maps a uid to a name; listings in `named` are found, not made.
    """
    day = now.date()
    base: dict[str, Any] = {
        "account_id": store.account_id, "store_id": store.pk, "version": 0, "applied_version": 0,
        "first_seen_at": now, "last_seen_on": day,
    }  # fmt: skip
    wanted_ship = {word.key: word for word in ship}
    wanted_listings = {(item.product_uid, item.variant_uid): item for item in listings}

    ship_rows = {row.word_key: row for row in locked(ShipMethod, ShipRow, store=store, word_key__in=list(wanted_ship))}
    missing = sorted(wanted_ship.keys() - ship_rows.keys())
    made = _made(
        ShipMethod,
        ShipRow,
        ("word_key",),
        [
            base | {"word_key": k, "title": w.title[:255], "code": w.code[:100], "carrier": w.carrier[:100]}
            | {"target": "", "target_carrier": "", "target_service": "", "hold": False}
            for k in missing
            for w in (wanted_ship[k],)
        ],
        day,
    )  # fmt: skip
    ship_rows |= {row.word_key: row for row in made}

    found = _listings(store, {uid for uid, _ in (*wanted_listings, *named)})
    only_named = [found[key].pk for key in named if key in found]
    new = sorted(wanted_listings.keys() - found.keys())
    products = _meant_by_sku(store, [wanted_listings[k].sku for k in new]) if new else {}
    made = _made(
        Listing,
        ListingRow,
        ("product_uid", "variant_uid"),
        [
            base | {"product_uid": k[0], "variant_uid": k[1], "sku": seen.sku[:100], "sku_key": sku_key_of(seen.sku)}
            | {"title": seen.title[:255], "product_id": products.get(sku_key_of(seen.sku)), "units": 1}
            | {"by_hand": False, "sku_was": ""}
            for k in new
            for seen in (wanted_listings[k],)
        ],
        day,
    )  # fmt: skip
    found |= {(row.product_uid, row.variant_uid): row for row in made}

    places = {row.uid: row for row in locked(Location, LocationRow, store=store, uid__in=list(locations))}
    missing = sorted(locations.keys() - places.keys())
    names = [base | {"uid": uid, "name": (locations[uid] or uid)[:255]} for uid in missing]
    places |= {row.uid: row for row in _made(Location, LocationRow, ("uid",), names, day)}

    used = {key: found[key] for key in wanted_listings}
    _seen_today(ShipMethod, ship_rows.values(), day)
    _seen_today(Listing, used.values(), day)
    _seen_today(Location, places.values(), day)
    return Words(ship_rows, used, places, only_named)


def locked(model: type[Word], row: Any, **lookup: Any) -> list[Any]:
    """Rows as tuples, locked against a change of their meaning until the transaction ends; none for an empty list."""
    if any(name.endswith("__in") and not value for name, value in lookup.items()):
        return []
    rows = model.objects.select_for_update(no_key=True).filter(**lookup).order_by("pk")
    return [row._make(values) for values in rows.values_list(*row._fields)]


def _made(model: type[Word], row: Any, key: Sequence[str], values: Sequence[dict[str, Any]], day: dt.date) -> list[Any]:
    """New words, locked like those that were there; one that somebody else made at this moment comes as it is."""
    if not values:
        return []
    columns = list(values[0])
    rows = [[value[name] for name in columns] for value in values]
    returning = ["id" if name == "pk" else name for name in row._fields]
    made = make_rows(model, columns, rows, key=("store_id", *key), returning=returning)
    return [row._make(found)._replace(last_seen_on=day) for found in made]


def _listings(store: Store, product_uids: set[str]) -> dict[tuple[str, str], ListingRow]:
    rows = locked(Listing, ListingRow, store=store, product_uid__in=sorted(product_uids))
    return {(row.product_uid, row.variant_uid): row for row in rows}


def _meant_by_sku(store: Store, skus: Iterable[str]) -> dict[str, int]:
    """As `products_by_sku`, without SKUs that another listing of this store means otherwise: those are not guessed."""
    products = products_by_sku(store.account_id, skus)
    if not products:
        return products
    linked = Listing.objects.filter(store=store, sku_key__in=products, product__isnull=False)
    rows = linked.order_by().values_list("sku_key", "product_id", "units")
    otherwise = {key for key, product_id, units in rows if product_id != products[key] or units != 1}
    return {key: pk for key, pk in products.items() if key not in otherwise}


def products_by_sku(account_id: int, skus: Iterable[str]) -> dict[str, int]:
    """Identity: a listing whose SKU is a master SKU of the account means that product (X12)."""
    keys = {sku_key_of(sku) for sku in skus} - {""}
    return dict(Product.objects.filter(account_id=account_id, sku_key__in=keys).values_list("sku_key", "pk"))


def _seen_today(model: type[Word], rows: Iterable[Any], day: dt.date) -> None:
    stale = [row.pk for row in rows if row.last_seen_on < day]
    if stale:
        model.objects.filter(pk__in=stale).update(last_seen_on=day)

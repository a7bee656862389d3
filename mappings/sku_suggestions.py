"""Which product an unmapped listing probably is: for a page of listings, in a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from fcp.models import Account
from inventory.loose import Loose, loose
from inventory.models import Alias, AliasType, Product

from .models import Listing
from .outside import OUTSIDE
from .suggest import Candidate, Known, Suggestion
from .versions import meant_before

LIKE = 0.7  # of 1: how much a title has to say the same as a product's name
NAMED = 1000  # products whose names are compared with the titles of one page
LOOKED_AT = 2000  # changes of the listings of a page
SHORTEST = 3  # of an SKU: shorter ones are alike by chance


@dataclass(frozen=True, slots=True)
class _Found:
    """One way to a product. Several products by the same way are no suggestion."""

    product: str
    reason: str
    units: int = 1


Ways = dict[int, list[_Found]]


def suggest_products(account: Account, rows: Sequence[Listing]) -> None:
    """Give unmapped listings their `suggestion` (the product's SKU), the most trusted way first."""
    left = list(rows)
    for way in (_earlier, _elsewhere, _by_alias, _by_barcode, _by_loose_sku, _by_name, _by_like_name):
        if not left:
            return
        found = way(account, left)
        for row in left:
            row.suggestion = _one(found.get(row.pk, []))  # type: ignore[attr-defined]
        left = [row for row in left if row.suggestion is None]  # type: ignore[attr-defined]


def _one(found: Sequence[_Found]) -> Suggestion | None:
    if len({(one.product, one.units) for one in found}) != 1:
        return None
    return Suggestion(found[0].product, found[0].reason, 1, found[0].units)


def _earlier(account: Account, rows: Sequence[Listing]) -> Ways:
    """What this very listing meant before."""
    last = meant_before(rows, "product_id", LOOKED_AT)
    if not last:
        return {}
    skus = dict(
        Product.objects.for_account(account)
        .filter(pk__in={side["product_id"] for side in last.values()})
        .values_list("pk", "sku")
    )
    return {
        pk: [_Found(skus[side["product_id"]], f"You chose {skus[side['product_id']]} for it before.", side["units"])]
        for pk, side in last.items()
        if side["product_id"] in skus
    }


def _elsewhere(account: Account, rows: Sequence[Listing]) -> Ways:
    """What listings of the account's stores mean that have the same SKU, as people chose it, or the same title."""
    keys, titles = _keys(rows), {row.title for row in rows if row.title}
    mapped = Listing.objects.for_account(account).filter(product__isnull=False).select_related("product", "store")
    chosen = [
        *mapped.filter(sku_key__in=keys, by_hand=True).order_by("pk")[:NAMED],
        *mapped.filter(title__in=titles).order_by("pk")[:NAMED],
    ]
    stores = OUTSIDE.nicknames(account) if chosen else {}
    by_sku: dict[str, list[Listing]] = defaultdict(list)
    by_title: dict[str, list[Listing]] = defaultdict(list)
    for one in chosen:
        if one.sku_key in keys and one.by_hand:
            by_sku[one.sku_key].append(one)
        by_title[one.title].append(one)

    def found(one: Listing, word: str) -> _Found:
        assert one.product is not None
        store = stores.get(one.store_id, one.store.name)
        pieces = f"{one.product.sku} × {one.units}" if one.units != 1 else one.product.sku
        chosen = f"You chose {pieces} for “{word}” on {store}." if one.by_hand else f"“{word}” on {store} is {pieces}."
        return _Found(one.product.sku, chosen, one.units)

    return {
        row.pk: [found(one, one.sku) for one in by_sku.get(row.sku_key, [])]
        or [found(one, one.title) for one in by_title.get(row.title, []) if row.title]
        for row in rows
    }


def _by_alias(account: Account, rows: Sequence[Listing]) -> Ways:
    types = AliasType.objects.for_account(account).values("pk")
    aliases = Alias.objects.filter(alias_type__in=types, code_key__in=_keys(rows)).select_related(
        "alias_type", "product"
    )
    found = (
        (
            one.code_key,
            _Found(one.product.sku, f"{one.code} is the {one.alias_type} alias of {_pieces(one)}.", one.units),
        )
        for one in aliases
    )
    return _by_key(rows, lambda row: row.sku_key, found)


def _pieces(alias: Alias) -> str:
    return f"{alias.units} × {alias.product.sku}" if alias.units != 1 else alias.product.sku


def _by_barcode(account: Account, rows: Sequence[Listing]) -> Ways:
    products = Product.objects.for_account(account).filter(barcode__in=_keys(rows)).exclude(barcode="")
    return _by_key(
        rows,
        lambda row: row.sku_key,
        ((one.barcode, _Found(one.sku, f"{one.barcode} is the barcode of {one.sku}.")) for one in products),
    )


def _by_loose_sku(account: Account, rows: Sequence[Listing]) -> Ways:
    wanted = {key for row in rows if len(key := loose(row.sku_key)) >= SHORTEST}
    products = Product.objects.for_account(account).alias(loose=Loose("sku_key")).filter(loose__in=wanted)
    return _by_key(
        rows,
        lambda row: loose(row.sku_key),
        (
            (loose(one.sku_key), _Found(one.sku, f"But for separators and leading zeros, {one.sku} is the same SKU."))
            for one in products
        ),
    )


def _by_name(account: Account, rows: Sequence[Listing]) -> Ways:
    products = Product.objects.for_account(account).filter(name__in={row.title for row in rows if row.title})
    return _by_key(
        rows,
        lambda row: row.title,
        ((one.name, _Found(one.sku, f"{one.sku} has the same name: “{one.name}”.")) for one in products[:NAMED]),
    )


def _by_like_name(account: Account, rows: Sequence[Listing]) -> Ways:
    """Titles that say nearly the same as a product's name, among the names that begin with the same word."""
    words = {row.title.split()[0] for row in rows if row.title.split()}
    begins = Q()
    for word in sorted(words):
        begins |= Q(name__prefix=word)
    if not begins:
        return {}
    products = Product.objects.for_account(account).filter(begins).order_by("name")[:NAMED]
    skus = {str(one.pk): one for one in products}
    known = Known(Candidate(pk, (one.name,), named=False) for pk, one in skus.items())
    found: Ways = {}
    for row in rows:
        alike = known.find([row.title], enough=LIKE) if row.title else None
        if alike:
            product = skus[alike.value]
            reason = f"“{row.title}” is much like the name of {product.sku}: “{product.name}”."
            found[row.pk] = [_Found(product.sku, reason)]
    return found


def _keys(rows: Iterable[Listing]) -> set[str]:
    return {row.sku_key for row in rows} - {""}


def _by_key(rows: Iterable[Listing], key_of: Callable[[Listing], str], pairs: Iterable[tuple[str, _Found]]) -> Ways:
    by_key: dict[str, list[_Found]] = defaultdict(list)
    for key, found in pairs:
        by_key[key].append(found)
    return {row.pk: by_key.get(key_of(row), []) if key_of(row) else [] for row in rows}

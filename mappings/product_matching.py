"""Rows of a file about products, beside what the account has: listings by what they mean, and aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from fcp.models import Account
from inventory.models import Alias, AliasType, Product, sku_key_of

from .alias_changes import NOTHING, meaning_of_alias
from .models import Listing
from .word_rows import NO_MEANING, Line, Refusal, RowOf, WordRow, chunks, folded, only_one, short, unknown

MOST_UNITS = 10_000


# --- SKUs ---------------------------------------------------------------------------------------------------------


def match_skus(account: Account, lines: Sequence[Line]) -> RowOf:
    listings = _listings(account, lines)
    products = _products(account, {line.text("target") for line in lines if not line.none()})

    def row_of(line: Line, row: WordRow) -> None:
        assert line.store is not None
        short(line, sku=100, target=100, product_uid=100, variant_uid=100)
        known = _listing(line, listings)
        row.row, row.word = known.pk, known.sku or known.title or known.product_uid
        row.before = {"product_id": known.product_id, "units": known.units}
        row.old = _pieces(known.product.sku if known.product else "", known.units)
        target = line.text("target")
        if line.none():
            row.decide({"product_id": None, "units": 1}, "")
            return
        units = _units(line)
        if not target:
            if units and known.product and units != known.units:
                row.decide({"product_id": known.product_id, "units": units}, _pieces(known.product.sku, units))
            else:
                row.leave_out(NO_MEANING)
            return
        pk, sku, of_code = only_one(
            products.get(sku_key_of(target), []), f"Several products have the code “{target[:60]}”. Give the SKU."
        ) or unknown(f"You have no product with the SKU “{target[:60]}”.")
        units = units or (known.units if pk == known.product_id else of_code)
        row.decide({"product_id": pk, "units": units}, _pieces(sku, units))

    return row_of


def _pieces(sku: str, units: int) -> str:
    return f"{sku} × {units}" if sku and units != 1 else sku


def _units(line: Line) -> int:
    """0 where the row does not say."""
    text = line.text("units")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= MOST_UNITS):
        raise Refusal(f"The units must be a whole number from 1 to {MOST_UNITS:,}.")
    return int(text)


Listings = dict[tuple[int, str, str], list[Listing]]  # store, "uid" or "sku", what it is called


def _listings(account: Account, lines: Sequence[Line]) -> Listings:
    """Only those that the file names: a catalogue may be far longer."""
    uids: dict[int, set[str]] = defaultdict(set)
    skus: dict[int, set[str]] = defaultdict(set)
    for line in lines:
        assert line.store is not None
        if uid := line.text("product_uid"):
            uids[line.store.pk].add(uid)
        elif sku := line.text("sku"):
            skus[line.store.pk].add(sku_key_of(sku))
    rows = Listing.objects.for_account(account).select_related("product")
    found: Listings = defaultdict(list)
    for store, wanted in uids.items():
        for some in chunks(wanted):
            for one in rows.filter(store=store, product_uid__in=some):
                found[store, "uid", f"{one.product_uid}\n{one.variant_uid}"].append(one)
                found[store, "product", one.product_uid].append(one)
    for store, wanted in skus.items():
        for some in chunks(wanted):
            for one in rows.filter(store=store, sku_key__in=some, retired_at=None):
                found[store, "sku", one.sku_key].append(one)
    return found


def _listing(line: Line, listings: Listings) -> Listing:
    assert line.store is not None
    uid, sku = line.text("product_uid"), line.text("sku")
    if uid:
        found = listings.get((line.store.pk, "uid", f"{uid}\n{line.text('variant_uid')}"), [])
        if not found and "variant_uid" not in line.cells:
            found = listings.get((line.store.pk, "product", uid), [])
        what, more = f"the id {uid[:60]}", "Add the variant's id."
    elif sku:
        found = listings.get((line.store.pk, "sku", sku_key_of(sku)), [])
        what, more = f"the SKU “{sku[:60]}”", "Add the columns with the store's ids, as in the file from here."
    else:
        raise Refusal("The SKU is missing.")
    one: Listing | None = only_one(found, f"Several listings of this store have {what}. {more}")
    if one is None:
        raise Refusal(f"This store never showed a listing with {what}.")
    return one


Products = dict[str, list[tuple[int, str, int]]]  # by code: id, SKU, and how many of it one with this code is


def _products(account: Account, skus: Collection[str], *, aliases: bool = True) -> Products:
    """Products by SKU; where none has it, by another code of theirs."""
    keys = {sku_key_of(sku) for sku in skus} - {""}
    found: Products = defaultdict(list)
    for some in chunks(keys):
        rows = Product.objects.for_account(account).filter(sku_key__in=some)
        for key, pk, sku in rows.values_list("sku_key", "pk", "sku"):
            found[key].append((pk, sku, 1))
    if not aliases:
        return found
    types = list(AliasType.objects.for_account(account).values_list("pk", flat=True))
    for some in chunks(keys - found.keys()) if types else ():
        aliases_of = Alias.objects.filter(alias_type__in=types, code_key__in=some).order_by(
            "code_key", "product", "units"
        )
        for key, pk, sku, units in aliases_of.values_list("code_key", "product", "product__sku", "units").distinct():
            found[key].append((pk, sku, units))
    return found


# --- aliases ------------------------------------------------------------------------------------------------------


def match_aliases(account: Account, lines: Sequence[Line]) -> RowOf:
    types = {folded(one.name): one.name for one in AliasType.objects.for_account(account)}
    only = next(iter(types.values())) if len(types) == 1 else ""
    known = _aliases(account, lines)
    products = _products(account, {line.text("target") for line in lines if not line.none()}, aliases=False)
    spelled: dict[tuple[str, str], str] = {}  # a new code as its first row spells it

    def row_of(line: Line, row: WordRow) -> None:
        short(line, type=60, code=100, target=100)
        key = sku_key_of(line.text("code"))
        if not key:
            raise Refusal("The alias is missing.")
        kind = " ".join(line.text("type").split()) or only
        if not kind:
            raise Refusal("The type is missing. Name it in the column Alias type.")
        kind = types.setdefault(folded(kind), kind)
        one = known.get((folded(kind), key))
        code = one.code if one else spelled.setdefault((folded(kind), key), line.text("code"))
        row.row, row.word, row.said = one.pk if one else 0, f"{code} ({kind})", {"type": kind, "code": code}
        row.before = meaning_of_alias(one)
        row.old = _pieces(one.product.sku, one.units) if one else ""
        target, units = line.text("target"), _units(line)
        if line.none():
            row.decide(dict(NOTHING), "") if one else row.leave_out("There is no such alias")
        elif not target and one and units:
            row.decide({"product_id": one.product_id, "units": units}, _pieces(one.product.sku, units))
        elif not target:
            row.leave_out(NO_MEANING)
        else:
            pk, sku, _ = only_one(products.get(sku_key_of(target), []), "") or unknown(
                f"You have no product with the SKU “{target[:60]}”."
            )
            units = units or (one.units if one and pk == one.product_id else 1)
            row.decide({"product_id": pk, "units": units}, _pieces(sku, units))

    return row_of


def _aliases(account: Account, lines: Sequence[Line]) -> dict[tuple[str, str], Alias]:
    """Those whose codes the file names, by type and code."""
    keys = {sku_key_of(line.text("code")) for line in lines} - {""}
    found: dict[tuple[str, str], Alias] = {}
    for some in chunks(keys):
        rows = Alias.objects.for_account(account).filter(code_key__in=some).select_related("alias_type", "product")
        found |= {(folded(one.alias_type.name), one.code_key): one for one in rows}
    return found

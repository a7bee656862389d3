"""Other codes for products, as a product's page lists and changes them (EIM-35)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import IntegrityError, transaction

from fcp.models import Account

from .errors import InventoryError
from .models import Alias, AliasType, Product, sku_key_of
from .signals import alias_told


@dataclass(frozen=True, slots=True)
class ShownAlias:
    """`form` is one that was sent and refused: shown open with what was typed."""

    row: Alias
    form: object | None = None


def by_type(product: Product, refused: object | None = None) -> list[tuple[AliasType, list[ShownAlias]]]:
    """The product's aliases, by the names of their types."""
    groups: dict[AliasType, list[ShownAlias]] = {}
    rows = Alias.objects.filter(product=product).select_related("alias_type").order_by("alias_type__name", "code_key")
    for row in rows:
        form = refused if refused is not None and getattr(refused, "alias", None) == row else None
        groups.setdefault(row.alias_type, []).append(ShownAlias(row, form))
    return list(groups.items())


def type_named(product: Product, name: str) -> AliasType:
    """The account's type of that name, made where there is none yet; upper and lower case are one."""
    types = AliasType.objects.filter(account=product.account_id)
    found = types.filter(name__iexact=name).first()
    if found is None:
        AliasType.objects.bulk_create([AliasType(account_id=product.account_id, name=name)], ignore_conflicts=True)
        found = types.get(name__iexact=name)
    return found


def store(
    product: Product, alias_type: AliasType, code: str, alias: Alias | None = None, *, units: int = 1, by: str,
    now: dt.datetime,
) -> Alias:  # fmt: skip
    """Add a code, or change what an alias says. Raises InventoryError where another product has it."""
    row = alias or Alias(account_id=product.account_id, product=product, alias_type=alias_type)
    row.code, row.units = code, units
    try:
        with transaction.atomic():  # whoever listens notes in it what the code meant and means
            was = Alias.objects.filter(pk=row.pk).first() if row.pk else None
            row.save()
            alias_told.send(Alias, was=was, row=row, by=by, now=now)
    except IntegrityError as error:
        raise InventoryError(taken(alias_type, code), "taken") from error
    return row


def taken(alias_type: AliasType, code: str) -> str:
    return f"{code} is the {alias_type} of another product already. Within a type a code means one product."


def remove(alias: Alias, *, by: str, now: dt.datetime) -> None:
    with transaction.atomic():
        alias_told.send(Alias, was=alias, row=None, by=by, now=now)
        alias.delete()


class Reported(StrEnum):
    """What became of an alias that a warehouse's system reported."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    UNKNOWN_SKU = "unknown_sku"
    TAKEN = "taken"


def report_aliases(
    account: Account, rows: Sequence[tuple[str, str, str, int | None]], *, by: str, now: dt.datetime
) -> list[Reported]:  # fmt: skip
    """Add what a warehouse's system says: SKU, type, code and units of each, None where it does not say the units. In
    the caller's transaction; twice is once.
    """
    keys = {sku_key_of(row[0]) for row in rows}
    products = {one.sku_key: one for one in Product.objects.for_account(account).filter(sku_key__in=keys)}
    said: dict[int, Reported] = {}
    # In the order of their codes, so that two reports at once never wait for each other.
    for at, (sku, kind, code, units) in sorted(enumerate(rows), key=lambda one: (sku_key_of(one[1][2]), one[0])):
        product = products.get(sku_key_of(sku))
        told = (" ".join(kind.split()), code, units)
        said[at] = _reported(product, *told, by=by, now=now) if product else Reported.UNKNOWN_SKU
    return [said[at] for at in range(len(rows))]


def _reported(
    product: Product, kind: str, code: str, units: int | None, *, by: str, now: dt.datetime
) -> Reported:  # fmt: skip
    alias_type = type_named(product, kind)
    known = Alias.objects.filter(alias_type=alias_type, code_key=sku_key_of(code)).first()
    if known is not None and known.product_id != product.pk:
        return Reported.TAKEN
    if known is not None and units in (None, known.units):
        return Reported.UNCHANGED
    try:
        store(product, alias_type, known.code if known else code, known, units=units or 1, by=by, now=now)
    except InventoryError:  # somebody gave it to another product at this moment
        return Reported.TAKEN
    return Reported.STORED

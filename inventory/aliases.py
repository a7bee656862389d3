"""Other codes for products, as a product's page lists and changes them (EIM-35)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from .errors import InventoryError
from .models import Alias, AliasType, Product


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


def store(product: Product, alias_type: AliasType, code: str, alias: Alias | None = None) -> Alias:
    """Add a code, or change what an alias says. Raises InventoryError where another product has it."""
    row = alias or Alias(account_id=product.account_id, product=product, alias_type=alias_type)
    row.code = code
    try:
        with transaction.atomic():  # whoever listens notes in it what the code meant and means
            row.save()
    except IntegrityError as error:
        raise InventoryError(taken(alias_type, code), "taken") from error
    return row


def taken(alias_type: AliasType, code: str) -> str:
    return f"{code} is the {alias_type} of another product already. Within a type a code means one product."


def remove(alias: Alias) -> None:
    with transaction.atomic():
        alias.delete()

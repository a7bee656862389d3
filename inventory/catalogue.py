"""Filling the account's catalogue from what a store sells, a page at a time, in a constant number of queries.

What is new becomes a product. Of one that is there only empty fields are filled, so that nothing that a person wrote
here is lost; from the declared master of the products the store's values replace them (X9). A value that the store
does not give is no value: it empties nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import IntegrityError, connection, transaction

from fcp.insert import insert_rows, make_rows, update_rows

from .models import Product, ProductGroup, sku_key_of

FIELDS = ("name", "barcode", "weight_grams", "description", "price", "currency", "group_id", "options")
READ = ("pk", "sku_key", *FIELDS)
COLUMNS = ("name", "barcode", "weight_grams", "description", "price", "currency", "group", "options", "changed_at")
NEW = (
    "account", "sku", "sku_key", *COLUMNS[:-1], "customs_code", "origin", "stock_seq", "changed_at", "created_at",
)  # fmt: skip
BATCH = 300


@dataclass(frozen=True, slots=True)
class GroupFact:
    """A product with variants as a store shows it; `code` names it for this store, always the same."""

    code: str
    name: str
    options: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One sellable thing as a store shows it, under its SKU. `options` are its values of its group's options."""

    sku: str
    name: str
    barcode: str = ""
    weight_grams: int | None = None
    price: Decimal | None = None
    currency: str = ""
    description: str = ""
    group: GroupFact | None = None
    options: tuple[str, ...] = ()


@dataclass
class Filling:
    """One page. `make` first, then (once the listings are locked) `change` those of `wanting` that may be changed."""

    account_id: int
    facts: Iterable[Fact]
    now: dt.datetime
    overwrite: bool
    by_key: dict[str, Fact] = field(init=False)

    def __post_init__(self) -> None:
        self.by_key = {}
        for fact in self.facts:
            if key := sku_key_of(fact.sku):
                self.by_key.setdefault(key, fact)

    @cached_property
    def there(self) -> dict[str, dict[str, Any]]:
        rows = Product.objects.filter(account_id=self.account_id, sku_key__in=self.by_key)
        return {row["sku_key"]: row for row in rows.values(*READ)}

    def make(self) -> int:
        """Products of SKUs that the account does not know; how many."""
        new = [
            (self.account_id, " ".join(fact.sku.split())[:100], key, *self._values(fact).values(), "", "", 0,
             self.now, self.now)
            for key, fact in sorted(self.by_key.items())
            if key not in self.there
        ]  # fmt: skip
        try:
            with transaction.atomic(), connection.wrap_database_errors:  # COPY is not wrapped by Django's cursor
                insert_rows(Product, NEW, new)
        except IntegrityError:  # somebody else made one at this moment: it is found there
            for start in range(0, len(new), BATCH):
                some = new[start : start + BATCH]
                make_rows(Product, NEW, some, key=("account", "sku_key"), returning=("id",))
        return len(new)

    def wanting(self) -> set[str]:
        """SKU keys of products that the store would change."""
        return {key for key, row in self.there.items() if self._changed(self.by_key[key], row)}

    def change(self, keys: Collection[str]) -> int:
        """How many of these changed. Read again under their locks: a person may have written meanwhile."""
        rows = Product.objects.filter(account_id=self.account_id, sku_key__in=keys).order_by("pk")
        updates: list[Sequence[Any]] = []
        for row in rows.select_for_update(no_key=True).values(*READ) if keys else ():
            if changed := self._changed(self.by_key[row["sku_key"]], row):
                values = row | changed
                updates.append((*(values[name] for name in FIELDS), self.now, row["pk"]))
        update_rows(Product, COLUMNS, updates)
        return len(updates)

    def _values(self, fact: Fact) -> dict[str, Any]:
        return {
            "name": (fact.name or fact.sku)[:255],
            "barcode": fact.barcode[:60],
            "weight_grams": fact.weight_grams,
            "description": fact.description,
            "price": fact.price,
            "currency": fact.currency[:3] if fact.price is not None else "",
            **self._place(fact),
        }

    def _place(self, fact: Fact) -> dict[str, Any]:
        """Its group, and its values there where the group has the options that the store names."""
        group = self.groups.get(fact.group.code) if fact.group else None
        if group is None or not fact.group:
            return {"group_id": None, "options": []}
        return {
            "group_id": group.pk,
            "options": list(fact.options) if tuple(group.options) == fact.group.options else [],
        }

    def _changed(self, fact: Fact, row: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: value for name, value in self._values(fact).items() if value not in (None, "", [])}
        if self.overwrite:
            return {name: value for name, value in wanted.items() if value != row[name]}
        filled = {name: value for name, value in wanted.items() if row[name] in (None, "", [])}
        if row["price"] is not None:
            filled.pop("currency", None)  # of another price
        if row["group_id"] is not None and row["group_id"] != wanted.get("group_id"):
            filled.pop("options", None)  # of another group
        return filled

    # --- groups -----------------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> dict[str, ProductGroup]:
        """By the store's code: the one that a product of it is in, else the one of that code, made if need be."""
        facts = {fact.group.code: fact.group for fact in self.by_key.values() if fact.group}
        if not facts:
            return {}
        of_members: dict[str, int] = {}
        for key, row in self.there.items():
            group = self.by_key[key].group
            if group and row["group_id"] is not None:
                of_members[group.code] = min(row["group_id"], of_members.get(group.code, row["group_id"]))
        mine = ProductGroup.objects.filter(account_id=self.account_id)
        by_code = {group.code: group for group in mine.filter(code__in=facts)}
        by_pk = mine.in_bulk(list(of_members.values())) if of_members else {}
        new = [
            ProductGroup(account_id=self.account_id, code=f.code, name=f.name[:255] or f.code,
                         description=f.description, options=list(f.options))
            for code, f in facts.items()
            if code not in by_code and code not in of_members
        ]  # fmt: skip
        if new:
            ProductGroup.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
            by_code |= {group.code: group for group in mine.filter(code__in=[group.code for group in new])}
        found = {code: by_pk.get(of_members.get(code, 0)) or by_code.get(code) for code in facts}
        groups = {code: group for code, group in found.items() if group}
        self._change_groups(facts, groups)
        return groups

    def _change_groups(self, facts: dict[str, GroupFact], groups: dict[str, ProductGroup]) -> None:
        updates: dict[int, Sequence[Any]] = {}
        for code, group in groups.items():
            fact = facts[code]
            wanted = {"name": fact.name[:255], "description": fact.description, "options": list(fact.options)}
            changed = {
                name: value
                for name, value in wanted.items()
                if value and value != getattr(group, name) and (self.overwrite or not getattr(group, name))
            }
            if changed:
                for name, value in changed.items():
                    setattr(group, name, value)
                updates[group.pk] = (group.name, group.description, group.options, group.pk)
        update_rows(ProductGroup, ("name", "description", "options"), [updates[pk] for pk in sorted(updates)])


def describe(texts: Iterable[tuple[Product, str]], now: dt.datetime, *, overwrite: bool) -> int:
    """Give products (or the groups they are in) the store's descriptions; how many were given one."""
    products: dict[int, Sequence[Any]] = {}
    groups: dict[int, Sequence[Any]] = {}
    for product, said in texts:
        thing: Product | ProductGroup = product.group or product
        if not said or said == thing.description or (thing.description and not overwrite):
            continue
        if isinstance(thing, ProductGroup):
            groups.setdefault(thing.pk, (said, thing.pk))
        else:
            products.setdefault(thing.pk, (said, now, thing.pk))
    update_rows(Product, ("description", "changed_at"), [products[pk] for pk in sorted(products)])
    update_rows(ProductGroup, ("description",), [groups[pk] for pk in sorted(groups)])
    return len(products) + len(groups)

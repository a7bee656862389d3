"""What of ours goes with which product of a store: by the listings that mean our products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.models import Integration
from integrations.product_plan import Ours, OurVariant
from inventory.models import Product, ProductGroup
from mappings.models import Listing


@dataclass(frozen=True, slots=True)
class Thing:
    """One product of the store, or to be one. `uid` is the store's, "" where it has none; `problem`: what stops it."""

    product_id: int | None
    group_id: int | None
    ours: Ours
    uid: str = ""
    problem: str = ""


def things_of(integration: Integration, some: Sequence[Product | ProductGroup]) -> list[Thing]:
    """Of products without a group, or of groups; five queries, however many."""
    groups = [one for one in some if isinstance(one, ProductGroup)]
    products = [one for one in some if isinstance(one, Product)]
    members: dict[int, list[Product]] = defaultdict(list)
    for product in Product.objects.filter(group__in=groups).order_by("pk") if groups else ():
        members[product.group_id or 0].append(product)
    everything = [*products, *(product for rows in members.values() for product in rows)]
    found = _Links(integration, everything)
    things = [found.thing(None, group, members[group.pk]) for group in groups if members[group.pk]]
    return things + [found.thing(product, None, [product]) for product in products]


class _Links:
    """Which listings of the store mean these products, and what else stands in their way."""

    def __init__(self, integration: Integration, products: Sequence[Product]) -> None:
        self.currency = integration.store.currency
        shown = Listing.objects.filter(store=integration.store_id, retired_at=None, shares_stock=False)
        self.linked: dict[int, list[Listing]] = defaultdict(list)
        for row in shown.filter(product__in=products).order_by("pk"):
            self.linked[row.product_id or 0].append(row)
        self.by_sku: dict[str, Listing] = {}
        for row in shown.filter(sku_key__in=[product.sku_key for product in products]).order_by("pk"):
            self.by_sku.setdefault(row.sku_key, row)
        uids = {row.product_uid for rows in self.linked.values() for row in rows}
        self.meaning: dict[str, set[int]] = defaultdict(set)
        whose = shown.filter(product_uid__in=uids, product__isnull=False)
        for uid, product_id in whose.values_list("product_uid", "product_id"):
            self.meaning[uid].add(product_id)

    def thing(self, product: Product | None, group: ProductGroup | None, members: Sequence[Product]) -> Thing:
        uids = sorted({row.product_uid for one in members for row in self.linked[one.pk]})
        uid = uids[0] if len(uids) == 1 else ""
        return Thing(
            product.pk if product else None,
            group.pk if group else None,
            self._ours(product, group, members, uid),
            uid,
            self._problem(group, members, uids),
        )

    def _ours(self, product: Product | None, group: ProductGroup | None, members: Sequence[Product], uid: str) -> Ours:
        named: Any = group or product
        options = tuple(str(name) for name in group.options) if group else ()
        variants = tuple(self._variant(one, options, uid) for one in members)
        return Ours(named.name, named.description, options, variants)

    def _variant(self, product: Product, options: Sequence[str], uid: str) -> OurVariant:
        linked = next((row for row in self.linked[product.pk] if row.product_uid == uid), None) if uid else None
        return OurVariant(
            sku=product.sku,
            choices=tuple(str(value) for value in product.options) if options else (),
            price=self._price(product),
            barcode=product.barcode,
            weight_grams=product.weight_grams,
            uid=linked.variant_uid if linked else "",
        )

    def _price(self, product: Product) -> Decimal | None:
        return product.price if product.currency in ("", self.currency) else None

    def _problem(self, group: ProductGroup | None, members: Sequence[Product], uids: Sequence[str]) -> str:
        if len(uids) > 1:
            return (
                f"In the store it is {len(uids)} products, not one. Which of them it is, only a person can say there."
            )
        for product in members:
            rows = self.linked[product.pk]
            if len(rows) > 1:
                return f"{len(rows)} listings of the store mean {product.sku}. Let one of them mean it."
            if any(row.units != 1 for row in rows):
                return f"The store sells {product.sku} by {rows[0].units} pieces, so its price and name are its own."
            taken = self.by_sku.get(product.sku_key)
            if not rows and taken is not None:
                return f"The store has the SKU {product.sku}, and that listing means another product here. Look at it."
        if uids and (others := self.meaning[uids[0]] - {product.pk for product in members}):
            what = "of this group" if group else "of a group"
            return (
                f"In the store it is one product with {len(others)} more of yours. Make them variants {what} "
                "here, or separate them there."
            )
        if group and not group.options:
            return "The group names no options. A store tells variants apart by these: enter them on the group's page."
        return ""

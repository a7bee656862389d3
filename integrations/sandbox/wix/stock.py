"""What a store does with its stock by itself, and what the merchant does with it by hand.

As Wix does with `inventoryUpdateTrigger` ON_ORDER_PLACED: stock goes down when an order is placed, whether it is paid
or not, and up again when an order is canceled with its goods put back. What sold beyond the stock makes it negative.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .demo import add_item, shelf
from .order import Item
from .site import Site, name_of
from .stock_v1 import keep
from .stock_v3 import counted, find_item, keep_item, levels

NOT_PLACED = ("INITIALIZED", "REJECTED")  # orders that take no stock

Line = tuple[dict, dict, str, int]  # product, variant, business location, pieces


class OutOfStock(ValueError):
    """What the buyer reads at the checkout."""


def lines_of(site: Site, order: dict) -> Iterator[Line]:
    """The lines of goods that the store has (still)."""
    for line in order["lineItems"]:
        source = line.get("catalogReference") or {}
        product = site.products.rows.get(source.get("catalogItemId", ""))
        uid = (source.get("options") or {}).get("variantId")
        variant = next((one for one in product["variants"] if one["id"] == uid), None) if product else None
        if product and variant and isinstance(line.get("quantity"), int):
            pieces = line["quantity"] - line.get("restockQuantity", 0)
            yield product, variant, next((place["id"] for place in line.get("locations") or ()), ""), pieces


def place_of(site: Site, name: str) -> str:
    """The Stores location of a business location, by its id or name; the default one for anything else."""
    for business, stores in zip(site.locations, site.stores_locations, strict=True):
        if name in (business["id"], business["name"], stores["id"]):
            return stores["id"]
    return site.stores_locations[0]["id"]


def at(site: Site, product: dict, variant: dict, place: str) -> int | None:
    """How many the store has; None where it does not count them."""
    if not site.v3:
        return variant["quantity"] if product["track"] else None
    item = find_item(site, variant["id"], place_of(site, place))
    return item.get("quantity") if item else None


def move(site: Site, product: dict, variant: dict, place: str, change: int) -> None:
    there = at(site, product, variant, place)
    if there is None or not change:
        return
    if change < 0:
        short = min(-change, -(there + change))
        if short > 0:
            site.set_meta("oversold", dict(Counter(site.oversold) + Counter({name_of(product, variant): short})))
    if site.v3:
        item = find_item(site, variant["id"], place_of(site, place))
        assert item is not None
        keep_item(site, item, counted(there + change))
    else:
        variant["quantity"] = there + change
        keep(site, product, [variant["id"]])


def check(site: Site, order: dict) -> None:
    """Raise OutOfStock for what the checkout would refuse."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for product, variant, place, pieces in lines_of(site, order):
        there = at(site, product, variant, place)
        key = (product["id"], variant["id"], place_of(site, place))
        wanted[key] += pieces
        if wanted[key] > (there if there is not None else 10**9 if variant["inStock"] else 0):
            raise OutOfStock(f"{product['name']} is out of stock: {max(there or 0, 0)} left.")


def in_stock(site: Site, items: list[Item]) -> list[Item]:
    """What a buyer who sees what is sold out puts in the cart instead."""
    return [item if _enough(site, item) else _instead(site, item) for item in items]


def _enough(site: Site, item: Item) -> bool:
    there = at(site, item.product, item.variant, "")
    return item.variant["inStock"] if there is None else there >= item.quantity


def _instead(site: Site, item: Item) -> Item:
    others = (Item(one, variant, item.quantity) for one in shelf(site, "physical") for variant in one["variants"])
    return next((other for other in others if _enough(site, other)), item)


def take(site: Site, order: dict) -> None:
    if order["status"] in NOT_PLACED:
        return
    for product, variant, place, pieces in lines_of(site, order):
        move(site, product, variant, place, -pieces)


def add_to_line(site: Site, order: dict, position: int, pieces: int) -> None:
    """A line of a placed order grows (or shrinks)."""
    if order["status"] in (*NOT_PLACED, "CANCELED"):
        return
    for product, variant, place, _ in lines_of(site, {"lineItems": [order["lineItems"][position]]}):
        move(site, product, variant, place, -pieces)


def put_back(site: Site, order: dict) -> None:
    """All that was not put back before; the lines say so afterwards."""
    if order["status"] in NOT_PLACED:
        return
    for product, variant, place, pieces in lines_of(site, order):
        move(site, product, variant, place, pieces)
    for line in order["lineItems"]:
        line["restockQuantity"] = line.get("quantity", 0)


# By hand, and for those who look.


def set_by_hand(site: Site, sku: str, quantity: int | None, place: str = "") -> None:
    """The merchant counts, or (None) stops counting."""
    product, variant = site.find_variant(sku)
    if site.v3:
        item = find_item(site, variant["id"], place_of(site, place))
        if item is None:
            item = add_item(site, product, variant, place_of(site, place), site.now(), 0)
        keep_item(site, item, counted(quantity) if quantity is not None else levels({"inStock": True}))
        return
    before, product["track"] = product["track"], quantity is not None
    if quantity is not None:
        variant["quantity"] = quantity
    keep(site, product, [variant["id"]], switched=before != product["track"])


def by_place(site: Site, product: dict, variant: dict) -> dict[str, int | None]:
    """By the name of the location; of V1 all under one."""
    if not site.v3:
        return {"": at(site, product, variant, "")}
    rows = {row["name"]: find_item(site, variant["id"], row["id"]) for row in site.stores_locations}
    return {name: row.get("quantity") for name, row in rows.items() if row is not None}


def totals(site: Site) -> dict[str, int | None]:
    """Every variant by SKU (or an id): what the store has in all, None where it does not count."""
    found: dict[str, int | None] = {}
    for product in site.products:
        for variant in product["variants"]:
            numbers: list[Any] = [n for n in by_place(site, product, variant).values() if n is not None]
            found[name_of(product, variant)] = sum(numbers) if numbers else None
    return found


def change_sku(site: Site, sku: str, new: str) -> None:
    product, variant = site.find_variant(sku)
    variant["sku"] = new
    product["updatedDate"] = site.now()
    site.put_product(product)
    for place in site.stores_locations:
        if item := find_item(site, variant["id"], place["id"]):
            site.put_item({**item, "product": {**item["product"], "variantSku": new}})

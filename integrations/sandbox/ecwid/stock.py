"""What the store has: one number of a product, or of a variation with an SKU of its own; none where it is unlimited.

What the reference leaves open is read so that no caller gets away with a guess: a quantity written to what is
unlimited does nothing unless `unlimited` goes with it, and a delta of it is refused, as is a quantity of a variation
that is sold from its product's stock.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .errors import EcwidError, wrong
from .store import Store, name_of
from .wire import stamp

Line = tuple[dict, dict | None, int]  # product, variation (None: the product), pieces
GONE = ("CANCELLED", "INCOMPLETE")  # orders that hold no stock


class OutOfStock(ValueError):
    """What the buyer reads at the checkout."""


# The rules of a write.


def in_stock(product: dict) -> bool:
    if product["unlimited"] or product["quantity"] > 0:
        return True
    return any(one["unlimited"] or one["quantity"] > 0 for one in product["combinations"] if one.get("sku"))


def tracked_if_counted(sent: dict) -> dict[str, Any]:
    """Something new that comes with a quantity is not unlimited."""
    return {"unlimited": False, **sent} if "quantity" in sent else sent


def settled(before: dict, after: dict, sent: dict) -> dict[str, Any]:
    """`after` with the quantity that a write leaves. `sent`: the write."""
    if "unlimited" not in sent:
        after["unlimited"] = before["unlimited"]
    if after["unlimited"]:
        return {name: value for name, value in after.items() if name != "quantity"}
    return {**after, "quantity": sent.get("quantity", before.get("quantity", 0))}


def same_follow(product: dict, sent: dict) -> dict[str, Any]:
    """A variation with its product's own SKU has its product's stock, whatever is written to the product."""
    if "quantity" not in sent and "unlimited" not in sent:
        return product
    stock = {name: product[name] for name in ("unlimited", "quantity") if name in product}
    same = [
        {**{name: value for name, value in one.items() if name != "quantity"}, **stock}
        if one.get("sku") and one["sku"] == product.get("sku")
        else one
        for one in product["combinations"]
    ]
    return {**product, "combinations": same}


def check_same(product: dict) -> None:
    for one in product["combinations"]:
        same = one.get("sku") and one["sku"] == product.get("sku")
        if same and (one["unlimited"], one.get("quantity")) != (product["unlimited"], product.get("quantity")):
            text = "A variation with its product's SKU must have its product's stock"
            raise EcwidError(400, text, "DIFFERENT_COMBINATION_STOCK")


def delta_of(sent: dict) -> int:
    delta = sent.get("quantityDelta")
    if not isinstance(delta, int) or isinstance(delta, bool):
        raise wrong("Wrong value of quantityDelta")
    return delta


def counted(quantity: int, what: str) -> dict[str, Any]:
    """The answer to a delta, which may go below zero."""
    return {"updateCount": 1, **({"warning": f"{what} has negative stock."} if quantity < 0 else {})}


# What the store does by itself: stock goes down when an order is placed, and up when it is canceled.


def lines_of(store: Store, order: dict) -> Iterator[Line]:
    """The lines of goods that the store has (still)."""
    for line in order["items"]:
        product = store.products.rows.get(str(line.get("productId")))
        if product is not None and isinstance(line.get("quantity"), int):
            uid = line.get("combinationId")
            yield product, next((one for one in product["combinations"] if one["id"] == uid), None), line["quantity"]


def source_of(product: dict, combination: dict | None) -> dict[str, Any]:
    """What holds the number."""
    return combination if combination is not None and combination.get("sku") else product


def move(store: Store, product: dict, combination: dict | None, change: int) -> None:
    product = store.products.rows[str(product["id"])]
    if combination is not None:
        combination = next((one for one in product["combinations"] if one["id"] == combination["id"]), None)
    source = source_of(product, combination)
    if source["unlimited"] or not change:
        return
    short = min(-change, -(source["quantity"] + change))
    if change < 0 < short:
        name = name_of(product, combination if source is combination else None)
        store.set_meta("oversold", dict(Counter(store.oversold) + Counter({name: short})))
    put(store, product, source, {"quantity": source["quantity"] + change})


def put(store: Store, product: dict, source: dict, values: dict[str, Any]) -> None:
    """Set what a product, or one of its variations, holds; and whatever has the same SKU in it."""
    new = {**source, **values}
    if new["unlimited"]:
        new.pop("quantity", None)
    if source is product:
        after = same_follow(new, {"quantity": 0})
    elif source["sku"] == product.get("sku"):
        stock = {name: new[name] for name in ("unlimited", "quantity") if name in new}
        rest = {name: value for name, value in product.items() if name != "quantity"}
        after = same_follow({**rest, **stock}, {"quantity": 0})
    else:
        same = [new if one["id"] == source["id"] else one for one in product["combinations"]]
        after = {**product, "combinations": same}
    at = store.now()
    store.put_product({**after, "updateTimestamp": at, "updated": stamp(at)})
    store.raise_event("product.updated", product["id"])


def take(store: Store, order: dict) -> None:
    if order["paymentStatus"] in GONE:
        return
    taken = []
    for product, combination, pieces in lines_of(store, order):
        move(store, product, combination, -pieces)
        taken.append([product["id"], combination["id"] if combination else 0, pieces])
    store.keep_of(store.taken, "taken", order["id"], taken)


def put_back(store: Store, order: dict) -> None:
    """What it took, if it took anything."""
    taken = store.taken.get(order["id"], [])
    store.keep_of(store.taken, "taken", order["id"], [])
    for uid, cid, pieces in taken:
        if product := store.products.rows.get(str(uid)):
            move(store, product, next((one for one in product["combinations"] if one["id"] == cid), None), pieces)


def follow(store: Store, order: dict, before: dict) -> None:
    """An order that comes to hold stock takes it, one that no longer does puts it back."""
    now, then = order["paymentStatus"] in GONE, before["paymentStatus"] in GONE
    if now and not then:
        put_back(store, order)
    elif then and not now:
        take(store, order)


def check(store: Store, order: dict) -> None:
    """Raise OutOfStock for what the checkout would refuse."""
    wanted: Counter[tuple[int, int]] = Counter()
    for product, combination, pieces in lines_of(store, order):
        source = source_of(product, combination)
        wanted[product["id"], source["id"]] += pieces
        if not has(product, source, wanted[product["id"], source["id"]]):
            raise OutOfStock(f"{product['name']} is out of stock: {max(source['quantity'], 0)} left.")


def has(product: dict, source: dict, pieces: int) -> bool:
    preorder = product.get("outOfStockVisibilityBehaviour") == "ALLOW_PREORDER"
    return preorder or source["unlimited"] or source["quantity"] >= pieces


# By hand, and for those who look.


def set_by_hand(store: Store, sku: str, quantity: int | None) -> None:
    """The merchant counts, or (None) stops counting."""
    product, combination = store.find_variant(sku)
    values = {"unlimited": True} if quantity is None else {"unlimited": False, "quantity": quantity}
    put(store, product, source_of(product, combination), values)


def sources(store: Store) -> Iterator[tuple[dict, dict | None, dict]]:
    """Everything that holds a number of its own: its product, its variation if it is one, and the holder."""
    for product in store.products:
        own = [one for one in product["combinations"] if one.get("sku")]
        if not own or len(own) < len(product["combinations"]):
            yield product, None, product
        for one in own:
            yield product, one, one


def totals(store: Store) -> dict[str, int | None]:
    """By SKU: what the store has, None where it is unlimited. Variations with their own stock stand for a product."""
    return {name_of(product, one): source.get("quantity") for product, one, source in sources(store)}


def change_sku(store: Store, sku: str, new: str) -> None:
    product, combination = store.find_variant(sku)
    after = {**product, "updateTimestamp": store.now(), "updated": stamp(store.latest)}
    if combination is None:
        after["sku"] = new
    else:
        same = [{**one, "sku": new} if one is combination else one for one in product["combinations"]]
        after["combinations"] = same
    store.put_product(after)
    store.raise_event("product.updated", product["id"])

"""What every write of a product or of one of its variations goes through."""

from typing import Any

from . import stock
from .errors import EcwidError, missing, wrong
from .store import Store
from .wire import stamp


def product_of(store: Store, uid: str) -> dict:
    product = store.products.rows.get(uid)
    if product is None:
        raise missing("Product", uid)
    return product


def refuse_places(store: Store, sent: dict) -> None:
    if "locationInventory" in sent and not store.pos_linked:
        text = "Changing product location inventory is not allowed"
        raise EcwidError(409, text, "NOT_ALLOWED_TO_UPDATE_PARAMETER")


def check_types(sent: dict) -> None:
    def is_int(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    numbers = ("price", "costPrice", "compareToPrice", "weight")
    for name, fits in (
        *((name, is_int) for name in ("quantity", "warningLimit")),
        *((name, lambda value: is_int(value) or isinstance(value, float)) for name in numbers),
        *((name, lambda value: isinstance(value, str)) for name in ("name", "sku", "description")),
        *((name, lambda value: isinstance(value, bool)) for name in ("unlimited", "enabled", "isShippingRequired")),
        *((name, lambda value: isinstance(value, list)) for name in ("options", "combinations", "attributes")),
    ):
        if sent.get(name) is not None and not fits(sent[name]):
            raise wrong(f"Wrong value of {name}")
    if (sent.get("costPrice") or 0) < 0:
        raise EcwidError(400, "The cost price cannot be negative", "COST_PRICE_CANT_BE_NEGATIVE")


def check_skus(store: Store, product: dict) -> None:
    """Every SKU once in the store, unless its owner allows more. A variation may have its product's own."""
    own = [product.get("sku", ""), *{one["sku"] for one in product["combinations"] if one.get("sku")}]
    for sku in own:
        others = [uid for uid, _ in store.skus.get(sku, ()) if uid != product["id"]]
        if sku and others and not store.same_skus:
            raise EcwidError(409, f"SKU {sku} already exists", "SKU_ALREADY_EXISTS")
    skus = [one["sku"] for one in product["combinations"] if one.get("sku") and one["sku"] != product.get("sku")]
    if len(skus) != len(set(skus)) and not store.same_skus:
        raise EcwidError(409, "Two variations have one SKU", "SKU_ALREADY_EXISTS")
    stock.check_same(product)


def noted(sent: dict) -> dict[str, Any]:
    """Of a write, what is told of it later."""
    return {name: value for name, value in sent.items() if name in ("quantity", "unlimited", "sku", "name", "price")}


def keep(store: Store, product: dict) -> None:
    """Save a changed product with a new update time, and tell the webhooks."""
    at = store.now()
    store.put_product({**product, "updateTimestamp": at, "updated": stamp(at)})
    store.raise_event("product.updated", product["id"])


def drop(store: Store, product: dict) -> None:
    store.drop_product(product)
    store.raise_event("product.deleted", product["id"])

"""The store as it stands when the sandbox starts: goods, and two weeks of orders of every kind."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.setup import Setup
from integrations.sandbox.wire import set_path

from . import products, stock
from .order import Item, Wish, build_order
from .shop import PEOPLE, SHOP
from .store import BLANKS, Body, Store
from .wire import dump, num

TEMPLATES = 400  # beyond so many orders the rest are copies of these with other numbers, ids and dates
HISTORY = timedelta(days=14)
# Goods whose listings do not each have a number of their own.
UNCOUNTED = {"unlimited", "digital", "preorder", "shared", "partly_shared", "same_sku", "hidden"}
BRING = ("pickup", "delivery")
# Kinds of orders that the store itself has shipped, unless they are of the last half day; see KINDS.
SHIPPED = {"plain", "engraved", "variation", "shared", "discount", "coupon", "wrapped", "taxed", "company", "note"}

# Kinds of orders: how each differs from a plain one. What changes its lines or its shipping is in `wish_of`.
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "engraved": {},
    "variation": {},
    "shared": {},
    "discount": {"discount": Decimal("2.00")},
    "coupon": {"coupon": Decimal("1.50")},
    "wrapped": {"handling": Decimal("4.00")},
    "taxed": {"tax": Decimal("0.06")},
    "carrier": {},
    "app": {},
    "pickup": {},
    "delivery": {},
    "mixed": {},
    "digital": {"shipping": None},
    "gift_card": {"shipping": None},
    "preorder": {},
    "no_sku": {},
    "company": {"person": PEOPLE[2], "bill_to": {"name": "Koivu & Pojat Oy", "city": "Tampere", "countryCode": "FI"}},
    "note": {"note": "Please leave it at the <blue> door & ring"},
    "fields": {"fields": {"Gift note": "Bon voyage! ⛵", "How did you find us": "From a friend"}},
    "cod": {"payment": "AWAITING_PAYMENT", "pay_by": "Cash on delivery"},
    "unpaid": {"payment": "AWAITING_PAYMENT", "pay_by": "Bank transfer"},
    "invoiced": {"payment": "CUSTOM_PAYMENT_STATUS_1", "pay_by": "Purchase order"},
    "incomplete": {"payment": "INCOMPLETE"},
    "canceled": {"payment": "CANCELLED"},
    "refunded": {"payment": "REFUNDED"},
    "part_refund": {"payment": "PARTIALLY_REFUNDED"},
    "processing": {"fulfillment": "PROCESSING"},
    "packed": {"fulfillment": "CUSTOM_FULFILLMENT_STATUS_1"},
    "shipped": {"fulfillment": "SHIPPED", "more": {"trackingNumber": "9400110200881234567890"}},
    "delivered": {"fulfillment": "DELIVERED"},
    "on_the_way": {"fulfillment": "OUT_FOR_DELIVERY"},
    "ready": {"fulfillment": "READY_FOR_PICKUP"},
    "not_delivered": {"fulfillment": "WILL_NOT_DELIVER"},
    "returned": {"fulfillment": "RETURNED"},
    "elsewhere": {"more": {"externalFulfillment": True, "externalOrderId": "ERP-77"}},
}
# Orders that no shop should have: values by dotted path.
ODD: dict[str, dict[str, Any]] = {
    "nul": {"items.0.name": "Boat\x00 blue", "shippingPerson.name": "Ann\x00 Buyer"},
    "long": {"items.0.name": "Boat " * 2000, "items.0.sku": "SKU" * 500, "orderComments": "Ring twice " * 1000},
    "no_lines": {"items": []},
    "no_street": {"shippingPerson.street": None, "billingPerson.street": None},
}
# The order in which a history goes through them: two of three are plain.
TURNS = [turn for kind in KINDS if kind != "plain" for turn in (kind, "plain", "plain")]


def fill(store: Store, setup: Setup) -> None:
    if setup.sites and store.key not in setup.sites:
        return
    started = int(setup.clock().timestamp())
    goods = SHOP["goods"]
    if setup.plain:  # what measurements count has a number in stock
        goods = [one for one in goods if not one.keys() & UNCOUNTED]
    for position in range(setup.products):
        add_product(store, position, goods, started, setup)
    store.set_meta("next_product", store.next_product)
    store.set_meta("next_combination", store.next_combination)
    add_history(store, setup, started)


# Goods.


def add_product(store: Store, position: int, goods: Sequence[dict], started: int, setup: Setup) -> None:
    item = goods[position % len(goods)]
    series = position // len(goods)
    uid = store.next_product
    store.next_product += 1
    made = started - 200 * 86400 + position * 60
    code = item["code"] + (f"-{series + 1}" if series else "")
    product = {
        **products.blank(store, uid, made),
        "sku": code,
        "name": item["name"] + (f" No. {series + 1}" if series else ""),
        "price": num(Decimal(str(item["price"]))),
        "weight": item.get("weight", 0),
        "enabled": not item.get("hidden", False),
        "isShippingRequired": not item.get("digital", False),
        "isGiftCard": item.get("gift", False),
        "warningLimit": 2,
        "description": f"<p>{item['name']}</p>",
    }
    if not item.get("unlimited"):
        product |= {"unlimited": False, "quantity": store.random.randrange(3, 120)}
    if item.get("preorder"):
        product |= {"quantity": 0, "outOfStockVisibilityBehaviour": "ALLOW_PREORDER"}
    if setup.variants and "options" in item:
        add_combinations(store, product, item, code)
    if item.get("text"):
        product["options"] = [*product["options"], {"type": "TEXTFIELD", "name": item["text"], "required": False}]
    store.put_product(product)


def add_combinations(store: Store, product: dict, item: dict, code: str) -> None:
    names = list(item["options"])
    product["options"] = [
        {"type": "SELECT", "name": name, "required": True, "defaultChoice": 0, "choices": [choice(v) for v in values]}
        for name, values in item["options"].items()
    ]
    found: list[dict] = []
    for number, values in enumerate(itertools.product(*item["options"].values()), 1):
        one: dict[str, Any] = {
            "id": store.next_combination,
            "combinationNumber": number,
            "options": [{"name": name, "value": value} for name, value in zip(names, values, strict=True)],
            "attributes": [],
            "unlimited": product["unlimited"],
            "outOfStockVisibilityBehaviour": "SHOW",
        }
        store.next_combination += 1
        tail = "".join("-" + re.sub(r"[^A-Z0-9]", "", value.upper())[:4] for value in values)
        if item.get("same_sku") and number == 1:  # the first is the product itself, as some merchants number
            one |= {"sku": code, "quantity": product["quantity"]}
        elif not (item.get("shared") or (item.get("partly_shared") and number == 1)):
            one |= {"sku": code + tail, "quantity": store.random.randrange(0, 60)}
        if number > 1 and not item.get("shared"):
            one["price"] = num(Decimal(str(item["price"])) + number - 1)
        found.append(one)
    product["combinations"] = found
    product["defaultCombinationId"] = found[0]["id"]


def choice(text: str) -> dict[str, Any]:
    return {"text": text, "priceModifier": 0, "priceModifierType": "ABSOLUTE"}


# What is bought.


def shelf(store: Store, kind: str = "") -> list[dict]:
    """Products that are bought. `kind`: "" for goods, or digital, gift_card, preorder, shared, text, variation."""
    some = [product for product in itertools.islice(store.products, 300) if product["enabled"]]
    goods = [one for one in some if one["isShippingRequired"]]
    ready = [one for one in goods if one["outOfStockVisibilityBehaviour"] != "ALLOW_PREORDER"]
    match kind:
        case "digital":
            return [one for one in some if not one["isShippingRequired"] and not one["isGiftCard"]]
        case "gift_card":
            return [one for one in some if one["isGiftCard"]]
        case "preorder":
            return [one for one in goods if one not in ready]
        case "shared":
            return [one for one in ready if any(not v.get("sku") for v in one["combinations"])]
        case "text":
            return [one for one in ready if any(option["type"] == "TEXTFIELD" for option in one["options"])]
        case "variation":
            return [one for one in ready if one["combinations"]]
    return ready


def pick(store: Store, count: int, goods: list[dict]) -> list[Item]:
    dice = store.random
    found = []
    for product in dice.sample(goods, min(count, len(goods))):
        combination = dice.choice(product["combinations"]) if product["combinations"] else None
        found.append(Item(product, combination, dice.choice((1, 1, 1, 2, 3))))
    return found


def in_stock(store: Store, items: list[Item]) -> list[Item]:
    """What a buyer who sees what is sold out puts in the cart instead."""
    return [item if _enough(item) else _instead(store, item) for item in items]


def _enough(item: Item) -> bool:
    product = item.product
    return product is None or stock.has(product, stock.source_of(product, item.combination), item.quantity)


def _instead(store: Store, item: Item) -> Item:
    others = (Item(one, v, item.quantity) for one in shelf(store) for v in one["combinations"] or (None,))
    return next((other for other in others if _enough(other)), item)


def option_of(name: str) -> dict | None:
    """A way of shipping of the shop, by its title, its kind or how its rates are made."""
    ways = SHOP["shipping"]
    return next((one for one in ways if name in (one["title"], one["kind"], one["rates"])), None)


def wish_of(store: Store, kind: str, shipping: str | None = None) -> Wish:
    """What an order of a kind looks like. `shipping`: a title instead of a drawn one."""
    dice = store.random
    goods = shelf(store)
    usual = [one for one in SHOP["shipping"] if one["kind"] == "shipping"]
    drawn = dice.choice(usual)
    items = pick(store, dice.choice((1, 1, 2, 3)), goods)
    wish = Wish(items, dice.choice(PEOPLE), option_of(shipping or "") or drawn)
    wish.method = dice.choice(wish.shipping["methods"]) if wish.shipping and wish.shipping.get("methods") else ""
    wish = replace(wish, **KINDS[kind])
    if kind in BRING or kind == "ready":
        wish.shipping, wish.method = option_of("pickup" if kind == "ready" else kind), ""
    if kind in ("carrier", "app"):
        wish.shipping, wish.method = option_of("carrier-calculated" if kind == "carrier" else "app"), ""
    only = {"digital": "digital", "gift_card": "gift_card", "preorder": "preorder", "variation": "variation"}
    if kind in only or kind in ("engraved", "shared"):
        wish.items = pick(store, 1, shelf(store, only.get(kind, "text" if kind == "engraved" else kind))) or items
    if kind == "engraved":
        wish.items[0].text = "Für Oma, alles Liebe ♥"
    elif kind == "shared" and wish.items[0].product:
        mixed = wish.items[0].product["combinations"]
        wish.items[0].combination = next((one for one in mixed if not one.get("sku")), wish.items[0].combination)
    elif kind == "preorder":
        wish.items[0].preorder = True
    elif kind == "mixed":
        wish.items += pick(store, 1, shelf(store, "digital"))
    elif kind == "no_sku":
        wish.items.append(Item(None))
    return wish


# What was bought before.


def add_history(store: Store, setup: Setup, started: int) -> None:
    """The orders, oldest first, ending now. Older ones have mostly left, the newest wait."""
    count = setup.orders
    if not count or not store.products.rows:
        return
    templates: list[tuple[dict, Body]] = []
    for index in range(count):
        age = HISTORY.total_seconds() * (1 - (index + 1) / (count + 1))
        placed = started - int(age)
        if index >= TEMPLATES:
            put_copy(store, *templates[index % TEMPLATES], placed)
            continue
        kind = "plain" if setup.plain else TURNS[index % len(TURNS)]
        wish = wish_of(store, kind)
        if setup.plain:
            wish.items = pick(store, 3, shelf(store))
        elif kind in SHIPPED and (age > 12 * 3600 or store.random.random() < 0.1):
            wish.fulfillment, wish.more = "SHIPPED", {"trackingNumber": f"1Z{store.random.randrange(10**15, 10**16)}"}
        order = build_order(store, wish, placed, placed if setup.plain else placed + 2)
        if store.random.random() < setup.odd:
            for path, value in ODD[store.random.choice(list(ODD))].items():
                set_path(order, path, value)
        store.put_order(order)
        if index < TEMPLATES < count:
            templates.append((order, blanks(order)))
    store.set_meta("next_number", store.next_number)
    for name in (("created", "number"), ("updated",)):
        store.orders.index(name)


def put_copy(store: Store, order: dict, body: Body, placed: int) -> None:
    uid, number = store.new_order_id(), store.next_number
    store.next_number += store.random.randrange(1, 400)
    store.put_order(
        {**order, "id": uid, "internalId": number, "createTimestamp": placed, "updateTimestamp": placed + 2}, body
    )


def blanks(order: dict) -> tuple[bytes, list[str]]:
    """The order's bytes with a blank (%b) for what differs from copy to copy, and what goes into each."""
    pairs = {b'"%s":%s' % (name.encode(), dump(order[name])): name for name in BLANKS}
    parts = re.split(b"(" + b"|".join(map(re.escape, pairs)) + b")", dump(order).replace(b"%", b"%%"))
    text = b"".join(b'"%s":%%b' % pairs[part].encode() if n % 2 else part for n, part in enumerate(parts))
    return text, [pairs[part] for part in parts[1::2]]

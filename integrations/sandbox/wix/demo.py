"""The shops as they stand when the sandbox starts: goods, places, ways of shipping, two weeks of orders."""

import itertools
import re
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from integrations.sandbox.setup import Setup
from integrations.sandbox.wire import set_path

from .order import NO_VARIANT, Item, Wish, build_order, line_id
from .shop import PEOPLE, SHOPS
from .site import Body, Site, dump, iso

TEMPLATES = 400  # beyond so many orders the rest are copies of these with other numbers, ids and dates
WAITING = ("std-eu", 37)  # a way of shipping the shop has had for three hours, and the orders that use it
BASKETS = "std-eu 1179"  # what those orders are drawn by: small ones, 2,140 EUR together
PENDING_NUMBER = "10044"
LAST_NUMBER = 10060
HISTORY = timedelta(days=14)
UNTRACKED = 10  # the product, by its place, whose stock each shop does not count

COPIED = {"id": "id", "number": "number", "createdDate": "created", "updatedDate": "updated"}

# Kinds of orders: how each differs from a plain one. What changes its lines is in `wish_of`.
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "engraved": {},
    "pending": {"payment": "PENDING"},
    "discount": {},
    "mixed": {},
    "digital": {"shipping": None},
    "no_sku": {},
    "coupon": {"coupon": Decimal("1.00")},
    "company": {"person": next(one for one in PEOPLE if "company" in one["contact"]), "custom": {"VAT no": "FR123"}},
    "pickup": {},
    "usd": {"currency": "USD"},
    "note": {"note": "Please ring twice & leave it with the neighbour"},
    "gift": {"gift_wrap": Decimal("3.00")},
    "cod": {"payment": "NOT_PAID", "offline": True},
    "unpaid": {"payment": "NOT_PAID"},
    "refunded": {"payment": "FULLY_REFUNDED"},
    "part_refund": {"payment": "PARTIALLY_REFUNDED"},
    "partly": {},
    "canceled": {"status": "CANCELED"},
    "archived": {"archived": True},
    "pos": {"channel": "POS", "shipping": None},
    "awaiting": {"status": "PENDING", "payment": "PENDING"},
    "rejected": {"status": "REJECTED", "payment": "DECLINED"},
    "initialized": {"status": "INITIALIZED", "payment": "NOT_PAID"},
}
# Orders that no shop should have: values by dotted path.
ODD: dict[str, dict[str, Any]] = {
    "nul": {"lineItems.0.productName.original": "Mug\x00 blue", "recipientInfo.contactDetails.lastName": "Lee\x00"},
    "long": {"lineItems.0.productName.original": "Mug " * 2000, "lineItems.0.physicalProperties.sku": "SKU" * 500},
    "no_lines": {"lineItems": []},
    "no_street": {
        f"{party}.address.{part}": None
        for party in ("recipientInfo", "shippingInfo.logistics.shippingDestination")
        for part in ("addressLine", "streetAddress")
    },
}
# The order in which a history goes through them: two of three are plain.
TURNS = [turn for kind in KINDS if kind != "plain" for turn in (kind, "plain", "plain")]


def fill(site: Site, setup: Setup) -> None:
    started, most = setup.clock(), SHOPS[site.key].get("most", {})
    if setup.sites and site.key not in setup.sites:
        most = {"orders": 0, "products": 0}
    setup = replace(setup, **{name: min(getattr(setup, name), value) for name, value in most.items()})
    add_places(site)
    add_shipping(site)
    for position in range(setup.products):
        add_product(site, position, started, setup)
    add_history(site, setup, started)


def add_places(site: Site) -> None:
    shop = SHOPS[site.key]
    for place in shop["places"]:
        street, number, postcode, city = (place[name] for name in ("street", "number", "postcode", "city"))
        address = {
            "country": shop["country"],
            "city": city,
            "postalCode": postcode,
            "streetAddress": {"number": number, "name": street, "apt": ""},
            "formattedAddress": f"{street} {number}, {postcode} {city}",
            "geocode": {"latitude": 53.56, "longitude": 9.96},
        }
        site.locations.append(
            {
                "id": site.new_id(),
                "name": place["name"],
                "default": place["default"],
                "status": "ACTIVE",
                "locationType": "UNKNOWN",
                "locationTypes": ["BRANCH"],
                "timeZone": shop["time_zone"],
                "email": f"{city.lower().encode('ascii', 'ignore').decode()}@{site.name.lower()}.example",
                "phone": "+49 40 5550100",
                "address": address,
                "revision": "1",
                "archived": False,
            }
        )
    for place in site.locations:
        site.stores_locations.append(
            {
                "id": site.new_id(),
                "wixLocationId": place["id"],
                "name": place["name"],
                "locationType": "VIRTUAL" if place["default"] else "PHYSICAL",
                "defaultLocation": place["default"],
                "revision": "1",
            }
        )


def add_shipping(site: Site) -> None:
    carrier = site.new_id()
    for title, price in SHOPS[site.key]["shipping"]:
        pickup = title.lower().startswith("pick")
        region = "Europe" if title == "std-eu" else "Domestic"
        site.shipping.append(
            {
                "title": title,
                "price": price,
                "code": site.new_id(),
                "carrier": carrier,
                "region": region,
                "pickup": pickup,
            }
        )


def add_product(site: Site, position: int, started: datetime, setup: Setup) -> dict[str, Any]:
    """One product in the site's own form; catalog_v1 and catalog_v3 show it as their API does."""
    goods = SHOPS[site.key]["goods"]
    item: dict[str, Any] = {
        "code": "",
        "type": "physical",
        "weight": 0,
        "options": {},
        "engraving": "",
        **goods[position % len(goods)],
    }
    if not setup.variants:
        item["options"] = {}
    series = position // len(goods)
    suffix = f" No. {series + 1}" if series else ""
    made = iso(started - timedelta(days=200) + timedelta(minutes=position))
    options = [
        {"id": site.new_id(), "name": name, "choices": [{"id": site.new_id(), "name": value} for value in values]}
        for name, values in item["options"].items()
    ]
    variants: list[dict] = []
    for picked in itertools.product(*(option["choices"] for option in options)):
        tail = "".join("-" + re.sub(r"[^A-Z0-9]", "", choice["name"].upper())[:4] for choice in picked)
        code = item["code"] + (f"-{series + 1}" if series else "")
        variants.append(
            {
                "id": site.new_id() if picked or site.v3 else NO_VARIANT,
                "choices": {option["name"]: choice["name"] for option, choice in zip(options, picked, strict=False)},
                "sku": code + tail if item["code"] else "",
                "price": item["price"] + 10 * len(variants) * bool(picked),
                "weight": item["weight"],
                "visible": True,
                "quantity": site.random.randrange(0, 120),
                "inStock": True,
            }
        )
    product = {
        "id": site.new_id(),
        "inventoryId": site.new_id(),
        "numericId": str(1700000000001000 + position * 1000),
        "revision": "1",
        "name": item["name"] + suffix,
        "slug": re.sub(r"[^a-z0-9]+", "-", (item["name"] + suffix).lower()).strip("-"),
        "type": item["type"],
        "engraving": item["engraving"],
        "options": options,
        "variants": variants,
        "track": item["type"] == "physical" and position != UNTRACKED,
        "visible": position % 23 != 22,
        "createdDate": made,
        "updatedDate": made,
    }
    site.put_product(product)
    if site.v3 and item["type"] == "physical":
        for number, place in enumerate(site.stores_locations[: setup.stock_places]):
            for variant in variants:
                add_item(site, product, variant, place["id"], made, variant["quantity"] // (number + 1))
        for variant in variants:
            variant["quantity"] = sum(variant["quantity"] // (n + 1) for n in range(setup.stock_places))
    return product


def add_item(site: Site, product: dict, variant: dict, place: str, made: str, quantity: int) -> dict[str, Any]:
    """One row of V3 stock: a variant at a place."""
    item: dict[str, Any] = {
        "id": site.new_id(),
        "revision": "1",
        "createdDate": made,
        "updatedDate": made,
        "variantId": variant["id"],
        "locationId": place,
        "productId": product["id"],
        "trackQuantity": product["track"],
        "availabilityStatus": "IN_STOCK" if quantity > 0 or not product["track"] else "OUT_OF_STOCK",
        "preorderInfo": {"enabled": False, "limit": 100000, "counter": 0, "quantity": 0},
        "product": {
            "name": product["name"],
            "variantName": ", ".join(variant["choices"].values()),
            "variantVisible": variant["visible"],
            "directCategoryIds": [],
        },
    }
    if variant["sku"]:
        item["product"]["variantSku"] = variant["sku"]
    item.update({"quantity": quantity} if product["track"] else {"inStock": True})
    site.put_item(item)
    return item


def shelf(site: Site, kind: str, named: bool = True) -> list[dict]:
    """Products that are bought: of a type, with an SKU or (not `named`) without one. The first few hundred will do."""
    some = itertools.islice(site.products, 300)
    return [
        product
        for product in some
        if product["type"] == kind and (kind == "digital" or bool(product["variants"][0]["sku"]) == named)
    ]


def pick_items(dice: Random, count: int, products: list[dict]) -> list[Item]:
    chosen = dice.sample(products, min(count, len(products)))
    return [Item(product, dice.choice(product["variants"]), dice.choice((1, 1, 1, 2, 3))) for product in chosen]


def wish_of(site: Site, kind: str, shipping: str | None = None) -> Wish:
    """What an order of a kind looks like. `shipping`: a title instead of a drawn one."""
    dice = site.random
    physical, digital = shelf(site, "physical"), shelf(site, "digital")
    if kind == "digital" and not digital:  # a shop with few products: an order without lines is odd, see ODD
        kind = "plain"
    usual = [option for option in site.shipping if not option["pickup"] and option["title"] != WAITING[0]]
    option = next((option for option in site.shipping if option["title"] == shipping), None) or dice.choice(usual)
    items = pick_items(dice, dice.choice((1, 1, 2, 3)), physical)
    rate = Decimal(dice.choice(("0", "0.19", "0.25")))
    wish = replace(Wish(items, dice.choice(PEOPLE), option, tax_rate=rate), **KINDS[kind])
    if kind == "engraved" and (engraved := [product for product in physical if product["engraving"]]):
        items[0] = Item(engraved[0], engraved[0]["variants"][0], 1, "Für Oma, alles Liebe ♥")
    elif kind == "discount":
        items[0].discount = Decimal("0.50") * items[0].quantity
    elif kind == "partly":
        items[0].quantity += 1
    elif kind == "digital":
        items[:] = pick_items(dice, 1, digital)
    elif kind == "mixed":
        items += pick_items(dice, 1, digital)
    elif kind == "no_sku":
        items += pick_items(dice, 1, shelf(site, "physical", named=False))
    elif kind == "pickup":
        wish.shipping = next(option for option in site.shipping if option["pickup"])
    return wish


def add_history(site: Site, setup: Setup, started: datetime) -> None:
    """The orders, oldest first, ending now. Older ones have mostly left, the newest wait."""
    count, plain = setup.orders, setup.plain
    if not count or not site.products:
        return
    first = LAST_NUMBER - count + 1 if 60 <= count <= 5000 else 10001
    pending = int(PENDING_NUMBER) - first if site.key == "v1" and not plain else -1
    newest = [index for index in range(count - 6 - WAITING[1] - 1, count - 6) if index != pending][-WAITING[1] :]
    waiting = set(newest) if site.key == "v1" and count >= 100 and not plain else set()
    baskets = Random(BASKETS)
    templates: list[tuple[dict, Body]] = []
    for index in range(count):
        age = HISTORY * (1 - (index + 1) / (count + 1))
        if waiting and index >= newest[0]:  # the last three hours
            age = timedelta(hours=3) * (count - index) / (count - newest[0])
        number, placed, changed = str(first + index), iso(started - age), iso(started - age + timedelta(seconds=2))
        if index >= TEMPLATES and index not in waiting and index != pending:
            order, template = templates[index % TEMPLATES]
            copied = {"id": site.new_id(), "number": number, "createdDate": placed, "updatedDate": changed}
            site.put_order({**order, **copied}, template)
            continue
        kind = "pending" if index == pending else "plain" if plain or index in waiting else TURNS[index % len(TURNS)]
        wish = wish_of(site, kind, WAITING[0] if index in waiting else None)
        if plain:
            wish.items = pick_items(site.random, 3, shelf(site, "physical"))
        elif index in waiting:
            wish.items = pick_items(baskets, baskets.choice((1, 1, 1, 2)), shelf(site, "physical"))
        order = build_order(site, wish, number, site.new_id(), placed, changed)
        if not plain:
            fulfil(site, order, kind, age)
        if site.random.random() < setup.odd:
            order = deepcopy(order)  # it shares its persons' addresses with others
            for path, value in ODD[site.random.choice(list(ODD))].items():
                set_path(order, path, value)
        site.put_order(order)
        if index < TEMPLATES < count:
            templates.append((order, blanks(order)))
    site.set_meta("next_number", first + count)
    for name in ("createdDate", "updatedDate"):
        site.orders.index((name,))


def blanks(order: dict) -> tuple[bytes, list[str]]:
    """The order's bytes with a blank (%b) for its id, number and dates wherever they stand, and what goes into each.

    In quotes: the digits of a number may stand inside an id by chance.
    """
    columns = {b'"%s"' % order[name].encode(): column for name, column in COPIED.items()}
    parts = re.split(b"(" + b"|".join(map(re.escape, columns)) + b")", dump(order).replace(b"%", b"%%"))
    return b'"%b"'.join(parts[::2]), [columns[part] for part in parts[1::2]]


def fulfil(site: Site, order: dict, kind: str, age: timedelta) -> None:
    """What the shop itself shipped before: nearly all that is older than half a day, and a part of some."""
    if (
        order["status"] != "APPROVED"
        or order["paymentStatus"] not in ("PAID", "PARTIALLY_REFUNDED")
        or "shippingInfo" not in order
    ):
        return
    lines = [
        {"id": line["id"], "quantity": line["quantity"]}
        for line in order["lineItems"]
        if line["physicalProperties"]["shippable"]
    ]
    whole = kind != "partly" or (len(lines) == 1 and lines[0]["quantity"] == 1)
    if kind == "partly":
        lines = lines[:1] if len(lines) > 1 else [{"id": line_id(1), "quantity": 1}]
    elif age < timedelta(hours=12) or site.random.random() < 0.02:
        return
    shipped = order["updatedDate"] = iso(
        datetime.fromisoformat(order["createdDate"].replace("Z", "+00:00")) + timedelta(minutes=40)
    )
    number = f"1Z{site.random.randrange(10**9, 10**10)}"
    link = f"https://wwwapps.ups.com/WebTracking/track?track=yes&trackNums={number}"
    tracking = {"trackingNumber": number, "shippingProvider": "ups", "trackingLink": link}
    site.put_told(
        order["id"],
        [
            {
                "id": site.new_id(),
                "createdDate": shipped,
                "lineItems": lines,
                "trackingInfo": tracking,
                "status": "Fulfilled",
            }
        ],
    )
    order["fulfillmentStatus"] = "FULFILLED" if whole else "PARTIALLY_FULFILLED"
    order["activities"].append(site.activity("TRACKING_NUMBER_ADDED", shipped))

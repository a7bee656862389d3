"""One Ecwid order from what a buyer wished for, in the wire format."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .shop import PEOPLE, SHOP
from .store import Store
from .wire import num, stamp

CENT = Decimal("0.01")
US_TAX = Decimal("0.06")  # asked for at home; elsewhere the shop sells without tax
PERSON = (
    *("name", "firstName", "lastName", "companyName", "street", "city", "countryCode", "countryName", "postalCode"),
    *("stateOrProvinceCode", "stateOrProvinceName", "phone"),
)


@dataclass
class Item:
    """`product` None: a line that the merchant typed, without a product."""

    product: dict | None
    combination: dict | None = None
    quantity: int = 1
    text: str = ""  # of the product's text option
    preorder: bool = False


@dataclass
class Wish:
    items: list[Item]
    person: dict = field(default_factory=lambda: PEOPLE[0])
    shipping: dict | None = None  # an option of the shop, or None where nothing is shipped
    method: str = ""  # of a carrier's or app's methods
    payment: str = "PAID"
    fulfillment: str = "AWAITING_PROCESSING"
    pay_by: str = "Credit or debit card"
    tax: Decimal | None = None  # None: as the country wants it
    discount: Decimal = Decimal(0)
    coupon: Decimal = Decimal(0)
    handling: Decimal = Decimal(0)
    note: str = ""
    fields: dict[str, str] = field(default_factory=dict)  # order extra fields: title -> value
    more: dict[str, Any] = field(default_factory=dict)  # set last
    bill_to: dict | None = None  # somebody else


def build_order(store: Store, wish: Wish, created: int, updated: int) -> dict[str, Any]:
    number = store.count_on("next_number", store.random.randrange(1, 400))
    uid = store.new_order_id()
    lines = [build_line(store, item, wish) for item in wish.items]
    subtotal = sum((money(line["price"]) * line["quantity"] for line in lines), Decimal(0))
    tax = sum((money(line["tax"]) for line in lines), Decimal(0))
    rate = money(wish.shipping["price"]) if wish.shipping else Decimal(0)
    total = subtotal - wish.discount - wish.coupon + rate + wish.handling + tax
    mailbox = "".join(sign for sign in wish.person["name"].lower().replace(" ", ".") if sign.isascii()).strip(".'")
    order: dict[str, Any] = {
        "id": uid,
        "internalId": number,
        "orderNumber": number,
        "vendorOrderNumber": uid,
        "publicUid": uid,
        **amounts(subtotal, total, tax, wish),
        "email": f"{mailbox or 'buyer'}.{number}@buyer.example",
        "ipAddress": "203.0.113.9",
        "customerId": 40_000_000 + number % 9973,
        "customerTaxExempt": False,
        "customerTaxId": "",
        "customerTaxIdValid": False,
        "b2b_b2c": "b2b" if wish.person.get("companyName") else "b2c",
        "reversedTaxApplied": False,
        "paymentStatus": wish.payment,
        "fulfillmentStatus": wish.fulfillment,
        "paymentMethod": wish.pay_by,
        "paymentModule": "STRIPE" if wish.pay_by.startswith("Credit") else "OfflinePayment",
        "refererUrl": f"{store.url}/products/",
        "globalReferer": f"{store.url}/",
        "orderComments": wish.note,
        "privateAdminNotes": "",
        "createDate": stamp(created),
        "updateDate": stamp(updated),
        "createTimestamp": created,
        "updateTimestamp": updated,
        "items": lines,
        "refunds": [],
        "billingPerson": wish.bill_to or person_of(wish.person),
        "predictedPackage": [],
        "shippingLabelAvailableForShipment": False,
        "shipments": [],
        "additionalInfo": {},
        "paymentParams": {},
        "extraFields": {},
        "orderExtraFields": [extra_field(n, *pair) for n, pair in enumerate(wish.fields.items(), 1)],
        "ticket": -(number % 1_000_003),
        "hidden": False,
        "taxesOnShipping": [],
        "acceptMarketing": False,
        "disableAllCustomerNotifications": False,
        "externalFulfillment": False,
        "utmDataSets": [],
        "invoices": [],
        "pricesIncludeTax": False,
        "lang": "en",
    }
    if wish.payment == "PAID" and order["paymentModule"] == "STRIPE":
        order["externalTransactionId"] = f"ch_{number}"
    if wish.handling:
        order["handlingFee"] = {"name": "Gift wrapping", "value": num(wish.handling), "description": ""}
    if wish.coupon:
        order["discountCoupon"] = coupon(wish.coupon)
    if wish.shipping:
        order["shippingOption"] = shipping_option(wish)
        if not order["shippingOption"]["isPickup"]:
            order["shippingPerson"] = person_of(wish.person)
            order["predictedPackage"] = [package(lines, subtotal)]
        when_wanted(order, created)
    refund(order, wish)
    order.update(wish.more)
    return order


def money(amount: Any) -> Decimal:
    return Decimal(str(amount))


def person_of(person: dict) -> dict[str, Any]:
    return {name: person[name] for name in PERSON if name in person}


def amounts(subtotal: Decimal, total: Decimal, tax: Decimal, wish: Wish) -> dict[str, Any]:
    found: dict[str, Any] = {
        "refundedAmount": 0,
        "subtotal": num(subtotal),
        "subtotalWithoutTax": num(subtotal),
        "total": num(total),
        "totalWithoutTax": num(total - tax),
        "giftCardRedemption": 0,
        "totalBeforeGiftCardRedemption": num(total),
        "giftCardDoubleSpending": False,
        "tax": num(tax),
        "usdTotal": num(total),
        "couponDiscount": num(wish.coupon),
        "volumeDiscount": 0,
        "membershipBasedDiscount": 0,
        "totalAndMembershipBasedDiscount": 0,
        "customDiscount": [],
        "customSurcharges": [],
        "discount": num(wish.discount),
    }
    if wish.discount:
        found["discountInfo"] = [{"value": num(wish.discount), "type": "ABS", "base": "ON_TOTAL", "orderTotal": 1}]
    return found


def build_line(store: Store, item: Item, wish: Wish) -> dict[str, Any]:
    uid = store.count_on("next_line")
    if item.product is None:
        return {
            "id": uid,
            "name": "Made to order, as we spoke",
            "price": 19.5,
            "productPrice": 19.5,
            "quantity": item.quantity,
            "tax": 0,
            "shipping": 0,
            "isShippingRequired": True,
            "weight": 0.3,
            "digital": False,
            "taxable": True,
            "giftCard": False,
        }
    product, combination = item.product, item.combination or {}
    price = money(combination.get("price", product["price"]))
    rate = tax_rate(wish)
    tax = (price * item.quantity * rate).quantize(CENT)
    source = combination if combination.get("sku") else product
    digital = product.get("isShippingRequired") is False
    line: dict[str, Any] = {
        "id": uid,
        "productId": product["id"],
        "categoryId": 0,
        "price": num(price),
        "priceWithoutTax": num(price),
        "productPrice": num(product["price"]),
        "sku": combination.get("sku") or product.get("sku", ""),
        "quantity": item.quantity,
        "shortDescription": "",
        "tax": num(tax),
        "shipping": 0 if digital or not wish.shipping else num(wish.shipping["price"]),
        "quantityInStock": max(0, source.get("quantity", 0)),
        "name": product["name"],
        "nameTranslated": {"en": product["name"]},
        "isShippingRequired": not digital,
        "weight": product.get("weight", 0),
        "trackQuantity": not source.get("unlimited", False),
        "fixedShippingRateOnly": False,
        "fixedShippingRate": 0,
        "digital": digital and not product.get("isGiftCard"),
        "productAvailable": True,
        "couponApplied": bool(wish.coupon),
        "taxable": True,
        "giftCard": bool(product.get("isGiftCard")),
        "isPreorder": item.preorder,
        "dimensions": {"length": 0, "width": 0, "height": 0},
        "discounts": [],
        "discountsAllowed": True,
        "attributes": [],
        "selectedOptions": [chosen(option) for option in combination.get("options", ())],
    }
    if item.combination:
        line["combinationId"] = item.combination["id"]
    if item.text:
        title = next((one["name"] for one in product["options"] if one["type"] == "TEXTFIELD"), "Text")
        line["selectedOptions"].append({"name": title, "type": "TEXT", "value": item.text, "valuesArray": [item.text]})
    if rate:
        told = {"name": "State tax", "value": num(rate * 100), "total": num(tax), "taxOnDiscountedSubtotal": num(tax)}
        line["taxes"] = [{**told, "taxOnShipping": 0, "includeInPrice": False}]
    if not line["selectedOptions"]:
        del line["selectedOptions"]
    return line


def tax_rate(wish: Wish) -> Decimal:
    if wish.tax is not None:
        return wish.tax
    home = wish.person["countryCode"] == SHOP["company"]["countryCode"]
    return US_TAX if home and wish.person.get("stateOrProvinceCode") != "OR" else Decimal(0)


def chosen(option: dict) -> dict[str, Any]:
    value = option["value"]
    picked = {"selectionTitle": value, "selectionModifier": 0, "selectionModifierType": "ABSOLUTE"}
    told = {"name": option["name"], "nameTranslated": {"en": option["name"]}, "type": "CHOICE", "value": value}
    return {**told, "valuesArray": [value], "selections": [picked]}


def shipping_option(wish: Wish) -> dict[str, Any]:
    option: dict[str, Any] = wish.shipping or {}
    told = {
        "shippingMethodId": option["id"],
        "shippingMethodName": wish.method or next(iter(option.get("methods", ())), "") or option["title"],
        "shippingRate": num(money(option["price"])),
        "shippingRateWithoutTax": num(money(option["price"])),
        "isPickup": option["kind"] == "pickup",
        "fulfillmentType": option["kind"].upper(),
        "isShippingLimit": False,
    }
    if option.get("carrier"):
        told["shippingCarrierName"] = option["carrier"]
    if option.get("days"):
        told["estimatedTransitTime"] = option["days"]
    if told["isPickup"]:
        told["pickupInstruction"] = option.get("instruction", "")
        told["pickupPrecisionType"] = "DATE_AND_TIME"
    elif option["kind"] == "delivery":
        told["scheduledTimePrecisionType"] = "DATE_AND_TIME_SLOT"
        told["timeSlotLengthInMinutes"] = 120
    return told


def when_wanted(order: dict, created: int) -> None:
    """When the buyer comes, or wants it to be brought."""
    kind = order["shippingOption"]["fulfillmentType"]
    at = created - created % 86400 + 2 * 86400 + 18 * 3600
    if kind == "PICKUP":
        order["pickupTime"] = stamp(at)
    elif kind == "DELIVERY":
        order["extraFields"] = {
            "ecwid_order_delivery_time_interval_start": stamp(at),
            "ecwid_order_delivery_time_interval_end": stamp(at + 7200),
            "ecwid_order_delivery_time_display_format": "DATETIME",
        }


def package(lines: list[dict], value: Decimal) -> dict[str, Any]:
    weight = sum((money(line.get("weight", 0)) * line["quantity"] for line in lines), Decimal(0))
    return {"length": 0, "width": 0, "height": 0, "weight": num(weight), "declaredValue": num(value)}


def coupon(amount: Decimal) -> dict[str, Any]:
    return {
        "id": 215189001,
        "name": "Spring tide",
        "code": "TIDE",
        "discountType": "ABS",
        "status": "ACTIVE",
        "discount": num(amount),
        "launchDate": "2026-01-04 23:00:00 +0000",
        "usesLimit": "UNLIMITED",
        "repeatCustomerOnly": False,
        "applicationLimit": "UNLIMITED",
        "creationDate": "2026-01-05 05:26:28 +0000",
        "updateDate": "2026-01-05 05:26:28 +0000",
        "orderCount": 0,
    }


def extra_field(position: int, title: str, value: str) -> dict[str, Any]:
    uid = title.lower().replace(" ", "_")
    told = {"id": uid, "value": value, "customerInputType": "TEXT", "title": title}
    return {**told, "orderDetailsDisplaySection": "order_comments", "orderBy": str(position)}


def refund(order: dict, wish: Wish) -> None:
    """What went back of the money, where the payment status says that some did."""
    share = {"REFUNDED": Decimal(1), "PARTIALLY_REFUNDED": Decimal("0.25")}.get(wish.payment)
    if share:
        amount = (money(order["total"]) * share).quantize(CENT)
        add_refund(order, amount, order["createTimestamp"] + 3600)


def add_refund(order: dict, amount: Decimal, at: int) -> None:
    order["refunds"].append({"date": stamp(at), "source": "CP", "reason": "As agreed", "amount": num(amount)})
    order["refundedAmount"] = num(money(order["refundedAmount"]) + amount)


def recount(order: dict) -> None:
    """The sums after lines changed by the merchant's hand. (By the API nothing is recounted.)"""
    subtotal = sum((money(line["price"]) * line["quantity"] for line in order["items"]), Decimal(0))
    more = subtotal - money(order["subtotal"])
    order["subtotal"] = order["subtotalWithoutTax"] = num(subtotal)
    for name in ("total", "totalWithoutTax", "totalBeforeGiftCardRedemption", "usdTotal"):
        order[name] = num(money(order[name]) + more)

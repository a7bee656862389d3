"""An order as Wix's Orders API shows it today, built on the published sample (ecom-order-get.json)."""

from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .shop import SYMBOLS, read
from .site import Site

STORES_APP = "215238eb-22a5-4c36-9e7b-e7c08025e04e"
NO_VARIANT = "00000000-0000-0000-0000-000000000000"
TEMPLATE = read("order")
CENT = Decimal("0.01")


@dataclass
class Item:
    """A line to order: a variant of a product of the site, or only a name."""

    product: dict
    variant: dict
    quantity: int = 1
    text: str = ""  # what the buyer had engraved
    discount: Decimal = Decimal(0)


@dataclass
class Wish:
    """What decides how an order looks. Amounts in the site's currency."""

    items: list[Item]
    person: dict[str, Any]  # address and contact
    shipping: dict | None  # None: nothing to ship
    payment: str = "PAID"
    status: str = "APPROVED"
    offline: bool = False
    tax_rate: Decimal = Decimal(0)
    coupon: Decimal = Decimal(0)
    gift_wrap: Decimal = Decimal(0)
    currency: str = ""  # the buyer's, where it is not the site's
    channel: str = "WEB"
    note: str = ""
    archived: bool = False
    custom: dict[str, str] = field(default_factory=dict)


def money(amount: Decimal, currency: str) -> dict[str, str]:
    text = str(amount.quantize(CENT))
    return {"amount": text, "formattedAmount": f"{SYMBOLS.get(currency, currency + ' ')}{text}"}


def line_id(position: int) -> str:
    return f"00000000-0000-0000-0000-{position:012d}"


def _tax(amount: Decimal, taxable: Decimal, rate: Decimal, person: dict, currency: str) -> dict[str, Any]:
    return {
        "taxAmount": money(amount, currency),
        "taxableAmount": money(taxable, currency),
        "taxRate": str(rate),
        "taxIncludedInPrice": True,
        "taxBreakdown": [
            {
                "jurisdiction": person["address"]["countryFullname"],
                "rate": str(rate),
                "taxAmount": money(amount, currency),
                "taxType": "VAT",
                "taxName": "VAT",
                "jurisdictionType": "COUNTRY",
                "nonTaxableAmount": money(Decimal(0), currency),
                "taxableAmount": money(taxable, currency),
            }
        ]
        if rate
        else [],
    }


def _tax_within(gross: Decimal, rate: Decimal) -> Decimal:
    return (gross - gross / (1 + rate)).quantize(CENT)


def both(text: str) -> dict[str, str]:
    return {"original": text, "translated": text}


def describe(choices: dict[str, str], texts: dict[str, str]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for name, value in (choices | texts).items():
        if name == "Color":
            lines.append({"name": both(name), "colorInfo": {**both(value), "code": "#a0522d"}, "lineType": "COLOR"})
        else:
            lines.append({"name": both(name), "plainText": both(value), "lineType": "PLAIN_TEXT"})
    return lines


def build_line(site: Site, position: int, item: Item, wish: Wish, currency: str, rate: Decimal) -> dict[str, Any]:
    product, variant = item.product, item.variant
    unit = (Decimal(str(variant["price"])) * rate).quantize(CENT)
    whole = unit * item.quantity
    net = whole - item.discount
    tax = _tax_within(net, wish.tax_rate)
    line = deepcopy(TEMPLATE["lineItems"][0])
    options: dict[str, Any] = {"variantId": variant["id"]}
    if variant["choices"]:
        options["options"] = dict(variant["choices"])
    if item.text:
        options["customTextFields"] = {product["engraving"] or "Engraving": item.text}
    shippable = product["type"] == "physical"
    physical: dict[str, Any] = {"weight": variant["weight"], "shippable": shippable}
    if variant["sku"]:
        physical["sku"] = variant["sku"]
    gift = product["name"] == "Gift card"
    line.update(
        {
            "id": line_id(position),
            "productName": both(product["name"]),
            "catalogReference": {"catalogItemId": product["id"], "appId": STORES_APP, "options": options},
            "quantity": item.quantity,
            "descriptionLines": describe(variant["choices"], options.get("customTextFields", {})),
            "physicalProperties": physical,
            "itemType": {"preset": "PHYSICAL" if shippable else "GIFT_CARD" if gift else "DIGITAL"},
            "paymentOption": "FULL_PAYMENT_OFFLINE" if wish.offline else "FULL_PAYMENT_ONLINE",
            "price": money(unit - item.discount / item.quantity, currency),
            "priceBeforeDiscounts": money(unit, currency),
            "lineItemPrice": money(whole, currency),
            "totalDiscount": money(item.discount, currency),
            "totalPriceBeforeTax": money(net - tax, currency),
            "totalPriceAfterTax": money(net, currency),
            "taxInfo": _tax(tax, net - tax, wish.tax_rate, wish.person, currency),
        }
    )
    if shippable:
        place = site.locations[0]
        line["locations"] = [{"id": place["id"], "quantity": item.quantity, "name": place["name"]}]
    return line


def _shipping_info(site: Site, wish: Wish, currency: str, cost: Decimal) -> dict[str, Any]:
    option: dict[str, Any] = wish.shipping or {}
    person = wish.person
    info = deepcopy(TEMPLATE["shippingInfo"])
    tax = _tax_within(cost, wish.tax_rate)
    info.update(
        title=option["title"], code=option["code"], carrierId=option["carrier"], region={"name": option["region"]}
    )
    if option["pickup"]:
        place = site.locations[-1]["address"]
        where = {name: value for name, value in place.items() if name != "formattedAddress"}
        info["logistics"] = {
            "pickupDetails": {"address": where, "pickupMethod": "STORE_PICKUP"},
            "deliveryTime": "Ready in 2 hours",
        }
    else:
        info["logistics"]["shippingDestination"] = {"address": person["address"], "contactDetails": person["contact"]}
    info["cost"] = {
        "price": money(cost, currency),
        "totalPriceBeforeTax": money(cost - tax, currency),
        "totalPriceAfterTax": money(cost, currency),
        "taxInfo": _tax(tax, cost - tax, wish.tax_rate, person, currency),
        "discount": money(Decimal(0), currency),
    }
    return info


def build_order(site: Site, wish: Wish, number: str, order_id: str, created: str, updated: str) -> dict[str, Any]:
    """The order in wire form. `created` and `updated` as ISO text."""
    currency = wish.currency or site.currency
    rate = Decimal("1.08") if currency != site.currency else Decimal(1)
    order = deepcopy(TEMPLATE)
    lines = [build_line(site, position, item, wish, currency, rate) for position, item in enumerate(wish.items, 1)]
    zero = Decimal(0)
    subtotal = sum((Decimal(line["lineItemPrice"]["amount"]) for line in lines), zero)
    line_discount = sum((item.discount for item in wish.items), zero)
    shipping = (Decimal(str(wish.shipping["price"])) * rate).quantize(CENT) if wish.shipping else zero
    gross = subtotal - line_discount - wish.coupon + shipping + wish.gift_wrap
    tax = _tax_within(gross, wish.tax_rate)
    paid = {"PAID": gross, "PARTIALLY_REFUNDED": gross, "FULLY_REFUNDED": gross, "PARTIALLY_PAID": gross / 2}.get(
        wish.payment, zero
    )
    refunded = {"FULLY_REFUNDED": gross, "PARTIALLY_REFUNDED": gross / 4}.get(wish.payment, zero)
    visitor, buyer = site.new_id(), wish.person["contact"]
    name = f"{buyer['firstName']}.{buyer['lastName']}".lower()
    mailbox = "".join(letter for letter in name if letter.isascii() and letter not in " '").strip(".")
    party = {"address": wish.person["address"], "contactDetails": wish.person["contact"]}
    order.update(
        {
            "id": order_id,
            "number": number,
            "createdDate": created,
            "updatedDate": updated,
            "purchasedDate": created,
            "status": wish.status,
            "paymentStatus": wish.payment,
            "fulfillmentStatus": "NOT_FULFILLED" if wish.shipping else "FULFILLED",
            "archived": wish.archived,
            "currency": currency,
            "currencyConversionDetails": {"originalCurrency": site.currency, "conversionRate": str(rate)},
            "siteLanguage": site.language,
            "buyerLanguage": site.language,
            "checkoutId": site.new_id(),
            "purchaseFlowId": site.new_id(),
            "buyerInfo": {
                "visitorId": visitor,
                "contactId": site.new_id(),
                "email": f"{mailbox or 'buyer'}.{number}@example.com",
            },
            "createdBy": {"visitorId": visitor},
            "channelInfo": {"type": wish.channel},
            "businessLocation": {"id": site.locations[0]["id"], "name": site.locations[0]["name"]},
            "lineItems": lines,
            "priceSummary": {
                "subtotal": money(subtotal, currency),
                "shipping": money(shipping, currency),
                "tax": money(tax, currency),
                "discount": money(line_discount + wish.coupon, currency),
                "totalAdditionalFees": money(wish.gift_wrap, currency),
                "total": money(gross, currency),
            },
            "balanceSummary": {
                "balance": money(gross - paid if wish.payment not in ("CANCELED", "DECLINED") else zero, currency),
                "paid": money(paid, currency),
                "refunded": money(refunded, currency),
                "authorized": money(zero, currency),
                "pending": money(gross if wish.payment == "PENDING" else zero, currency),
            },
            "taxInfo": {
                "totalTax": money(tax, currency),
                "taxBreakdown": [
                    {
                        "taxName": "VAT",
                        "taxType": "VAT",
                        "jurisdiction": wish.person["address"]["countryFullname"],
                        "jurisdictionType": "COUNTRY",
                        "rate": str(wish.tax_rate),
                        "aggregatedTaxAmount": money(tax, currency),
                    }
                ]
                if wish.tax_rate
                else [],
                "taxExempt": False,
            },
            "billingInfo": deepcopy(party),
            "recipientInfo": deepcopy(party),
            "appliedDiscounts": _discounts(site, wish, lines, currency),
            "additionalFees": _fees(site, wish, currency),
            "customFields": [
                {"title": title, "translatedTitle": title, "value": value} for title, value in wish.custom.items()
            ],
            "activities": [site.activity("ORDER_PLACED", created)],
        }
    )
    if paid:
        order["activities"].append(site.activity("ORDER_PAID", created))
    if wish.shipping:
        order["shippingInfo"] = _shipping_info(site, wish, currency, shipping)
    else:
        del order["shippingInfo"]
    if wish.note:
        order["buyerNote"] = wish.note
    return order


def _discounts(site: Site, wish: Wish, lines: list[dict], currency: str) -> list[dict]:
    found: list[dict] = []
    if wish.coupon:
        coupon = {
            "id": site.new_id(),
            "code": "SUMMERSALE5",
            "name": "5 percent - summer sale",
            "amount": money(wish.coupon, currency),
        }
        found.append(
            {
                "id": site.new_id(),
                "discountType": "GLOBAL",
                "lineItemIds": [],
                "coupon": coupon,
                "lineItemDiscounts": [],
            }
        )
    for item, line in zip(wish.items, lines, strict=False):
        if item.discount:
            given = money(item.discount, currency)
            rows = [{"id": line["id"], "totalDiscount": given}]
            found.append(
                {
                    "id": site.new_id(),
                    "discountType": "SPECIFIC_ITEMS",
                    "lineItemIds": [line["id"]],
                    "merchantDiscount": {"discountReason": "UNSPECIFIED", "amount": given},
                    "lineItemDiscounts": rows,
                }
            )
    return found


def _fees(site: Site, wish: Wish, currency: str) -> list[dict]:
    if not wish.gift_wrap:
        return []
    price = money(wish.gift_wrap, currency)
    fee = {
        "id": site.new_id(),
        "code": "gift",
        "name": "Gift wrap",
        "price": price,
        "priceBeforeTax": price,
        "priceAfterTax": price,
    }
    return [{**fee, "source": "SERVICE_PLUGIN", "lineItemIds": []}]

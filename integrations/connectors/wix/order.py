"""One Wix order in our words. Source: dev.wix.com, eCommerce Orders (REST names)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fcp.errors import Unreadable
from orders.shapes import IncomingLine, IncomingOrder, Party, Payment, RawOrder, ShipWord

from .declaration import V1
from .reading import (
    NOTHING,
    Json,
    Wrong,
    amount,
    cleaned,
    count,
    grams,
    key_text,
    part,
    parts,
    text,
    time,
    unreadable,
    word_of,
)
from .words import FULFILLMENT, GIFT_WORDS, GRAMS, ITEM_SHIPS, NO_VARIANT, PAID_OFFLINE, PAYMENT, STATUS

ZERO = Decimal(0)


def shape_order(raw: RawOrder, variant: str) -> IncomingOrder:
    """Raises Unreadable with a sentence that names the order and what is odd about it."""
    try:
        return _order(raw, variant)
    except Wrong as odd:
        found = raw.raw.get("number")
        name = cleaned(str(found), 60) if isinstance(found, (str, int)) and str(found).strip() else raw.uid
        raise Unreadable(f"{raw.uid}: {odd}", code="order_odd", sentence=f"Order {name} {odd}.") from odd


def _order(raw: RawOrder, variant: str) -> IncomingOrder:
    source = raw.raw
    placed_at = time(source.get("createdDate")) or time(source.get("purchasedDate"))
    if placed_at is None:
        raise Wrong("does not say when it was placed")
    payment = word_of(source, "paymentStatus", "payment status", PAYMENT)
    shipping = part(source, "shippingInfo")
    logistics = part(shipping, "logistics")
    pickup = bool(part(logistics, "pickupDetails"))
    prices = part(source, "priceSummary")
    total = amount(prices, "total")
    if total is None:
        total = amount(prices, "totalPrice")  # as older orders have it
    if total is None:
        raise Wrong("has no total")
    location = part(source, "businessLocation")
    ship_to, bill_to = _parties(source, logistics, pickup)
    bought = parts(source, "lineItems")
    return IncomingOrder(
        uid=raw.uid,
        number=text(source, "number", 60) or raw.uid[:60],
        placed_at=placed_at,
        changed_at=raw.changed_at,
        status=word_of(source, "status", "status", STATUS),
        payment=payment,
        fulfillment=word_of(source, "fulfillmentStatus", "fulfillment status", FULFILLMENT),
        currency=_currency(source),
        subtotal=amount(prices, "subtotal") or ZERO,
        shipping=amount(prices, "shipping") or ZERO,
        tax=amount(prices, "tax") or ZERO,
        discount=amount(prices, "discount") or ZERO,
        total=total,
        lines=_lines(bought, source, variant),
        refunded=amount(part(source, "balanceSummary"), "refunded") or ZERO,
        pickup=pickup,
        cash_on_delivery=payment is Payment.UNPAID
        and any(line.get("paymentOption") == PAID_OFFLINE for line in bought),
        archived=source.get("archived") is True,
        channel=text(part(source, "channelInfo"), "type", 40).lower(),
        ship_to=ship_to,
        bill_to=bill_to,
        ship_word=ship_word(shipping),
        location_uid=text(location, "id", 100),
        location_name=text(location, "name", 255),
        buyer_note=_buyer_note(source),
        gift_note=_gift_note(source),
        delivery_note=text(logistics, "instructions", 4000),
    )


def _currency(source: Json) -> str:
    value = text(source, "currency", 10).upper()
    if len(value) != 3 or not value.isalpha():
        raise Wrong("has no currency" if not value else f'has the currency "{value}", which we do not know')
    return value


# --- lines --------------------------------------------------------------------------------------------------------


def _lines(bought: list[Json], source: Json, variant: str) -> tuple[IncomingLine, ...]:
    if not bought:
        raise Wrong("has no lines")
    unit = source.get("weightUnit") or "UNSPECIFIED_WEIGHT_UNIT"
    if not isinstance(unit, str) or unit not in GRAMS:
        raise Wrong(f'has the weight unit "{cleaned(str(unit), 60)}", which we do not know')
    lines = tuple(_line(line, GRAMS[unit], variant) for line in bought)
    if len({line.uid for line in lines}) < len(lines):
        raise Wrong("has two lines with the same id")
    return lines


def _line(source: Json, unit: float | None, variant: str) -> IncomingLine:
    uid = text(source, "id", 101)
    if not uid or len(uid) > 100:
        raise Wrong("has a line without a usable id")
    catalog = part(source, "catalogReference")
    chosen = part(catalog, "options")
    physical = part(source, "physicalProperties")
    sku = text(physical, "sku", 100)
    names = part(source, "productName")
    title = text(names, "original", 255) or text(names, "translated", 255) or sku or "Item without a name"
    product_uid = key_text(text(catalog, "catalogItemId", 1000), 100)
    quantity = count(source, "quantity")
    price = amount(source, "price") or ZERO
    total = amount(source, "totalPriceAfterTax")
    if total is None:
        total = amount(source, "lineItemPrice")
    return IncomingLine(
        uid=uid,
        product_uid=product_uid or key_text(f"title:{_folded(title)}", 100),
        variant_uid=_variant_uid(chosen, bool(product_uid), variant),
        sku=sku,
        title=title,
        quantity=quantity,
        ships=_ships(source, physical),
        price=price,
        total=price * quantity if total is None else total,
        options=_options(source, chosen),
        weight_grams=grams(physical, unit),
        location_uid=_line_location(source),
    )


def _variant_uid(chosen: Json, in_catalog: bool, variant: str) -> str:
    uid = key_text(text(chosen, "variantId", 1000), 100)
    return uid or (NO_VARIANT if in_catalog and variant == V1 else "")


def _ships(source: Json, physical: Json) -> bool:
    preset = part(source, "itemType").get("preset")
    able = None
    if preset is not None:
        try:
            able = ITEM_SHIPS[preset]
        except (KeyError, TypeError):
            raise Wrong(f'has the item type "{cleaned(str(preset), 60)}", which we do not know') from None
    shippable = physical.get("shippable")
    if shippable is not None and not isinstance(shippable, bool):
        raise unreadable("shippable")
    if able is False:
        return False
    return able is True if shippable is None else shippable


def _options(source: Json, chosen: Json) -> tuple[tuple[str, str], ...]:
    """What was chosen and typed in, each name once: the lines Wix shows, then what only the options name."""
    found: dict[str, str] = {}
    for line in parts(source, "descriptionLines"):
        name = _translated(line, "name", 120)
        for field in ("plainText", "colorInfo", "plainTextValue"):
            if value := _translated(line, field, 2000):
                found.setdefault(name, value)
                break
    for field in ("options", "customTextFields"):
        named = part(chosen, field)
        for name, value in named.items():
            if isinstance(value, (str, int, float)) and (value := text(named, name, 2000)):
                found.setdefault(cleaned(name, 120), value)
    return tuple(found.items())


def _translated(source: Json, field: str, most: int) -> str:
    value = source.get(field)
    if isinstance(value, str):
        return cleaned(value, most)
    named = part(source, field)
    return (text(named, "original", most) or text(named, "translated", most)) if named else ""


def _line_location(source: Json) -> str:
    """Where most of the line is taken from; a line of ours has one place."""
    best, most = "", -1
    for place in parts(source, "locations"):
        uid = text(place, "id", 100)
        units = count(place, "quantity") if place.get("quantity") is not None else 0
        if uid and units > most:
            best, most = uid, units
    return best


# --- persons ------------------------------------------------------------------------------------------------------


def _parties(source: Json, logistics: Json, pickup: bool) -> tuple[Party, Party]:
    """Who gets the goods, and who pays. Of a pickup order `shippingDestination` is the place of pickup."""
    billing = part(source, "billingInfo")
    places = [part(source, "recipientInfo"), billing]
    if not pickup:
        places.insert(0, part(logistics, "shippingDestination"))
    address = next((part(place, "address") for place in places if place.get("address")), NOTHING)
    contact = next((part(place, "contactDetails") for place in places if place.get("contactDetails")), NOTHING)
    email = text(part(source, "buyerInfo"), "email", 254)
    ship_to = _party(address, contact, email)
    if billing.get("address") == address and billing.get("contactDetails") == contact:
        return ship_to, ship_to
    return ship_to, _party(part(billing, "address"), part(billing, "contactDetails"), email)


def _party(address: Json, contact: Json, email: str) -> Party:
    if not address and not contact:
        return Party(email=email)
    street = part(address, "streetAddress")
    street1 = text(address, "addressLine", 255)
    if not street1 and street:
        street1 = cleaned(f"{text(street, 'number', 50)} {text(street, 'name', 200)}", 255)
    country = text(address, "country", 10).upper()
    return Party(
        name=cleaned(f"{text(contact, 'firstName', 100)} {text(contact, 'lastName', 100)}", 200),
        company=text(contact, "company", 200),
        street1=street1,
        street2=text(address, "addressLine2", 255) or text(street, "apt", 255),
        city=text(address, "city", 120),
        region=_region(address, country),
        postcode=text(address, "postalCode", 30),
        country=country if len(country) == 2 and country.isalpha() else "",
        phone=text(contact, "phone", 60),
        email=email,
    )


def _region(address: Json, country: str) -> str:
    code = text(address, "subdivision", 60)
    return code.removeprefix(f"{country}-") if code else text(address, "subdivisionFullname", 60)


def _buyer_note(source: Json) -> str:
    """What the buyer wrote, and below it what was typed into the checkout's own fields."""
    notes = [text(source, "buyerNote", 4000)]
    for field in parts(source, "customFields"):
        title = text(field, "title", 200) or text(field, "translatedTitle", 200)
        value = field.get("value")
        typed = cleaned(value, 1000) if isinstance(value, str) else _plain(value)
        if typed:
            notes.append(f"{title}: {typed}" if title else typed)
    return cleaned("\n".join(note for note in notes if note), 8000)


def _gift_note(source: Json) -> str:
    """Wix has no field for gifts; gift wrap and the like are sold as additional fees."""
    names = [text(fee, "name", 200) or text(fee, "code", 200) for fee in parts(source, "additionalFees")]
    return cleaned("\n".join(name for name in names if any(word in name.casefold() for word in GIFT_WORDS)), 2000)


def _plain(value: Any) -> str:
    """A checkout field may hold a number, a tick or a list of choices."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cleaned(str(item), 200) for item in value if isinstance(item, (str, int, float)))
    return cleaned(str(value), 1000) if isinstance(value, (int, float)) else ""


# --- shipping -----------------------------------------------------------------------------------------------------


def ship_word(shipping: Json) -> ShipWord | None:
    """Found by its title, as the merchant wrote it; a code alone is stable only for one shipping rule.

    Wix's carrierId is the app that gave the rate, not a carrier, so no carrier is named.
    """
    title, code = text(shipping, "title", 1000), text(shipping, "code", 1000)
    key = _folded(title) or _folded(code)
    if not key:
        return None
    return ShipWord(key=key_text(key, 200), title=title[:255], code=key_text(code, 100))


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())

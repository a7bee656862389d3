"""One Ecwid order in our words. Source: Ecwid API reference, "Search orders", "Get order"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from fcp.errors import Unreadable
from orders.shapes import IncomingLine, IncomingOrder, Party, Payment, RawOrder, ShipWord, Status

from .reading import (
    Json,
    Wrong,
    amount,
    cleaned,
    count,
    grams,
    id_text,
    key_text,
    part,
    parts,
    text,
    time_of,
    unreadable,
    word_of,
)
from .words import CALLED_OFF, FULFILLMENT, GIFT_WORDS, PAID_AT_THE_DOOR, PAYMENT


@dataclass(frozen=True, slots=True)
class Units:
    """What an order does not say itself: the store's currency, and in what it weighs."""

    currency: str
    weight: str = ""


def shape_order(raw: RawOrder, units: Units) -> IncomingOrder:
    """Raises Unreadable with a sentence that names the order and what is odd about it."""
    try:
        return _order(raw, units)
    except Wrong as odd:
        name = raw.number or raw.uid
        raise Unreadable(f"{raw.uid}: {odd}", code="order_odd", sentence=f"Order {name} {odd}.") from odd


def _order(raw: RawOrder, units: Units) -> IncomingOrder:
    source = raw.raw
    placed_at = time_of(source, "create")
    if placed_at is None:
        raise Wrong("does not say when it was placed")
    if source.get("total") is None:
        raise Wrong("has no total")
    if len(units.currency) != 3:
        raise Wrong("has no currency: the store's profile names none")
    payment, status = word_of(source, "paymentStatus", "payment status", PAYMENT)
    fulfillment = word_of(source, "fulfillmentStatus", "fulfillment status", FULFILLMENT)
    called_off = source["fulfillmentStatus"] in CALLED_OFF
    shipping = part(source, "shippingOption")
    pickup = shipping.get("isPickup") is True or text(shipping, "fulfillmentType", 40).upper() == "PICKUP"
    ship_to, bill_to = _parties(source)
    notes = _Notes.of(source)
    return IncomingOrder(
        uid=raw.uid,
        number=raw.number or raw.uid,
        placed_at=placed_at,
        changed_at=raw.changed_at,
        status=Status.CANCELED if called_off else status,
        payment=payment,
        fulfillment=fulfillment,
        currency=units.currency,
        subtotal=amount(source, "subtotal"),
        shipping=amount(shipping, "shippingRate") + amount(part(source, "handlingFee"), "value"),
        tax=amount(source, "tax"),
        discount=amount(source, "discount") + amount(source, "couponDiscount"),
        total=amount(source, "total"),
        lines=_lines(source, units),
        refunded=amount(source, "refundedAmount"),
        pickup=pickup,
        cash_on_delivery=payment is Payment.UNPAID and _paid_at_the_door(source),
        archived=source.get("hidden") is True,
        channel=text(source, "refererId", 40).lower(),
        ship_to=ship_to,
        bill_to=bill_to,
        ship_word=ship_word(shipping),
        location_uid=_location(shipping, pickup),
        location_name=text(shipping, "shippingMethodName", 255) if pickup else "",
        buyer_note=notes.buyer,
        gift_note=notes.gift,
        delivery_note=_delivery_note(source),
    )


def _paid_at_the_door(source: Json) -> bool:
    method = text(source, "paymentMethod", 200).casefold()
    return any(word in method for word in PAID_AT_THE_DOOR)


# --- lines --------------------------------------------------------------------------------------------------------


def _lines(source: Json, units: Units) -> tuple[IncomingLine, ...]:
    bought = parts(source, "items")
    if not bought:
        raise Wrong("has no lines")
    lines = tuple(_line(line, units) for line in bought)
    if len({line.uid for line in lines}) < len(lines):
        raise Wrong("has two lines with the same id")
    return lines


def _line(source: Json, units: Units) -> IncomingLine:
    uid = id_text(source, "id")
    if not uid:
        raise Wrong("has a line without a usable id")
    sku = text(source, "sku", 100)
    title = text(source, "name", 255) or sku or "Item without a name"
    product_uid = id_text(source, "productId")
    quantity = count(source, "quantity")
    price = amount(source, "price")
    return IncomingLine(
        uid=uid,
        product_uid=product_uid or key_text(f"title:{_folded(title)}", 100),
        variant_uid=id_text(source, "combinationId") if product_uid else "",
        sku=sku,
        title=title,
        quantity=quantity,
        ships=ships(source),
        price=price,
        total=_total(source, price * quantity),
        options=_options(source),
        weight_grams=grams(source, units.weight),
    )


def ships(source: Json) -> bool:
    """Files and gift cards never do; of what does not say, everything does."""
    if source.get("digital") is True or source.get("giftCard") is True:
        return False
    required = source.get("isShippingRequired")
    if required is not None and not isinstance(required, bool):
        raise unreadable("isShippingRequired")
    return required is not False


def _total(source: Json, gross: Decimal) -> Decimal:
    """After discounts and with the tax on it. The line's own `tax` holds that on its shipping as well."""
    less = amount(source, "couponAmount") + sum(
        (amount(one, "total") for one in parts(source, "discounts")), Decimal(0)
    )
    added = [tax for tax in parts(source, "taxes") if tax.get("includeInPrice") is False]
    return gross - less + sum((amount(tax, "taxOnDiscountedSubtotal") for tax in added), Decimal(0))


def _options(source: Json) -> tuple[tuple[str, str], ...]:
    """What was chosen and typed in (an engraving), each name once, and whether the line is a preorder."""
    found: dict[str, str] = {}
    for option in parts(source, "selectedOptions"):
        if value := _chosen(option):
            found.setdefault(text(option, "name", 120), value)
    if source.get("isPreorder") is True:
        found.setdefault("Preorder", "yes")
    return tuple(found.items())


def _chosen(option: Json) -> str:
    if value := text(option, "value", 2000):
        return value
    several = option.get("valuesArray")
    if isinstance(several, list) and several:
        return cleaned(", ".join(str(one) for one in several if isinstance(one, str | int | float)), 2000)
    return cleaned(
        ", ".join(text(file, "name", 200) or text(file, "url", 500) for file in parts(option, "files")), 2000
    )


# --- persons ------------------------------------------------------------------------------------------------------


def _parties(source: Json) -> tuple[Party, Party]:
    """Who gets the goods, and who pays. An order of files, or one that is picked up, may name the payer only."""
    email = text(source, "email", 254)
    shipping, billing = part(source, "shippingPerson"), part(source, "billingPerson")
    ship_to = _party(shipping or billing, email)
    return ship_to, _party(billing, email) if billing and billing != shipping else ship_to


def _party(person: Json, email: str) -> Party:
    first, *more = [line for line in map(str.strip, text(person, "street", 1000).splitlines()) if line] or [""]
    country = text(person, "countryCode", 10).upper()
    names = cleaned(f"{text(person, 'firstName', 100)} {text(person, 'lastName', 100)}", 200)
    return Party(
        name=text(person, "name", 200) or names,
        company=text(person, "companyName", 200),
        street1=cleaned(first, 255),
        street2=cleaned(", ".join(more), 255),
        city=text(person, "city", 120),
        region=text(person, "stateOrProvinceCode", 60) or text(person, "stateOrProvinceName", 60),
        postcode=text(person, "postalCode", 30),
        country=country if len(country) == 2 and country.isalpha() else "",
        phone=text(person, "phone", 60),
        email=email,
    )


@dataclass(frozen=True, slots=True)
class _Notes:
    """What the buyer wrote, and what was typed into the checkout's own fields. One without a title is an app's."""

    buyer: str
    gift: str

    @classmethod
    def of(cls, source: Json) -> _Notes:
        buyer, gift = [text(source, "orderComments", 4000)], list[str]()
        for field in parts(source, "orderExtraFields"):
            title, value = text(field, "title", 200), text(field, "value", 1000)
            if title and value:
                of_gift = any(word in title.casefold() for word in GIFT_WORDS)
                (gift if of_gift else buyer).append(f"{title}: {value}")
        for fee in (*parts(source, "customSurcharges"), part(source, "handlingFee")):
            name = text(fee, "description", 200) or text(fee, "name", 200)
            if any(word in name.casefold() for word in GIFT_WORDS):
                gift.append(name)
        return cls(cleaned("\n".join(filter(None, buyer)), 8000), cleaned("\n".join(gift), 2000))


def _delivery_note(source: Json) -> str:
    at = text(source, "pickupTime", 60)
    return f"Pickup: {at}" if at else ""


# --- shipping -----------------------------------------------------------------------------------------------------


def ship_word(shipping: Json) -> ShipWord | None:
    """Found by the method's id, which stays when the merchant renames it and in whatever language it was bought.

    A carrier's own methods share the id of the shipping option that they came with, so that the carrier's name and the
    method's tell them apart.
    """
    method, carrier = text(shipping, "shippingMethodName", 255), text(shipping, "shippingCarrierName", 60)
    uid = id_text(shipping, "shippingMethodId", 200)
    named = "/".join(filter(None, map(_folded, (carrier, method))))
    key = "/".join(filter(None, (uid, named))) if carrier or not uid else uid
    if not key:
        return None
    title = f"{carrier}: {method}" if carrier and method and not method.startswith(carrier) else method or carrier
    return ShipWord(key_text(key, 200), (title or uid)[:255], key_text(method if carrier else uid, 100), carrier)


def _location(shipping: Json, pickup: bool) -> str:
    """A pickup order names the place by its shipping option; a shop with several outlets names one of them itself."""
    return id_text(shipping, "locationId") or (id_text(shipping, "shippingMethodId") if pickup else "")


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())

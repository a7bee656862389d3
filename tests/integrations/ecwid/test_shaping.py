"""One Ecwid order in our words: the genuine samples, every kind the stand-in store makes, and what is odd."""

from __future__ import annotations

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from fcp.errors import Unreadable
from integrations.connectors.ecwid.order import Units, shape_order
from integrations.connectors.ecwid.page import CUT
from integrations.connectors.ecwid.words import FULFILLMENT, PAYMENT
from orders.decide import is_canceled, is_closed, may_release
from orders.settings import Release
from orders.shapes import IncomingOrder, Party, Payment, ShipWord, Status, StoreFulfillment

from .conftest import Reached

PAYLOADS = Path(__file__).parents[2] / "payloads" / "ecwid"
EURO = Units("EUR", "KILOGRAM")


def payload(name: str) -> Any:
    return orjson.loads((PAYLOADS / name).read_bytes())


OLD = payload("orders-search-2019-full.json")["items"][0] | {"id": "lala1028001"}  # an id is what it lacked then


def shaped(order: dict[str, Any], units: Units = EURO) -> IncomingOrder:
    return shape_order(CUT.order(order), units)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The genuine order with one value set, or taken away (`...`)."""
    order: Any = copy.deepcopy(OLD)
    where = order
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        where = where[step]
    if value is ...:
        del where[last]
    else:
        where[last] = value
    found: dict[str, Any] = order
    return found


def odd(order: dict[str, Any], units: Units = EURO) -> str:
    with pytest.raises(Unreadable) as caught:
        shaped(order, units)
    return caught.value.sentence


# --- genuine ------------------------------------------------------------------------------------------------------


def test_the_fullest_genuine_order_is_read_whole() -> None:
    order = shaped(OLD)
    michael = Party(
        name="Michael Scott",
        street1="555 Lackawanna Ave",
        city="Scranton",
        region="PA",
        postcode="18508",
        country="US",
        email="mscott@gmail.com",
    )
    assert (order.uid, order.number) == ("lala1028001", "lala1028001")
    assert order.placed_at == dt.datetime(2018, 5, 31, 15, 8, 36, tzinfo=dt.UTC)
    assert order.changed_at == dt.datetime(2018, 5, 31, 15, 9, 35, tzinfo=dt.UTC)
    assert (order.status, order.payment) == (Status.APPROVED, Payment.PARTLY_REFUNDED)
    assert order.fulfillment is StoreFulfillment.ALL
    assert (order.currency, order.total, order.tax) == ("EUR", Decimal("2014.97"), Decimal("488.48"))
    assert (order.subtotal, order.shipping) == (Decimal("1076.64"), Decimal("475.85"))  # with the handling fee
    assert (order.discount, order.refunded) == (Decimal(26), Decimal("3.5"))  # the coupon is a discount too
    assert (order.ship_to, order.bill_to) == (michael, michael)
    assert order.channel == "amazon"
    assert order.buyer_note == "Test order comments\nHow did you hear about us?: From a friend"


def test_the_genuine_order_s_lines_keep_options_weights_and_what_they_cost_in_the_end() -> None:
    first, second = shaped(OLD).lines
    assert (first.uid, first.product_uid, first.variant_uid) == ("140273658", "66722487", "")
    assert (first.sku, first.title, first.quantity, first.ships) == ("ABCA-IAC", "iMac", 1, True)
    # 1060, less 21.66 of the coupon and 3.94 of the discount, with the tax that is not in the price.
    assert (first.price, first.total, first.weight_grams) == (Decimal(1060), Decimal("1158.53"), None)
    assert second.options == (("Color", "White"), ("Size", "11oz"), ("Price-Optimizer", "4"))
    assert second.weight_grams == 400


def test_an_order_of_files_has_nothing_to_ship_and_knows_its_payer_only() -> None:
    order = shaped(payload("order-2024-get.json"))
    assert (order.uid, order.payment, order.fulfillment) == ("K8XTQ", Payment.PAID, StoreFulfillment.ALL)
    assert [line.ships for line in order.lines] == [False]
    assert (order.ship_to.city, order.ship_to.company) == ("Niederhausen An Der Appel", "Ecwid API Team")
    assert order.ship_word is None


def test_the_genuine_order_of_today_is_read_with_its_way_of_shipping() -> None:
    order = shaped(payload("orders-search-2024.json")["items"][0])
    assert (order.uid, order.number) == ("EBJFT", "EBJFT")
    assert order.ship_word == ShipWord("customShippingId", "Shipping", "customShippingId")
    assert (order.subtotal, order.discount, order.total) == (Decimal(500), Decimal(10), Decimal(600))
    assert order.ship_to == Party()  # the example names nobody at all


# --- the words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", PAYMENT)
def test_every_payment_status_of_ecwid_has_a_meaning_and_only_paid_ones_are_released(word: str) -> None:
    order = shaped(OLD | {"paymentStatus": word, "fulfillmentStatus": "AWAITING_PROCESSING"})
    closed = is_canceled(order.status, order.payment)
    assert closed is (word in {"CANCELLED", "REFUNDED"})
    assert may_release(order.payment, False, Release.PAID) is (word in {"PAID", "PARTIALLY_REFUNDED"})


@pytest.mark.parametrize("word", FULFILLMENT)
def test_every_fulfillment_status_of_ecwid_has_a_meaning_and_what_left_or_is_off_never_ships_again(word: str) -> None:
    order = shaped(OLD | {"paymentStatus": "PAID", "fulfillmentStatus": word})
    waits = {"AWAITING_PROCESSING", "PROCESSING", *(f"CUSTOM_FULFILLMENT_STATUS_{n}" for n in (1, 2, 3))}
    assert is_closed(order.status, order.payment, order.fulfillment) is (word not in waits)
    assert (order.status is Status.CANCELED) is (word == "WILL_NOT_DELIVER")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("paymentStatus", "QUEUED", 'has the payment status "QUEUED", which we do not know'),
        ("paymentStatus", ..., "has no payment status"),
        ("fulfillmentStatus", "LOST", 'has the fulfillment status "LOST", which we do not know'),
        ("fulfillmentStatus", ["SHIPPED"], "has the fulfillment status \"['SHIPPED']\", which we do not know"),
        ("createTimestamp", ..., ""),
        ("total", ..., "has no total"),
        ("total", "much", 'has an unreadable value in the field "total"'),
        ("items", [], "has no lines"),
        ("items", ..., "has no lines"),
        ("items", "two", 'has an unreadable value in the field "items"'),
        ("items.0.id", ..., "has a line without a usable id"),
        ("items.1.id", 140273658, "has two lines with the same id"),
        ("items.0.quantity", "many", 'has an unreadable value in the field "quantity"'),
        ("items.0.quantity", 1.5, 'has an unreadable value in the field "quantity"'),
        ("items.0.isShippingRequired", "yes", 'has an unreadable value in the field "isShippingRequired"'),
        ("shippingPerson", "Michael", 'has an unreadable value in the field "shippingPerson"'),
    ],
)
def test_what_is_odd_about_an_order_is_said_in_a_sentence_that_names_it(path: str, value: Any, said: str) -> None:
    if said:
        assert odd(changed(path, value)) == f"Order lala1028001 {said}."
    else:  # the time stands there as a text as well
        assert shaped(changed(path, value)).placed_at == dt.datetime(2018, 5, 31, 15, 8, 36, tzinfo=dt.UTC)


def test_an_order_that_says_nowhere_when_it_was_placed_is_odd() -> None:
    order = {name: value for name, value in OLD.items() if not name.startswith("create")}
    assert odd(order) == "Order lala1028001 does not say when it was placed."


def test_an_order_of_a_store_that_names_no_currency_is_odd() -> None:
    assert "has no currency" in odd(OLD, Units(""))


@pytest.mark.parametrize("gone", sorted(OLD.keys() - {"id", "total", "items", "paymentStatus", "fulfillmentStatus"}))
def test_any_other_field_may_be_missing(gone: str) -> None:
    order = {name: value for name, value in OLD.items() if name != gone}
    assert shaped(order).lines


# --- whole facts --------------------------------------------------------------------------------------------------


def test_both_lines_of_a_street_are_kept() -> None:
    person = OLD["shippingPerson"] | {"street": "1 Main St\nApt 2\r\nBack door"}
    found = shaped(OLD | {"shippingPerson": person}).ship_to
    assert (found.street1, found.street2) == ("1 Main St", "Apt 2, Back door")


def test_a_region_without_a_code_keeps_its_name() -> None:
    person = {name: value for name, value in OLD["shippingPerson"].items() if name != "stateOrProvinceCode"}
    assert shaped(OLD | {"shippingPerson": person}).ship_to.region == "Pennsylvania"


def test_an_order_that_names_nobody_has_an_e_mail_address() -> None:
    order = {name: value for name, value in OLD.items() if name not in {"shippingPerson", "billingPerson"}}
    assert shaped(order).ship_to == shaped(order).bill_to == Party(email="mscott@gmail.com")


def test_an_id_with_the_store_s_prefix_and_suffix_is_not_taken_apart(store: Reached) -> None:
    store.host.number_orders(prefix="SALE-", suffix="/26")
    order = store.placed()
    assert order.uid.startswith("SALE-")
    assert order.uid.endswith("/26")
    assert order.number == order.uid


def test_a_pickup_order_names_its_place_and_its_payer(store: Reached) -> None:
    order = store.placed(kind="pickup")
    assert (order.pickup, order.location_uid) == (True, "4959-1595934622523")
    assert order.location_name == "Pick up at the boathouse"
    assert order.ship_to.name
    assert order.delivery_note.startswith("Pickup: 20")
    assert not store.placed().pickup
    assert store.placed().location_uid == ""


def test_an_engraving_and_a_preorder_go_along(store: Reached) -> None:
    order = store.placed(kind="engraved", text="Für Ann ♥\nForever")
    assert ("Engraving", "Für Ann ♥\nForever") in order.lines[0].options
    assert ("Preorder", "yes") in store.placed(kind="preorder").lines[0].options


def test_files_and_gift_cards_do_not_ship_beside_what_does(store: Reached) -> None:
    assert [line.ships for line in store.placed(kind="digital").lines] == [False]
    assert {line.ships for line in store.placed(kind="gift_card").lines} == {False}
    assert {line.ships for line in store.placed(kind="mixed").lines} == {True, False}


def test_a_line_that_the_merchant_typed_has_no_product_and_ships(store: Reached) -> None:
    line = store.placed(kind="no_sku").lines[-1]
    assert (line.product_uid, line.variant_uid, line.sku) == ("title:made to order, as we spoke", "", "")
    assert line.ships


def test_a_variation_is_told_apart_also_where_it_is_sold_from_its_product_s_stock(store: Reached) -> None:
    line = store.placed(kind="shared").lines[0]
    product, _ = store.host.store.find_variant(line.sku)
    assert line.variant_uid in {str(one["id"]) for one in product["combinations"]}
    assert line.sku == product["sku"]


def test_gifts_and_what_was_typed_at_the_checkout_stand_in_the_notes(store: Reached) -> None:
    order = store.placed(kind="fields")
    assert order.gift_note == "Gift note: Bon voyage! ⛵"
    assert order.buyer_note == "How did you find us: From a friend"
    assert store.placed(kind="wrapped").gift_note == "Gift wrapping"
    assert store.placed(kind="note").buyer_note == "Please leave it at the <blue> door & ring"


def test_cash_on_delivery_is_told_by_the_name_of_the_method(store: Reached) -> None:
    assert store.placed(kind="cod").cash_on_delivery
    assert not store.placed(kind="unpaid").cash_on_delivery
    assert not store.placed().cash_on_delivery


def test_the_currency_is_the_store_s_and_is_asked_for_once(store: Reached) -> None:
    assert store.placed().currency == "USD"
    for _ in range(3):
        store.placed()
    assert store.asked.count("GET profile") == 1


def test_every_kind_of_order_of_the_stand_in_is_read(reach_in: Any) -> None:
    from integrations.sandbox.server import Sandbox

    with Sandbox(orders=230, products=14, rate_limit=0) as box:
        store = reach_in(box)
        orders = [store.connector.shape_order(raw) for raw in store.all()]
        assert len(orders) == 230
        assert {order.payment for order in orders} == {payment for payment, _ in PAYMENT.values()}
        assert {order.fulfillment for order in orders} == {StoreFulfillment.NONE, StoreFulfillment.ALL}
        assert {order.status for order in orders} == {Status.APPROVED, Status.CANCELED, Status.INITIALIZED}


# --- ways of shipping ---------------------------------------------------------------------------------------------


def word(**option: Any) -> ShipWord | None:
    return shaped(OLD | {"shippingOption": option}).ship_word


def test_a_way_of_shipping_is_found_by_its_id_whatever_it_is_called_today() -> None:
    first = word(shippingMethodId="6589-17", shippingMethodName="Standard")
    second = word(shippingMethodId="6589-17", shippingMethodName="Standardversand")
    assert first
    assert second
    assert first.key == second.key == "6589-17"
    assert (second.title, second.code) == ("Standardversand", "6589-17")


def test_a_carrier_s_methods_are_told_apart_under_one_id() -> None:
    usps = {"shippingMethodId": "3919-16", "shippingCarrierName": "USPS"}
    fast = word(**usps, shippingMethodName="USPS Priority Mail")
    slow = word(**usps, shippingMethodName="USPS Ground Advantage")
    assert fast
    assert slow
    assert fast.key != slow.key
    assert (fast.title, fast.carrier, fast.code) == ("USPS Priority Mail", "USPS", "USPS Priority Mail")


def test_a_way_of_shipping_without_an_id_is_found_by_its_names_in_any_spelling() -> None:
    first = word(shippingCarrierName="U.S.P.S.", shippingMethodName="Priority  Mail")
    second = word(shippingCarrierName="U.S.P.S.", shippingMethodName="priority mail ")
    assert first
    assert second
    assert first.key == second.key == "u.s.p.s./priority mail"
    assert first.title == "U.S.P.S.: Priority Mail" or first.title == "U.S.P.S.: Priority  Mail"
    assert word() is None


# --- the fingerprint ----------------------------------------------------------------------------------------------


def test_what_the_product_has_in_stock_does_not_change_an_order() -> None:
    sold = changed("items.0.quantityInStock", 7)
    assert CUT.order(sold).fingerprint == CUT.order(OLD).fingerprint
    assert CUT.order(sold).packed != CUT.order(OLD).packed  # kept as it came
    assert CUT.order(changed("items.0.quantity", 7)).fingerprint != CUT.order(OLD).fingerprint
    assert CUT.order(changed("trackingNumber", "1Z")).fingerprint != CUT.order(OLD).fingerprint

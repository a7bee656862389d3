"""One Wix order in our words: the genuine samples, every kind the stand-in store makes, and what is odd."""

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from fcp.errors import Unreadable
from integrations.connectors.wix.order import shape_order
from integrations.connectors.wix.page import raw_order
from integrations.connectors.wix.words import NO_VARIANT
from integrations.sandbox.server import Sandbox
from orders.models import OrderLine, OrderParty
from orders.shapes import IncomingOrder, Party, Payment, ShipWord, Status, StoreFulfillment

from .conftest import Reached

PAYLOADS = Path(__file__).parents[2] / "payloads" / "wix"


def payload(name: str) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads((PAYLOADS / name).read_bytes())
    return value


GET = payload("ecom-order-get.json")["response"]["order"]


def shaped(order: dict[str, Any], variant: str = "v1") -> IncomingOrder:
    return shape_order(raw_order(order), variant)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The genuine order with one value set, or taken away (`...`)."""
    order = copy.deepcopy(GET)
    where: Any = order
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        if isinstance(where, dict) and step not in where:
            where[step] = {}
        where = where[step]
    if value is ...:
        del where[last]
    else:
        where[last] = value
    return order


def odd(order: dict[str, Any]) -> str:
    with pytest.raises(Unreadable) as caught:
        shaped(order)
    return caught.value.sentence


# --- genuine ------------------------------------------------------------------------------------------------------


def test_the_genuine_order_is_read_whole() -> None:
    order = shaped(GET)
    jane = Party(
        name="Jane Doe",
        street1="235 West 23rd Street",
        street2="3rd floor",
        city="New York",
        region="NY",
        postcode="10011",
        country="US",
        phone="+1234567890",
        email="janedoe@gmail.com",
    )
    assert (order.uid, order.number) == ("265c7d98-a7c3-48c4-89cd-bbdc00921eab", "10108")
    assert order.placed_at == dt.datetime(2021, 5, 25, 13, 51, 1, 718000, tzinfo=dt.UTC)
    assert order.changed_at == dt.datetime(2021, 5, 25, 13, 55, 55, 130000, tzinfo=dt.UTC)
    assert (order.status, order.payment, order.fulfillment) == (Status.APPROVED, Payment.PAID, StoreFulfillment.ALL)
    assert (order.currency, order.subtotal, order.shipping) == ("USD", Decimal("216.25"), Decimal("2.0"))
    assert (order.tax, order.discount, order.total) == (Decimal("8.22"), Decimal("10.81"), Decimal("215.66"))
    assert (order.ship_to, order.bill_to) == (jane, jane)
    assert order.ship_word == ShipWord("u.s shipping", "U.S Shipping", "a0fde0a4-6f4e-3716-64be-c0acbde1696a")
    assert (order.pickup, order.cash_on_delivery, order.archived, order.channel) == (False, False, False, "web")


def test_the_genuine_order_s_lines_keep_options_engraving_and_weight() -> None:
    first, second = shaped(GET).lines
    assert first.product_uid == "5376f9ec-b92e-efa9-e4a1-f4f480aa0d3a"
    assert first.variant_uid == "00000000-0000-0020-0005-ad9cdc10d3b8"
    assert (first.title, first.sku, first.quantity, first.ships) == ("Indonesian Blend", "", 2, True)
    assert (first.price, first.total, first.weight_grams) == (Decimal("35.0"), Decimal("69.16"), None)
    assert first.options == (
        ("Weight", "250g"),
        ("Ground for", "Stovetop"),
        ("What would you like written on the custom label?", "Hope you enjoy the coffee! :)"),
    )
    assert (second.quantity, second.weight_grams) == (3, 500)


@pytest.mark.parametrize(
    ("name", "status", "payment"),
    [
        ("wix-ecom-v1-order-approved-event.json", Status.APPROVED, Payment.UNPAID),
        ("wix-ecom-v1-order-canceled-event.json", Status.CANCELED, Payment.PAID),
    ],
)
def test_the_orders_in_the_genuine_events_are_read(name: str, status: Status, payment: Payment) -> None:
    event = payload(name)
    order = shaped({"id": event["entityId"], **event["actionEvent"]["body"]["order"]})
    assert (order.number, order.status, order.payment) == ("10002", status, payment)
    assert (order.lines[0].sku, order.lines[0].variant_uid) == ("364115376135191", NO_VARIANT)
    assert order.ship_to.city == "New York"


def test_every_kind_of_order_of_both_stand_in_stores_is_read(reach_in: Any) -> None:
    with Sandbox(orders=150, products=20, rate_limit=0) as box:
        for site in ("v1", "v3"):
            store = reach_in(box, site)
            orders = [store.connector.shape_order(raw) for raw in store.all()]
            assert len(orders) > 140
            assert {order.payment for order in orders} >= {Payment.PAID, Payment.UNPAID, Payment.REFUNDED}
            assert {order.fulfillment for order in orders} == set(StoreFulfillment)
            assert all(order.lines and order.ship_to.country for order in orders)


# --- whole facts --------------------------------------------------------------------------------------------------


def test_a_pickup_order_is_one_and_goes_to_the_buyer_s_address_not_to_the_place_of_pickup(store: Reached) -> None:
    order = store.placed(kind="pickup")
    assert order.pickup
    raw = store.host.order(store.site, order.number)
    home = raw["recipientInfo"]["address"]
    assert (order.ship_to.city, order.ship_to.postcode) == (home["city"], home.get("postalCode", ""))
    assert order.ship_to.city != raw["shippingInfo"]["logistics"]["pickupDetails"]["address"]["city"]
    assert order.ship_word is not None
    assert not store.placed().pickup


def test_of_a_pickup_order_the_shipping_destination_is_not_the_buyer() -> None:
    order = copy.deepcopy(GET)
    order["shippingInfo"]["logistics"]["pickupDetails"] = {"pickupMethod": "STORE_PICKUP", "address": {"city": "Shop"}}
    order["shippingInfo"]["logistics"]["shippingDestination"]["address"]["city"] = "Shop"
    order["recipientInfo"] = {"address": {"city": "Home", "country": "US"}, "contactDetails": {"firstName": "Ann"}}
    found = shaped(order).ship_to
    assert (found.city, found.name) == ("Home", "Ann")


def test_cash_on_delivery_is_an_unpaid_order_to_be_paid_offline(store: Reached) -> None:
    assert store.placed(kind="cod").cash_on_delivery
    assert not store.placed(kind="unpaid").cash_on_delivery
    assert not store.placed(kind="cod", payment="PAID").cash_on_delivery


def test_a_partly_refunded_order_says_how_much_was_refunded(store: Reached) -> None:
    order = store.placed(kind="part_refund")
    assert order.payment is Payment.PARTLY_REFUNDED
    assert order.refunded > 0


def test_digital_lines_and_gift_cards_do_not_ship_the_rest_does(store: Reached) -> None:
    assert {line.ships for line in store.placed(kind="mixed").lines} == {True, False}
    digital = store.placed(kind="digital")
    assert [line.ships for line in digital.lines] == [False]
    assert digital.ship_word is None


@pytest.mark.parametrize(
    ("preset", "shippable", "ships"),
    [
        ("PHYSICAL", True, True),
        ("PHYSICAL", False, False),
        ("PHYSICAL", None, True),
        ("DIGITAL", True, False),
        ("GIFT_CARD", True, False),
        ("SERVICE", True, False),
        ("UNRECOGNISED", True, True),
        ("UNRECOGNISED", None, False),
        (None, True, True),
        (None, None, False),
    ],
)
def test_what_ships_is_said_by_the_item_type_and_by_shippable(preset: Any, shippable: Any, ships: bool) -> None:
    order = copy.deepcopy(GET)
    line = order["lineItems"][0]
    line["itemType"] = {"preset": preset} if preset else {"custom": "Ticket"}
    line["physicalProperties"] = {} if shippable is None else {"shippable": shippable}
    assert shaped(order).lines[0].ships is ships


def test_an_engraving_is_kept(reach_in: Any) -> None:
    with Sandbox(products=30) as box:
        order = reach_in(box).placed(kind="engraved")
    assert "Für Oma, alles Liebe ♥" in [value for _, value in order.lines[0].options]


def test_a_text_typed_in_is_kept_even_when_wix_does_not_show_it_among_the_lines() -> None:
    order = changed("lineItems.0.descriptionLines", [])
    assert dict(shaped(order).lines[0].options) == {
        "What would you like written on the custom label?": "Hope you enjoy the coffee! :)"
    }


def test_colours_are_options_too() -> None:
    line = {"name": {"original": "Color"}, "colorInfo": {"original": "Red", "code": "#f00"}, "lineType": "COLOR"}
    assert ("Color", "Red") in shaped(changed("lineItems.0.descriptionLines", [line])).lines[0].options


@pytest.mark.parametrize(
    ("unit", "weight", "grams"),
    [("KG", 0.35, 350), ("LB", 1, 454), ("LB", "2.5", 1134), ("UNSPECIFIED_WEIGHT_UNIT", 1, None), (..., 1, None)],
)
def test_weights_are_grams(unit: Any, weight: Any, grams: int | None) -> None:
    order = changed("weightUnit", unit)
    order["lineItems"][0]["physicalProperties"]["weight"] = weight
    assert shaped(order).lines[0].weight_grams == grams


def test_the_location_of_a_line_and_of_the_order_are_kept(store: Reached) -> None:
    order = store.placed()
    first = store.host.site(store.site).locations[0]
    assert (order.location_uid, order.location_name) == (first["id"], first["name"])
    assert {line.location_uid for line in order.lines if line.ships} == {first["id"]}


def test_a_line_from_several_places_is_taken_from_where_most_of_it_lies() -> None:
    places = [{"id": "a", "quantity": 1}, {"id": "b", "quantity": 2}, {"id": "c", "quantity": 2}]
    assert shaped(changed("lineItems.0.locations", places)).lines[0].location_uid == "b"


@pytest.mark.parametrize(
    ("title", "code", "key"),
    [
        ("  Standard   Shipping ", "abc", "standard shipping"),
        ("STRASSE", "", "strasse"),
        ("Straße", "", "strasse"),
        ("", "Rate-7", "rate-7"),
        (None, "Rate-7", "rate-7"),
    ],
)
def test_a_way_of_shipping_is_known_by_its_title_else_by_its_code(title: Any, code: str, key: str) -> None:
    order = changed("shippingInfo.title", title)
    order["shippingInfo"]["code"] = code
    word = shaped(order).ship_word
    assert word is not None
    assert word.key == key


def test_two_long_titles_stay_two_ways_of_shipping() -> None:
    keys = {shaped(changed("shippingInfo.title", "x" * 400 + end)).ship_word.key for end in "ab"}  # type: ignore[union-attr]
    assert len(keys) == 2
    assert {len(key) for key in keys} == {200}


def test_an_order_without_a_way_of_shipping_names_none() -> None:
    order = changed("shippingInfo.title", "")
    order["shippingInfo"]["code"] = None
    assert shaped(order).ship_word is None
    assert shaped(changed("shippingInfo", ...)).ship_word is None


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("shippingInfo.logistics.shippingDestination", "Ann"),
        ("recipientInfo", "Bob"),
        ("billingInfo", "Jane Doe"),
    ],
)
def test_the_recipient_is_the_destination_else_the_recipient_else_who_pays(place: str, name: str) -> None:
    order = changed("shippingInfo.logistics.shippingDestination.contactDetails", {"firstName": "Ann"})
    order["recipientInfo"] = {"address": {"city": "B", "country": "US"}, "contactDetails": {"firstName": "Bob"}}
    if place != "shippingInfo.logistics.shippingDestination":
        del order["shippingInfo"]["logistics"]["shippingDestination"]
    if place == "billingInfo":
        del order["recipientInfo"]
    assert shaped(order).ship_to.name == name


def test_an_address_in_pieces_is_put_together_and_a_country_that_is_none_stays_empty() -> None:
    address = {
        "streetAddress": {"number": "33", "name": "3rd Avenue", "apt": "B"},
        "country": "USA",
        "city": "New York",
    }
    party = shaped(changed("shippingInfo.logistics.shippingDestination.address", address)).ship_to
    assert (party.street1, party.street2, party.country) == ("33 3rd Avenue", "B", "")


@pytest.mark.parametrize(
    ("subdivision", "region"), [("US-NY", "NY"), ("NY", "NY"), (None, "New York"), ("CA-ON", "CA-ON")]
)
def test_a_region_is_what_follows_its_country(subdivision: Any, region: str) -> None:
    order = changed("shippingInfo.logistics.shippingDestination.address.subdivision", subdivision)
    assert shaped(order).ship_to.region == region


def test_notes_of_the_buyer_the_checkout_the_delivery_and_a_gift_are_kept(store: Reached) -> None:
    order = store.placed(
        kind="gift",
        note="Ring twice",
        changes={
            "customFields": [{"title": "VAT no", "value": "FR123"}, {"title": "Call first", "value": True}],
            "shippingInfo.logistics.instructions": "Leave at door",
        },
    )
    assert order.buyer_note == "Ring twice\nVAT no: FR123\nCall first: yes"
    assert order.delivery_note == "Leave at door"
    assert order.gift_note == "Gift wrap"


def test_a_line_outside_the_catalogue_is_known_by_its_title() -> None:
    lines = [shaped(changed("lineItems.0.catalogReference", ...)).lines[0] for _ in range(2)]
    assert lines[0].product_uid == lines[1].product_uid == "title:indonesian blend"
    assert lines[0].variant_uid == ""


def test_a_v1_line_that_names_no_variant_means_the_product_s_only_one() -> None:
    order = changed("lineItems.0.catalogReference.options", {})
    assert shaped(order, "v1").lines[0].variant_uid == NO_VARIANT
    assert shaped(order, "v3").lines[0].variant_uid == ""


def test_nul_and_white_space_are_removed_from_every_text() -> None:
    order = changed("lineItems.0.productName.original", "  Mug\x00 blue ")
    order["billingInfo"]["contactDetails"]["firstName"] = "\x00Ann"
    found = shaped(order)
    assert (found.lines[0].title, found.bill_to.name) == ("Mug blue", "Ann Doe")
    assert "\x00" not in repr(found)


def test_over_long_values_fit_their_columns() -> None:
    long = "y" * 5000
    order = copy.deepcopy(GET)
    for place in ("billingInfo", "shippingInfo.logistics.shippingDestination"):
        where: Any = order
        for step in place.split("."):
            where = where[step]
        where["address"] = dict.fromkeys(("city", "postalCode", "addressLine", "addressLine2", "subdivision"), long)
        where["contactDetails"] = dict.fromkeys(("firstName", "lastName", "phone", "company"), long)
    order["buyerInfo"]["email"] = long
    order["number"] = long
    order["channelInfo"]["type"] = long
    line = order["lineItems"][0]
    line["productName"]["original"] = long
    line["physicalProperties"]["sku"] = long
    line["catalogReference"]["catalogItemId"] = long
    line["catalogReference"]["options"]["variantId"] = long
    line["locations"] = [{"id": long}]
    found = shaped(order)
    for field in OrderParty._meta.concrete_fields:
        if field.max_length and hasattr(found.ship_to, field.name):
            assert len(getattr(found.ship_to, field.name)) <= field.max_length, field.name
    for name in ("sku", "title"):
        length = OrderLine._meta.get_field(name).max_length
        assert length
        assert len(getattr(found.lines[0], name)) <= length
    assert len(found.lines[0].product_uid) == len(found.lines[0].variant_uid) == 100
    assert len(found.lines[0].location_uid) == 100
    assert (len(found.number), len(found.channel)) == (60, 40)


def test_tiny_fractions_are_rounded_to_four_places() -> None:
    order = changed("priceSummary.tax.amount", "1.23456789")
    assert shaped(order).tax == Decimal("1.2346")


@pytest.mark.parametrize("amount", [19.9, "19.90", 19, "1.99e1"])
def test_an_amount_may_be_a_number_or_a_text(amount: Any) -> None:
    assert shaped(changed("priceSummary.totalPrice.amount", amount)).total == Decimal(str(amount))


@pytest.mark.parametrize(("quantity", "read"), [("3", 3), (2.0, 2), (0, 0)])
def test_a_quantity_may_come_as_text_or_with_a_point(quantity: Any, read: int) -> None:
    assert shaped(changed("lineItems.0.quantity", quantity)).lines[0].quantity == read


@pytest.mark.parametrize("path", ["buyerInfo", "billingInfo", "priceSummary.tax", "customFields", "channelInfo"])
def test_what_wix_leaves_out_is_empty(path: str) -> None:
    assert shaped(changed(path, ...)).number == "10108"
    assert shaped(changed(path, None)).number == "10108"


# --- odd ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("lineItems", [], "Order 10108 has no lines."),
        ("lineItems", ..., "Order 10108 has no lines."),
        ("lineItems", "two", 'Order 10108 has an unreadable value in the field "lineItems".'),
        ("lineItems", [None], 'Order 10108 has an unreadable value in the field "lineItems".'),
        ("lineItems.0.quantity", "many", 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.quantity", 1.5, 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.quantity", -1, 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.quantity", True, 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.quantity", ..., 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.quantity", 10**12, 'Order 10108 has an unreadable value in the field "quantity".'),
        ("lineItems.0.id", None, "Order 10108 has a line without a usable id."),
        ("lineItems.1.id", "00000000-0000-0000-0000-000000000001", "Order 10108 has two lines with the same id."),
        ("lineItems.0.itemType.preset", "SERVICE2", 'Order 10108 has the item type "SERVICE2", which we do not know.'),
        ("status", "ON_HOLD", 'Order 10108 has the status "ON_HOLD", which we do not know.'),
        ("status", ..., "Order 10108 has no status."),
        ("status", ["APPROVED"], "Order 10108 has the status \"['APPROVED']\", which we do not know."),
        ("paymentStatus", "BARTER", 'Order 10108 has the payment status "BARTER", which we do not know.'),
        ("fulfillmentStatus", "LOST", 'Order 10108 has the fulfillment status "LOST", which we do not know.'),
        ("weightUnit", "STONE", 'Order 10108 has the weight unit "STONE", which we do not know.'),
        ("currency", ..., "Order 10108 has no currency."),
        ("currency", "$", 'Order 10108 has the currency "$", which we do not know.'),
        ("priceSummary", ..., "Order 10108 has no total."),
        ("priceSummary.totalPrice.amount", "a lot", 'Order 10108 has an unreadable value in the field "totalPrice".'),
        ("priceSummary.totalPrice.amount", "NaN", 'Order 10108 has an unreadable value in the field "totalPrice".'),
        ("priceSummary.totalPrice.amount", "1e30", 'Order 10108 has an unreadable value in the field "totalPrice".'),
        ("priceSummary.totalPrice", "215", 'Order 10108 has an unreadable value in the field "totalPrice".'),
        ("createdDate", "yesterday", "Order 10108 does not say when it was placed."),
        ("buyerInfo", "Jane", 'Order 10108 has an unreadable value in the field "buyerInfo".'),
        ("billingInfo.address.city", {"a": 1}, 'Order 10108 has an unreadable value in the field "city".'),
    ],
)
def test_an_odd_order_is_named_in_one_sentence(path: str, value: Any, sentence: str) -> None:
    assert odd(changed(path, value)) == sentence


def test_an_odd_order_without_a_number_is_named_by_its_id() -> None:
    order = changed("number", ...)
    order["lineItems"] = []
    assert odd(order) == "Order 265c7d98-a7c3-48c4-89cd-bbdc00921eab has no lines."


def test_no_person_stands_in_the_sentence_or_the_detail_of_an_odd_order() -> None:
    with pytest.raises(Unreadable) as caught:
        shaped(changed("billingInfo.contactDetails.firstName", ["Jane", "Doe"]))
    assert "Jane" not in f"{caught.value.sentence} {caught.value.detail}"


def test_any_single_broken_field_either_reads_or_says_so() -> None:
    """Every value of the genuine order, replaced by each kind of nonsense: never another kind of failure."""
    sentences = set()
    for path in _paths(GET):
        for nonsense in (None, "x", 7, -1.5, True, [], {}, ["x"], {"a": {}}, "\x00", "9" * 400):
            try:
                shaped(changed(path, nonsense))
            except Unreadable as error:
                sentences.add(error.sentence)
    assert len(sentences) > 20
    assert all(sentence.startswith("Order ") and sentence.endswith(".") for sentence in sentences)


def _paths(value: Any, above: str = "") -> list[str]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    found = []
    for name, item in pairs:
        path = f"{above}.{name}" if above else str(name)
        if path != "id":
            found += [path, *_paths(item, path)]
    return found

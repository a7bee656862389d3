"""What the explanation of an order names is what is stored of it: one page of all sorts of orders, really taken in."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import transaction

from orders import rule_saving
from orders.holding import lift_hold
from orders.holds import KINDS
from orders.models import Hold, Order
from orders.rule_saving import Draft
from orders.settings import Release
from orders.settle import settle
from orders.shapes import IncomingOrder, Party, Payment, Status, StoreFulfillment
from orders.why import why
from tests.build import (
    ANN,
    NOW,
    a_line,
    an_order,
    make_location,
    make_product,
    make_ship_method,
    make_warehouse,
    take,
)
from tests.orders.shop import Shop

pytestmark = pytest.mark.django_db

SKIPPED = {"open", "ships"}
BERLIN = replace(ANN, city="Berlin", region="", postcode="10115", country="DE")


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Ships from Germany, asks for customs data, and has rules that hold, that set a ship code, and that do both."""
    shop = Shop(monkeypatch)
    shop.warehouse.country = "DE"
    shop.warehouse.save()
    shop.rules = replace(shop.rules, customs=True)
    south = make_warehouse(shop.account, name="Süd", country="US")
    make_product(shop.account, "CUP", customs_code="6912", origin="DE")
    make_product(shop.account, "SOON", preorder_until=NOW.date() + dt.timedelta(days=9))
    make_ship_method(shop.store, "By truck", "EU-STD", hold=True)
    make_location(shop.store, "south", south)
    make_location(shop.store, "attic")
    always = [{"field": "pickup", "is": "no", "values": []}]
    for name, conditions, actions in (
        ("Big", [{"field": "total", "is": "at_least", "values": ["200", "EUR"]}], [{"do": "hold"}, {"do": "notify"}]),
        ("Gifts", [{"field": "gift_note", "is": "yes", "values": []}], [{"do": "ship_code", "value": "EU-EXP"}]),
        ("Parcels", [{"field": "lines", "is": "at_least", "values": ["2"]}, *always],
         [{"do": "warehouse", "value": str(south.pk)}, {"do": "tag", "value": "two"}, {"do": "hold"}]),
    ):  # fmt: skip
        rule = rule_saving.save(shop.account, Draft(name, "all", conditions, actions), by="Ann", now=NOW)
        rule_saving.switch(rule, True, by="Ann", now=NOW)
    return shop


def page() -> dict[str, IncomingOrder]:
    one, nowhere = a_line("CUP"), Party(country="DE")
    found = {
        "nothing to say against it": an_order(skus=("CUP",)),
        "unknown words": an_order(skus=("NOPE", "NEITHER"), ship="by balloon"),
        "unpaid": an_order(payment=Payment.UNPAID, cash_on_delivery=True, ship_to=BERLIN),
        "everything": an_order(
            skus=("NOPE", "MUG", "SOON"), ship="by balloon", payment=Payment.UNPAID, ship_to=nowhere
        ),
        "sold ahead and no customs data": an_order(skus=("SOON",)),
        "within the customs area": an_order(skus=("MUG",), ship_to=BERLIN),
        "an option to look at": an_order(skus=("CUP",), ship="By truck"),
        "from the south": an_order(lines=(replace(one, location_uid="south"),)),
        "from nowhere known": an_order(lines=(replace(one, location_uid="attic"),)),
        "from two places": an_order(lines=(replace(one, location_uid="south"), a_line("MUG", location_uid="attic"))),
        "no address": an_order(skus=("CUP",), ship_to=nowhere),
        "picked up": an_order(skus=("CUP",), ship_to=Party(), pickup=True),
        "big": an_order(skus=("CUP",), total=Decimal("250.00")),
        "big and foreign money": an_order(skus=("CUP",), total=Decimal("250.00"), currency="USD"),
        "a gift, by an unknown option": an_order(skus=("CUP",), ship="by swan", gift_note="For Ben"),
        "big, and nothing of it ships": an_order(lines=(replace(one, ships=False),), total=Decimal("250.00")),
        "partly digital": an_order(lines=(one, a_line("NOPE", ships=False))),
        "no shipping option": an_order(skus=("CUP",), ship=""),
        "refunded in part": an_order(skus=("CUP",), payment=Payment.PARTLY_REFUNDED),
        "not finished": an_order(skus=("CUP",), status=Status.INITIALIZED, payment=Payment.UNPAID),
    }
    closed = {
        "canceled": {"status": Status.CANCELED},
        "rejected": {"status": Status.REJECTED, "payment": Payment.UNPAID},
        "refunded": {"payment": Payment.REFUNDED},
        "shipped by the store": {"fulfillment": StoreFulfillment.ALL},
    }
    for name, values in closed.items():
        found[name] = an_order(skus=("NOPE",), ship="by balloon", total=Decimal("250.00"), **values)
    return found


def differences(orders: dict[str, IncomingOrder]) -> dict[str, object]:
    """Of each order whose explanation names something else than what is stored: both."""
    wrong = {}
    for name, incoming in orders.items():
        order = Order.objects.select_related("store", "account").get(uid=incoming.uid)
        named = {shown.clause.key for shown in why(order, NOW) if not shown.clause.met}
        stored = set(Hold.objects.open().filter(order=order).values_list("kind", "cause"))
        skipped = {code for code, _ in named} & SKIPPED
        states = {"canceled", "nothing_to_ship", "confirmed"} if skipped else {"held"} if named else {"new", "ready"}
        if (set() if skipped else named) != stored or order.state not in states or len(skipped) > 1:
            wrong[name] = (named, stored, order.state)
    return wrong


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"warehouse_id": None},
        {"release": Release.PAID_OR_COD, "reject_unmapped": False, "customs": False},
        {"release": Release.ANY, "warehouse_id": None},
    ],
)
def test_what_is_explained_of_each_order_is_exactly_what_is_stored_to_hold_it(shop: Shop, settings: dict) -> None:
    shop.rules = replace(shop.rules, **settings)
    orders = page()

    take(shop.store, *orders.values(), of=shop.rules)
    assert differences(orders) == {}

    with transaction.atomic():
        ids = list(Order.objects.order_by("pk").values_list("pk", flat=True))
        settle(shop.store, ids, now=NOW, actor="schedule", offering=True)
    assert differences(orders) == {}

    for hold in Hold.objects.open().filter(kind__in=[kind for kind, of in KINDS.items() if of.answerable]):
        lift_hold(hold, by="Ann", now=NOW)
    with transaction.atomic():
        settle(shop.store, ids, now=NOW, actor="schedule", offering=True)
    assert differences(orders) == {}


def test_the_page_holds_orders_for_every_cause_that_the_words_of_an_order_can_have(shop: Shop) -> None:
    take(shop.store, *page().values(), of=shop.rules)
    shop.rules = replace(shop.rules, warehouse_id=None)
    take(shop.store, an_order(skus=("CUP",)), of=shop.rules)

    kinds = set(Hold.objects.open().values_list("kind", flat=True))
    assert kinds == {
        "ship_code", "sku", "location", "no_warehouse", "address", "payment", "preorder", "customs", "ship_method",
        "refund", "rule",
    }  # fmt: skip
    assert {"new", "held", "canceled", "nothing_to_ship"} <= set(Order.objects.values_list("state", flat=True))

"""Holds that people place and lift: who may, until when, one order or any number of them."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fcp.models import Account
from fcp.roles import Role
from inventory.models import Product
from orders.errors import OrderError
from orders.holding import lift_holds, place_hold, place_holds
from orders.holds import BY_HAND, KINDS, HoldKind
from orders.models import Hold, Order, ShippingRequest
from orders.models.shipping import RequestState
from orders.release import offer_waiting
from orders.views import orders as orders_page
from tests.build import NOW, make_user
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db

WHO = {
    HoldKind.CLIENT: {Role.OWNER, Role.ADMIN, Role.OPERATOR},
    HoldKind.ADDRESS_CHECK: {Role.OWNER, Role.ADMIN, Role.OPERATOR},
    HoldKind.PAYMENT_CHECK: {Role.OWNER, Role.ADMIN, Role.OPERATOR},
    HoldKind.FRAUD: {Role.OWNER, Role.ADMIN},
    HoldKind.OPERATOR: set(),
}


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def staff() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True))
    return client


def hold(client, shop, order, kind="client", note="Call first", **fields):
    data = {"hold-kind": kind, "hold-note": note, **{f"hold-{name}": value for name, value in fields.items()}}
    return client.post(shop.url("hold", pk=order.pk), data, follow=True)


def lift(client, shop, order):
    return client.post(shop.url("lift", pk=order.pk, hold=order.holds.get().pk), follow=True)


def bulk(client, shop, do, **fields):
    return client.post(shop.url("bulk"), {"do": do, "all": "1", "query": "", **fields}, follow=True)


def state_of(order):
    return Order.objects.get(pk=order.pk).state


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", BY_HAND)
def test_each_kind_is_placed_and_lifted_by_those_who_may(shop, role, kind):
    order, client = shop.order(), shop.client(role)
    may = role in WHO[kind]

    page = hold(client, shop, order, kind.value)
    assert page.status_code == (200 if may else 403)
    assert Hold.objects.open().filter(kind=kind.value).exists() is may
    if not may:
        place_hold(order, kind, "wait", by="Ann", now=NOW)
    page = lift(client, shop, order)

    assert page.status_code == (200 if may else 403)
    assert Hold.objects.open().exists() is not may


@pytest.mark.parametrize("kind", BY_HAND)
def test_the_operators_staff_place_and_lift_every_kind(shop, kind):
    order, client = shop.order(), staff()

    assert hold(client, shop, order, kind.value).status_code == 200
    assert state_of(order) == "held"
    assert lift(client, shop, order).status_code == 200

    assert state_of(order) == "ready"


def test_a_page_says_which_roles_may(shop):
    order, client = shop.order(), shop.client(Role.OPERATOR)

    fraud = hold(client, shop, order, "fraud")
    operator = hold(client, shop, order, "operator")
    page = text_of(client.get(shop.url("order", pk=order.pk)))

    assert "place or lift holds of the kind “Fraud check”" in text_of(fraud)
    assert "These roles may: Owner, Admin." in text_of(fraud)
    assert "Only the operator's staff may." in text_of(operator)
    assert "“Fraud check”: Owner and Admin; “The operator asks”: The operator's staff" in page


def test_who_may_not_lift_it_sees_who_may_and_no_button(shop):
    order = shop.order()
    place_hold(order, HoldKind.OPERATOR, "Unpaid bill", by="Staff", now=NOW)

    page = shop.client(Role.OWNER).get(shop.url("order", pk=order.pk))

    assert "The operator's staff may lift it" in text_of(page)
    assert shop.url("lift", pk=order.pk, hold=order.holds.get().pk) not in page.content.decode()
    assert shop.url("lift", pk=order.pk, hold=order.holds.get().pk) in staff().get(
        shop.url("order", pk=order.pk)
    ).content.decode()  # fmt: skip


# --- until when ------------------------------------------------------------------------------------------------------


def test_a_day_counts_from_its_beginning_in_the_accounts_zone(shop):
    shop.account.time_zone = "America/New_York"
    shop.account.save()
    order, day = shop.order(), timezone.localdate() + dt.timedelta(days=20)

    page = hold(shop.client(), shop, order, until_day=day.isoformat())

    begins = dt.datetime.combine(day, dt.time(), tzinfo=shop.account.zone)
    assert Hold.objects.get().until == begins
    assert f"is held until {day.day} {day:%b}" in text_of(page)
    listed = text_of(shop.client().get(shop.url("orders")))
    assert f"Held by hand until {day.day} {day:%b}" in listed
    assert f"It lifts itself on {day.day} {day:%b}" in text_of(page)


def test_a_time_of_that_day_can_be_said(shop):
    order, day = shop.order(), timezone.localdate() + dt.timedelta(days=20)

    hold(shop.client(), shop, order, until_day=day.isoformat(), until_time="14:30")

    assert Hold.objects.get().until == dt.datetime.combine(day, dt.time(14, 30), tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until_day": "2020-01-01"}, "That moment has passed. Choose a later one."),
        ({"until_time": "14:30"}, "Say on which day."),
        ({"until_day": "soon"}, "Enter a valid date."),
        ({"until_day": "9999-12-31", "until_time": "25:00"}, "Enter a valid time."),
        ({"until_day": "9999-12-31", "until_time": "23:00"}, "Choose another day."),
    ],
)
def test_what_is_no_moment_to_come_is_asked_for_again(shop, fields, said):
    Account.objects.update(time_zone="America/New_York")
    order = shop.order()

    page = hold(shop.client(), shop, order, **fields)

    assert said in text_of(page)
    assert state_of(order) == "new"


def test_the_domain_refuses_the_past_too(shop):
    with pytest.raises(OrderError, match="has passed"):
        place_hold(shop.order(), HoldKind.CLIENT, "wait", by="Ann", now=NOW, until=NOW)


# --- what a hold does ------------------------------------------------------------------------------------------------


def test_an_offer_is_taken_back_and_what_is_over_is_not_held(shop):
    order = shop.order()
    offer_waiting(shop.store, now=NOW)

    place_hold(order, HoldKind.CLIENT, "wait", by="Ann", now=NOW)

    assert ShippingRequest.objects.get().state == RequestState.WITHDRAWN
    Order.objects.filter(pk=order.pk).update(state="confirmed")
    with pytest.raises(OrderError, match="Nothing of it is still to ship"):
        place_hold(order, HoldKind.FRAUD, "wait", by="Ann", now=NOW)


def test_a_product_without_customs_data_is_completed_from_the_order(shop):
    shop.warehouse.country = "DE"
    shop.warehouse.save()
    order = shop.order(of=replace(shop.rules, customs=True))

    page = shop.client().get(shop.url("order", pk=order.pk)).content.decode()

    product = Product.objects.get(account=shop.account)
    address = reverse("inventory:product", kwargs={"account": shop.account.slug, "pk": product.pk})
    assert f'href="{address}">Complete the product' in page
    assert "Lift this hold" in page  # or it goes as it is


def test_a_hold_that_a_person_lifted_is_explained_as_let_go(shop):
    Product.objects.update(preorder_until=timezone.localdate() + dt.timedelta(days=20))
    order, client = shop.order(), shop.client()
    place = shop.url("order", pk=order.pk)
    assert "Why it waits" in text_of(client.get(place))

    page = text_of(lift(client, shop, order))

    assert state_of(order) == "ready"
    assert "Why it goes on" in page
    assert "let it go all the same." in page


# --- several at once -------------------------------------------------------------------------------------------------


def test_any_number_is_held_in_batches_with_what_could_not_be_and_why(shop, monkeypatch):
    monkeypatch.setattr(orders_page, "AT_ONCE", 2)
    orders = [shop.order() for _ in range(5)]
    place_hold(orders[0], HoldKind.PAYMENT_CHECK, "first", by="Ann", now=NOW)
    Order.objects.filter(pk=orders[1].pk).update(state="confirmed")
    day = timezone.localdate() + dt.timedelta(days=20)

    page = text_of(
        bulk(shop.client(), shop, "hold", kind="payment_check", note="Chargebacks", until_day=day.isoformat())
    )

    assert f"3 orders are held until {day.day} {day:%b}" in page
    assert "Not 1 of them: This order is held for that already." in page
    assert "Not 1 of them: Nothing of it is still to ship." in page
    assert [state_of(order) for order in orders] == ["held", "confirmed", "held", "held", "held"]


def test_several_are_lifted_as_far_as_the_person_may(shop):
    one, two, three = (shop.order() for _ in range(3))
    place_hold(one, HoldKind.CLIENT, "a", by="Ann", now=NOW)
    place_hold(two, HoldKind.CLIENT, "a", by="Ann", now=NOW)
    place_hold(two, HoldKind.FRAUD, "b", by="Ann", now=NOW)

    page = text_of(bulk(shop.client(Role.OPERATOR), shop, "lift"))

    assert "1 order is no longer held." in page
    assert "Not 1 of them: It still waits: fraud check. Owner and Admin may lift that." in page
    assert "Not 1 of them: It is not held." in page
    assert [state_of(order) for order in (one, two, three)] == ["ready", "held", "new"]
    assert list(Hold.objects.open().values_list("kind", flat=True)) == ["fraud"]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.WAREHOUSE, Role.VIEWER])
def test_several_are_not_held_for_a_kind_that_the_person_may_not_place(shop, role):
    order = shop.order()

    page = bulk(shop.client(role), shop, "hold", kind="fraud", note="wait")

    assert page.status_code == 403
    assert state_of(order) == "new"


@pytest.mark.parametrize("fields", [{"kind": "payment"}, {"note": ""}, {"until_day": "2020-01-01"}])
def test_several_are_not_held_for_nonsense(shop, fields):
    order = shop.order()

    page = bulk(shop.client(Role.OWNER), shop, "hold", **{"note": "wait", **fields})

    assert page.status_code == 200
    assert state_of(order) == "new"


def test_what_a_person_does_not_wait_for_is_said(shop, monkeypatch):
    monkeypatch.setattr(orders_page, "AT_ONCE", 1)
    monkeypatch.setattr(orders_page, "SECONDS", -1.0)
    order = shop.order()

    page = text_of(bulk(shop.client(), shop, "hold", note="wait"))

    assert "Press it again to go on with the rest." in page
    assert state_of(order) == "new"


def test_a_strangers_orders_are_left_alone_by_the_domain(shop, monkeypatch):
    other = Shop(monkeypatch)
    theirs = other.order()

    placed = place_holds([theirs.pk], shop.account.pk, HoldKind.CLIENT, "mine", by="Ann", now=NOW)
    place_hold(theirs, HoldKind.CLIENT, "theirs", by="Bob", now=NOW)
    lifted = lift_holds([theirs.pk], shop.account.pk, [KINDS[HoldKind.CLIENT].needs], by="Ann", now=NOW)

    assert (placed.done, lifted.done) == (0, 0)
    assert state_of(theirs) == "held"


def test_a_batch_costs_the_same_however_many_orders_it_has(shop):
    costs = []
    for _ in range(2):
        ids = [shop.order().pk for _ in range(len(costs) * 10 + 2)]
        with CaptureQueriesContext(connection) as placing:
            place_holds(ids, shop.account.pk, HoldKind.CLIENT, "wait", by="Ann", now=NOW)
        with CaptureQueriesContext(connection) as lifting:
            assert lift_holds(ids, shop.account.pk, list(WHO), by="Ann", now=NOW).done == 0
            done = lift_holds(ids, shop.account.pk, [HoldKind.CLIENT.needs], by="Ann", now=NOW)
        costs.append((len(placing), len(lifting)))
        assert done.done == len(ids)

    assert costs[0] == costs[1]


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_the_help_says_of_each_kind_what_it_means_who_places_it_and_how_it_ends(shop, role):
    page = text_of(shop.client(role).get(shop.url("hold_help")))

    for kind in HoldKind:
        assert kind.label in page
    assert "The operator's staff may lift it; with a day or a time, it lifts itself then." in page
    assert "Owner and Admin may lift it" in page
    assert "Lifts itself once the cause is mended." in page
    assert "where one product of it is sold ahead, the others wait with it" in page

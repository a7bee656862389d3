"""Only what shipping needs is kept of a buyer where the settings ask for it, and erased persons do not come back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from fcp.models import Store
from inventory.models import Warehouse
from orders import persons
from orders.models import Hold, Order, OrderEvent, OrderParty, Payload, ShippingRequest
from orders.release import offer_waiting
from orders.settings import OrderRules
from orders.shapes import IncomingOrder, Party
from orders.shipping import acknowledge
from orders.timeline import timeline_of
from tests.build import (
    ANYTHING,
    NOW,
    an_order,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
    read,
    rules,
    take,
)
from tests.orders.test_persons import MARK, PERSON, _holds_mark

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db: None) -> Store:
    store = make_store()
    make_product(store.account, "MUG")
    make_ship_method(store, "Standard", "GROUND")
    return store


def asked(store: Store, *, suppress: bool = False) -> OrderRules:
    warehouse = Warehouse.objects.for_account(store.account).first() or make_warehouse(store.account)
    return rules(imports=ANYTHING, warehouse_id=warehouse.pk, suppress_persons=suppress)


def buyer(number: str = "1", **values: object) -> IncomingOrder:
    given = {"ship_to": PERSON, "bill_to": replace(PERSON, name=f"Payer {MARK}"), "buyer_note": "Ring twice"} | values
    return an_order(number, **given)  # type: ignore[arg-type]


def released(store: Store, monkeypatch: pytest.MonkeyPatch, of: OrderRules) -> Order:
    """Offered and taken by the warehouse."""
    monkeypatch.setattr("orders.rules._provider", lambda store_id: of)
    take(store, buyer(), of=of)
    offer_waiting(store, now=NOW)
    request = ShippingRequest.objects.get()
    acknowledge(request, request.revision, by="Partner", now=NOW)
    return Order.objects.get()


@pytest.mark.req("TECH-27")
def test_suppressed_only_name_and_address_are_stored_and_shown_to_the_warehouse(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = released(store, monkeypatch, asked(store, suppress=True))

    party = OrderParty.objects.get(order=order)  # no row of a payer
    assert (party.name, party.city, party.email, party.phone) == (PERSON.name, PERSON.city, "", "")
    assert order.email_key == ""
    shown = ShippingRequest.objects.get().snapshot["ship_to"]
    assert (shown["name"], shown["email"], shown["phone"]) == (PERSON.name, "", "")
    assert not _holds_mark("orders_payload", "packed")


def test_a_later_change_of_a_suppressed_order_brings_no_contact_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = asked(store, suppress=True)
    released(store, monkeypatch, of)

    take(store, buyer(archived=True), of=of)

    assert not Hold.objects.open().exists()  # nothing of the address changed
    assert set(OrderParty.objects.values_list("email", "phone")) == {("", "")}


def test_orders_that_were_here_before_lose_their_contacts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = released(store, monkeypatch, asked(store))
    assert OrderParty.objects.get(order=order, role="ship_to").email == PERSON.email
    suppressed = asked(store, suppress=True)
    take(store, buyer(archived=True), of=suppressed)  # between the save and the task
    assert not Hold.objects.open().exists()

    while persons.forget_contacts(store):
        pass

    party = OrderParty.objects.get(order=order)
    assert (party.name, party.email, party.phone) == (PERSON.name, "", "")
    snapshot = ShippingRequest.objects.get().snapshot
    assert (snapshot["ship_to"]["email"], snapshot["ship_to"]["street1"]) == ("", PERSON.street1)
    assert not Payload.objects.exists()


def test_a_payer_and_raw_data_go_where_the_store_sent_no_contact_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = replace(PERSON, email="", phone="")
    payer, same = buyer("1", ship_to=nobody, bill_to=replace(nobody, name="Payer")), an_order("2", ship_to=nobody)
    take(store, payer, of=asked(store))
    take(store, replace(same, bill_to=nobody), of=asked(store))
    assert OrderParty.objects.filter(role="bill_to").count() == 1
    assert Payload.objects.count() == 2

    assert len(persons.forget_contacts(store)) == 2

    assert not Payload.objects.exists()
    assert set(OrderParty.objects.values_list("role", "name")) == {("ship_to", PERSON.name)}
    assert persons.forget_contacts(store) == []


def test_a_closed_order_without_a_person_loses_its_note_and_what_the_store_sent(store: Store) -> None:
    take(store, an_order("1", ship_to=Party(), bill_to=Party(), buyer_note="Call Ann"), of=asked(store))
    close(Order.objects.get(), days=31)

    (found,) = persons.to_erase(store, NOW)
    persons.erase([found.pk], NOW)

    assert Order.objects.get().buyer_note == ""
    assert not Payload.objects.exists()
    assert not persons.to_erase(store, NOW).exists()


def close(order: Order, days: int) -> None:
    Order.objects.filter(pk=order.pk).update(state="confirmed", state_since=NOW - dt.timedelta(days=days))


@pytest.mark.req("TECH-27")
def test_erasing_leaves_the_person_nowhere_and_the_rest_of_the_order_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = released(store, monkeypatch, asked(store))
    close(order, days=31)
    lines = list(order.lines.values("sku", "quantity", "price"))
    assert list(persons.to_erase(store, NOW - dt.timedelta(days=30))) == [order]
    assert not persons.to_erase(store, NOW - dt.timedelta(days=32)).exists()

    persons.erase([order.pk], NOW)

    for table, column in (
        *(("orders_orderparty", name) for name in ("name", "company", "street1", "street2", "city", "phone", "email")),
        ("orders_order", "email_key"), ("orders_order", "buyer_note"), ("orders_shippingrequest", "snapshot"),
        ("orders_payload", "packed"),
    ):  # fmt: skip
        assert not _holds_mark(table, column), (table, column)
    after = Order.objects.get(pk=order.pk)
    assert (after.total, after.country, after.buyer_note) == (order.total, order.country, "")
    assert list(after.lines.values("sku", "quantity", "price")) == lines
    assert not persons.to_erase(store, NOW).exists()
    assert any("were erased" in line.text for line in timeline_of(after).lines)


def test_an_open_order_is_never_erased(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    order = released(store, monkeypatch, asked(store))
    Order.objects.filter(pk=order.pk).update(state_since=NOW - dt.timedelta(days=400))

    assert not persons.to_erase(store, NOW).exists()


def test_an_erased_person_does_not_come_back_with_a_later_change_and_asks_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = asked(store)
    order = released(store, monkeypatch, of)
    close(order, days=100)
    persons.erase([order.pk], NOW)
    events = OrderEvent.objects.count()

    take(store, buyer(archived=True, buyer_note="Ring three times"), of=of)

    after = Order.objects.get()
    assert after.archived is True  # the order is followed
    assert after.buyer_note == ""
    assert {party.name for party in OrderParty.objects.all()} == {""}
    assert not Hold.objects.open().exists()
    assert not _holds_mark("orders_payload", "packed")
    assert OrderEvent.objects.count() == events + 1  # "changed", and nothing about an address


def test_a_party_without_anybody_is_no_person() -> None:
    item = read(an_order("1", ship_to=Party(), bill_to=Party()))

    assert persons.needed_only(item).order.ship_to == Party()

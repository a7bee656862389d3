"""What other settings would have meant for the last orders: the decision itself, and the page that shows it first."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.declaration import PLATFORM
from integrations.dry_run import LOOKED_AT, SeenFacts, differences, dry_run, last_orders
from integrations.models import Flow, Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from integrations.setting_words import condition_in_words
from integrations.settings_document import document_of, rules_in_force
from orders.decide import Facts, import_decision
from orders.holds import HoldKind
from orders.models import Order, SeenOrder
from orders.settings import Release
from orders.shapes import Payment, Status
from tests.build import (
    IMPORT,
    NOW,
    an_order,
    make_account,
    make_product,
    make_ship_method,
    make_user,
    make_warehouse,
    rules,
    take,
)
from tests.integrations.flows.world import connect_store
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

PAID_OR_PENDING = replace(IMPORT, payments=frozenset({Payment.PAID, Payment.PENDING}))


def seen(number: str = "1", *, imported: bool = False, at: dt.datetime = NOW, **facts: object) -> SeenFacts:
    given = {"status": "approved", "payment": "paid", "fulfillment": "not_fulfilled", "placed_at": NOW} | facts
    return SeenFacts(number, Facts(**given), imported, at)  # type: ignore[arg-type]


# --- the decision, without a database --------------------------------------------------------------------------------


def test_an_order_that_was_left_out_comes_in_and_the_condition_that_kept_it_out_is_named() -> None:
    orders = [seen("1", payment="pending"), seen("2", payment="declined"), seen("3", imported=True)]

    (found,) = differences(orders, rules(), rules(imports=PAID_OR_PENDING))

    assert (found.order.number, found.before.comes_in, found.after.comes_in) == ("1", False, True)
    assert [(c.code, c.found, c.setting) for c in found.conditions] == [("payment", "pending", "payment_status")]
    assert [hold.kind for hold in found.after.holds] == [HoldKind.PAYMENT]  # it comes in, and waits to be paid


def test_an_order_that_came_in_would_have_been_left_out() -> None:
    only_pending = rules(imports=replace(IMPORT, payments=frozenset({Payment.PENDING})))

    (found,) = differences([seen(imported=True)], rules(), only_pending)

    assert found.before.comes_in
    assert not found.after.comes_in
    assert [c.code for c in found.conditions] == ["payment"]


def test_what_the_store_shows_of_an_order_by_now_is_not_held_against_it() -> None:
    """It came in unshipped and is shipped since: by today's words the filter would have left it out all along."""
    shipped = seen(imported=True, fulfillment="fulfilled")

    assert differences([shipped], rules(), rules(imports=PAID_OR_PENDING)) == []
    (found,) = differences([shipped], rules(), rules(imports=replace(IMPORT, payments=frozenset({Payment.PENDING}))))
    assert [c.code for c in found.conditions] == ["payment"]


def test_the_age_of_an_order_that_came_in_counts_as_of_that_day() -> None:
    long_ago = NOW - dt.timedelta(days=20)
    fresh_then = seen(imported=True, placed_at=long_ago, at=long_ago + dt.timedelta(minutes=5))
    old_then = seen(imported=True, placed_at=long_ago, at=NOW)
    shorter = rules(imports=replace(IMPORT, age_days=10))

    assert differences([fresh_then], rules(), shorter) == []
    assert [c.code for c in differences([old_then], rules(), shorter)[0].conditions] == ["age"]


def test_another_reason_to_be_left_out_is_no_other_outcome() -> None:
    pending_and_old = seen(payment="pending", placed_at=NOW - dt.timedelta(days=40))

    assert differences([pending_and_old], rules(), rules(imports=PAID_OR_PENDING)) == []


def test_an_order_that_was_about_to_come_in_stays_out() -> None:
    """The settings in force let it in, and no run has looked at it since they were saved."""
    about_to = seen(payment="pending")

    (found,) = differences([about_to], rules(imports=PAID_OR_PENDING), rules())

    assert (found.before.comes_in, found.after.comes_in) == (True, False)
    assert [c.code for c in found.conditions] == ["payment"]
    any_release = rules(imports=PAID_OR_PENDING, release=Release.ANY)
    (freed,) = differences([about_to], rules(imports=PAID_OR_PENDING), any_release)
    assert freed.settings == ("release",)


def test_an_order_that_the_store_canceled_comes_in_for_the_record() -> None:
    anything = rules(imports=replace(IMPORT, statuses=None))

    (found,) = differences([seen(status="canceled")], rules(), anything)

    assert found.after.for_the_record
    assert found.after.holds == ()


# --- with what is stored ---------------------------------------------------------------------------------------------


@pytest.fixture
def shop(account: Account, sandbox: Sandbox) -> Integration:
    """Connected, with no orders of its own: tests put theirs in."""
    return connect_store(sandbox, "v1", account=account, on=())


@pytest.fixture(autouse=True)
def at_the_sandbox(settings_of_sandbox: None) -> None:
    """Every store here is a stand-in."""


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(make_user(account, first_name="Ann", last_name="Lee"))


def at(integration: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


def came(shop: Integration, *orders: object) -> None:
    """Seen just now, under the settings in force."""
    take(shop.store, *orders, of=rules_in_force(shop.store_id), now=timezone.now())  # type: ignore[arg-type]


def recent(number: str, **values: object) -> object:
    now = timezone.now()
    return an_order(number, placed_at=now - dt.timedelta(days=2), changed_at=now, **values)  # type: ignore[arg-type]


def test_the_last_200_orders_are_looked_at_with_a_constant_number_of_queries(shop: Integration) -> None:
    came(shop, *[recent(str(n)) for n in range(1, 4)], recent("p1", payment=Payment.PENDING))
    assert shop.account.time_zone  # fetched before anything is counted
    with CaptureQueriesContext(connection) as few:
        dry_run(shop, document_of(shop) | {"payment_status": ["pending"]}, timezone.now())
    came(shop, *[recent(str(n)) for n in range(10, 240)], *[recent(f"p{n}", payment=Payment.PENDING) for n in (2, 3)])

    with CaptureQueriesContext(connection) as many:
        run = dry_run(shop, document_of(shop) | {"payment_status": ["pending"]}, timezone.now())

    assert len(many) == len(few)
    assert run.looked_at == LOOKED_AT == 200
    assert {one.order.number for one in run.coming} == {"p2", "p3"}
    assert len(run.differences) == 200  # the paid ones would have been left out


def test_settings_that_decide_nothing_about_orders_are_not_looked_at(shop: Integration) -> None:
    came(shop, recent("1"))

    with CaptureQueriesContext(connection) as asked:
        run = dry_run(shop, document_of(shop) | {"throughput": "half", "stock_reserve": 3}, timezone.now())

    assert not run
    assert not [q for q in asked if "orders_" in q["sql"]]


def test_what_holds_an_order_that_is_here_counts_as_well(shop: Integration) -> None:
    shop.store.refresh_from_db()
    make_ship_method(shop.store, "Standard", "")
    came(shop, recent("1"))
    other = make_warehouse(shop.account, name="Far away")
    before = document_of(shop)

    (waits,) = dry_run(shop, before | {"reject_unmapped": False}, timezone.now()).differences
    assert HoldKind.SHIP_CODE in {hold.kind for hold in waits.before.holds}
    assert HoldKind.SHIP_CODE not in {hold.kind for hold in waits.after.holds}
    assert waits.settings == ("reject_unmapped",)

    (moved,) = dry_run(shop, before | {"warehouse": other.pk}, timezone.now()).differences
    assert (moved.after.warehouse_id, moved.settings) == (other.pk, ("warehouse",))


def test_orders_that_would_wait_for_customs_data_are_shown(shop: Integration) -> None:
    warehouse = make_warehouse(shop.account, country="DE")
    before = document_of(shop) | {"warehouse": warehouse.pk}
    SettingsVersion.objects.filter(store=shop.store).update(document=before)
    make_product(shop.account, "MUG")
    came(shop, recent("1"))

    (waits,) = dry_run(shop, before | {"customs": True}, timezone.now()).differences

    assert HoldKind.CUSTOMS not in {hold.kind for hold in waits.before.holds}
    assert HoldKind.CUSTOMS in {hold.kind for hold in waits.after.holds}
    assert waits.settings == ("customs",)


def test_the_second_gate_is_the_one_that_orders_pass(shop: Integration) -> None:
    anything = {"payment_status": ["any"], "release": Release.PAID.value}
    SettingsVersion.objects.filter(store=shop.store).update(document=document_of(shop) | anything)
    came(shop, recent("1", payment=Payment.UNPAID))

    (found,) = dry_run(shop, document_of(shop) | {"release": "any"}, timezone.now()).differences

    assert HoldKind.PAYMENT in {hold.kind for hold in found.before.holds}
    assert found.settings == ("release",)


def test_orders_that_nobody_could_read_are_left_aside(shop: Integration) -> None:
    came(shop, recent("1"))
    SeenOrder.objects.update(facts={})

    assert last_orders(shop.store_id, rules_in_force(shop.store_id), timezone.now()) == []


# --- the page --------------------------------------------------------------------------------------------------------


def waiting(shop: Integration) -> None:
    came(shop, recent("1"), recent("P2", payment=Payment.PENDING), recent("P3", payment=Payment.PENDING))


@pytest.mark.req("EFS-11", "TECH-22")
def test_save_shows_first_which_orders_would_have_had_another_outcome(client: Client, shop: Integration) -> None:
    waiting(shop)

    page = client.post(at(shop), form_of(client.get(at(shop)), payment_status=["paid", "pending"]))

    assert_in_order(
        words(page), "Not saved yet", "With these values 2 of the last 3 orders would have had another outcome.",
        "2 of them were left out and come in now; the oldest was placed", "P3", "Left out",
        "Comes in, held: waiting for payment", "Payment Status is Pending; asked for is Paid", "P2", "Save", "Back",
    )  # fmt: skip
    assert f'href="{at(shop)}#id_payment_status"' in page.content.decode()
    shop.refresh_from_db()
    assert shop.settings_version == 1


def test_save_on_that_page_saves_without_a_script(client: Client, shop: Integration) -> None:
    waiting(shop)
    page = client.post(at(shop), form_of(client.get(at(shop)), payment_status=["paid", "pending"]))

    answer = client.post(at(shop), form_of(page))

    assert answer.status_code == 302
    assert answer["Location"] == at(shop) + "#saved"
    shop.refresh_from_db()
    assert document_of(shop)["payment_status"] == ["paid", "pending"]


def test_other_values_than_those_that_were_shown_are_asked_about_again(client: Client, shop: Integration) -> None:
    waiting(shop)
    page = client.post(at(shop), form_of(client.get(at(shop)), payment_status=["paid", "pending"]))

    again = client.post(at(shop), form_of(page, payment_status=["pending"]))

    assert "With these values 3 of the last 3 orders" in words(again)
    shop.refresh_from_db()
    assert shop.settings_version == 1


def test_back_keeps_what_was_typed_and_saves_nothing(client: Client, shop: Integration) -> None:
    waiting(shop)
    page = client.post(at(shop), form_of(client.get(at(shop)), payment_status=["paid", "pending"], history="12"))

    back = client.post(at(shop), form_of(page) | {"back": "1"})

    assert "Not saved yet" not in words(back)
    assert back.context["form"]["history"].value() == "12"
    assert '"history": ["30"]' in back.content.decode()  # what the browser counts unsaved changes against
    assert SettingsVersion.objects.filter(store=shop.store).count() == 1


def test_where_nothing_differs_save_saves_at_once(client: Client, shop: Integration) -> None:
    waiting(shop)

    client.post(at(shop), form_of(client.get(at(shop)), history="29", later_changes="ignore"))

    shop.refresh_from_db()
    assert document_of(shop)["history"] == 29


@pytest.mark.req("TECH-35", "TECH-36")
def test_the_other_tabs_show_it_as_well(client: Client, shop: Integration) -> None:
    came(shop, recent("1"), recent("U4", pickup=True))

    page = client.post(at(shop, "channel/"), form_of(client.get(at(shop, "channel/")), process_pickup="true"))

    assert_in_order(words(page), "1 of the last 2 orders", "U4", "Left out", "Comes in", "The buyer picks it up")
    client.post(at(shop, "channel/"), form_of(page))
    shop.refresh_from_db()
    assert document_of(shop)["process_pickup"] is True


@pytest.mark.req("EFS-17", "EFS-18")
def test_reaching_further_back_is_said_and_looked_up_in_the_store_before_it_is_saved(
    client: Client, account: Account, sandbox: Sandbox, transactional_db: None
) -> None:
    old = timezone.now() - dt.timedelta(days=21)
    for _ in range(2):
        sandbox.wix.place_order("v1", created=old)
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,), history=5)
    Flow.objects.filter(integration=shop, kind="orders").update(covered_from=timezone.now() - dt.timedelta(days=5))

    page = client.post(at(shop), form_of(client.get(at(shop)), history="30"))

    assert "These values reach further back: orders placed since" in words(page)
    look = client.post(at(shop, "look/"), form_of(page))
    assert_in_order(words(look), "With these values 2 orders come in now", "the oldest was placed")
    assert Order.objects.count() == 0
    client.post(at(shop), form_of(page))
    shop.refresh_from_db()
    assert document_of(shop)["history"] == 30


def test_a_confirmation_of_another_page_counts_for_nothing(client: Client, shop: Integration) -> None:
    waiting(shop)

    sent = form_of(client.get(at(shop)), payment_status=["paid", "pending"], confirmed="f" * 64)

    assert "Not saved yet" in words(client.post(at(shop), sent))


def test_the_words_of_statuses_are_those_of_the_settings() -> None:
    facts = Facts("initialized", "unpaid", "fulfilled", NOW - dt.timedelta(days=40), pickup=True)
    earliest = dt.datetime(2026, 11, 10, tzinfo=dt.UTC)
    some = replace(IMPORT, earliest=earliest, statuses=frozenset({Status.APPROVED}))
    account = Account(time_zone="UTC")

    said = [condition_in_words(c, PLATFORM, account) for c in import_decision(facts, some, NOW).conditions]

    assert said == [
        "Payment Status is Unpaid; asked for is Paid",
        "Fulfillment Status is Fulfilled; asked for is Not Fulfilled",
        "Order status is Initialized; asked for is Approved",
        "Placed 11 Oct 2026; History reaches back to 21 Oct 2026",
        "Placed 11 Oct 2026; Earliest Order Date reaches back to 10 Nov 2026",
        "The buyer picks it up; Process Pickup Orders is No",
    ]


def test_a_date_that_was_set_to_the_minute_is_said_to_the_minute() -> None:
    some = replace(IMPORT, earliest=NOW + dt.timedelta(minutes=5))
    conditions = import_decision(Facts("approved", "paid", "none", NOW), some, NOW).conditions

    said = [condition_in_words(c, PLATFORM, Account(time_zone="UTC")) for c in conditions if c.code == "earliest"]

    assert said == ["Placed 20 Nov 2026, 12:00; Earliest Order Date reaches back to 20 Nov 2026, 12:05"]

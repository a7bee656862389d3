"""Where is my order? Each condition in words, and what one other setting would let in."""

import datetime as dt
from dataclasses import replace

import pytest

from orders.decide import Facts
from orders.models import SeenOrder
from orders.settings import ImportRules
from orders.shapes import Payment, Status, StoreFulfillment
from orders.whereabouts import LABELS, said, seen
from tests.build import IMPORT, NOW, a_line, an_order, make_store, rules, take

UTC = dt.UTC
FACTS = Facts.of(an_order())


def words(facts, of=IMPORT, others=(), last=0):
    return {one.code: one for one in said(facts, of, NOW, UTC, others, last)}


@pytest.mark.parametrize(
    ("changes", "code", "found", "wanted"),
    [
        ({"payment": "pending"}, "payment", "Payment pending", "Paid"),
        ({"fulfillment": "fulfilled"}, "fulfillment", "Fulfilled", "Not fulfilled"),
        ({"status": "rejected"}, "status", "Rejected", "Approved"),
        ({"placed_at": NOW - dt.timedelta(days=45)}, "age", "placed on 6 Oct 2026", "at most 30 days old"),
        ({"pickup": True}, "pickup", "pickup", "delivery"),
    ],
)
def test_a_condition_that_keeps_an_order_out_says_what_was_found_and_what_is_asked(changes, code, found, wanted):
    conditions = words(replace(FACTS, **changes))

    assert [one.code for one in conditions.values() if not one.met] == [code]
    assert (conditions[code].found, conditions[code].wanted) == (found, wanted)
    assert conditions[code].setting


def test_several_allowed_values_are_named_and_any_is_any():
    several = replace(IMPORT, payments=frozenset({Payment.PAID, Payment.UNPAID}), statuses=None)

    conditions = words(FACTS, several)

    assert conditions["payment"].wanted == "Paid or Not paid"
    assert (conditions["status"].met, conditions["status"].wanted) == (True, "any")


def test_the_earliest_date_is_shown_in_the_accounts_days():
    late = replace(IMPORT, age_days=None, earliest=NOW + dt.timedelta(days=1))

    assert words(FACTS, late)["earliest"].wanted == "placed on 21 Nov 2026 or later"


PENDING = replace(FACTS, payment="pending")
OTHERS = [
    PENDING,
    replace(PENDING, pickup=True),  # would stay out all the same
    replace(FACTS, payment="unpaid"),
    PENDING,
]


def test_what_one_other_setting_would_let_in_is_counted_by_the_same_decision():
    shown = words(PENDING, others=OTHERS, last=200)["payment"]

    assert shown.also == 2
    assert shown.also_words == "With Payment pending allowed, 2 of the last 200 would also come in."
    assert words(FACTS, others=OTHERS, last=200)["payment"].also_words == ""


@pytest.mark.parametrize(
    ("changes", "code", "begins"),
    [
        ({"fulfillment": "partly_fulfilled"}, "fulfillment", "With Partly fulfilled allowed"),
        ({"status": "pending"}, "status", "With Pending allowed"),
        ({"placed_at": NOW - dt.timedelta(days=44, hours=1)}, "age", "With orders of up to 45 days"),
        ({"pickup": True}, "pickup", "With pickup orders processed"),
    ],
)
def test_each_condition_is_relaxed_just_so_far_that_this_order_passes_it(changes, code, begins):
    facts = replace(FACTS, **changes)
    like_it, not_like_it = facts, replace(facts, payment="unpaid")

    shown = words(facts, others=[like_it, not_like_it], last=3)[code]

    assert shown.also_words == f"{begins}, 1 of the last 3 would also come in."


def test_every_condition_that_can_keep_an_order_out_has_a_name():
    everything = ImportRules(
        statuses=frozenset({Status.APPROVED}),
        payments=frozenset({Payment.PAID}),
        fulfillments=frozenset({StoreFulfillment.NONE}),
        age_days=1,
        earliest=NOW,
        pickup=False,
    )

    assert {one.code for one in said(FACTS, everything, NOW, UTC)} | {"pickup"} == set(LABELS)


# --- what is stored --------------------------------------------------------------------------------------------------


@pytest.fixture
def store(db, monkeypatch):
    store = make_store(name="MyShop")
    store.rules = rules()
    monkeypatch.setattr("orders.rules._provider", lambda store_id: store.rules)
    return store


@pytest.mark.django_db
def test_a_number_finds_the_orders_of_all_the_accounts_stores_and_of_no_other(store):
    other = make_store(store.account)
    strangers = make_store()
    for one in (store, other, strangers):
        take(one, an_order("10044", payment=Payment.PENDING))

    found = seen(store.account, "#10044", NOW)

    assert {one.store.pk for one in found} == {store.pk, other.pk}
    assert [one.store.pk for one in seen(store.account, "uid-10044", NOW)] == [other.pk, store.pk]
    assert seen(store.account, "", NOW) == seen(store.account, "100", NOW) == []


@pytest.mark.django_db
def test_an_order_that_came_in_shows_what_it_waits_for_now(store):
    take(store, an_order("10001", lines=(a_line("UNKNOWN"),)))

    [found] = seen(store.account, "10001", NOW)

    assert found.order.number == "10001"
    assert "not linked to a product" in found.headline.text or "not mapped" in found.headline.text
    assert found.conditions == ()


@pytest.mark.django_db
def test_an_order_that_was_left_out_is_decided_anew_under_the_settings_of_now(store):
    take(store, an_order("10044", payment=Payment.PENDING))
    assert [one.met for one in seen(store.account, "10044", NOW)[0].conditions].count(False) == 1

    store.rules = rules(version=2, imports=replace(IMPORT, payments=None))
    [found] = seen(store.account, "10044", NOW)

    assert found.passes
    assert found.then == "payment status"


@pytest.mark.django_db
def test_an_order_that_grew_too_old_since_says_both_why_it_was_and_why_it_is_left_out(store):
    take(store, an_order("10044", payment=Payment.PENDING))

    [found] = seen(store.account, "10044", NOW + dt.timedelta(days=60))

    assert {one.code for one in found.conditions if not one.met} == {"payment", "age"}
    assert found.then == "payment status"


@pytest.mark.django_db
def test_the_last_orders_are_counted_without_the_one_that_is_asked_for(store):
    for number in range(10044, 10048):
        take(store, an_order(str(number), payment=Payment.PENDING))
    take(store, an_order("10050"))

    [found] = seen(store.account, "10044", NOW)

    [missed] = [one for one in found.conditions if not one.met]
    assert (missed.also, missed.of) == (3, 5)
    assert SeenOrder.objects.filter(outcome="imported").count() == 1

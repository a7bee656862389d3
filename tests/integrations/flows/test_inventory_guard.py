"""What stops a push until a person has answered: many that would become 0, levels that are old."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.models import AuditEntry
from integrations.errors import IntegrationError
from integrations.models import StockPush
from integrations.stock_answers import allow_first_push, answer_guard
from integrations.stock_guard import sentence_of
from inventory.models import Warehouse
from mappings.models import Listing
from tests.integrations.flows.stock_world import (
    all_skus,
    connect_stock,
    forget_calls,
    inventory_flow,
    push_of,
    report,
    rows,
    sending,
    start,
    sync_stock,
    warehouse_of,
    writes,
)
from tests.integrations.flows.test_inventory import counted
from tests.integrations.flows.world import change_settings, work

pytestmark = pytest.mark.django_db(transaction=True)


def now():
    return timezone.now()


@pytest.fixture
def many(sandbox):
    """Everything shows 10, and eight of it are to show 0."""
    integration = sending(sandbox)
    skus = list(counted(sandbox))[:8]
    report(integration, dict.fromkeys(skus, 0))
    return integration, skus


def test_a_push_that_would_empty_a_large_share_of_the_shop_asks_first(many, sandbox):
    integration, _ = many

    push = push_of(integration)
    assert push.guard == "zeroing"
    listed = Listing.objects.filter(store=integration.store, retired_at=None).exclude(tracked=False).count()
    assert push.guard_params["count"] == 8
    assert push.guard_params["of"] == listed
    assert f"8 of {listed} listings would show 0" in sentence_of(push)
    assert set(counted(sandbox).values()) == {10}


def test_while_it_asks_nothing_else_is_sent_either(many, sandbox):
    integration, _ = many
    other = list(counted(sandbox))[-1]

    report(integration, {other: 4})

    assert counted(sandbox)[other] == 10


def test_what_a_person_lets_through_goes(many, sandbox):
    integration, skus = many

    answer_guard(integration, by="Ann", now=now(), send=True)
    work()

    assert {counted(sandbox)[sku] for sku in skus} == {0}
    push = push_of(integration)
    assert (push.guard, push.passed_by) == ("", "Ann")
    assert AuditEntry.objects.filter(code="stock_guard", actor="Ann").exists()


def test_what_comes_after_an_answer_is_asked_about_anew(many, sandbox):
    integration, skus = many
    answer_guard(integration, by="Ann", now=now(), send=True)
    work()
    others = [sku for sku in counted(sandbox) if sku not in skus][:6]

    report(integration, dict.fromkeys(others, 0))

    assert push_of(integration).guard == "zeroing"
    assert {counted(sandbox)[sku] for sku in others} == {10}


def test_with_no_the_listings_keep_what_the_store_shows_and_the_rest_goes(many, sandbox):
    integration, skus = many
    other = list(counted(sandbox))[-1]
    report(integration, {other: 4})

    answer_guard(integration, by="Ann", now=now(), send=False)
    work()

    assert {counted(sandbox)[sku] for sku in skus} == {10}
    assert counted(sandbox)[other] == 4
    report(integration, {skus[0]: 3})
    assert counted(sandbox)[skus[0]] == 3


def test_it_no_longer_asks_once_the_levels_are_right_again(many, sandbox):
    integration, skus = many

    report(integration, dict.fromkeys(skus, 9))

    assert push_of(integration).guard == ""
    assert {counted(sandbox)[sku] for sku in skus} == {9}


def test_two_who_answer_at_once_are_told_so(many):
    integration, _ = many
    answer_guard(integration, by="Ann", now=now(), send=True)

    with pytest.raises(IntegrationError, match="answered this just now"):
        answer_guard(integration, by="Bob", now=now(), send=False)


def test_a_shop_is_not_emptied_by_many_small_pushes_either(sandbox):
    integration = sending(sandbox)
    skus = list(counted(sandbox))[:8]

    for sku in skus:
        report(integration, {sku: 0})

    assert push_of(integration).guard == "zeroing"
    shown = [counted(sandbox)[sku] for sku in skus]
    assert shown.count(0) == 4


def test_a_few_never_ask_and_the_share_is_a_setting(sandbox):
    integration = sending(sandbox, stock_zeroing=100)
    skus = list(counted(sandbox))

    report(integration, dict.fromkeys(skus[:4], 0))
    assert push_of(integration).guard == ""
    report(integration, dict.fromkeys(skus, 0))

    assert push_of(integration).guard == ""
    assert set(counted(sandbox).values()) == {0}


def test_the_first_push_is_guarded_by_what_the_store_shows(sandbox):
    integration = connect_stock(sandbox)
    report(integration, dict.fromkeys(all_skus(integration), 0))

    start(integration)

    assert push_of(integration).guard == "zeroing"
    assert writes(integration) == []


# --- old levels ----------------------------------------------------------------------------------------------------


@pytest.fixture
def silent(sandbox, time_machine):
    """A warehouse that last reported three days ago, and a listing whose quantity changes."""
    integration = sending(sandbox)
    time_machine.move_to(timezone.now() + dt.timedelta(days=3))
    change_settings(integration, stock_reserve=1)
    work()
    sync_stock(integration)
    return integration


def test_levels_older_than_set_ask_first(silent, sandbox):
    push = push_of(silent)

    assert push.guard == "old_levels"
    assert sentence_of(push).startswith(f"{warehouse_of(silent).name} has not reported levels for more than 48 hours.")
    assert set(counted(sandbox).values()) == {10}


def test_old_levels_may_be_sent_all_the_same(silent, sandbox):
    answer_guard(silent, by="Ann", now=now(), send=True)
    work()

    assert set(counted(sandbox).values()) == {9}


def test_new_levels_answer_the_question_of_old_ones(silent, sandbox):
    report(silent, dict.fromkeys(all_skus(silent), 5))

    assert push_of(silent).guard == ""
    assert set(counted(sandbox).values()) == {4}


def test_without_an_age_nobody_is_asked(sandbox, time_machine):
    integration = sending(sandbox, stock_old="")
    time_machine.move_to(timezone.now() + dt.timedelta(days=30))

    change_settings(integration, stock_reserve=1)
    work()
    sync_stock(integration)

    assert set(counted(sandbox).values()) == {9}


def test_the_age_of_a_warehouse_that_is_counted_here_asks_nothing(sandbox, time_machine):
    integration = sending(sandbox)
    Warehouse.objects.filter(pk=warehouse_of(integration).pk).update(kept_by="panel")
    time_machine.move_to(timezone.now() + dt.timedelta(days=30))

    change_settings(integration, stock_reserve=1)
    work()
    sync_stock(integration)

    assert set(counted(sandbox).values()) == {9}


def test_a_store_that_was_connected_anew_waits_for_its_first_push_again(sandbox):
    integration = sending(sandbox)
    StockPush.objects.filter(store=integration.store).update(allowed_at=integration.created_at - dt.timedelta(days=1))
    forget_calls()

    report(integration, dict.fromkeys(counted(sandbox), 4))
    assert writes(integration) == []

    allow_first_push(integration, by="Ann", now=now())
    work()
    assert set(counted(sandbox).values()) == {4}
    assert inventory_flow(integration).failures == 0
    assert not rows(integration).due().exists()

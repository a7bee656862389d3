"""Advanced settings at work: how long calls and persons are kept, what is written down, how fast a store is called."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.declaration import PLATFORM
from integrations.lease import ring
from integrations.models import Budget, Exchange, FailedRecord, Integration, RateProfile, Run
from integrations.prune import prune
from integrations.rates import rate_of, with_profiles
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from orders.models import Order, OrderParty
from tests.build import make_user
from tests.integrations.flows.world import change_settings, connect_store, flow_of, sync, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def at_the_sandbox(settings_of_sandbox: None) -> None:
    """Every store here is a stand-in."""


def an_exchange(store: object, days: int) -> None:
    created = timezone.now() - dt.timedelta(days=days)
    Exchange.objects.create(
        account=store.account, store=store, method="GET", path=f"/{days}", milliseconds=1, created_at=created,  # type: ignore[attr-defined]
    )  # fmt: skip


@pytest.mark.req("TECH-27")
def test_the_exchange_log_is_kept_as_long_as_each_integration_says(sandbox: Sandbox) -> None:
    short, usual = connect_store(sandbox, "v1", on=()), connect_store(sandbox, "v3", on=())
    Exchange.objects.all().delete()
    change_settings(short, keep_exchanges="3")
    for days in (2, 5, 20):
        an_exchange(short.store, days)
        an_exchange(usual.store, days)

    prune(timezone.now())

    left = set(Exchange.objects.values_list("store", "path"))
    assert left == {(short.store_id, "/2"), (usual.store_id, "/2"), (usual.store_id, "/5")}
    change_settings(short, keep_exchanges="60")
    an_exchange(short.store, 40)
    prune(timezone.now())
    assert Exchange.objects.filter(store=short.store, path="/40").exists()


@pytest.mark.req("TECH-27")
def test_persons_of_closed_orders_go_after_the_days_that_the_integration_says(sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.wix.place_order("v1")
    shop = connect_store(sandbox, "v1")
    work()
    done, still_open = Order.objects.order_by("pk")
    Order.objects.filter(pk=done.pk).update(state="confirmed", state_since=timezone.now() - dt.timedelta(days=40))
    FailedRecord.objects.create(
        account=shop.account, store=shop.store, kind="order", key=done.uid, code="c", sentence="s", payload=b"person",
        since=timezone.now(), last_at=timezone.now(),
    )  # fmt: skip
    prune(timezone.now())
    assert OrderParty.objects.filter(order=done).exclude(name="").exists()  # nobody asked for it yet

    change_settings(shop, keep_persons="30")
    assert prune(timezone.now())["persons"] == 1

    assert not OrderParty.objects.filter(order=done).exclude(name="").exists()
    assert OrderParty.objects.filter(order=still_open).exclude(name="").exists()
    assert FailedRecord.objects.get().payload is None


@pytest.mark.req("TECH-27")
def test_switching_suppression_on_cleans_what_is_here_and_what_comes(sandbox: Sandbox) -> None:
    sandbox.wix.place_order("v1")
    shop = connect_store(sandbox, "v1")
    work()
    assert OrderParty.objects.exclude(email="").exists()

    change_settings(shop, suppress_persons="true")
    work()
    sandbox.wix.place_order("v1")
    sync(shop)

    assert Order.objects.count() == 2
    assert set(OrderParty.objects.values_list("email", "phone", "role")) == {("", "", "ship_to")}
    assert not OrderParty.objects.filter(name="").exists()  # shipping needs it


def a_failed_order(shop: Integration, key: str, days: int) -> None:
    at = timezone.now() - dt.timedelta(days=days)
    FailedRecord.objects.create(
        account=shop.account, store=shop.store, kind="order", key=key, code="c", sentence="s", payload=b"person",
        since=at, last_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.req("TECH-27")
def test_what_was_sent_of_an_order_that_never_came_in_goes_too(sandbox: Sandbox) -> None:
    sandbox.wix.place_order("v1")
    shop = connect_store(sandbox, "v1")
    work()
    here = Order.objects.get().uid
    for key, days in ((here, 40), ("old", 31), ("young", 29)):
        a_failed_order(shop, key, days)
    change_settings(shop, keep_persons="30")

    prune(timezone.now())
    kept = FailedRecord.objects.exclude(payload=None).values_list("key", flat=True)
    assert set(kept) == {here, "young"}  # that order is open

    change_settings(shop, suppress_persons="true")
    work()
    assert not FailedRecord.objects.exclude(payload=None).exists()


@pytest.mark.req("TECH-27")
def test_what_was_erased_of_a_failed_order_does_not_come_back_with_its_next_try(sandbox: Sandbox) -> None:
    order = sandbox.wix.place_order("v1", changes={"priceSummary": "nonsense"})
    shop = connect_store(sandbox, "v1")
    work()
    record = FailedRecord.objects.get(key=order["id"])
    assert record.payload is not None
    change_settings(shop, keep_persons="30")
    prune(timezone.now() + dt.timedelta(days=31))

    FailedRecord.objects.update(not_before=timezone.now())
    sync(shop)

    record.refresh_from_db()
    assert (record.attempts, record.payload) == (2, None)


@pytest.mark.req("TECH-27")
def test_the_log_level_says_which_calls_and_runs_are_written_down(sandbox: Sandbox) -> None:
    sandbox.wix.place_order("v1")
    shop = connect_store(sandbox, "v1")
    work()
    orders = flow_of(shop)
    change_settings(shop, log_level="error")
    work()
    Exchange.objects.all().delete()
    Run.objects.all().delete()

    sync(shop)
    assert not Exchange.objects.exists()
    sandbox.wix.misbehave("error", "v1", count=1)
    sync(shop, FlowKind.LOCATIONS)
    assert {call.status for call in Exchange.objects.all()} == {500}

    change_settings(shop, log_level="everything")
    work()
    Run.objects.all().delete()
    orders.refresh_from_db()
    ring([orders.pk], timezone.now(), trigger="schedule")
    work()
    assert Exchange.objects.filter(flow="orders", status=200).exists()
    assert Run.objects.filter(flow=orders, state="done", created=0).exists()  # it found nothing new


# --- Throughput --------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-33")
def test_throughput_sets_the_calls_a_minute_and_a_profile_of_the_operator_does_so_too(sandbox: Sandbox) -> None:
    shop = connect_store(sandbox, "v1")
    assert Budget.objects.get(store=shop.store).per_minute == 200

    change_settings(shop, throughput="half")
    assert Budget.objects.get(store=shop.store).per_minute == 100

    RateProfile.objects.create(platform="wix", key="gold", label="Gold plan", calls_per_minute=600, page=20)
    change_settings(shop, throughput="gold")
    assert Budget.objects.get(store=shop.store).per_minute == 600


@pytest.mark.req("TECH-33")
def test_a_profile_sets_how_many_orders_a_page_asks_for(sandbox: Sandbox) -> None:
    for _ in range(7):
        sandbox.wix.place_order("v1")
    RateProfile.objects.create(platform="wix", key="small", label="Small", calls_per_minute=120, page=3)
    connect_store(sandbox, "v1", throughput="small")
    Exchange.objects.all().delete()

    work()

    assert Order.objects.count() == 7
    assert Exchange.objects.filter(path__endswith="/orders/search").count() >= 3


def test_what_the_operator_saves_in_the_admin_counts_at_once_for_who_uses_it(sandbox: Sandbox, client: Client) -> None:
    shop, other = connect_store(sandbox, "v1", on=()), connect_store(sandbox, "v3", on=())
    change_settings(other, throughput="quarter")
    client.force_login(make_user(is_staff=True, is_superuser=True))
    add = reverse("admin:integrations_rateprofile_add")
    given = {"platform": "wix", "key": "standard", "label": "Every plan", "calls_per_minute": "150"}

    wrong = client.post(add, given | {"page": "101"})
    assert "Wix gives at most 100 orders a page." in wrong.content.decode()
    too_slow = client.post(add, given | {"calls_per_minute": "9"})
    assert "greater than or equal to 10" in too_slow.content.decode()
    client.post(add, given)

    assert Budget.objects.get(store=shop.store).per_minute == 150  # takes the place of the declared one
    assert Budget.objects.get(store=other.store).per_minute == 50
    profile = RateProfile.objects.get()
    client.post(reverse("admin:integrations_rateprofile_delete", args=[profile.pk]), {"post": "yes"})
    assert not RateProfile.objects.exists()
    assert Budget.objects.get(store=shop.store).per_minute == 200


def test_a_profile_that_settings_name_is_not_deleted(sandbox: Sandbox, client: Client) -> None:
    profile = RateProfile.objects.create(platform="wix", key="gold", label="Gold", calls_per_minute=600)
    shop = connect_store(sandbox, "v1", on=(), throughput="gold")
    client.force_login(make_user(is_staff=True, is_superuser=True))

    client.post(reverse("admin:integrations_rateprofile_delete", args=[profile.pk]), {"post": "yes"})
    client.post(
        reverse("admin:integrations_rateprofile_changelist"),
        {"action": "delete_selected", "_selected_action": [profile.pk], "post": "yes"},
    )

    assert RateProfile.objects.exists()
    assert document_of(shop)["throughput"] == "gold"


def test_profiles_stand_among_the_declared_values_and_change_them(db: None) -> None:
    RateProfile.objects.create(platform="wix", key="half", label="Half", help="Ours.", calls_per_minute=90)
    RateProfile.objects.create(platform="wix", key="gold", label="Gold", calls_per_minute=600, page=500)
    RateProfile.objects.create(platform="other", key="else", label="Else", calls_per_minute=1)

    merged = with_profiles(PLATFORM)

    (setting,) = [one for one in merged.settings if one.key == "throughput"]
    assert [(choice.value, choice.help) for choice in setting.choices] == [
        ("standard", "The limit that Wix documents."), ("half", "Ours."),
        ("quarter", "When Wix often asks us to slow down."), ("gold", "600 calls a minute. 500 orders a page."),
    ]  # fmt: skip
    assert dict(merged.rates) == {"standard": 200, "half": 90, "quarter": 50, "gold": 600}
    assert (rate_of(PLATFORM, {"throughput": "gold"}).page, rate_of(PLATFORM, {"throughput": "gone"}).page) == (
        100,
        100,
    )
    assert rate_of(PLATFORM, {"throughput": "gone"}).calls_per_minute == 200

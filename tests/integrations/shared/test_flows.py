"""Orders coming in from any platform: nothing lost, nothing doubled, each trouble a sentence."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from integrations.models import Exchange, FailedRecord, Flow, Integration, Run
from integrations.tasks import tick
from orders.models import Order, OrderLine, SeenOrder
from tests.integrations.flows.world import flow_of, sync, work
from tests.integrations.shared.adapter import Shop
from tests.integrations.shared.shops import SHOPS
from tests.integrations.shared.world import connected, later

pytestmark = pytest.mark.django_db(transaction=True)


SAID = (
    ("store_unreachable", "The store does not answer. We try again by ourselves."),
    ("answer_unreadable", "The store sent something we cannot read. We keep it and try again."),
)


def numbers(integration: Integration) -> list[str]:
    return sorted(Order.objects.filter(store=integration.store).values_list("number", flat=True))


def next_try(integration: Integration, time_machine: Any) -> Flow:
    """The flow's next try comes by itself."""
    due = flow_of(integration).due_at
    assert due
    time_machine.move_to(due + dt.timedelta(seconds=1))
    tick()
    work()
    return flow_of(integration)


def test_orders_come_in_and_a_second_look_changes_nothing(shop: Shop) -> None:
    sold = [shop.sell(), *shop.variety()]
    integration = connected(shop, history=365)
    first = Run.objects.filter(flow=flow_of(integration)).latest("pk")
    assert first.seen >= len(sold)
    assert first.seen == first.created + first.changed + first.unchanged + first.skipped + first.failed

    def everything() -> list[Any]:
        rows = [model.objects.order_by("pk").values_list() for model in (Order, OrderLine, SeenOrder)]
        return [list(some) for some in rows]

    before = everything()
    sync(integration)

    assert everything() == before
    assert sold[0].number in numbers(integration)
    again = Run.objects.filter(flow=flow_of(integration)).latest("pk")
    assert again.pk != first.pk
    assert again.seen == again.unchanged >= len(sold)
    assert flow_of(integration).position == {}


@pytest.mark.parametrize("kind", ["error", "unavailable", "drop", "timeout", "cut", "html"])
def test_a_run_without_an_answer_says_so_and_the_next_one_goes_on(
    shop: Shop, kind: str, settings: Any, time_machine: Any
) -> None:
    integration = connected(shop)
    sold = shop.sell()
    shop.misbehave(kind, seconds=1.3, count=None)
    code, sentence = SAID[kind in ("cut", "html")]
    patient = settings.FCP_STORE_TIMEOUT
    if kind == "timeout":
        settings.FCP_STORE_TIMEOUT = 1

    flow = sync(integration)
    assert (flow.failures, flow.problem_code, flow.problem) == (1, code, sentence)
    assert flow.due_at is not None
    assert flow.due_at <= timezone.now() + dt.timedelta(minutes=1)
    assert next_try(integration, time_machine).failures == 2

    shop.behave()
    settings.FCP_STORE_TIMEOUT = patient
    flow = next_try(integration, time_machine)
    assert (flow.failures, flow.problem, flow.problem_since) == (0, "", None)
    assert numbers(integration) == [sold.number]


@pytest.mark.parametrize("wait", [30, None])
def test_a_busy_store_gets_its_pause_and_is_no_failure(shop: Shop, wait: int | None, time_machine: Any) -> None:
    integration = connected(shop)
    sold = shop.sell()
    shop.misbehave("busy", retry_after=wait)
    Exchange.objects.all().delete()

    flow = sync(integration)
    assert (flow.failures, flow.problem_code, flow.blocked) == (0, "store_busy", False)
    assert flow.due_at is not None
    pause = flow.due_at - timezone.now()
    assert dt.timedelta(seconds=2) < pause <= dt.timedelta(seconds=wait or 60)
    assert Exchange.objects.filter(status=429).count() == 1  # it is not asked again meanwhile

    flow = next_try(integration, time_machine)
    assert (flow.problem, numbers(integration)) == ("", [sold.number])


def test_a_refused_key_blocks_every_flow_and_only_the_key_is_tried_until_it_is_taken(
    shop: Shop, time_machine: Any
) -> None:
    integration = connected(shop)
    shop.refuse()

    flow = sync(integration)
    on = Flow.objects.filter(integration=integration, due_at__isnull=False)
    assert on.count() > 1
    assert set(on.values_list("blocked", flat=True)) == {True}
    assert flow.problem.endswith(".")
    sold = shop.sell()

    Exchange.objects.all().delete()
    flow = next_try(integration, time_machine)
    assert (flow.blocked, numbers(integration)) == (True, [])
    assert Exchange.objects.count() <= 2

    shop.behave()
    next_try(integration, time_machine)
    later(shop, time_machine, 1)
    assert numbers(integration) == [sold.number]
    assert not Flow.objects.filter(integration=integration, blocked=True).exists()


@pytest.mark.parametrize("kind", ["wrong_type", "no_lines"])
def test_an_odd_order_is_kept_aside_with_a_sentence_and_comes_in_once_it_can_be_read(shop: Shop, kind: str) -> None:
    integration = connected(shop)
    sold = [shop.sell() for _ in range(3)]
    shop.misbehave(kind)

    sync(integration)

    record = FailedRecord.objects.get(store=integration.store)
    assert record.number in {one.number for one in sold}
    assert record.number in record.sentence
    assert numbers(integration) == sorted(one.number for one in sold if one.number != record.number)
    run = Run.objects.filter(flow=flow_of(integration)).latest("pk")
    assert (run.created, run.failed, run.state) == (2, 1, "done")

    sync(integration)
    assert numbers(integration) == sorted(one.number for one in sold)
    record.refresh_from_db()
    assert record.mended_at


@pytest.mark.parametrize("kind", ["no_id", "same_id"])
def test_orders_that_cannot_be_told_apart_wait_and_come_in_once_they_can(shop: Shop, kind: str) -> None:
    integration = connected(shop)
    sold = sorted(shop.sell().number for _ in range(3))
    shop.misbehave(kind, count=None)

    sync(integration)
    records = FailedRecord.objects.filter(store=integration.store, mended_at=None)
    assert records.count() == (1 if kind == "no_id" else 2)
    assert set(numbers(integration)) == set(sold) - set(records.values_list("number", flat=True))
    sync(integration)
    assert records.count() == (1 if kind == "no_id" else 2)  # known, so neither counted nor doubted again

    shop.behave()
    sync(integration)
    assert numbers(integration) == sold
    assert not records.exists()


@pytest.mark.parametrize("minutes", [10, -10])
@pytest.mark.parametrize("of", SHOPS, ids=lambda one: one.label)
def test_a_store_whose_clock_is_off_hides_no_order(
    of: type[Shop], minutes: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = []
    with of.running(settings, monkeypatch, dt.timedelta(minutes=minutes)) as shop:
        integration = connected(shop)
        for _ in range(3):
            sold.append(shop.sell())
            shop.touch(sold[0], f"touched with {len(sold)}")
            sync(integration)
            water = flow_of(integration).watermark
            theirs = [order.changed_at for order in SeenOrder.objects.filter(store=integration.store)]
            assert abs(max(theirs) - timezone.now() - dt.timedelta(minutes=minutes)) < dt.timedelta(minutes=1)
            assert water is not None
            assert water <= max(theirs)  # never beyond a time of theirs

    assert numbers(integration) == sorted(one.number for one in sold)
    assert Order.objects.get(number=sold[0].number).buyer_note == "touched with 3"


@pytest.mark.parametrize("kind", ["duplicate", "same_id", "reordered", "repeat_page"])
def test_pages_that_come_twice_or_in_another_order_double_and_lose_nothing(
    shop: Shop, kind: str, time_machine: Any
) -> None:
    integration = connected(shop, history=365)
    sold = sorted(shop.sell().number for _ in range(120))
    shop.misbehave(kind, count=2, skip=1)

    sync(integration)
    for _ in range(2):
        next_try(integration, time_machine)
    sync(integration)

    assert numbers(integration) == sold
    assert SeenOrder.objects.filter(store=integration.store).count() == len(sold)


def test_what_is_logged_while_all_goes_wrong_names_no_key(
    shop: Shop, caplog: pytest.LogCaptureFixture, time_machine: Any
) -> None:
    caplog.set_level("INFO")
    secrets = shop.reach().secrets  # those of before, which may be spent
    integration = connected(shop)
    shop.sell()
    for kind in ("error", "drop", "cut", "html", "wrong_type"):
        shop.misbehave(kind)
        sync(integration)
    later(shop, time_machine, 45)
    shop.refuse()
    sync(integration)

    credential = integration.credentials.get()
    values = {name: value for name, value in json.loads(credential.cipher).items() if name not in shop.names}
    secrets += [value for value in values.values() if value]
    rows = [list(model.objects.values_list()) for model in (Exchange, FailedRecord, Run, Flow)]
    said = caplog.text + repr(rows)
    assert "refuse" in said.lower()
    assert [secret for secret in secrets if secret in said] == []


def test_a_flow_that_the_platform_does_not_have_is_not_made(shop: Shop) -> None:
    integration = connected(shop)

    kinds = set(Flow.objects.filter(integration=integration).values_list("kind", flat=True))

    assert kinds == {offer.kind.value for offer in shop.platform.flows}
    assert FlowKind.ORDERS in kinds

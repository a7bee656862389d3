"""What other stores do: answer later, or move to another catalog."""

import datetime as dt

import pytest
from django.utils import timezone

from integrations.connectors.shapes import Done, Later
from integrations.connectors.wix.connector import WixConnector
from integrations.models import Integration, Run, StockSent
from integrations.prune import prune
from tests.integrations.flows.stock_world import (
    forget_calls,
    inventory_flow,
    push_of,
    report,
    rows,
    sending,
    writes,
)
from tests.integrations.flows.test_inventory import counted
from tests.integrations.flows.world import work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def by_ticket(monkeypatch):
    """The store takes quantities at once and answers for them when asked by ticket, the second time."""
    set_at_once = WixConnector.push_stock
    answers: dict[str, list] = {}

    def push_stock(self, items):
        ticket = str(len(answers))
        answers[ticket] = [None, set_at_once(self, items)]
        return Later(ticket)

    def poll(self, ticket):
        return answers[ticket].pop(0) or Later(ticket)

    monkeypatch.setattr(WixConnector, "push_stock", push_stock)
    monkeypatch.setattr(WixConnector, "poll", poll)
    return answers


def test_a_store_that_answers_later_is_asked_by_its_ticket_and_told_once(sandbox, by_ticket, time_machine):
    integration = sending(sandbox, "v3")
    for _ in range(3):
        time_machine.move_to(timezone.now() + dt.timedelta(seconds=20))
        work()

    assert len(by_ticket) == 1
    assert not rows(integration).due().exists()
    assert set(rows(integration).filter(why="").values_list("confirmed", "known")) == {(10, True)}
    assert set(StockSent.objects.values_list("quantity", flat=True)) == {10}
    assert all(sent.steps for sent in StockSent.objects.all())
    assert "ticket" not in inventory_flow(integration).position
    run = Run.objects.filter(flow=inventory_flow(integration)).latest("pk")
    assert (run.state, run.created) == ("done", StockSent.objects.count())
    assert isinstance(by_ticket["0"], list)
    assert not any(isinstance(answer, Done) for answer in by_ticket["0"])


def test_a_store_that_moved_to_another_catalog_waits_until_a_person_has_looked_again(sandbox):
    integration = sending(sandbox, "v1")
    shown = counted(sandbox)
    Integration.objects.filter(pk=integration.pk).update(variant="v3")  # what the daily look at the store finds
    forget_calls()

    report(integration, dict.fromkeys(shown, 4))

    assert writes(integration) == []
    assert counted(sandbox) == shown
    assert push_of(integration).allowed_at is None


def test_what_was_sent_is_kept_for_90_days(sandbox):
    integration = sending(sandbox)
    count = StockSent.objects.count()
    assert count
    old = StockSent.objects.first()
    StockSent.objects.filter(pk=old.pk).update(at=timezone.now() - dt.timedelta(days=91))

    prune(timezone.now())

    assert StockSent.objects.filter(store=integration.store).count() == count - 1

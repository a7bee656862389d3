"""The key of a store: renewed in time, by one runner at a time, and a refused one blocks the flows until it works."""

import datetime as dt
import time

import pytest
from django.test import override_settings
from django.utils import timezone

from fcp.errors import Busy, Refused, SyncError, Unreachable
from fcp.http import Session
from integrations import reach
from integrations.connecting import reconnect
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.connector import WixConnector
from integrations.lease import outdate, ring
from integrations.models import Credential, Exchange, Flow, Integration, SettingsVersion
from integrations.reach import open_store
from integrations.runs import FOR_THE_REST
from integrations.settings_document import document_of
from integrations.tasks import run_flow
from orders.models import Order
from tests.integrations.flows.world import connect_store, flow_of, sync, work
from tests.threads import at_once


@pytest.fixture
def app(transactional_db, sandbox) -> Integration:
    """Connected through the operator's app, so with a token of four hours."""
    integration = connect_store(sandbox, "v1", way="app")
    work()
    return integration


def renewals() -> int:
    return Exchange.objects.filter(path__endswith="/oauth2/token").count()


def expire(integration: Integration) -> None:
    Credential.objects.filter(integration=integration).update(expires_at=timezone.now() + dt.timedelta(minutes=1))


def test_a_token_is_renewed_before_it_expires(app, sandbox):
    expire(app)
    before = renewals()

    sync(app)
    sync(app)

    assert renewals() == before + 1
    assert Credential.objects.get(integration=app).expires_at > timezone.now() + dt.timedelta(hours=3)


def test_a_token_that_the_store_no_longer_takes_is_renewed_and_the_call_made_again(app, sandbox):
    number = sandbox.wix.place_order("v1")["number"]
    sandbox.wix.misbehave("expire_tokens", "v1")

    sync(app)

    assert Order.objects.filter(number=number).exists()
    assert flow_of(app).failures == 0


def test_of_runs_that_need_a_new_token_at_once_one_asks_for_it(app, monkeypatch):
    expire(app)
    renew, asked = WixConnector.renew, []

    def noted(self, now):
        asked.append(now)
        return renew(self, now)

    monkeypatch.setattr(WixConnector, "renew", noted)

    def look() -> str:
        integration = Integration.objects.select_related("store").get(pk=app.pk)
        with open_store(integration, FlowKind.ORDERS, timezone.now()) as store:
            return store.ask(lambda connector: connector.check()).store_uid

    results = at_once(*[look] * 6, expected=Busy)

    assert len(asked) == 1
    assert all(result == app.store.uid or isinstance(result, Busy) for result in results), results
    assert results.count(app.store.uid) >= 1


def test_a_renewal_that_never_ended_is_done_by_somebody_else_later(app):
    expire(app)
    Credential.objects.filter(integration=app).update(renewing_until=timezone.now() - dt.timedelta(seconds=1))

    sync(app)

    assert flow_of(app).failures == 0
    assert Credential.objects.get(integration=app).renewing_until is None


def test_a_refused_key_blocks_every_flow_and_only_the_key_is_tried_at_growing_pauses(connect, sandbox, time_machine):
    integration = connect("v1")
    sandbox.wix.misbehave("forbidden", "v1", count=None)

    sync(integration)

    flows = Flow.objects.filter(integration=integration, due_at__isnull=False)
    assert set(flows.values_list("blocked", flat=True)) == {True}
    assert "key" in flow_of(integration).problem
    pauses = []
    for _ in range(6):
        flow = flow_of(integration)
        pauses.append((flow.due_at - timezone.now()).total_seconds() / 60)
        time_machine.move_to(flow.due_at + dt.timedelta(seconds=1))
        Exchange.objects.all().delete()
        from integrations.tasks import tick

        tick()
        work()
        assert not Exchange.objects.filter(path__endswith="/orders/search").exists()
    assert [round(pause) for pause in pauses] == [5, 10, 20, 40, 60, 60]

    sandbox.wix.behave()
    number = sandbox.wix.place_order("v1")["number"]
    time_machine.move_to(flow_of(integration).due_at + dt.timedelta(seconds=1))
    tick()
    work()

    assert Order.objects.filter(number=number).exists()
    assert set(flows.values_list("blocked", "failures", "problem")) == {(False, 0, "")}


def test_a_new_key_unblocks_at_once(connect, sandbox):
    integration = connect("v1")
    number = sandbox.wix.place_order("v1")["number"]
    Credential.objects.filter(integration=integration).update(
        cipher='{"api_key": "IST.wrong-key-1234", "site_id": "x-1"}'
    )
    sync(integration)
    assert flow_of(integration).blocked

    older = document_of(integration) | {"instance_id": "an older installation"}
    SettingsVersion.objects.filter(store=integration.store).update(document=older)
    reconnect(
        integration, "app", {"instance_id": sandbox.info["wix"]["instance_v1"]}, by="Ann", now=timezone.now(),
        api_url=sandbox.info["wix"]["base_url"],
    )  # fmt: skip
    work()

    integration.refresh_from_db()
    assert document_of(integration)["instance_id"] == sandbox.info["wix"]["instance_v1"]
    assert Credential.objects.get(integration=integration).kind == "app"
    assert not flow_of(integration).blocked
    assert Order.objects.filter(number=number).exists()


def test_an_app_that_was_removed_from_the_store_blocks_with_a_sentence(app, sandbox):
    sandbox.wix.misbehave("revoked", "v1")

    sync(app)

    flow = flow_of(app)
    assert flow.blocked
    assert "Add it to the site again" in flow.problem


def test_a_key_that_cannot_be_opened_any_more_blocks_with_a_sentence(connect, settings):
    from cryptography.fernet import Fernet

    integration = connect("v1")
    settings.FCP_FIELD_KEYS = [Fernet.generate_key().decode()]

    sync(integration)

    assert flow_of(integration).problem == "The stored key cannot be opened any more. Reconnect the integration."


def test_no_secret_stands_in_the_log_of_calls(app, sandbox):
    sandbox.wix.misbehave("forbidden", "v1", count=1)
    sandbox.wix.misbehave("expire_tokens", "v1")
    sync(app)

    info = sandbox.info["wix"]
    token = Credential.objects.get(integration=app).cipher
    for call in Exchange.objects.all():
        assert info["app_secret"] not in call.body + call.path
        assert token not in call.body


def test_a_refused_key_is_told_to_whoever_asks(connect, sandbox):
    integration = connect("v1")
    sandbox.wix.misbehave("forbidden", "v1", count=None)

    with open_store(integration, FlowKind.ORDERS, timezone.now()) as store, pytest.raises(Refused):
        store.ask(lambda connector: connector.check())


# --- how long a slice may call ---------------------------------------------------------------------------------------


def test_calls_that_hang_one_after_another_end_before_the_slices_time_does(app, sandbox, monkeypatch):
    monkeypatch.setattr(reach, "SHORTEST_WAIT", 0.02)
    sandbox.wix.misbehave("slow", "v1", count=None, seconds=25)
    began, problems = time.monotonic(), []

    with open_store(app, FlowKind.ORDERS, timezone.now(), seconds=2) as store:
        while not problems or isinstance(problems[-1], Unreachable):
            with pytest.raises(SyncError) as error:
                store.ask(lambda connector: connector.variant_now())
            problems.append(error.value)

    assert len(problems) > 2
    assert problems[-1].code == "our_budget"  # nothing is wrong with the store's pace: no pause for its other flows
    assert time.monotonic() - began < 25  # not even as long as one of them would have taken


def test_what_there_was_no_time_to_ask_is_asked_in_the_next_slice(app, sandbox, settings, time_machine):
    number = sandbox.wix.place_order("v1")["number"]
    with override_settings(Q_CLUSTER=settings.Q_CLUSTER | {"timeout": FOR_THE_REST}):
        ring([flow_of(app).pk], timezone.now(), trigger="person", by="Ann")
        run_flow(flow_of(app).pk, flow_of(app).gen)
    flow = flow_of(app)
    assert (flow.failures, flow.problem) == (0, "")
    assert flow.due_at <= timezone.now() + dt.timedelta(minutes=1)

    time_machine.move_to(flow.due_at + dt.timedelta(seconds=1))
    work()

    assert Order.objects.filter(number=number).exists()


def test_a_run_whose_flow_went_to_somebody_else_makes_no_further_call_of_one_question(app, monkeypatch, settings):
    settings.FCP_LEASE_SECONDS = 0
    call, made = Session.call, []

    def stalls(self, method, url, **kw):
        found = call(self, method, url, **kw)
        made.append(url)
        outdate(Flow.objects.filter(pk=flow_of(app, FlowKind.LOCATIONS).pk))
        return found

    monkeypatch.setattr(Session, "call", stalls)
    ring([flow_of(app, FlowKind.LOCATIONS).pk], timezone.now(), trigger="person", by="Ann")
    flow = flow_of(app, FlowKind.LOCATIONS)

    run_flow(flow.pk, flow.gen)

    assert len(made) == 1

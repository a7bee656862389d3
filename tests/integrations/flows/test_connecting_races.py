"""Connecting again, renewing a token and letting go while something else goes on with the same integration."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from fcp.models import Account
from integrations import runs
from integrations.connecting import connect, delete, reconnect, welcome_back
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.connector import WixConnector
from integrations.errors import IntegrationError
from integrations.lease import Superseded, claim, free, start
from integrations.models import Credential, Flow, Integration, Run
from integrations.models.flows import RunState
from integrations.reach import OpenStore, open_store
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.settings_saving import save
from orders.intake import Counts
from tests.build import make_account
from tests.integrations.flows.flows import make_flow
from tests.integrations.flows.test_queue import eventually
from tests.integrations.flows.world import change_settings, connect_store, flow_of, key_of, sync, work
from tests.threads import waiting_for_locks

pytestmark = pytest.mark.django_db(transaction=True)


def with_key(integration: Integration, box: Sandbox, site: str = "v1") -> None:
    address = box.info["wix"]["base_url"]
    reconnect(integration, "api_key", key_of(box, site), by="Ann", now=timezone.now(), api_url=address)


def with_app(integration: Integration, box: Sandbox) -> None:
    info = box.info["wix"]
    received = {"instance_id": info["instance_v1"]}
    reconnect(integration, "app", received, by="Ann", now=timezone.now(), api_url=info["base_url"])


def as_read(integration: Integration) -> Integration:
    """An object of its own, as another request holds it."""
    return Integration.objects.select_related("store", "account").get(pk=integration.pk)


def kinds(integration: Integration) -> list[str]:
    return list(Credential.objects.filter(integration=integration).values_list("kind", flat=True))


# --- settings and names --------------------------------------------------------------------------------------------


def test_settings_and_a_name_that_were_saved_while_the_store_answered_stay(sandbox: Sandbox) -> None:
    integration = connect_store(sandbox, "v1", on=())
    reconnecting = as_read(integration)
    change_settings(integration, history=17)
    Integration.objects.filter(pk=integration.pk).update(name="A better name")

    with_app(reconnecting, sandbox)

    now = as_read(integration)
    assert document_of(now)["history"] == 17
    assert document_of(now)["instance_id"] == sandbox.info["wix"]["instance_v1"]
    assert now.name == "A better name"


def test_saving_settings_brings_no_older_name_back(sandbox: Sandbox) -> None:
    integration = connect_store(sandbox, "v1", on=())
    saving = as_read(integration)
    Integration.objects.filter(pk=integration.pk).update(name="A better name")

    save(saving, document_of(saving) | {"history": 17}, by="Ann", now=timezone.now())

    assert as_read(integration).name == "A better name"


def test_connecting_brings_no_older_name_of_the_account_back(sandbox: Sandbox) -> None:
    account = make_account(settings={"wix_stores": "one"})
    Account.objects.filter(pk=account.pk).update(name="A better name")

    address = sandbox.info["wix"]["base_url"]
    connect(account, "wix", "api_key", key_of(sandbox, "v1"), by="Ann", now=timezone.now(), api_url=address)

    account.refresh_from_db()
    assert account.name == "A better name"


def test_a_store_that_was_let_go_while_it_answered_is_not_connected_again(sandbox: Sandbox) -> None:
    integration = connect_store(sandbox, "v1", on=())
    reconnecting = as_read(integration)
    delete(integration, by="Ann", now=timezone.now())

    with pytest.raises(IntegrationError, match="deleted this integration"):
        with_key(reconnecting, sandbox)
    delete(reconnecting, by="Ann", now=timezone.now())  # the second press of the button

    assert not Credential.objects.exists()


def test_a_site_that_moved_while_its_key_was_refused_is_found_out_and_its_stock_waits(sandbox: Sandbox) -> None:
    integration = connect_store(sandbox, "v1")
    work()
    sandbox.wix.misbehave("forbidden", "v1", count=None)
    sync(integration)
    assert flow_of(integration).blocked
    sandbox.wix.behave()
    sandbox.wix.migrate("v1")

    with_key(as_read(integration), sandbox)
    work()

    integration.refresh_from_db()
    assert integration.variant == "v3"
    assert integration.relinking_since is not None


# --- a token that is being renewed ---------------------------------------------------------------------------------


@pytest.fixture
def app(transactional_db: None, sandbox: Sandbox) -> Integration:
    """Connected through the operator's app, so with a token of four hours, which is about to end."""
    integration = connect_store(sandbox, "v1", way="app")
    work()
    Credential.objects.filter(integration=integration).update(expires_at=timezone.now())
    return integration


def while_renewing(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], None]) -> None:
    """The deed is done when the next renewal has its answer, before that is stored."""
    renew, waiting = WixConnector.renew, [deed]

    def then(self: WixConnector, now: Any) -> Any:
        mine = [waiting.pop()] if waiting else []
        fresh = renew(self, now)
        for deed in mine:
            deed()
        return fresh

    monkeypatch.setattr(WixConnector, "renew", then)


def ask(integration: Integration) -> str:
    with open_store(as_read(integration), FlowKind.ORDERS, timezone.now()) as store:
        return store.ask(lambda connector: connector.check()).store_uid


def test_a_renewal_brings_no_key_back_that_was_replaced_by_another_kind(
    app: Integration, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_renewing(monkeypatch, lambda: with_key(as_read(app), sandbox))

    assert ask(app) == app.store.uid

    assert kinds(app) == ["api_key"]


def test_a_renewal_does_not_overwrite_a_newer_key_of_its_kind(
    app: Integration, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer: list[Any] = []

    def again() -> None:
        with_app(as_read(app), sandbox)
        newer.extend(Credential.objects.values_list("cipher", "changed_at"))

    while_renewing(monkeypatch, again)

    assert ask(app) == app.store.uid

    assert list(Credential.objects.values_list("cipher", "changed_at")) == newer


def test_a_store_that_comes_by_again_brings_no_key_back_that_was_replaced_meanwhile(
    app: Integration, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Flow.objects.filter(integration=app).update(blocked=True)
    info = sandbox.info["wix"]
    while_renewing(monkeypatch, lambda: with_key(as_read(app), sandbox))

    received = {"instance_id": info["instance_v1"]}
    back = welcome_back(app, "market", received, by="Wix", now=timezone.now(), api_url=info["base_url"])

    assert not back
    assert kinds(app) == ["api_key"]


# --- letting go while a run stores what it found -------------------------------------------------------------------


class InThread:
    """Work in a thread of its own; `error` is what it ended with."""

    def __init__(self, deed: Callable[[], None]) -> None:
        self.deed, self.error = deed, None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.deed()
        except BaseException as error:
            self.error: BaseException | None = error
        finally:
            connection.close()

    def join(self) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def run() -> runs.Slice:
    """A slice of a run that has its row already."""
    flow = make_flow(due_at=timezone.now())
    claim(free(Flow.objects.filter(pk=flow.pk)), timezone.now())
    started = start(flow.pk, 1, timezone.now())
    assert started
    flow = Flow.objects.select_related("integration__store", "integration__account").get(pk=flow.pk)
    slice_ = runs.Slice(started, flow, OpenStore(flow.integration, FlowKind.ORDERS))
    with slice_.page() as page:
        page.count(Counts(created=1))
    assert Run.objects.get().state == RunState.RUNNING
    return slice_


def let_go(flow: Flow) -> None:
    delete(as_read(flow.integration), by="Ann", now=timezone.now())


def test_letting_go_waits_for_a_page_and_the_next_one_is_outdated(run: runs.Slice) -> None:
    with run.page() as page:
        page.count(Counts(created=1))
        other = InThread(lambda: let_go(run.flow))
        if connection.vendor == "postgresql":
            eventually(lambda: waiting_for_locks() == 1)
    other.join()

    assert other.error is None
    assert not Integration.objects.exists()
    assert not Run.objects.exists()
    with pytest.raises(Superseded), run.page() as page:
        page.count(Counts(created=1))
    with pytest.raises(Superseded):
        run.done()


def test_letting_go_and_the_end_of_a_run_do_not_wait_for_each_other(run: runs.Slice) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    with transaction.atomic():
        # Keeps the one who lets go in the middle, while the run comes to its end.
        Integration.objects.select_for_update().get(pk=run.integration.pk)
        going = InThread(lambda: let_go(run.flow))
        eventually(lambda: waiting_for_locks() == 1)
        ending = InThread(run.done)
        eventually(lambda: waiting_for_locks() == 2)
    going.join()
    ending.join()

    assert going.error is None
    assert isinstance(ending.error, Superseded)
    assert not Run.objects.exists()

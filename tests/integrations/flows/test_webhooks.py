"""Webhooks of the operator's app: verified, kept as hints, answered at once; the flow reads the order itself."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from integrations.connectors.shapes import Hint as Told
from integrations.models import FailedRecord, Hint, Run
from integrations.sandbox.server import Sandbox
from integrations.webhooks import forged_on, note
from orders.models import Order, SeenOrder
from tests.integrations.flows.world import change_settings, connect_store, flow_of, sync, work
from tests.threads import at_once


@pytest.fixture
def app(transactional_db, sandbox):
    integration = connect_store(sandbox, "v1", way="app", on=())
    change_settings(integration, flows={"orders": {"mode": "pull"}}, channel_mode="webhooks_poll")
    work()
    return integration


def deliver(client, body: str, platform: str = "wix"):
    return client.post(f"/hooks/{platform}/", data=body, content_type="text/plain")


def another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def test_an_order_is_read_as_soon_as_the_store_announces_it(app, sandbox, client):
    order = sandbox.wix.place_order("v1")

    answer = deliver(client, sandbox.wix.signed_order_event("v1", order["number"]))
    assert answer.status_code == 200
    assert not Order.objects.exists()  # answered at once; the worker reads it
    work()

    assert Order.objects.get().number == order["number"]
    assert SeenOrder.objects.get().seen_by == "webhook"
    assert Hint.objects.get().done_at
    assert Run.objects.latest("pk").trigger == "webhook"


def test_a_delivery_that_comes_twice_is_one_hint(app, sandbox, client):
    order = sandbox.wix.place_order("v1")
    body = sandbox.wix.signed_order_event("v1", order["number"])

    answers = [deliver(client, body).status_code for _ in range(3)]
    work()

    assert answers == [200, 200, 200]
    assert Hint.objects.count() == 1
    assert Order.objects.count() == 1


def test_many_deliveries_at_once_are_answered_and_end_in_few_runs(app, sandbox):
    from django.test import Client

    bodies = [sandbox.wix.signed_order_event("v1", sandbox.wix.place_order("v1")["number"]) for _ in range(12)]

    answers = at_once(*(lambda body=body: deliver(Client(), body).status_code for body in bodies))
    tasks = work()

    assert answers == [200] * 12
    assert Order.objects.count() == 12
    assert tasks <= 4


def test_a_forged_delivery_is_refused_counted_and_leaves_no_row(app, sandbox, client):
    order = sandbox.wix.place_order("v1")
    body = sandbox.wix.signed_order_event("v1", order["number"], key=another_key())

    assert deliver(client, body).status_code == 403
    assert deliver(client, "not even a token").status_code == 403

    assert not Hint.objects.exists()
    assert forged_on("wix", timezone.now().date()) == 2


def test_an_old_delivery_is_refused(app, sandbox, client, time_machine):
    body = sandbox.wix.signed_order_event("v1", sandbox.wix.place_order("v1")["number"])

    time_machine.move_to(timezone.now() + dt.timedelta(days=10))

    assert deliver(client, body).status_code == 403


def test_an_unknown_platform_is_not_found_and_reading_is_not_allowed(app, client):
    assert deliver(client, "x", "nowhere").status_code == 404
    assert client.get("/hooks/wix/").status_code == 405


def test_a_store_that_is_not_connected_is_answered_and_forgotten(app, sandbox, client):
    order = sandbox.wix.place_order("v3")

    answer = deliver(client, sandbox.wix.signed_order_event("v3", order["number"]))

    assert answer.status_code == 200
    assert not Hint.objects.exists()


def test_an_announced_order_takes_the_same_path_as_a_polled_one(app, sandbox, client):
    """TECH-51: what the settings leave out stays out, whoever told of it."""
    order = sandbox.wix.place_order("v1", paid=False)

    deliver(client, sandbox.wix.signed_order_event("v1", order["number"], "created"))
    work()

    assert not Order.objects.exists()
    assert SeenOrder.objects.get().reasons == ["payment"]


def test_an_order_that_cannot_be_read_singly_does_not_keep_the_others(app, sandbox, client):
    bad, good = sandbox.wix.place_order("v1"), sandbox.wix.place_order("v1")
    sandbox.wix.misbehave("error", "v1", path=f"GET /ecom/v1/orders/{bad['id']}", count=None)
    sandbox.wix.misbehave("no_lines", "v1", path="orders/search", count=0)

    for order in (bad, good):
        deliver(client, sandbox.wix.signed_order_event("v1", order["number"]))
    work()

    assert Order.objects.filter(number=good["number"]).exists()
    assert not Hint.objects.filter(done_at=None).exists()
    assert FailedRecord.objects.get().key == bad["id"]
    assert flow_of(app).failures == 0


def test_hints_stay_while_the_store_does_not_answer(app, sandbox, client, time_machine):
    order = sandbox.wix.place_order("v1")
    sandbox.wix.misbehave("error", "v1", count=None)
    deliver(client, sandbox.wix.signed_order_event("v1", order["number"]))
    work()
    assert Hint.objects.filter(done_at=None).count() == 1
    assert not FailedRecord.objects.exists()

    sandbox.wix.behave()
    time_machine.move_to(flow_of(app).due_at + dt.timedelta(seconds=1))
    from integrations.tasks import tick

    tick()
    work()

    assert Order.objects.count() == 1
    assert not Hint.objects.filter(done_at=None).exists()


def test_the_sandbox_sends_its_webhooks_to_a_running_panel(transactional_db, live_server, settings):
    with Sandbox(products=12, rate_limit=0, webhook_urls=(f"{live_server.url}/hooks/wix/",)) as box:
        info = box.info["wix"]
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        settings.FCP_WIX_APP_ID, settings.FCP_WIX_APP_SECRET = info["app_id"], info["app_secret"]
        settings.FCP_WIX_PUBLIC_KEY = info["public_key"]
        connect_store(box, "v1", way="app")
        work()

        number = box.wix.place_order("v1")["number"]
        from tests.integrations.flows.test_queue import eventually

        def arrived() -> bool:
            work()
            return Order.objects.exists()

        eventually(arrived)
        assert Order.objects.get().number == number


def test_an_app_that_says_it_was_removed_blocks_the_flows_until_it_is_installed_again(app, sandbox):
    def event(kind: str) -> None:
        Hint.objects.create(
            store=app.store, event_id=kind, kind=kind, object_uid=app.store.install_uid, received_at=timezone.now()
        )

    event("removed")
    sandbox.wix.misbehave("revoked", "v1")
    sync(app)
    flow = flow_of(app)
    assert flow.blocked
    assert "was removed from the store" in flow.problem

    sandbox.wix.behave()
    number = sandbox.wix.place_order("v1")["number"]
    note("wix", app.store.install_uid, [Told("again", "installed", app.store.install_uid)], timezone.now())
    work()

    assert not flow_of(app).blocked
    assert Order.objects.get().number == number
    assert not Hint.objects.filter(done_at=None).exists()

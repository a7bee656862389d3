"""Webhooks of Ecwid apps: the signature, what is a hint, whose they are, and that our own writes make no work."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from fcp.errors import Rejected
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.ecwid.webhooks import signature
from integrations.connectors.shapes import AppSecrets, Hint
from integrations.live import go_live
from integrations.models import Flow, Integration
from integrations.models import Hint as Kept
from integrations.runs import APP_REMOVED
from integrations.sandbox.server import Sandbox
from orders.models import Order, SeenOrder
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.flows.world import change_settings, connect_by, flow_of, map_everything, work

from .conftest import connect_ecwid, received
from .test_shaping import payload
from .test_shipments import came_in, ship

SECRET = "test_client_secret"
EVENTS = payload("webhooks-2019.json")
AT = dt.datetime(2026, 5, 1, 6, tzinfo=dt.UTC)


def sent(event: dict[str, Any], secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    seal = signature(secret, event["eventCreated"], event["eventId"])
    return orjson.dumps(event), {"X-Ecwid-Webhook-Signature": seal, "Content-Type": "application/json"}


def event(kind: str = "order.updated", **values: Any) -> dict[str, Any]:
    made = {"eventId": "e-1", "eventCreated": int(AT.timestamp()), "storeId": 1003, "entityId": 502113377}
    return made | {"eventType": kind, "data": {"orderId": "FC7Q2"}} | values


def verified(body: bytes, headers: dict[str, str], now: dt.datetime = AT) -> tuple[str, list[Hint]]:
    return EcwidConnector.verify(body, headers, AppSecrets("app", SECRET), now)


def refusal(body: bytes, headers: dict[str, str], now: dt.datetime = AT, secret: str = SECRET) -> str:
    with pytest.raises(Rejected) as caught:
        EcwidConnector.verify(body, headers, AppSecrets("app", secret), now)
    assert caught.value.code == "webhook_refused"
    return caught.value.detail


# --- the signature ------------------------------------------------------------------------------------------------


def test_the_signature_is_the_one_that_ecwid_makes() -> None:
    made = signature("test_client_secret", 1234567, "80aece08-40e8-4145-8764-6c2f0d38678")
    assert made == "ekmGPQc/IpCwO6woAiM+L8uvY6chew4n6JVQCiDrEVw="


def test_a_signed_event_of_an_order_is_a_hint_to_read_it() -> None:
    assert verified(*sent(event())) == ("1003", [Hint("e-1", "order", "FC7Q2", at=AT - dt.timedelta(seconds=2))])


def test_the_header_is_found_in_any_spelling() -> None:
    body, headers = sent(event())
    seal = headers["X-Ecwid-Webhook-Signature"]
    assert verified(body, {"x-ecwid-webhook-signature": seal})[0] == "1003"
    assert verified(body, {"X-ECWID-WEBHOOK-SIGNATURE": seal})[0] == "1003"


def test_what_nobody_signed_or_somebody_else_is_refused() -> None:
    body, headers = sent(event())
    assert "no signature" in refusal(body, {})
    assert "not ours" in refusal(*sent(event(), "another secret"))
    assert "not ours" in refusal(body, headers | {"X-Ecwid-Webhook-Signature": "AAAA"})
    assert "not ours" in refusal(orjson.dumps(event(eventId="e-2")), headers)
    assert "no signature" in refusal(body, headers, secret="")  # without a secret nothing is genuine


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'"text"', b"{}", b'{"eventId": "e", "eventCreated": "1"}'])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    assert refusal(body, {"X-Ecwid-Webhook-Signature": "AAAA"})


def test_an_old_delivery_is_refused_and_a_repeated_one_of_yesterday_is_not() -> None:
    assert verified(*sent(event()), AT + dt.timedelta(hours=25))[1]
    assert "too old" in refusal(*sent(event()), AT + dt.timedelta(days=4))
    assert "too old" in refusal(*sent(event()), AT - dt.timedelta(minutes=6))


# --- what they are about ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVENTS)
def test_every_genuine_event_is_understood_or_left_alone(kind: str) -> None:
    genuine = EVENTS[kind]
    now = dt.datetime.fromtimestamp(genuine["eventCreated"], dt.UTC)
    store, hints = verified(*sent(genuine), now)
    assert store == str(genuine["storeId"])
    wanted = {
        "order.created": [("order", "103")],
        "order.updated": [("order", "103")],
        "application.installed": [("installed", "1003")],
        "application.uninstalled": [("removed", "1003")],
    }
    assert [(hint.kind, hint.object_uid) for hint in hints] == wanted.get(kind, [])


def test_a_deleted_order_is_named_by_its_id_only() -> None:
    assert verified(*sent(event("order.deleted")))[1][0].kind == "deleted"
    assert verified(*sent(event("order.deleted", data={})))[1] == []


def test_events_of_products_ring_nothing() -> None:
    assert verified(*sent(event("product.updated")))[1] == []


def test_the_store_that_a_delivery_names_is_read_without_believing_it() -> None:
    assert EcwidConnector.claimed(orjson.dumps(event())) == "1003"
    assert [EcwidConnector.claimed(body) for body in (b"", b"[]", b"{}")] == ["", "", ""]


# --- the whole way ------------------------------------------------------------------------------------------------


@pytest.fixture
def told(transactional_db: None, sandbox: Sandbox, settings_of_sandbox: None) -> Integration:
    """Connected by the operator's app, on webhooks with a safety poll."""
    integration = connect_by("ecwid", "app", by_consent(sandbox), box_url(sandbox), on=())
    change_settings(integration, flows={"orders": {"mode": "pull"}}, channel_mode="webhooks_poll")
    work()
    return integration


def box_url(box: Sandbox) -> str:
    return box.info["ecwid"]["api_base_url"]


def by_consent(box: Sandbox) -> dict[str, str]:
    """The code that a consent brings back, and where it was brought to."""
    back = "http://127.0.0.1:8000/install/ecwid/return/"
    scopes = ["read_store_profile", "read_orders", "update_orders", "read_catalog", "update_catalog"]
    return {"code": box.ecwid.agree(scopes, f"{back}?state=s"), "state": "s", "return_url": back}


def deliver(client: Client, box: Sandbox, kind: str, order: str = "", **changes: Any) -> int:
    query, headers, body = box.ecwid.signed_event("ecwid", kind, order, **changes)
    path = "/hooks/ecwid/?" + "&".join(f"{name}={value}" for name, value in query.items())
    answer = client.post(path, data=body, content_type="application/json", headers=headers)
    return answer.status_code


def test_an_order_is_read_as_soon_as_ecwid_announces_it(told: Integration, sandbox: Sandbox, client: Client) -> None:
    order = sandbox.ecwid.place_order()
    assert deliver(client, sandbox, "order.created", order["id"]) == 200
    assert not Order.objects.exists()  # answered at once
    work()
    assert Order.objects.get().uid == order["id"]
    assert SeenOrder.objects.get().seen_by == "webhook"


def test_a_delivery_that_comes_twice_is_one_hint(told: Integration, sandbox: Sandbox, client: Client) -> None:
    order = sandbox.ecwid.place_order()
    answers = [deliver(client, sandbox, "order.created", order["id"], eventId="the-same") for _ in range(3)]
    assert answers == [200, 200, 200]
    assert Kept.objects.count() == 1


def test_a_forged_delivery_leaves_no_row(told: Integration, sandbox: Sandbox, client: Client) -> None:
    order = sandbox.ecwid.place_order()
    assert deliver(client, sandbox, "order.created", order["id"], secret="somebody else's") == 403
    assert not Kept.objects.exists()


def test_a_custom_app_s_delivery_is_proved_by_its_own_secret(
    transactional_db: None, sandbox: Sandbox, settings_of_sandbox: None, client: Client
) -> None:
    own = {"client_secret": "of-the-custom-app"}
    connect_by("ecwid", "custom_app", received(sandbox) | own, box_url(sandbox), on=())
    order = sandbox.ecwid.place_order()
    assert deliver(client, sandbox, "order.created", order["id"], secret="of-the-custom-app") == 200
    assert Kept.objects.count() == 1
    other = {"storeId": 1004}  # of a store whose secret that is not
    assert deliver(client, sandbox, "order.created", order["id"], secret="of-the-custom-app", **other) == 403


def test_products_that_change_ring_no_flow(told: Integration, sandbox: Sandbox, client: Client) -> None:
    due = flow_of(told).due_at
    assert deliver(client, sandbox, "product.updated") == 200
    assert flow_of(told).due_at == due
    assert not Kept.objects.exists()


def test_taking_the_app_out_blocks_every_flow_and_a_new_consent_goes_on(
    told: Integration, sandbox: Sandbox, client: Client
) -> None:
    sandbox.ecwid.remove_app()
    assert deliver(client, sandbox, "application.uninstalled") == 200
    work()
    on = Flow.objects.filter(integration=told, due_at__isnull=False)
    assert {(flow.blocked, flow.problem_code) for flow in on} == {(True, APP_REMOVED)}
    assert len(sandbox.ecwid.access.dead_calls) <= 2  # it is tried once, and not by every flow


def test_our_own_writing_comes_back_as_news_and_makes_no_work(
    transactional_db: None, settings: Any, client: Client
) -> None:
    """What we told Ecwid it announces to us: the order is read once more, nothing is told again."""
    with Sandbox(products=12, rate_limit=0, platforms=("ecwid",)) as box:
        reach_sandbox(box, settings)
        integration = connect_ecwid(box)
        work()
        map_everything(integration)
        go_live(integration, by="Ann", now=timezone.now())
        order = came_in(integration, box.ecwid.place_order(skus=["ENV-25"])["id"])
        ship(order, "A")
        told, revision = box.ecwid.told("ecwid", order.uid), Order.objects.get().revision
        for number in range(2):
            assert deliver(client, box, "order.updated", order.uid, eventId=f"echo-{number}") == 200
            work()
        assert box.ecwid.told("ecwid", order.uid) == told
        assert Order.objects.get().revision <= revision + 1
        assert order.fulfillments.count() == 1
        assert not Kept.objects.filter(done_at=None).exists()

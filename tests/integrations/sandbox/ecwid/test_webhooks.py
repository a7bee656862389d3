"""Webhooks of the stand-in Ecwid: signed, retried, doubled, reordered, and as echo of one's own writes."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from integrations.sandbox.ecwid import events
from integrations.sandbox.ecwid.events import MINUTES, SCALE, ladder, sign
from integrations.sandbox.server import Sandbox
from integrations.sandbox.setup import Setup

from .client import Ecwid


class Panel:
    """Takes deliveries; answers the first of them with `answers`, the rest with 200."""

    def __init__(self) -> None:
        panel, self.sent, self.answers = self, [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                panel.sent.append((self.path, dict(self.headers), body))
                self.send_response(panel.answers.pop(0) if panel.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/ecwid/?own=1"

    @property
    def types(self) -> list[str]:
        return [body["eventType"] for _, _, body in self.sent]


@pytest.fixture
def panel() -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.server.shutdown()
    panel.server.server_close()


@pytest.fixture
def box(panel) -> Iterator[Sandbox]:
    with Sandbox(
        platforms=("ecwid",), products=14, rate_limit=0, webhook_urls=(panel.url,), retries=(0.01, 0.02)
    ) as box:
        yield box


def test_the_signature_is_ecwids_own():
    seal = sign("test_client_secret", 1234567, "80aece08-40e8-4145-8764-6c2f0d38678")

    assert seal == "ekmGPQc/IpCwO6woAiM+L8uvY6chew4n6JVQCiDrEVw="


def test_a_sale_is_told_signed_by_time_and_id(box, panel):
    order = box.ecwid.place_order(skus=["ENV-25"])
    assert box.ecwid.sender.drain()

    path, headers, event = next(sent for sent in panel.sent if sent[2]["eventType"] == "order.created")
    key, text = box.info["ecwid"]["client_secret"], f"{event['eventCreated']}.{event['eventId']}"
    seal = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    assert path == "/hooks/ecwid/?own=1&eventtype=order.created"
    assert headers["X-Ecwid-Webhook-Signature"] == seal
    assert (event["entityId"], event["data"]["orderId"]) == (order["internalId"], order["id"])
    assert str(event["storeId"]) == box.info["ecwid"]["store_id"]
    assert sorted(panel.types) == ["order.created", "product.updated"]


def test_ones_own_writes_echo(box, panel):
    ecwid = Ecwid(box)
    order = box.ecwid.place_order(kind="digital")
    product = ecwid.product("ENV-25")["id"]
    ecwid.put(f"/orders/{order['id']}", {"fulfillmentStatus": "SHIPPED"})
    ecwid.put(f"/products/{product}", {"quantity": 4})
    ecwid.delete(f"/products/{product}")
    ecwid.delete(f"/orders/{order['id']}")
    assert box.ecwid.sender.drain()

    by_type = {body["eventType"]: body for _, _, body in panel.sent}
    told = by_type["order.updated"]["data"]
    assert (told["oldFulfillmentStatus"], told["newFulfillmentStatus"]) == ("AWAITING_PROCESSING", "SHIPPED")
    assert by_type["product.updated"]["entityId"] == by_type["product.deleted"]["entityId"] == product
    assert by_type["order.deleted"]["data"] == {"orderId": order["id"]}


def test_an_unfinished_order_is_told_as_one_until_it_is_placed(box, panel):
    order = box.ecwid.place_order(kind="incomplete")
    box.ecwid.set_payment("ecwid", order["id"], "PAID")
    assert box.ecwid.sender.drain()

    orders = [name for name in panel.types if "order" in name]
    assert orders == ["unfinished_order.created", "order.created"]


@pytest.mark.parametrize(("answer", "tries"), [(200, 1), (204, 1), (209, 1), (203, 2), (302, 2), (404, 2), (500, 2)])
def test_only_some_answers_count_as_taken(box, panel, answer, tries):
    panel.answers = [answer]
    box.ecwid.place_order(kind="digital")
    assert box.ecwid.sender.drain()

    assert len(panel.sent) == tries
    assert [entry["taken"] for entry in box.ecwid.sender.deliveries()] == [True]
    assert len({body["eventId"] for _, _, body in panel.sent}) == 1


def test_it_gives_up_after_the_last_try(box, panel):
    panel.answers = [500] * 9
    box.ecwid.place_order(kind="digital")
    assert box.ecwid.sender.drain()

    assert [(entry["tries"], entry["taken"]) for entry in box.ecwid.sender.deliveries()] == [(3, False)]


def test_the_ladder_is_a_day_of_27_tries_scaled():
    steps = ladder(Setup())

    assert len(steps) == len(MINUTES) == 27
    assert sum(steps) * SCALE == 24 * 60
    assert steps[0] * SCALE == 15


def test_events_come_twice_and_in_another_order_when_asked(box, panel, monkeypatch):
    monkeypatch.setattr(events, "SWAP", 2.0)  # seconds that a slow machine has for the second order
    box.ecwid.misbehave("webhooks_twice", count=1)
    box.ecwid.place_order(kind="digital")
    assert box.ecwid.sender.drain()
    twice = [body["eventId"] for _, _, body in panel.sent]
    panel.sent.clear()

    box.ecwid.misbehave("webhooks_swapped", count=2)
    first, second = (box.ecwid.place_order(kind="digital")["id"] for _ in range(2))
    assert box.ecwid.sender.drain()

    assert len(twice) == 2
    assert len(set(twice)) == 1
    assert [body["data"]["orderId"] for _, _, body in panel.sent] == [second, first]


def test_a_removed_app_hears_of_it_and_then_of_nothing(box, panel):
    box.ecwid.remove_app()
    box.ecwid.place_order()
    assert box.ecwid.sender.drain()

    ((_, _, event),) = panel.sent
    assert event["eventType"] == "application.uninstalled"
    assert event["entityId"] == box.info["ecwid"]["store_id"]


def test_an_app_without_the_scope_hears_nothing_of_orders(box, panel):
    box.ecwid.misbehave("missing_scopes", scopes=["read_catalog"])
    box.ecwid.place_order(skus=["ENV-25"])
    assert box.ecwid.sender.drain()

    assert panel.types == ["product.updated"]


def test_a_forged_delivery_can_be_made_for_tests(box):
    order = box.ecwid.place_order()["id"]
    query, headers, body = box.ecwid.signed_event("ecwid", "order.updated", order)
    _, forged, _ = box.ecwid.signed_event("ecwid", "order.updated", order, secret="other", eventCreated=1)

    event = json.loads(body)
    secret = box.info["ecwid"]["client_secret"]
    assert query == {"eventtype": "order.updated"}
    assert headers["X-Ecwid-Webhook-Signature"] == sign(secret, event["eventCreated"], event["eventId"])
    assert forged["X-Ecwid-Webhook-Signature"] != sign(secret, 1, event["eventId"])

"""Signed events, as Wix sends them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest

from integrations.sandbox.server import Sandbox


class Panel:
    """Takes deliveries; answers 500 to the first `refuse` of them."""

    def __init__(self) -> None:
        panel, self.bodies, self.refuse = self, [], 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                panel.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                panel.refuse -= 1
                self.send_response(500 if panel.refuse >= 0 else 200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/wix/"


@pytest.fixture
def panel() -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.server.shutdown()
    panel.server.server_close()


@pytest.fixture
def box(panel) -> Iterator[Sandbox]:
    with Sandbox(products=12, webhook_urls=(panel.url,), retries=(0.01, 0.02)) as box:
        yield box


def read(box: Sandbox, body: str) -> tuple[dict, dict]:
    info = box.info["wix"]
    claims = jwt.decode(body, info["public_key"], ["RS256"], audience=info["app_id"], issuer="wix.com")
    outer = json.loads(claims["data"])
    return outer, json.loads(outer["data"])


def test_a_new_order_is_told_signed_and_wrapped_as_wix_wraps_it(box, panel):
    order = box.wix.place_order("v3")
    assert box.wix.sender.drain()

    events = {outer["eventType"]: (outer, event) for outer, event in (read(box, body) for body in panel.bodies)}
    outer, event = events["wix.ecom.v1.order_approved"]
    assert set(events) == {"wix.ecom.v1.order_created", "wix.ecom.v1.order_approved"}
    assert outer["instanceId"] == box.info["wix"]["instance_v3"]
    assert (event["slug"], event["entityId"]) == ("approved", order["id"])
    assert event["actionEvent"]["body"]["order"]["number"] == order["number"]
    assert events["wix.ecom.v1.order_created"][1]["createdEvent"]["entity"]["id"] == order["id"]


def test_later_events_of_an_order_have_larger_sequences(box, panel):
    number = box.wix.place_order("v1", paid=False)["number"]
    box.wix.set_payment("v1", number)
    box.wix.cancel_order("v1", number)
    assert box.wix.sender.drain()

    events = [read(box, body) for body in panel.bodies]
    types = [outer["eventType"].removeprefix("wix.ecom.v1.order_") for outer, _ in events]
    sequences = [int(event["entityEventSequence"]) for _, event in events]
    assert types == ["created", "approved", "payment_status_updated", "updated", "canceled", "updated"]
    assert sequences == sorted(set(sequences))


def test_an_unpaid_or_unfinished_order_is_created_but_not_approved(box, panel):
    box.wix.place_order("v1", status="INITIALIZED", paid=False)
    assert box.wix.sender.drain()

    assert [read(box, body)[0]["eventType"] for body in panel.bodies] == ["wix.ecom.v1.order_created"]


def test_what_is_not_taken_is_sent_again(box, panel):
    panel.refuse = 2
    box.wix.change_order("v1", box.wix.place_order("v1")["number"], {"buyerNote": "x"})
    assert box.wix.sender.drain()

    deliveries = box.wix.sender.deliveries()
    assert len(panel.bodies) == 3 + 2
    assert len(set(panel.bodies)) == 3
    assert all(entry["taken"] for entry in deliveries)
    assert sum(entry["tries"] for entry in deliveries) == 5


def test_a_removed_app_hears_of_it_and_then_of_nothing(box, panel):
    box.wix.misbehave("revoked", "v1")
    box.wix.place_order("v1")
    assert box.wix.sender.drain()

    (event,) = [read(box, body) for body in panel.bodies]
    assert event[0]["eventType"] == "AppRemoved"
    assert event[1] == {"appId": box.info["wix"]["app_id"]}


def test_a_forged_signature_can_be_made_for_tests(sandbox):
    from integrations.sandbox.wix.access import make_key

    order = sandbox.wix.place_order("v1")
    forged = sandbox.wix.signed_order_event("v1", order["id"], key=make_key())

    with pytest.raises(jwt.InvalidSignatureError):
        read(sandbox, forged)

"""Wix Automations of the stand-in: what is posted and when, unsigned and once."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix import automations


class Listener:
    """Takes what is posted; answers 500 while `refuse`."""

    def __init__(self) -> None:
        listener, self.bodies, self.kinds, self.refuse = self, [], [], False

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                listener.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                listener.kinds.append(self.headers["Content-Type"])
                self.send_response(500 if listener.refuse else 200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/here"


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.server.shutdown()
    one.server.server_close()


def test_a_placed_order_is_posted_as_plain_json_in_the_shape_of_automations(
    sandbox: Sandbox, listener: Listener
) -> None:
    site = sandbox.wix.site("v1")
    made = automations.send_on_order(site, listener.url)

    order = sandbox.wix.place_order("v1")
    assert sandbox.wix.sender.drain()

    ((body,), (kind,)) = listener.bodies, listener.kinds
    data = body["data"]
    assert kind == "application/json"
    assert (data["id"], data["orderNumber"], data["status"]) == (order["id"], order["number"], "APPROVED")
    assert data["context"] == {"metaSiteId": site.site_id, "activationId": made["id"]}
    assert data["priceSummary"]["total"] == {
        "value": order["priceSummary"]["total"]["amount"], "currency": order["currency"],
    }  # fmt: skip
    assert [line["sku"] for line in data["lineItems"]] == [
        line["physicalProperties"].get("sku", "") for line in order["lineItems"]
    ]
    assert not {"number", "buyerInfo", "updatedDate"} & data.keys()  # not the order of the REST API


def test_own_keys_carry_only_what_was_chosen(sandbox: Sandbox, listener: Listener) -> None:
    automations.send_on_order(sandbox.wix.site("v1"), listener.url, data="number")
    order = sandbox.wix.place_order("v1")
    assert sandbox.wix.sender.drain()

    assert listener.bodies == [{"data": {"number": order["number"]}}]


def test_it_runs_without_the_app_and_only_for_its_trigger_site_and_while_active(
    sandbox: Sandbox, listener: Listener
) -> None:
    site = sandbox.wix.site("v1")
    made = automations.send_on_order(site, listener.url)
    sandbox.wix.misbehave("revoked", "v1")
    sandbox.wix.place_order("v3")
    sandbox.wix.place_order("v1", status="INITIALIZED", paid=False)
    order = sandbox.wix.place_order("v1")
    sandbox.wix.cancel_order("v1", order["number"])
    automations.change(site, made["id"], active=False)
    sandbox.wix.place_order("v1")
    assert sandbox.wix.sender.drain()

    assert [body["data"]["id"] for body in listener.bodies] == [order["id"]]


def test_what_is_not_taken_is_not_sent_again(sandbox: Sandbox, listener: Listener) -> None:
    listener.refuse = True
    automations.send_on_order(sandbox.wix.site("v1"), listener.url)
    sandbox.wix.place_order("v1")
    assert sandbox.wix.sender.drain()

    assert len(listener.bodies) == 1
    assert [entry["taken"] for entry in sandbox.wix.sender.deliveries()] == [False]


@pytest.mark.parametrize("url", ["", "here", "ftp://example.com/x", "https://"])
def test_it_cannot_be_activated_without_an_address(sandbox: Sandbox, url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        automations.send_on_order(sandbox.wix.site("v1"), url)


def test_automations_are_kept_with_the_store(tmp_path) -> None:
    path = str(tmp_path / "state.sqlite3")
    with Sandbox(products=3, state=path) as box:
        automations.send_on_order(box.wix.site("v1"), "http://127.0.0.1:1/here")
    with Sandbox(products=3, state=path) as box:
        (kept,) = box.wix.site("v1").automations
        assert (kept["url"], kept["active"]) == ("http://127.0.0.1:1/here", True)

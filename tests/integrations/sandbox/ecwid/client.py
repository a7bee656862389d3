"""Calls of a stand-in Ecwid, as a program of the merchant would make them."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from integrations.sandbox.server import Sandbox


class Ecwid:
    """Each call gives (status, body). A call that ends without an answer raises."""

    def __init__(self, box: Sandbox):
        self.box, self.host, self.info = box, box.ecwid, box.info["ecwid"]
        self.headers = {"Authorization": f"Bearer {self.info['token']}"}
        self.answer_headers: dict[str, str] = {}

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        return self.call("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: Any) -> tuple[int, Any]:
        return self.call("PUT", path, body, **query)

    def delete(self, path: str, **query: Any) -> tuple[int, Any]:
        return self.call("DELETE", path, **query)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        store = urlsplit(self.info["api_base_url"]).path + "/" + self.info["store_id"]
        raw = b"" if body is None else json.dumps(body).encode()
        status, answer = self.send(method, f"{store}{quote(path)}?{urlencode(query)}", raw, "application/json")
        return status, json.loads(answer) if answer else None

    def send(self, method: str, path: str, raw: bytes = b"", kind: str = "", timeout: float = 30) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.box.server.server_address[1], timeout=timeout)
        try:
            headers = {**self.headers, **({"Content-Type": kind} if kind else {})}
            connection.request(method, path, raw or None, headers)
            answer = connection.getresponse()
            self.answer_headers = dict(answer.getheaders())
            return answer.status, answer.read()
        finally:
            connection.close()

    def items(self, path: str, **query: Any) -> list[dict]:
        status, body = self.get(path, **query)
        assert status == 200, body
        return list(body["items"])

    def ids(self, **query: Any) -> list[str]:
        return [order["id"] for order in self.items("/orders", **query)]

    def product(self, sku: str) -> dict[str, Any]:
        (found,) = self.items("/products", sku=sku)
        return dict(found)

    def done(self, ticket: str, seconds: float = 30.0) -> dict[str, Any]:
        """The batch's answer, once all of it is done."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(self.get("/batch", ticket=ticket, escapedJson="true")[1])
            return bool(found["status"] == "COMPLETED")

        wait_for(ended, seconds)
        return found


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    return status, body.get("errorCode", "")

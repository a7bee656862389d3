"""Calls of a stand-in Wix, as a program of the merchant would make them."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.server import Sandbox

EVERY_STATUS = {"status": {"$in": ["APPROVED", "CANCELED", "PENDING", "REJECTED"]}}


class Wix:
    """Each call gives (status, body). A call that ends without an answer raises."""

    def __init__(self, box: Sandbox, site: str = "v1"):
        self.box, self.info, self.site = box, box.info["wix"], site
        self.headers: dict[str, str] = {}
        self.answer_headers: dict[str, str] = {}
        status, body = self.ask_token()
        assert status == 200, body
        self.headers = {"Authorization": body["access_token"]}

    def ask_token(self, **other: str) -> tuple[int, Any]:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": self.info["app_id"],
            "client_secret": self.info["app_secret"],
            "instance_id": self.info[f"instance_{self.site}"],
        }
        return self.post("/oauth2/token", wanted | other)

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path)

    def post(self, path: str, body: dict) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def patch(self, path: str, body: dict) -> tuple[int, Any]:
        return self.call("PATCH", path, body)

    def call(self, method: str, path: str, body: dict | None = None, timeout: float = 30) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.box.server.server_address[1], timeout=timeout)
        try:
            text = json.dumps(body) if body is not None else None
            connection.request(method, "/wix" + path, text, {"Content-Type": "application/json", **self.headers})
            answer = connection.getresponse()
            self.answer_headers = dict(answer.getheaders())
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def search(self, **search: Any) -> dict:
        status, body = self.post("/ecom/v1/orders/search", {"search": search})
        assert status == 200, body
        return body

    def pull(self, limit: int = 100, **filters: Any) -> list[list[dict]]:
        """The pages of every order in every status, oldest change first."""
        sort = [{"fieldName": "updatedDate", "order": "ASC"}]
        page = self.search(filter=EVERY_STATUS | filters, sort=sort, cursorPaging={"limit": limit})
        pages = [page["orders"]]
        while page["metadata"]["hasNext"]:
            page = self.search(cursorPaging={"limit": limit, "cursor": page["metadata"]["cursors"]["next"]})
            pages.append(page["orders"])
        return pages

    def fulfill(self, order: dict, lines: list[dict] | None = None, **more: Any) -> tuple[int, Any]:
        lines = [{"id": line["id"]} for line in order["lineItems"]] if lines is None else lines
        wanted = {"lineItems": lines, **more}
        return self.post(f"/ecom/v1/fulfillments/orders/{order['id']}/create-fulfillment", {"fulfillment": wanted})


def code(body: dict) -> str:
    details = body["details"]
    if "applicationError" in details:
        return details["applicationError"]["code"]
    return details["validationError"]["fieldViolations"][0]["field"]


def look(box: Sandbox, path: str, form: dict | None = None, **headers: str) -> tuple[int, str, str]:
    """One page of the stand-in as a browser asks for it: status, text, and where it sends the browser on."""
    connection = http.client.HTTPConnection("127.0.0.1", box.server.server_address[1], timeout=30)
    try:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form, doseq=True) if form is not None else None
        connection.request("GET" if form is None else "POST", "/wix" + path, body, {**kind, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("Location", "")
    finally:
        connection.close()

"""Control by JSON, below /control/api/, and the routing of the control pages. Loopback only."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from integrations.sandbox.wire import Reply, Request, from_here
from integrations.sandbox.wix.errors import WixError

from . import pages

if TYPE_CHECKING:
    from integrations.sandbox.server import Sandbox

PLACE = {
    "site",
    "kind",
    "skus",
    "quantity",
    "shipping",
    "country",
    "paid",
    "payment",
    "status",
    "text",
    "note",
    "changes",
    "force",
}


class Control:
    def __init__(self, box: "Sandbox"):
        self.box = box

    def answer(self, request: Request) -> Reply:
        """A reply of JSON for /control/api/..., of HTML else."""
        if not from_here(request):
            return Reply(403, b'{"message":"only this machine may use the control page"}')
        path = [part for part in request.path.split("/") if part]
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        as_json = path[:2] == ["control", "api"]
        try:
            if as_json:
                found = self.api(request.method, path[2:], query, request.json())
                text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
                return Reply(200, text.encode("utf-8", "replace"))
            if path[:1] == ["control"]:
                form = {name: values[-1] for name, values in parse_qs(request.raw.decode("utf-8", "replace")).items()}
                return pages.answer(self.box, request.method, path[1:], query, form)
            if path == ["favicon.ico"]:
                return Reply(204, b"")
            if not path:
                return Reply(303, b"", {"Location": "/control/"})
            raise KeyError("there is nothing at this address")
        except (KeyError, ValueError, TypeError, IndexError, WixError) as problem:
            text = str(problem.args[0]) if problem.args else "this cannot be done"
            if as_json:
                return Reply(404 if isinstance(problem, KeyError) else 400, json.dumps({"message": text}).encode())
            return pages.problem(text)

    def api(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
        if path[:1] == ["orders"]:
            return self.orders(method, path[1:], query, body)
        wix, site = self.box.wix, body.get("site") or query.get("site")
        match [method, *path]:
            case ["POST", "misbehave"]:
                how = {name: value for name, value in body.items() if name not in ("kind", "site")}
                wix.misbehave(body["kind"], site, **how)
            case ["POST", "behave"]:
                wix.behave(site)
            case [_, "stock"]:
                return self.stock(method, site or "v1", body)
            case ["POST", "migrate"]:
                wix.migrate(site or "v1")
            case ["GET", "received"]:
                return {"received": wix.received}
            case ["GET", "webhook"] if "event" in query:
                return wix.signed_app_event(site or "v1", query["event"])
            case ["GET", "webhook"]:
                return wix.signed_order_event(site or "v1", query["order"], query.get("slug", "approved"))
            case ["GET", "instance"]:
                return wix.access.sign_instance(wix.site(site or "v1"))
            case ["GET", "deliveries"]:
                return {"deliveries": wix.sender.deliveries()}
            case ["POST", "webhook-urls"]:
                wix.sender.urls[:] = body["urls"]
            case _:
                raise KeyError("there is no such control call")
        return {}

    def stock(self, method: str, site: str, body: dict[str, Any]) -> Any:
        wix = self.box.wix
        if method == "POST":
            wix.set_stock(site, body["sku"], body["quantity"], body.get("place", ""))
            return {"stock": wix.stock_of(site, body["sku"])}
        return {"stock": wix.stock(site), "oversold": wix.site(site).oversold}

    def orders(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
        wix, site = self.box.wix, body.get("site") or query.get("site") or "v1"
        match [method, *path]:
            case ["GET"]:
                return {"orders": [row.load() for row in wix.newest(site, int(query.get("limit", 20)))]}
            case ["POST"]:
                return {"order": wix.place_order(**{name: value for name, value in body.items() if name in PLACE})}
            case ["GET", order]:
                return {"order": wix.order(site, order), "fulfillments": wix.told(site, order)}
            case ["POST", order, "change"]:
                return {"order": wix.change_order(site, order, body["changes"])}
            case ["POST", order, "cancel"]:
                return {"order": wix.cancel_order(site, order, body.get("restock", True))}
            case ["POST", order, "payment"]:
                return {"order": wix.set_payment(site, order, body.get("status", "PAID"))}
            case ["POST", order, "refund"]:
                return {"order": wix.refund(site, order, str(body["amount"]))}
            case ["POST", order, "edit"]:
                places = {int(place): int(quantity) for place, quantity in body.get("set_to", {}).items()}
                remove = tuple(body.get("remove", ()))
                return {"order": wix.edit_order(site, order, add=body.get("add"), set_to=places, remove=remove)}
            case ["POST", order, "take-back"]:
                wix.take_back(site, order, int(body.get("place", 0)))
                return {"fulfillments": wix.told(site, order)}
            case ["POST", order, "fulfill"]:
                wix.fulfill(site, order, body.get("tracking", ""), body.get("provider", "ups"))
                return {"fulfillments": wix.told(site, order)}
        raise KeyError("there is no such control call")

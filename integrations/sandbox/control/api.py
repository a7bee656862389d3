"""Control by JSON, below /control/api/, and the routing of the control pages. Loopback only."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from integrations.sandbox.wire import Reply, Request, from_here

from . import pages

if TYPE_CHECKING:
    from integrations.sandbox.server import Sandbox

FIRST = "v1"  # the store that is meant where none is named
PLACE = {
    *("site", "kind", "skus", "quantity", "shipping", "country", "paid", "payment", "status", "text", "note"),
    *("changes", "force"),
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
        except self.refusals as problem:
            text = str(problem.args[0]) if problem.args else "this cannot be done"
            if as_json:
                return Reply(404 if isinstance(problem, KeyError) else 400, json.dumps({"message": text}).encode())
            return pages.problem(text)

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What is raised for something that cannot be done, by us and by the platforms."""
        own = (KeyError, ValueError, TypeError, IndexError)
        return (*own, *(host.desk.refusal for host in self.box.hosts.values()))

    def hosts(self, site: str | None) -> list[Any]:
        """The host of one store, or all."""
        return [pages.found(self.box, site)[0].host] if site else list(self.box.hosts.values())

    def api(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
        named = body.get("site") or query.get("site")
        if path[:1] == ["orders"]:
            return self.orders(method, path[1:], query, body, named or FIRST)
        hosts = self.hosts(named)
        match [method, *path]:
            case ["POST", "misbehave"]:
                self.misbehave(hosts, named, body)
            case ["POST", "behave"]:
                for host in hosts:
                    host.behave(named)
            case [_, "stock"]:
                return self.stock(method, named or FIRST, body)
            case ["GET", "received"]:
                return {"received": [row for host in hosts for row in host.received]}
            case ["GET", "deliveries"]:
                return {"deliveries": [row for host in hosts for row in host.sender.deliveries()]}
            case ["POST", "webhook-urls"]:
                for key, host in self.box.hosts.items():
                    if host in hosts:
                        host.sender.urls[:] = [url.replace("{platform}", key) for url in body["urls"]]
            case _:
                desk, store = pages.found(self.box, named or FIRST)
                return desk.own(method, path, store.key, query, body)
        return {}

    @staticmethod
    def misbehave(hosts: list[Any], site: str | None, body: dict[str, Any]) -> None:
        """In all the stores that can go wrong in this way, unless one is named."""
        able = [host for host in hosts if body["kind"] in host.desk.kinds]
        if not able:
            raise ValueError(f"unknown misbehaviour {body['kind']!r}")
        for host in able:
            host.misbehave(body["kind"], site, **{k: v for k, v in body.items() if k not in ("kind", "site")})

    def stock(self, method: str, site: str, body: dict[str, Any]) -> Any:
        desk, store = pages.found(self.box, site)
        if method == "POST":
            desk.host.set_stock(store.key, body["sku"], body["quantity"], body.get("place", ""))
            return {"stock": desk.host.stock_of(store.key, body["sku"])}
        return {"stock": desk.host.stock(store.key), "oversold": getattr(store, "oversold", {})}

    def orders(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any], site: str) -> Any:
        desk, store = pages.found(self.box, site)
        host, key = desk.host, store.key
        match [method, *path]:
            case ["GET"]:
                return {"orders": [row.load() for row in host.newest(key, int(query.get("limit", 20)))]}
            case ["POST"]:
                wanted = {name: value for name, value in body.items() if name in PLACE} | {"site": key}
                return {"order": host.place_order(**wanted)}
            case ["GET", order]:
                return {"order": host.order(key, order), "fulfillments": host.told(key, order)}
            case ["POST", order, "change"]:
                return {"order": host.change_order(key, order, body["changes"])}
            case ["POST", order, "cancel"]:
                return {"order": host.cancel_order(key, order, body.get("restock", True))}
            case ["POST", order, "payment"]:
                return {"order": host.set_payment(key, order, body.get("status", "PAID"))}
            case ["POST", order, "refund"]:
                return {"order": host.refund(key, order, str(body["amount"]))}
            case ["POST", order, "fulfill"]:
                how = {name: body[name] for name in ("tracking", "provider", "status") if name in body}
                host.fulfill(key, order, **how)
                return {"fulfillments": host.told(key, order)}
        return desk.own(method, ["orders", *path], key, query, body)

"""What goes wrong with a page of Ecwid orders on its way out."""

import json
from collections.abc import Callable

from integrations.sandbox.faults import WITH_THE_LIST, first

from .wire import dump


def _wrong_type(order: dict) -> None:
    order["items"] = [{**line, "quantity": "many"} for line in order.get("items", [])]


def _nul(order: dict) -> None:
    for line in order.get("items", []):
        line["name"] = "Boat\x00 blue"
    order["orderComments"] = "Ring\x00 twice"


def _long(order: dict) -> None:
    for line in order.get("items", []):
        line.update(name="Boat " * 2000, sku="SKU" * 500)
    order["orderComments"] = "Ring twice " * 1000


SPOILERS: dict[str, Callable[[list], list]] = {
    **WITH_THE_LIST,
    "wrong_type": first(_wrong_type),
    "no_lines": first(lambda order: order.update(items=[])),
    "nul": first(_nul),
    "long": first(_long),
}


def spoil(kind: str, body: bytes, last: bytes) -> bytes:
    """A page gone wrong. `last`: the page before."""
    if kind == "repeat_page":
        return last or body
    if kind not in SPOILERS:
        return body
    page = json.loads(body)
    return dump({**page, "items": SPOILERS[kind](page["items"])})

"""What goes wrong with a page of Ecwid orders on its way out."""

import json
from collections.abc import Callable

from integrations.sandbox.faults import SPOILERS as WITH_THE_LIST

from .wire import dump


def _first(change: Callable[[dict], None]) -> Callable[[list], list]:
    def spoil(records: list) -> list:
        if records:
            change(records[0])
        return records

    return spoil


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
    **{name: WITH_THE_LIST[name] for name in ("no_id", "duplicate", "same_id", "reordered")},
    "wrong_type": _first(_wrong_type),
    "no_lines": _first(lambda order: order.update(items=[])),
    "nul": _first(_nul),
    "long": _first(_long),
}


def spoil(kind: str, body: bytes, last: bytes) -> bytes:
    """A page gone wrong. `last`: the page before."""
    if kind == "repeat_page":
        return last or body
    if kind not in SPOILERS:
        return body
    page = json.loads(body)
    return dump({**page, "items": SPOILERS[kind](page["items"])})

"""What goes wrong with a page of Wix orders on its way out."""

import json
from collections.abc import Callable

from integrations.sandbox.faults import WITH_THE_LIST, first

from .site import dump


def _wrong_type(order: dict) -> None:
    order["lineItems"] = [{**line, "quantity": "many"} for line in order.get("lineItems", [])]


def _nul(order: dict) -> None:
    for line in order.get("lineItems", []):
        line["productName"] = {"original": "Mug\x00 blue", "translated": "Mug\x00 blue"}
    order["buyerNote"] = "Ring\x00 twice"


def _long(order: dict) -> None:
    for line in order.get("lineItems", []):
        line["productName"] = {"original": "Mug " * 2000}
        line.setdefault("physicalProperties", {})["sku"] = "SKU" * 500
    order["buyerNote"] = "Ring twice " * 1000


SPOILERS: dict[str, Callable[[list], list]] = {
    **WITH_THE_LIST,
    "wrong_type": first(_wrong_type),
    "no_lines": first(lambda order: order.update(lineItems=[])),
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
    return dump({**page, "orders": SPOILERS[kind](page["orders"])})

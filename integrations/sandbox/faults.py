"""Misbehaviour on demand: what a stand-in can be told to do wrong, how often, and to which calls."""

import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

# What goes wrong before the call is looked at: status, body, headers. None: see Fault.
REFUSALS: dict[str, int] = {
    "busy": 429,
    "error": 500,
    "gateway": 502,
    "unavailable": 503,
    "unauthorized": 401,
    "forbidden": 403,
}
KINDS = {
    "slow": "Answers slowly",
    "busy": "Says it is too busy (429)",
    "error": "Has an internal error (500)",
    "gateway": "Has a broken gateway (502)",
    "unavailable": "Is down for maintenance (503)",
    "unauthorized": "Refuses the token (401)",
    "forbidden": "Says the app has no permission (403)",
    "timeout": "Never answers",
    "drop": "Hangs up before it does anything",
    "lost_answer": "Does what it is told, then hangs up before it answers",
    "cut": "Sends half of the answer",
    "html": "Answers with a web page",
    "wrong_type": "Sends an order with a quantity in words",
    "no_lines": "Sends an order without lines",
    "no_id": "Sends an order without an id",
    "nul": "Sends a name with a NUL character in it",
    "long": "Sends over-long values",
    "duplicate": "Sends an order twice in a page",
    "same_id": "Sends two orders with one id",
    "reordered": "Sends a page in another order",
    "repeat_page": "Sends the page before once more",
    "stale_revision": "Says that the record was changed meanwhile",
    "refuse": "Refuses what it is told (400)",
    "stale_rows": "Says of some rows of a bulk call that they were changed meanwhile",
    "failed_rows": "Refuses some rows of a bulk call",
    "undetailed_rows": "Leaves some rows of a bulk call undone without a word",
}
SPOILS = {"wrong_type", "no_lines", "no_id", "nul", "long", "duplicate", "same_id", "reordered", "repeat_page"}
ROWS = {"stale_rows", "failed_rows", "undetailed_rows"}
# Which calls a kind is about, unless a path is named: those of many rows, pages of orders, and those for a token.
ROW_CALLS = re.compile(r"/bulk/|^POST .*/batch$")
ORDER_PAGES = re.compile(r"orders/search|^GET .*/orders$")
TOKEN_CALLS = re.compile(r"/oauth2?/")


@dataclass
class Fault:
    """One way to misbehave: for the next `count` calls (None: until cleared), or for a `share` of them."""

    kind: str
    count: int | None = 1
    share: float = 1.0
    skip: int = 0  # matching calls that still go well first
    path: str = ""  # a regular expression searched in "METHOD /path"
    seconds: float = 1.0  # slow, timeout
    retry_after: int | None = None  # busy: the header's value
    rows: float = 0.25  # of a bulk call, the share that is hit, evenly spread; the first one always

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown misbehaviour {self.kind!r}")
        re.compile(self.path)

    def strikes(self, call: str, write: bool, dice: random.Random) -> bool:
        """Whether it hits this call; counts down when it does."""
        if self.count == 0 or not re.search(self.path, call):
            return False
        if not self.path and TOKEN_CALLS.search(call):  # a token is refused only when asked for by path
            return False
        if not self.path and self.kind in ("lost_answer", "refuse") and not write:
            return False
        if self.kind in ROWS and not ROW_CALLS.search(call):
            return False
        if not self.path and self.kind in SPOILS and not ORDER_PAGES.search(call):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.share < 1 and dice.random() >= self.share:
            return False
        if self.count is not None:
            self.count -= 1
        return True

    def hits(self, row: int) -> bool:
        """Whether it hits this row of a bulk call."""
        return self.kind in ROWS and row % max(1, round(1 / self.rows)) == 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "label": KINDS[self.kind]}


def first(change: Callable[[dict], None]) -> Callable[[list], list]:
    def spoil(records: list) -> list:
        if records:
            change(records[0])
        return records

    return spoil


def _same_id(records: list) -> list:
    for record in records[1:2]:
        record["id"] = records[0]["id"]
    return records


# What goes wrong with a page's records on their way out, whatever stands in them.
WITH_THE_LIST: dict[str, Callable[[list], list]] = {
    "no_id": first(lambda record: record.pop("id", None)),
    "duplicate": lambda records: records[:1] + records,
    "same_id": _same_id,
    "reordered": lambda records: records[::-1],
}

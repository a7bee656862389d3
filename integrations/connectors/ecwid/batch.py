"""Many changes in one call, worked off by Ecwid one after another and answered when asked for by ticket.

Batches of a store run one after another too, so a later one never comes before an earlier one. The same key within an
hour is the same batch. A batch is also a group of its own, by which it can be called off.
Source: Ecwid API reference, "Batch requests".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fcp.errors import Busy, NotFound, Stale, SyncError, Unreachable, Unreadable
from fcp.http import Reply, error_of

from ..shapes import Answer, Done, Later
from . import errors
from .goods_errors import stock_table
from .reading import Call, Json, rows_of, text_of

MOST = 500  # changes of a batch
GOODS, ORDERS = "products", "orders"  # what a batch is of
UNDER_WAY, ENDED, NOT_BEGUN = frozenset({"QUEUED", "IN_PROGRESS"}), "COMPLETED", "NOT_EXECUTED"
FAULT = "Ecwid had a fault of its own with this one. We try again by ourselves."


@dataclass(frozen=True, slots=True)
class Change:
    """One PUT. `key` is ours, to match its answer: several with blanks between where it answers for several."""

    key: str
    path: str
    body: Mapping[str, Any]


def ask(call: Call, changes: Sequence[Change], key: str, of: str = GOODS) -> str:
    """The ticket, with what names the batch at Ecwid and what it is of. One that fails does not stop the others."""
    params = {
        "stopOnFirstFailure": "false",
        "allowParallelMode": "false",
        "deduplicationKey": key,
        "groupId": key,
    }
    body = [{"id": one.key, "path": one.path, "method": "PUT", "body": dict(one.body)} for one in changes[:MOST]]
    ticket = text_of(call("POST", "/batch", body, params=params), "ticket", 200)
    if not ticket:
        raise Unreadable("a batch without a ticket", maybe_done=True)
    return f"{ticket} {key} {of}"


def poll(call: Call, ticket: str) -> Done | Later:
    """Bodies are asked for as text: newer documentation knows no other form."""
    uid, _, of = ticket.split(" ")
    asked = {"ticket": uid, "escapedJson": "true"}
    reply = call("GET", "/batch", params=asked, errors={400: _unknown})
    status = text_of(reply, "status", 40)
    if status in UNDER_WAY:
        return Later(ticket)
    if status != ENDED:
        raise Unreadable(f"a batch with the status {status!r}")
    rows = rows_of(reply.get("responses") or [])
    answers = [_answer(row, of) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return Done([replace(answer, key=key) for answer in answers for key in answer.key.split(" ")])


def call_off(call: Call, ticket: str) -> None:
    """What of it has not begun yet."""
    call("POST", "/batch/cancel-group", params={"groupId": ticket.split(" ")[1]})


def _unknown(reply: Reply) -> SyncError:
    return NotFound(errors.detail_of(reply), code="ticket_unknown")


def _answer(row: Json, of: str) -> Answer:
    key, code = row["id"], row.get("httpStatusCode")
    if row.get("status") == NOT_BEGUN:
        return Answer(key, error=Busy("not executed"))
    if not isinstance(code, int):
        code = 200 if row.get("status") == ENDED else 500
    if 200 <= code < 300:
        return Answer(key)
    table = stock_table if of == GOODS else errors.table
    error = error_of(Reply(code, {}, _body(row)), table("PUT", f"/{of}"), reads=False)
    if isinstance(error, Unreachable | Stale):  # of this one; the rest of the batch was answered
        error = Unreadable(error.detail, code="store_fault", sentence=FAULT)
    return Answer(key, error=error)


def _body(row: Json) -> bytes:
    escaped = row.get("escapedHttpBody")
    if isinstance(escaped, str):
        return escaped.encode("utf-8", "replace")
    return orjson.dumps(row["httpBody"]) if row.get("httpBody") is not None else b""

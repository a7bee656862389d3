"""Batches: up to 500 calls taken at once under a ticket, worked on one after another in the background.

Their state is kept with what they change, so that a restart goes on after the last call that was done. Inner calls do
not count towards the calls a minute; the reference does not know whether they do.
"""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox.state import State

from .api import Call, find_route, route, run
from .errors import EcwidError, missing, wrong
from .store import Store
from .wire import dump

TOP = 500
DEDUPLICATION = 3600  # seconds
KEPT = 1000  # batches whose answer can still be read
CHUNK = 20  # calls in one transaction
METHODS = ("GET", "POST", "PUT", "DELETE")
NOT_DONE = {"QUEUED", "IN_PROGRESS"}
STATUS_OF_ROW = {"failed_rows": 400, "stale_rows": 409}


Row = dict[str, Any]


class Batches(threading.Thread):
    """`wait` and `pace`: seconds until a batch is begun, and of each of its calls."""

    wait, pace = 0.05, 0.0

    def __init__(self, store: Store, state: State, work: Callable[..., None], inner: Callable[[str, Row], bytes]):
        """`work` runs a function while nobody else works; `inner` answers one call, made with a token."""
        super().__init__(name="sandbox batches", daemon=True)
        self.store, self.state, self.work, self.inner = store, state, work, inner
        self.all: dict[str, dict[str, Any]] = {}
        self.change = threading.Event()
        self.stopped = threading.Event()

    def restore(self, uid: str, batch: dict[str, Any] | None) -> None:
        if batch is not None:
            self.all[uid] = batch

    def add(self, call: Call) -> str:
        """A new ticket, or that of the same batch where its deduplication key was used within the hour."""
        rows, key, now = call.body, call.query.get("deduplicationKey", ""), self.store.now()
        for ticket, batch in self.all.items():
            if key and batch["key"] == key and batch["at"] > now - DEDUPLICATION:
                return ticket
        ticket = self.store.new_uuid()
        struck = [fault for fault in call.faults if fault.kind in ("failed_rows", "stale_rows", "undetailed_rows")]
        self.all[ticket] = {
            "key": key,
            "group": call.query.get("groupId", ""),
            "at": now,
            "stop": call.flag("stopOnFirstFailure", True),
            "token": call.token.text,
            "status": "QUEUED",
            "rows": rows,
            "answers": [],
            "spoilt": {n: fault.kind for n in range(len(rows)) for fault in struck if fault.hits(n)},
        }
        while len(self.all) > KEPT:
            oldest = next(iter(self.all))
            del self.all[oldest]
            self.state.save(self.store.key, "batch", oldest, b"null")
        self._save(ticket)
        self.change.set()
        return ticket

    def _save(self, ticket: str) -> None:
        self.state.save(self.store.key, "batch", ticket, dump(self.all[ticket]))

    def cancel(self, group: str) -> int:
        """What of a group has not begun is done with."""
        hit = [ticket for ticket, one in self.all.items() if group and one["group"] == group]
        hit = [ticket for ticket in hit if self.all[ticket]["status"] == "QUEUED"]
        for ticket in hit:
            self._finish(self.all[ticket])
            self._save(ticket)
        return len(hit)

    @staticmethod
    def _finish(batch: dict[str, Any]) -> None:
        left = batch["rows"][len(batch["answers"]) :]
        batch["answers"] += [{"id": row.get("id", ""), "status": "NOT_EXECUTED"} for row in left]
        batch["status"] = "COMPLETED"

    # Working.

    def run(self) -> None:
        while not self.stopped.is_set():
            ticket, batch = next(
                ((uid, one) for uid, one in list(self.all.items()) if one["status"] in NOT_DONE), ("", None)
            )
            if batch is None:
                self.change.wait(1.0)
                self.change.clear()
                continue
            if batch["status"] == "QUEUED" and self.stopped.wait(self.wait):
                return
            self.work(lambda ticket=ticket: self._some(ticket))
            if self.pace and self.stopped.wait(self.pace * CHUNK):
                return

    def _some(self, ticket: str) -> None:
        """The next few calls of a batch; kept together with what they change."""
        batch = self.all.get(ticket)
        if batch is None or batch["status"] not in NOT_DONE:
            return
        start = len(batch["answers"])
        batch["status"] = "IN_PROGRESS"
        for place, row in enumerate(batch["rows"][start : start + CHUNK], start):
            answer = self._one(batch, place, row)
            batch["answers"].append(answer)
            if answer["status"] == "FAILED" and batch["stop"]:
                self._finish(batch)
                break
        if len(batch["answers"]) == len(batch["rows"]):
            batch["status"] = "COMPLETED"
        self._save(ticket)

    def _one(self, batch: dict[str, Any], place: int, row: dict[str, Any]) -> dict[str, Any]:
        spoilt = batch["spoilt"].get(place, batch["spoilt"].get(str(place)))
        if spoilt == "undetailed_rows":
            return {"id": row.get("id", ""), "status": "UNDETAILED"}
        try:
            if spoilt:
                raise EcwidError(STATUS_OF_ROW[spoilt], "This cannot be done", "CONSTRAINT_VIOLATION")
            status, body = 200, self.inner(batch["token"], row)
        except EcwidError as problem:
            status, body = problem.status, problem.body()
        except (AttributeError, KeyError, TypeError, ValueError):  # a body of another shape than the call takes
            status, body = 400, wrong("Malformed request").body()
        return {
            "id": row.get("id", ""),
            "status": "COMPLETED" if status == 200 else "FAILED",
            "httpStatusCode": status,
            "httpStatusLine": HTTPStatus(status).phrase,
            "body": body.decode(),
        }

    def stop(self) -> None:
        self.stopped.set()
        self.change.set()
        if self.is_alive():
            self.join(5)


def inner_call(call: Call, row: dict[str, Any]) -> bytes:
    """Work on one call of a batch. `call`: the store, access and token that it is made with."""
    path, _, query = str(row.get("path", "")).partition("?")
    if row.get("method") not in METHODS:
        raise wrong("Wrong value of method")
    body = row.get("body")
    if isinstance(body, str):  # as the documentation types it
        body = json.loads(body) if body else None
    found = find_route(row["method"], "/" + path.lstrip("/"))
    if found.function in (create_batch, get_batch, cancel_group):
        raise wrong("A batch in a batch")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    return run(found, Call(call.store, call.access, call.token, found.ids, asked, body))


# Calls.


@route("POST", "/batch")
def create_batch(call: Call) -> dict:
    if not isinstance(call.body, list) or not all(isinstance(row, dict) for row in call.body) or not call.body:
        raise wrong("The request body must be a list of requests")
    if len(call.body) > TOP:
        raise wrong(f"No more than {TOP} requests in a batch")
    call.store.note("create_batch", requests=len(call.body))
    return {"ticket": call.batches.add(call)}


@route("GET", "/batch")
def get_batch(call: Call) -> Any:
    batches: Batches = call.batches
    if ticket := call.query.get("ticket"):
        if ticket not in batches.all:
            raise missing("Ticket", ticket)
        return told(batches.all[ticket], call.flag("escapedJson"))
    wanted = call.query.get("status", "")
    if wanted not in ("QUEUED", "IN_PROGRESS", "COMPLETED"):
        raise wrong("Wrong value of status")
    found = [{"ticket": uid, "status": one["status"]} for uid, one in batches.all.items() if one["status"] == wanted]
    return found[-call.limit() :]


def told(batch: dict[str, Any], escaped: bool) -> dict[str, Any]:
    answers = [answer for answer in batch["answers"] if answer["status"] != "UNDETAILED"]
    return {
        "status": batch["status"],
        "totalRequests": len(batch["rows"]),
        "completedRequests": len(batch["answers"]),
        "responses": [answer_of(answer, escaped) for answer in answers],
    }


def answer_of(answer: dict[str, Any], escaped: bool) -> dict[str, Any]:
    rest = {name: value for name, value in answer.items() if name != "body"}
    if "body" not in answer:
        return rest
    return rest | ({"escapedHttpBody": answer["body"]} if escaped else {"httpBody": json.loads(answer["body"])})


@route("POST", "/batch/cancel-group")
def cancel_group(call: Call) -> dict:
    return {"updateCount": call.batches.cancel(call.query.get("groupId", ""))}

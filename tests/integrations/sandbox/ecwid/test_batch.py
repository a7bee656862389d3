"""Batches of the stand-in Ecwid: tickets, order, failures, restarts."""

import json

import pytest

from integrations.sandbox.server import Sandbox

from .client import Ecwid, code, wait_for


def delta(uid: int, by: int, name: str) -> dict:
    return {"id": name, "method": "PUT", "path": f"/products/{uid}/inventory", "body": {"quantityDelta": by}}


def test_a_batch_is_worked_on_in_order_and_answers_each_call(ecwid):
    uid = ecwid.product("ENV-25")["id"]
    calls = [
        {"id": "a", "method": "PUT", "path": f"products/{uid}", "body": {"quantity": 4}},
        delta(uid, 2, "b"),
        {"id": "c", "method": "GET", "path": f"/products/{uid}?responseFields=quantity"},
    ]

    status, body = ecwid.post("/batch", calls)
    found = ecwid.done(body["ticket"])

    assert status == 200
    assert (found["totalRequests"], found["completedRequests"]) == (3, 3)
    assert [one["id"] for one in found["responses"]] == ["a", "b", "c"]
    assert json.loads(found["responses"][2]["escapedHttpBody"]) == {"quantity": 6}
    plain = ecwid.get("/batch", ticket=body["ticket"])[1]["responses"][2]
    assert (plain["httpBody"], plain["httpStatusCode"], plain["httpStatusLine"]) == ({"quantity": 6}, 200, "OK")


@pytest.mark.parametrize(
    ("stop", "statuses", "left"),
    [("true", ["COMPLETED", "FAILED", "NOT_EXECUTED"], 11), ("false", ["COMPLETED", "FAILED", "COMPLETED"], 12)],
)
def test_after_a_failure_the_rest_is_done_only_when_asked(ecwid, stop, statuses, left):
    uid = ecwid.product("ENV-25")["id"]
    ecwid.put(f"/products/{uid}", {"quantity": 10})
    calls = [delta(uid, 1, "a"), delta(7, 1, "b"), delta(uid, 1, "c")]

    found = ecwid.done(ecwid.post("/batch", calls, stopOnFirstFailure=stop)[1]["ticket"])

    assert [one["status"] for one in found["responses"]] == statuses
    assert json.loads(found["responses"][1]["escapedHttpBody"])["errorCode"] == "PRODUCT_NOT_FOUND"
    assert ecwid.product("ENV-25")["quantity"] == left


def test_the_same_deduplication_key_gives_the_same_ticket(box, ecwid):
    uid = ecwid.product("ENV-25")["id"]
    ecwid.put(f"/products/{uid}", {"quantity": 10})
    first, again = (ecwid.post("/batch", [delta(uid, 1, "a")], deduplicationKey="k")[1]["ticket"] for _ in range(2))
    ecwid.done(first)
    box.ecwid.store.latest += 3601

    later = ecwid.post("/batch", [delta(uid, 1, "a")], deduplicationKey="k")[1]["ticket"]

    assert first == again != later
    ecwid.done(later)
    assert ecwid.product("ENV-25")["quantity"] == 12


def test_a_batch_waits_and_can_be_called_off_by_its_group(box, ecwid):
    box.ecwid.batches.wait = 60.0  # long after it was called off
    uid = ecwid.product("ENV-25")["id"]
    before = ecwid.product("ENV-25")["quantity"]
    ticket = ecwid.post("/batch", [delta(uid, 1, "a")], groupId="g")[1]["ticket"]

    queued = ecwid.get("/batch", status="QUEUED")[1]
    called_off = ecwid.post("/batch/cancel-group", None, groupId="g")

    assert queued == [{"ticket": ticket, "status": "QUEUED"}]
    assert called_off == (200, {"updateCount": 1})
    assert ecwid.done(ticket)["responses"] == [{"id": "a", "status": "NOT_EXECUTED"}]
    assert ecwid.product("ENV-25")["quantity"] == before


def test_what_is_no_batch_is_refused(ecwid):
    assert code(ecwid.post("/batch", {"id": "a"})) == (400, "WRONG_PARAMETER")
    assert code(ecwid.post("/batch", [delta(1, 1, "a")] * 501)) == (400, "WRONG_PARAMETER")
    assert code(ecwid.get("/batch", ticket="none"))[0] == 404
    assert code(ecwid.get("/batch", status="ALL")) == (400, "WRONG_PARAMETER")


def test_a_call_in_a_batch_needs_its_scope(ecwid):
    uid = ecwid.product("ENV-25")["id"]
    ecwid.host.misbehave("missing_scopes", scopes=["read_catalog"])

    found = ecwid.done(ecwid.post("/batch", [delta(uid, 1, "a")])[1]["ticket"])

    assert found["responses"][0]["httpStatusCode"] == 403


def test_some_rows_fail_or_are_not_told_of_when_it_misbehaves(ecwid):
    uid = ecwid.product("ENV-25")["id"]
    calls = [delta(uid, 1, str(n)) for n in range(4)]
    ecwid.host.misbehave("failed_rows", rows=0.5)
    failed = ecwid.done(ecwid.post("/batch", calls, stopOnFirstFailure="false")[1]["ticket"])
    ecwid.host.misbehave("undetailed_rows", rows=0.5)
    untold = ecwid.done(ecwid.post("/batch", calls, stopOnFirstFailure="false")[1]["ticket"])

    assert [one["status"] for one in failed["responses"]] == ["FAILED", "COMPLETED"] * 2
    assert [one["id"] for one in untold["responses"]] == ["1", "3"]


def test_a_batch_goes_on_after_a_restart_where_it_was(tmp_path):
    options = {"platforms": ("ecwid",), "products": 14, "rate_limit": 0, "state": str(tmp_path / "state.sqlite3")}
    with Sandbox(**options) as box:
        ecwid = Ecwid(box)
        box.ecwid.batches.pace = 3.0  # the next calls come long after the store was stopped
        uid = ecwid.product("ENV-25")["id"]
        ecwid.put(f"/products/{uid}", {"quantity": 0})
        ticket = ecwid.post("/batch", [delta(uid, 1, str(n)) for n in range(60)])[1]["ticket"]
        wait_for(lambda: ecwid.product("ENV-25")["quantity"] >= 20)
    done = len(box.ecwid.batches.all[ticket]["answers"])

    with Sandbox(**options) as box:
        ecwid = Ecwid(box)
        found = ecwid.done(ticket)

        assert 0 < done < 60
        assert found["completedRequests"] == 60
        assert ecwid.product("ENV-25")["quantity"] == 60

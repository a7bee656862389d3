"""The outgoing client, against a small server that misbehaves and against mocked answers of a declared host."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
import time_machine
from urllib3.exceptions import NewConnectionError

from fcp import http
from fcp.errors import Busy, NotFound, Refused, Rejected, Stale, SyncError, Unreachable, Unreadable
from fcp.http import Exchange, Session
from tests.processes import wait_until

NOON = dt.datetime(2026, 11, 22, 12, 0, 10, tzinfo=dt.UTC)
HOST = "https://api.store.example"


def answer(body: bytes, status: int = 200, length: int | None = None, **headers: str) -> Callable[[Any], None]:
    def give(handler: Any) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = length is not None

    return give


def hang_up(handler: Any) -> None:
    handler.close_connection = True


def never(handler: Any) -> None:
    handler.server.closing.wait(60)
    handler.server.ended = True
    handler.close_connection = True


def trickle(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        if handler.server.closing.wait(0.05):
            break
    handler.server.ended = True
    handler.close_connection = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1  # type: ignore[attr-defined]  # of Server, below

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        turns = self.server.turns  # type: ignore[attr-defined]
        try:
            (turns.pop(0) if turns else answer(b'{"ok": true}'))(self)
        except OSError:
            self.close_connection = True

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.turns: list[Callable[[Any], None]] = []
        self.seen: list[dict[str, str]] = []
        self.connections = 0
        self.ended = False  # whether a slow answer came to its end
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.FCP_SANDBOX_PORT = server.server_address[1]
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def session() -> Session:
    return Session(("api.store.example",), timeout=20)


@pytest.fixture
def impatient() -> Session:
    """For answers that never come; any other may take its time on a busy machine."""
    return Session(("api.store.example",), timeout=0.4)


def failure(session: Session, url: str, method: str = "GET", **kw: Any) -> SyncError:
    with pytest.raises(SyncError) as caught:
        session.call(method, url, **kw)
    return caught.value


def test_calls_of_one_thread_share_one_connection(server: Server, session: Session) -> None:
    for _ in range(3):
        assert session.call("GET", f"{server.url}/a") == {"ok": True}
    assert Session(("other.example",)).call("POST", f"{server.url}/b", json={"x": 1}) == {"ok": True}
    assert server.connections == 1


def test_a_store_s_cookie_is_not_sent_back(server: Server, session: Session) -> None:
    server.turns = [answer(b"{}", Set_Cookie="who=shop; Path=/")]
    session.call("GET", server.url)
    session.call("GET", server.url)
    assert "Cookie" not in server.seen[1]


def test_a_store_that_hangs_up_on_a_read_is_asked_once_more(server: Server, session: Session) -> None:
    server.turns = [hang_up]
    assert session.call("GET", server.url) == {"ok": True}
    assert len(server.seen) == 2


def test_a_write_whose_answer_was_lost_is_never_repeated_and_may_be_done(server: Server, session: Session) -> None:
    server.turns = [hang_up]
    error = failure(session, server.url, "POST", json={})
    assert isinstance(error, Unreachable)
    assert error.maybe_done
    assert len(server.seen) == 1


def test_a_reading_post_whose_answer_was_lost_changed_nothing(server: Server, session: Session) -> None:
    server.turns = [hang_up]
    assert not failure(session, server.url, "POST", json={}, reads=True).maybe_done


def test_a_store_that_never_answers_is_given_up_after_the_timeout_and_asked_once(
    server: Server, impatient: Session
) -> None:
    server.turns = [never]
    error = failure(impatient, server.url)
    assert isinstance(error, Unreachable)
    assert not server.ended
    assert wait_until(lambda: server.seen)
    assert len(server.seen) == 1


def test_an_answer_that_trickles_is_given_up_after_the_timeout(server: Server, impatient: Session) -> None:
    server.turns = [trickle]
    error = failure(impatient, server.url, "POST", json={})
    assert isinstance(error, Unreachable)
    assert error.maybe_done
    assert not server.ended


@pytest.mark.parametrize(
    "turn",
    [answer(b'{"orders": [', length=500), answer(b"<html>Down</html>"), answer(b'{"a": '), answer(b"")],
    ids=["cut off", "a web page", "half of it", "empty"],
)
def test_an_answer_that_is_no_json_is_unreadable(server: Server, session: Session, turn: Any) -> None:
    server.turns = [turn]
    assert isinstance(failure(session, server.url), Unreadable)


def test_a_write_answered_with_a_cut_off_body_may_be_done(server: Server, session: Session) -> None:
    server.turns = [answer(b'{"id": ', length=500)]
    error = failure(session, server.url, "POST", json={})
    assert isinstance(error, Unreadable)
    assert error.maybe_done


def test_a_body_beyond_the_cap_is_not_read(server: Server, session: Session, monkeypatch: Any) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    server.turns = [answer(b'"' + b"x" * 5000 + b'"')]
    assert isinstance(failure(session, server.url), Unreadable)


def test_one_broken_text_does_not_cost_the_page(server: Server, session: Session) -> None:
    odd = b'{"a": "\\ud83d half", "b": "\xff", "c": 123456789012345678901234567890, "d": NaN, "e": "\\u0000"}'
    server.turns = [answer(odd)]
    assert session.call("GET", server.url) == {
        "a": "� half",
        "b": "�",
        "c": 1.2345678901234568e29,
        "d": None,
        "e": "\0",
    }


# --- where calls may go -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://api.store.example/",  # not https
        "https://api.store.example.evil.example/",
        "https://api.store.example:8443/",
        "https://user@evil.example/",
        "http://127.0.0.1:1/",  # this machine, not the sandbox's port
        "https://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ],
)
def test_only_declared_hosts_are_called(session: Session, url: str) -> None:
    error = failure(session, url)
    assert isinstance(error, Refused)
    assert error.code == "address_not_allowed"


def test_this_machine_is_no_target_where_the_sandbox_is_off(server: Server, session: Session, settings: Any) -> None:
    settings.FCP_SANDBOX = False
    assert failure(session, server.url).code == "address_not_allowed"
    assert not server.seen


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1"])
def test_a_declared_host_that_resolves_into_a_private_network_is_refused(
    session: Session, monkeypatch: Any, address: str
) -> None:
    family = 10 if ":" in address else 2
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **kw: [(family, 1, 6, "", (address, 443))])
    error = failure(session, f"{HOST}/orders")
    assert isinstance(error, Refused)
    assert error.code == "address_not_allowed"


def test_a_redirect_is_not_followed(server: Server, session: Session) -> None:
    server.turns = [answer(b"", 302, Location="/elsewhere")]
    assert isinstance(failure(session, server.url), Unreachable)
    assert len(server.seen) == 1


def test_a_proxy_of_the_environment_is_not_used(server: Server, session: Session, monkeypatch: Any) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert session.call("GET", server.url) == {"ok": True}


# --- what went wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Refused),
        (402, Refused),
        (403, Refused),
        (404, NotFound),
        (409, Stale),
        (422, Rejected),
        (429, Busy),
        (500, Unreachable),
        (502, Unreachable),
        (503, Unreachable),
        (301, Unreachable),
    ],
)
@responses.activate
def test_a_status_becomes_an_error(session: Session, status: int, kind: type[SyncError]) -> None:
    responses.get(f"{HOST}/x", json={"message": "no"}, status=status)
    assert type(failure(session, f"{HOST}/x")) is kind


@responses.activate
def test_a_connector_s_own_table_comes_first(session: Session) -> None:
    responses.get(f"{HOST}/x", json={"why": "plan"}, status=403)
    table = {403: lambda reply: Busy(reply.json()["why"])}
    assert failure(session, f"{HOST}/x", errors=table).detail == "plan"


@responses.activate
def test_a_server_s_fault_on_a_write_may_be_done_and_a_refusal_is_not(session: Session) -> None:
    responses.post(f"{HOST}/x", status=500)
    responses.post(f"{HOST}/y", status=429)
    assert failure(session, f"{HOST}/x", "POST", json={}).maybe_done
    assert not failure(session, f"{HOST}/y", "POST", json={}).maybe_done


@pytest.mark.parametrize(
    "reason",
    [
        requests.ConnectTimeout("slow"),
        requests.ConnectionError(
            requests.packages.urllib3.exceptions.MaxRetryError(None, "/", NewConnectionError(None, "refused"))
        ),  # type: ignore[attr-defined]
        requests.exceptions.SSLError("certificate"),
    ],
    ids=["connect time-out", "nothing listens", "bad certificate"],
)
@responses.activate
def test_a_connection_that_was_never_made_did_nothing(session: Session, reason: Exception) -> None:
    responses.post(f"{HOST}/x", body=reason)
    error = failure(session, f"{HOST}/x", "POST", json={})
    assert isinstance(error, Unreachable)
    assert not error.maybe_done


def test_nothing_listening_did_nothing(session: Session, settings: Any) -> None:
    settings.FCP_SANDBOX_PORT = 9  # discard: nobody listens there
    error = failure(session, "http://127.0.0.1:9/x", "POST", json={})
    assert isinstance(error, Unreachable)
    assert not error.maybe_done


# --- busy ---------------------------------------------------------------------------------------------------------


def busy_for(session: Session, **headers: str) -> float:
    """Seconds that a store which answers so is left alone, ten seconds past noon."""
    responses.get(f"{HOST}/x", status=429, headers=headers)
    with time_machine.travel(NOON, tick=False):
        error = failure(session, f"{HOST}/x")
    assert isinstance(error, Busy)
    assert error.until is not None
    return (error.until - NOON).total_seconds()


@responses.activate
def test_a_busy_store_says_in_seconds_when_to_come_back(session: Session) -> None:
    assert busy_for(session, **{"Retry-After": "40"}) == 40


@responses.activate
def test_a_busy_store_says_by_a_date_when_to_come_back(session: Session) -> None:
    later = NOON + dt.timedelta(seconds=100)
    assert busy_for(session, **{"Retry-After": later.strftime("%a, %d %b %Y %H:%M:%S GMT")}) == 100


@responses.activate
def test_a_busy_store_that_names_no_time_is_left_alone_for_the_rest_of_the_minute(session: Session) -> None:
    assert busy_for(session) == 50


@responses.activate
def test_nonsense_in_retry_after_counts_as_nothing_and_a_day_as_an_hour(session: Session) -> None:
    assert busy_for(session, **{"Retry-After": "soon"}) == 50
    responses.reset()
    assert busy_for(session, **{"Retry-After": "86400"}) == 3600


@responses.activate
def test_a_wait_of_up_to_two_seconds_is_waited_for(session: Session, monkeypatch: Any) -> None:
    slept: list[float] = []
    monkeypatch.setattr("fcp.http.time", SimpleNamespace(sleep=slept.append, monotonic=time.monotonic))
    responses.get(f"{HOST}/x", status=429, headers={"Retry-After": "2"})
    responses.get(f"{HOST}/x", json={"ok": 1})
    assert session.call("GET", f"{HOST}/x") == {"ok": 1}
    assert slept == [2.0]


# --- hooks --------------------------------------------------------------------------------------------------------


@responses.activate
def test_a_spent_budget_stops_the_call_before_it_leaves() -> None:
    def spent() -> None:
        raise Busy("budget")

    session = Session(("api.store.example",), before_call=spent)
    assert isinstance(failure(session, f"{HOST}/x"), Busy)
    assert len(responses.calls) == 0


@responses.activate
def test_each_call_is_told_to_the_log_without_query_and_with_a_body_only_on_failure() -> None:
    told: list[Exchange] = []
    session = Session(("api.store.example",), after_call=told.append)
    responses.get(f"{HOST}/orders/7", json={"buyer": "Ann"})
    responses.post(f"{HOST}/orders", json={"message": "bad", "email": "ann@example.com"}, status=400)
    session.call("GET", f"{HOST}/orders/7", params={"token": "secret"})
    failure(session, f"{HOST}/orders", "POST", json={"x": 1})
    good, bad = told
    assert (good.method, good.path, good.status, good.body) == ("GET", "/orders/7", 200, "")
    assert good.bytes == len(b'{"buyer": "Ann"}')
    assert (bad.status, bad.body) == (400, '{"message":"bad","email":"[removed]"}')


def test_a_call_without_an_answer_is_told_too(server: Server) -> None:
    told: list[Exchange] = []
    server.turns = [hang_up]
    failure(Session((), timeout=20, after_call=told.append), f"{server.url}/x", "POST", json={})
    assert [(call.status, call.path, call.bytes) for call in told] == [(None, "/x", 0)]
    assert told[0].body.startswith("no answer")

"""The way out: every call to a store goes through a `Session`.

Only the hosts that a platform declares are called, over https, at addresses that are not private, without following
redirects. The one exception is the sandbox's own port on this machine. What went wrong becomes a class of
`fcp.errors`; the table from status to class stands below, and a connector's own table overrides it.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn, Self
from urllib.parse import SplitResult, urlsplit

import orjson
import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.util import Retry

from fcp.errors import Busy, NotFound, Refused, Rejected, Stale, SyncError, Unreachable, Unreadable
from fcp.odd_json import read_odd_json
from fcp.redact import redacted_body

USER_AGENT = "FulfillmentControlPanel/0.1"
CONNECT_SECONDS = 10
MOST_BYTES = 32 * 1024 * 1024  # of one answer; a page of 100 large orders is about 2 MB
CHUNK = 1024 * 1024
MOST_SLEEP = 2.0  # seconds; whoever is asked to wait longer raises Busy and lets the worker go
SHORTEST_PAUSE = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Reply:
    """A store's answer, its body read in full."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ValueError for what is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return read_odd_json(self.body)

    def json_or_none(self) -> Any:
        try:
            return self.json()
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call, for the log. `status` is None when no answer came; `body` stands on failure only, redacted."""

    method: str
    path: str
    status: int | None
    milliseconds: int
    bytes: int
    body: str = ""


ErrorTable = Mapping[int, type[SyncError] | Callable[[Reply], SyncError]]


class Session:
    """What a connector calls a store with.

    `before_call` runs before each call and may raise Busy (the store's budget); `after_call` is told of each call.
    Sessions share one set of connections per thread, so making one costs nothing.
    """

    def __init__(
        self,
        hosts: tuple[str, ...],
        *,
        before_call: Callable[[], None] | None = None,
        after_call: Callable[[Exchange], None] | None = None,
        timeout: float | None = None,
    ) -> None:
        self.hosts = frozenset(hosts)
        self.before_call = before_call
        self.after_call = after_call
        self.timeout = float(timeout or settings.FCP_STORE_TIMEOUT)

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        reads: bool = False,
        errors: ErrorTable | None = None,
    ) -> Any:
        """The JSON that the store answers. `reads`: this call changes nothing there, whatever its method.

        Raises a SyncError; `maybe_done` on it means that the store may have carried out the call.
        """
        reads = reads or method == "GET"
        reply = self._ask(method, url, headers or {}, params, json, reads)
        if reply.status == 429 and 0 < (wait := _seconds_to_wait(reply)) <= MOST_SLEEP:
            time.sleep(wait)
            reply = self._ask(method, url, headers or {}, params, json, reads)
        if not 200 <= reply.status < 300:
            raise error_of(reply, errors or {}, reads=reads)
        if not reply.body.strip() and not reads:
            return {}
        try:
            return reply.json()
        except ValueError as error:
            raise Unreadable(f"{method} {path_of(url)}: {error}", maybe_done=not reads) from error

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        json: Any,
        reads: bool,
    ) -> Reply:
        client = self._client_for(url)
        if self.before_call:
            self.before_call()
        sent = {"Accept": "application/json", **headers}
        data = None
        if json is not None:
            data = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        started = time.monotonic()
        reply: Reply | None = None
        problem = ""
        try:
            reply = _exchange(client, method, url, sent, params, data, self.timeout, reads)
        except SyncError as error:
            problem = error.detail
            raise
        finally:
            if self.after_call:
                self.after_call(_exchange_of(method, url, reply, problem, started))
        return reply

    def _client_for(self, url: str) -> requests.Session:
        parts = urlsplit(url)
        if is_sandbox(parts):
            return _client(loopback=True)
        if parts.scheme != "https" or parts.hostname not in self.hosts or parts.port not in (None, 443):
            raise Refused(
                f"{parts.scheme}://{parts.hostname} is not one of {sorted(self.hosts)}",
                code="address_not_allowed",
                sentence="The address of the store's API is not one that this platform uses. Ask your operator.",
            )
        return _client(loopback=False)


def path_of(url: str) -> str:
    """For logs: without host and query."""
    return urlsplit(url).path[:300]


def is_sandbox(parts: SplitResult) -> bool:
    """The stand-in stores' own port on this machine, and only where they are switched on."""
    return bool(
        settings.FCP_SANDBOX
        and parts.scheme == "http"
        and parts.hostname in {"127.0.0.1", "localhost"}
        and parts.port == settings.FCP_SANDBOX_PORT
    )


# --- one call ---------------------------------------------------------------------------------------------------


class Blip(Retry):
    """Repeats a connection that could not be made, and a GET whose connection broke; never a call that timed out."""

    def increment(self, *args: Any, **kw: Any) -> Self:
        if isinstance(kw.get("error"), ReadTimeoutError):
            raise kw["error"]
        return super().increment(*args, **kw)


_BLIP = Blip(
    total=2,
    connect=1,
    read=1,
    status=0,
    redirect=0,
    other=0,
    backoff_factor=0.1,
    allowed_methods={"GET"},
    raise_on_status=False,
)
_here = threading.local()


def _client(*, loopback: bool) -> requests.Session:
    """This thread's connections, kept alive. A forked child makes its own: a socket has one owner."""
    key = (os.getpid(), loopback)
    clients: dict[tuple[int, bool], requests.Session] = _here.__dict__.setdefault("clients", {})
    if key not in clients:
        clients[key] = _new_client(loopback)
    return clients[key]


def _new_client(loopback: bool) -> requests.Session:
    client = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=loopback,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, settings.FCP_STORE_TIMEOUT),
            user_agent_override=USER_AGENT,
        )
    )
    client.trust_env = False  # no proxy and no .netrc from the environment
    client.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one store's cookies are not another's
    for adapter in client.adapters.values():
        adapter.max_retries = _BLIP
    return client


def _exchange(
    client: requests.Session,
    method: str,
    url: str,
    headers: dict[str, str],
    params: Mapping[str, str] | None,
    data: bytes | None,
    timeout: float,
    reads: bool,
) -> Reply:
    ends = time.monotonic() + timeout
    try:
        with client.request(
            method,
            url,
            headers=headers,
            params=params,
            data=data,
            timeout=(min(CONNECT_SECONDS, timeout), timeout),
            stream=True,
        ) as response:
            return Reply(response.status_code, response.headers, _read(response, ends, reads))
    except InvalidIPAddress as error:
        raise Refused(
            f"refused address {error}",
            code="address_not_allowed",
            sentence="The store's address leads into a private network, which is not allowed.",
        ) from error
    except (requests.RequestException, HTTPError) as error:
        _raise_unreachable(error, reads)


def _read(response: requests.Response, ends: float, reads: bool) -> bytes:
    """The whole body. A body that breaks off, is over-long or trickles is an answer we cannot use."""
    parts, size = [], 0
    try:
        while part := response.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise Unreadable(f"more than {MOST_BYTES} bytes", maybe_done=not reads)
            if time.monotonic() > ends:
                raise Unreachable("the answer took too long", maybe_done=not reads)
    except HTTPError as error:
        if isinstance(error, ReadTimeoutError):
            raise
        raise Unreadable(
            f"the answer broke off after {size} bytes: {type(error).__name__}", maybe_done=not reads
        ) from error
    return b"".join(parts)


def _raise_unreachable(error: Exception, reads: bool) -> NoReturn:
    never_sent = isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)) or _has_cause(error)
    kind = type(error).__name__
    # Not `from error`: its text has the whole address, and some platforms take their key there.
    raise Unreachable(f"no answer: {kind}", maybe_done=not (reads or never_sent)) from None


def _has_cause(error: BaseException) -> bool:
    """Whether the connection was never made (nothing listens, no such host)."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    causes = (reason, error.__cause__, error.__context__)
    return any(isinstance(cause, (NewConnectionError, socket.gaierror)) for cause in causes)


def _exchange_of(method: str, url: str, reply: Reply | None, problem: str, started: float) -> Exchange:
    failed = reply is None or not 200 <= reply.status < 300
    return Exchange(
        method=method,
        path=path_of(url),
        status=reply.status if reply else None,
        milliseconds=int((time.monotonic() - started) * 1000),
        bytes=len(reply.body) if reply else 0,
        body="" if not failed else redacted_body(reply.body) if reply else problem,
    )


# --- from a status to an error ----------------------------------------------------------------------------------


ERROR_FOR_STATUS: dict[int, type[SyncError]] = {
    401: Refused,
    402: Refused,
    403: Refused,
    404: NotFound,
    408: Unreachable,
    409: Stale,
    429: Busy,
}


def error_of(reply: Reply, table: ErrorTable, *, reads: bool) -> SyncError:
    """What a failed answer means; the connector's `table` comes first."""
    made = (
        table.get(reply.status)
        or ERROR_FOR_STATUS.get(reply.status)
        or (Rejected if reply.status >= 400 else Unreachable)
    )
    if reply.status >= 500 and reply.status not in table:
        made = Unreachable
    detail = f"status {reply.status}: {redacted_body(reply.body, most=500)}"
    if made is Busy:
        return Busy(detail, until=_busy_until(reply))
    if made is Unreachable:
        return Unreachable(detail, maybe_done=not reads)
    return made(detail) if isinstance(made, type) else made(reply)


def _seconds_to_wait(reply: Reply) -> float:
    """What Retry-After says, 0 where it says nothing: seconds, or a date."""
    value = reply.headers.get("Retry-After", "").strip()
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(value) - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def _busy_until(reply: Reply) -> dt.datetime:
    """At most an hour ahead. A store that names no time counts calls by the minute: wait for the next one."""
    now = dt.datetime.now(dt.UTC)
    if seconds := _seconds_to_wait(reply):
        return now + dt.timedelta(seconds=min(seconds, 3600))
    next_minute = now.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
    return max(next_minute, now + SHORTEST_PAUSE)

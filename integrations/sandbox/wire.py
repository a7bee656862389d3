"""Requests and replies between the HTTP server and the stand-ins."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass
class Request:
    method: str
    path: str  # below the stand-in's base
    query: str
    headers: dict[str, str]  # names in lower case
    raw: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as an object; {} when it is none."""
        try:
            value = json.loads(self.raw or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass
class Reply:
    """`status` 0: hang up without a word. `cut`: announce the whole body, send half of it, hang up."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def from_here(request: Request) -> bool:
    """Called by a name of this machine, and not by another site's page in a browser here."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    named = urlsplit(f"//{host}").hostname in LOOPBACK
    return named and (origin is None or urlsplit(origin).netloc == host)


def origin_of(address: str) -> tuple[str, str, int] | None:
    """None for what is no web address. All names of this machine are one."""
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return None
    if scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    return scheme, LOOPBACK[0] if host in LOOPBACK else host, port or {"http": 80, "https": 443}[scheme]


def set_path(record: Any, path: str, value: Any) -> None:
    """Set `a.0.b` of nested objects and lists; None removes."""
    *way, last = path.split(".")
    for name in way:
        if isinstance(record, dict) and name not in record and value is None:
            return
        record = record[int(name)] if isinstance(record, list) else record.setdefault(name, {})
    if isinstance(record, list):
        record[int(last)] = value
    elif value is None:
        record.pop(last, None)
    else:
        record[last] = deepcopy(value)

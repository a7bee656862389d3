"""Requests and replies between the HTTP server and the stand-ins."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


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
    named = urlsplit(f"//{host}").hostname in ("127.0.0.1", "localhost")
    return named and (origin is None or urlsplit(origin).netloc == host)

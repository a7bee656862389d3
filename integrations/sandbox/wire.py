"""Requests and replies between the HTTP server and the stand-ins."""

import json
from dataclasses import dataclass, field
from typing import Any


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

"""What every Ecwid call shares: its route and scope, its arguments, pages, and trimmed answers."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from integrations.sandbox.faults import Fault

from .access import Access, Token
from .errors import EcwidError, wrong
from .store import Store
from .wire import dump, read_time

TOP = 100  # of a page
KINDS_OF_BODY = ("application/json", "text/json")


@dataclass
class Call:
    store: Store
    access: Access
    token: Token
    ids: dict[str, str]  # from the path
    query: dict[str, str]
    body: Any = None
    faults: Sequence[Fault] = ()  # that strike this call
    batches: Any = None  # of the host, see batch.py

    def need(self, *scopes: str) -> None:
        for scope in scopes:
            if scope not in self.token.scopes:
                raise EcwidError(403, f"The app has no access to {scope}", "INSUFFICIENT_APP_SCOPE")

    def record(self) -> dict[str, Any]:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise wrong("The request body must be a JSON object")
        return self.body

    def time(self, name: str) -> int | None:
        if not self.query.get(name):
            return None
        try:
            return read_time(self.query[name])
        except ValueError:
            raise wrong(f"Wrong value of {name}") from None

    def number(self, name: str, default: int, least: int = 0) -> int:
        text = self.query.get(name) or str(default)
        if not re.fullmatch(r"-?\d{1,9}", text) or int(text) < least:
            raise wrong(f"Wrong value of {name}")
        return int(text)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.query.get(name, str(default)).lower() in ("true", "1")

    def words(self, name: str) -> list[str]:
        """A comma list."""
        return [word.strip() for word in self.query.get(name, "").split(",") if word.strip()]

    def limit(self) -> int:
        """More than a page's top is cut to it; the reference knows neither that nor a refusal."""
        return min(self.number("limit", TOP, 1), TOP)


Function = Callable[[Call], Any]
ROUTES: list[tuple[str, re.Pattern[str], Function, tuple[str, ...]]] = []


def route(method: str, path: str, *scopes: str) -> Callable[[Function], Function]:
    """`path` is what follows the store's id. All `scopes` are needed."""

    def keep(function: Function) -> Function:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?$")
        ROUTES.append((method, pattern, function, scopes))
        return function

    return keep


@dataclass(frozen=True)
class Found:
    function: Function
    ids: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()


def find_route(method: str, path: str) -> Found:
    hits = [
        (kind, Found(function, {name: unquote(value) for name, value in match.groupdict().items()}, scopes))
        for kind, pattern, function, scopes in ROUTES
        if (match := pattern.match(path))
    ]
    if not hits:
        raise EcwidError(404, f"{path} is not an address of this API", "WRONG_URL")
    least = min(len(found.ids) for _, found in hits)  # a fixed path before one with an id in it
    for kind, found in hits:
        if kind == method and len(found.ids) == least:
            return found
    raise EcwidError(405, f"{method} is not allowed here", "METHOD_NOT_ALLOWED")


def run(found: Found, call: Call) -> bytes:
    """Work on a call, scopes first, and trim the answer if that is asked for."""
    call.need(*found.scopes)
    answer = found.function(call)
    body = answer if isinstance(answer, bytes) else dump(answer)
    if wanted := call.query.get("responseFields"):
        body = dump(trim(json.loads(body), read_fields(wanted)))
    return body


def page(call: Call, rows: Sequence[Any], wire: Callable[[Any], bytes] = dump, total: int | None = None) -> bytes:
    """A page of all the `rows`, in Ecwid's envelope."""
    offset, limit = call.number("offset", 0), call.limit()
    some = rows[offset : offset + limit]
    head = {"total": len(rows) if total is None else total, "count": len(some), "offset": offset, "limit": limit}
    return dump(head)[:-1] + b',"items":[' + b",".join(map(wire, some)) + b"]}"


Fields = dict[str, "Fields"]


def read_fields(text: str) -> Fields:
    """`total,items(id,email)` as names within names. An empty one means all that is below."""
    found: Fields = {}
    stack, name = [found], ""
    for sign in [*re.findall(r"[(),]|[^(),]+", text), ","]:
        if sign == "(":
            stack.append(stack[-1].setdefault(name.strip(), {}))
        elif sign == ")" and len(stack) > 1:
            stack.pop()
        elif sign not in ",()" and sign.strip():
            stack[-1].setdefault(sign.strip(), {})
        name = sign
    return found


def trim(value: Any, fields: Fields) -> Any:
    if isinstance(value, list):
        return [trim(one, fields) for one in value]
    if not fields or not isinstance(value, dict):
        return value
    return {name: trim(value[name], below) for name, below in fields.items() if name in value}

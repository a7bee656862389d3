"""The pages of the stand-in Ecwid that the store's owner sees: how they are found, and what frames them.

Whoever opens them is the owner, signed in. A page is a function of a Visit, marked with @screen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from integrations.sandbox.control.html import quiet
from integrations.sandbox.wire import Reply, Request, from_here

from .store import Store

if TYPE_CHECKING:
    from .host import Host

BASE = "/ecwid"  # where the stand-in lies on its server
TOP = {"apps": "Apps", "develop-apps": "Custom apps"}
POLICY = "default-src 'self'; frame-ancestors 'none'"

SCREENS: dict[tuple[str, str], Callable[["Visit"], Reply]] = {}


@dataclass
class Visit:
    host: "Host"
    query: dict[str, str]
    form: dict[str, str]

    @property
    def store(self) -> Store:
        return self.host.store


class NotSo(Exception):
    """What is wrong with a link or a form, as a sentence."""


def screen(method: str, path: str) -> Callable[[Callable[[Visit], Reply]], Callable[[Visit], Reply]]:
    def keep(function: Callable[[Visit], Reply]) -> Callable[[Visit], Reply]:
        SCREENS[method, path] = function
        return function

    return keep


def answer(host: "Host", request: Request) -> Reply:
    if not from_here(request):
        return frame("Not from here", "<h1>Only this machine may open the stand-in store.</h1>", status=403)
    function = SCREENS.get((request.method, request.path.rstrip("/")))
    if function is None:
        missing = "<h1>There is nothing at this address</h1>" + quiet("Look at the address bar, or begin at Apps.")
        return frame("Nothing here", missing, status=404)
    form = dict(parse_qsl(request.raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        with host.working():
            return function(Visit(host, dict(parse_qsl(request.query, keep_blank_values=True)), form))
    except NotSo as problem:
        return frame("Not possible", f"<h1>This cannot be done</h1><p>{escape(str(problem))}</p>", status=400)


def go(address: str) -> Reply:
    """Send the browser on. `address`: below the stand-in's base, or a whole one."""
    whole = address if "://" in address else f"{BASE}/{address}"
    return Reply(303, b"", {"Location": whole, "Cache-Control": "no-store"})


def frame(title: str, content: str, here: str = "", status: int = 200) -> Reply:
    """A whole page. `here`: the entry of TOP that it belongs to."""
    top = "".join(
        f'<a class="{"here" if path == here else ""}" href="{BASE}/{path}">{escape(text)}</a>'
        for path, text in TOP.items()
    )
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Stand-in Ecwid</title><link rel="stylesheet" href="/control/style.css"></head>
<body class="ecwid"><header><a class="brand" href="{BASE}/apps">Stand-in Ecwid</a>
<nav aria-label="Control panel">{top}</nav></header>
<main>{content}</main>
<footer>Not Ecwid: an invented store on this machine, whose owner you are. It speaks as Ecwid does.</footer>
</body></html>"""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
    }
    return Reply(status, text.encode("utf-8", "replace"), headers)

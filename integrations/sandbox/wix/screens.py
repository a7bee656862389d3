"""The pages of the stand-in Wix that the account's owner sees: how they are found, and what frames them.

Whoever opens them is the owner of all the sites, signed in. A page is a function of a Visit, marked with @screen.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from integrations.sandbox.control.html import quiet
from integrations.sandbox.wire import Reply, Request, from_here

from .site import Site

if TYPE_CHECKING:
    from .host import Host

BASE = "/wix"  # where the stand-in lies on its server
PLACES = ("", "app-market", "app-installer", "account", "dashboard")  # first words of the addresses of pages
TOP = {"account/sites": "Sites", "app-market": "App Market", "account/api-keys": "API keys"}
# Of a site's dashboard, below its id.
SIDE = {"home": "Home", "orders": "Orders", "automations": "Automations", "apps": "Apps"}
POLICY = "default-src 'self'; frame-ancestors 'none'"

SCREENS: list[tuple[str, re.Pattern[str], Callable[["Visit"], Reply]]] = []


@dataclass
class Visit:
    wix: "Host"
    ids: dict[str, str]  # from the path
    query: dict[str, str]
    form: dict[str, list[str]]

    @property
    def site(self) -> Site:
        """The site whose id stands in the address. No other name of a site will do: Host knows only this one."""
        return site_of(self.wix, self.ids["site"])


class NotSo(Exception):
    """What is wrong with a link or a form, as a sentence."""


def screen(method: str, path: str) -> Callable[[Callable[[Visit], Reply]], Callable[[Visit], Reply]]:
    def keep(function: Callable[[Visit], Reply]) -> Callable[[Visit], Reply]:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?$")
        SCREENS.append((method, pattern, function))
        return function

    return keep


def is_screen(path: str) -> bool:
    return path.split("/")[1] in PLACES


def answer(wix: "Host", request: Request) -> Reply:
    if not from_here(request):
        return frame("Not from here", "<h1>Only this machine may open the stand-in store.</h1>", status=403)
    for method, pattern, function in SCREENS:
        if method == request.method and (match := pattern.match(request.path)):
            query = {name: values[-1] for name, values in parse_qs(request.query).items()}
            form = parse_qs(request.raw.decode("utf-8", "replace"))
            try:
                with wix.working():
                    return function(Visit(wix, match.groupdict(), query, form))
            except NotSo as problem:
                return frame("Not possible", f"<h1>This cannot be done</h1><p>{escape(str(problem))}</p>", status=400)
    missing = "<h1>There is nothing at this address</h1>" + quiet("Look at the address bar, or begin at Sites.")
    return frame("Nothing here", missing, status=404)


def site_of(wix: "Host", site_id: str) -> Site:
    found = next((site for site in wix.sites.values() if site.site_id == site_id), None)
    if found is None:
        raise NotSo("There is no such site. Its id is the part of its dashboard's address after /dashboard/.")
    return found


def go(address: str, **query: str) -> Reply:
    """Send the browser on. `address`: below the stand-in's base, or a whole one."""
    more = f"?{urlencode(query)}" if query else ""
    whole = address if "://" in address or address.startswith("/control/") else f"{BASE}/{address}"
    return Reply(303, b"", {"Location": whole + more, "Cache-Control": "no-store"})


def link(address: str, text: str, style: str = "", **query: str) -> str:
    more = f"?{urlencode(query)}" if query else ""
    return f'<a class="{style}" href="{escape(f"{BASE}/{address}{more}")}">{escape(text)}</a>'


def frame(title: str, content: str, site: Site | None = None, here: str = "", status: int = 200) -> Reply:
    """A whole page. `here`: the entry of TOP or SIDE that it belongs to."""
    top = "".join(link(path, text, "here" if path == here else "") for path, text in TOP.items())
    side = ""
    if site:
        entries = [
            link(f"dashboard/{site.site_id}/{name}", text, "here" if name == here else "")
            for name, text in SIDE.items()
        ]
        side = f'<nav class="side" aria-label="{escape(site.name)}"><b>{escape(site.name)}</b>{"".join(entries)}</nav>'
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Stand-in Wix</title><link rel="stylesheet" href="/control/style.css"></head>
<body class="wix"><header><a class="brand" href="{BASE}/account/sites">Stand-in Wix</a>
<nav aria-label="Account">{top}</nav></header>
<main>{side}<div>{content}</div></main>
<footer>Not Wix: invented sites on this machine, whose owner you are. They speak as Wix does.</footer></body></html>"""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
    }
    return Reply(status, text.encode("utf-8", "replace"), headers)

"""Connecting by OAuth: a page on which the store's owner agrees or refuses, and the exchange of the code for a token.

What the reference leaves open: `state` is not handed back, so that nobody relies on it; the exchange is answered to GET
and POST; a refused one is a 400 with the word of OAuth.
"""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations.sandbox.control.html import form, hidden, quiet
from integrations.sandbox.wire import LOOPBACK, Reply, Request, origin_of

from .access import REGISTERED, NoGrant
from .screens import NotSo, Visit, frame, go, screen
from .wire import dump

if TYPE_CHECKING:
    from .host import Host

BELOW = "/ecwid/"
NAME = "Fulfillment Control Panel"
ASKED = {  # scope -> what it lets the app do
    "read_store_profile": "see the store's name, currency, time zone and ways of shipping",
    "update_store_profile": "change the store's settings",
    "read_orders": "see who bought what, and where it goes",
    "update_orders": "write statuses and tracking numbers to your orders",
    "create_orders": "place orders",
    "read_catalog": "see what you sell, and how many you have",
    "update_catalog": "change products, and set how many you have",
    "create_catalog": "add products",
}
NEEDED = ("client_id", "redirect_uri", "response_type", "scope")


@screen("GET", "/oauth/authorize")
def ask(visit: Visit) -> Reply:
    start = start_of(visit, visit.query)
    listed = "".join(f"<li><b>{escape(one)}</b>: {escape(ASKED[one])}</li>" for one in start["scope"].split())
    fields = hidden(**start)
    agree = form("oauth/authorize", fields, '<button name="answer" value="yes">Accept</button>', below=BELOW)
    no = '<button class="quiet" name="answer" value="no">Refuse</button>'
    refuse = form("oauth/authorize", fields, no, below=BELOW)
    content = (
        f"<h1>Install {escape(NAME)} in {escape(visit.store.name)}?</h1><p>The app will be able to:</p>"
        f'<ul>{listed}</ul><div class="row">{agree}{refuse}</div>'
        + quiet("You can remove the app later, among the apps in your store's control panel.")
    )
    return frame("Permissions", f'<div class="narrow">{content}</div>')


@screen("POST", "/oauth/authorize")
def answer(visit: Visit) -> Reply:
    start = start_of(visit, visit.form)
    if visit.form.get("answer") != "yes":
        return go(with_query(start["redirect_uri"], error="access_denied"))
    code = visit.host.agree(start["scope"].split(), start["redirect_uri"])
    return go(with_query(start["redirect_uri"], code=code))


def with_query(address: str, **more: str) -> str:
    """The address with its own query kept."""
    place = urlsplit(address)
    query = urlencode([*parse_qsl(place.query, keep_blank_values=True), *more.items()])
    return place._replace(query=query).geturl()


def start_of(visit: Visit, sent: dict[str, str]) -> dict[str, str]:
    """What the app asks for. NotSo where Ecwid would show an error."""
    start = {name: sent.get(name, "") for name in NEEDED}
    if missing := [name for name in NEEDED if not start[name]]:
        raise NotSo(f"The link lacks {' and '.join(missing)}.")
    if start["client_id"] != visit.host.access.client_id:
        raise NotSo("The link names no app that Ecwid knows (client_id).")
    if start["response_type"] != "code":
        raise NotSo("The link asks for something else than a code (response_type).")
    if more := [one for one in start["scope"].split() if one not in REGISTERED]:
        raise NotSo(f"The app is not registered for what it asks for: {', '.join(more)}.")
    if not of_the_panel(start["redirect_uri"], visit.host.setup.panel_url):
        raise NotSo("The address to go to afterwards is not the one that the app is registered with (redirect_uri).")
    return start


def of_the_panel(address: str, panel: str) -> bool:
    """Whether it lies at the registered address; where none is known, whether it lies on this machine."""
    place, home = origin_of(address), origin_of(panel)
    return place is not None and (place == home if home else place[1] == LOOPBACK[0])


def exchange(host: "Host", request: Request) -> Reply:
    """The token for a code."""
    sent = dict(parse_qsl(request.query, keep_blank_values=True))
    sent |= dict(parse_qsl(request.raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        with host.working():
            return Reply(200, dump(host.access.exchange(sent)))
    except NoGrant as problem:
        return Reply(400, dump({"error": str(problem)}))

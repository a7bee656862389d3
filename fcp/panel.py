"""The panel's shell as the apps see it: addresses, and a registry that each app fills in `ready()`.

How to add a page
-----------------
1. `<app>/urls.py` with `app_name = "<app>"`; `fcp/urls.py` includes it below `/a/<account slug>/`, so it begins with
   the word of its section ("orders/", "held/"). The middleware takes the slug away and sets `request.account`,
   `request.rights` and `request.membership`: a view gets neither slug nor strangers. Addresses outside of an account
   (webhooks, the API) are included in `fcp/urls.py` by hand.
2. A view takes a `PanelRequest` and starts from `.for_account(request.account)`; `@may(May.SHIP)` (fcp.roles) where
   more than looking is asked.
3. A template extends `base_panel.html` and fills the blocks `title`, `header`, `page` (`templates/parts/README.md`
   shows every part). A list is a `fcp.listing.Listing` and the template `parts/list_page.html`.
4. Addresses: `panel_url(account, "orders:order", pk=1)`, in templates `{% panel 'orders:order' pk=order.pk %}`.
5. `<app>/panel.py` has `register()`, called from the AppConfig's `ready()`: `add_pages`, `add_chips`, `add_card`,
   `add_waiting`, `add_search`, `add_running`, `add_checklist`, `add_overview`, `add_account_settings`.

Every callable gets the account first and must be cheap: a count over a partial index, capped by `fcp.keyset.up_to`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django_htmx.middleware import HtmxDetails

from fcp.models import Account, Membership, User
from fcp.roles import May


class PanelRequest(HttpRequest):
    """A request below `/a/<slug>/`, as views get it; `membership` is None for the operator's staff."""

    user: User
    account: Account
    membership: Membership | None
    rights: frozenset[May]
    htmx: HtmxDetails


def panel_url(account: Account, name: str, **kwargs: Any) -> str:
    """Address of one of the account's pages. Raises NoReverseMatch."""
    return reverse(name, kwargs={"account": account.slug, **kwargs})


# --- navigation -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the navigation. `also` names further views that belong to it (they light it up)."""

    label: str
    view: str
    count: Callable[[Account], int] | None = None
    urgent: bool = False  # its count is something that waits for a person
    may: May = May.VIEW
    also: tuple[str, ...] = ()
    synonyms: str = ""  # other names that people search it by
    help: str = ""  # what the page is for and what one does here; two or three plain sentences


@dataclass(slots=True)
class Section:
    key: str
    label: str
    icon: str
    pages: list[Page] = field(default_factory=list)


SECTIONS: dict[str, Section] = {
    section.key: section
    for section in (
        Section("dashboard", "Dashboard", "layout-dashboard"),
        Section("orders", "Orders", "shopping-bag"),
        Section("inventory", "Inventory", "packages"),
        Section("integrations", "Integrations", "plug-connected"),
        Section("mappings", "Mappings", "arrows-exchange"),
        Section("documents", "Documents", "file-invoice"),
        Section("analytics", "Analytics", "chart-line"),
        Section("settings", "Settings", "settings"),
        Section("help", "Help", "help-circle"),
    )
}


def add_pages(section: str, *pages: Page) -> None:
    SECTIONS[section].pages.extend(page for page in pages if page not in SECTIONS[section].pages)


@dataclass(frozen=True, slots=True)
class Link:
    """A page as the navigation shows it to one person."""

    label: str
    url: str
    count: int | None
    urgent: bool
    active: bool
    page: Page


@dataclass(frozen=True, slots=True)
class Group:
    """A section as the navigation shows it; without `links` it is a link itself."""

    section: Section
    url: str
    links: list[Link]
    active: bool
    waiting: int


def navigation(account: Account, rights: Iterable[May], view: str) -> list[Group]:
    """What one person sees at the left, with the page of `view` ("orders:held") lit up."""
    groups = []
    for section in SECTIONS.values():
        links = [link for page in section.pages if page.may in rights and (link := _link(account, page, view))]
        if links:
            waiting = sum(link.count or 0 for link in links if link.urgent)
            groups.append(Group(section, links[0].url, links, any(link.active for link in links), waiting))
    return groups


def _link(account: Account, page: Page, view: str) -> Link | None:
    try:
        url = panel_url(account, page.view)
    except NoReverseMatch:  # the page's app is not there yet; a test names every page that leads nowhere
        return None
    count = page.count(account) if page.count else None
    return Link(page.label, url, count, page.urgent, view == page.view or view in page.also, page)


# --- chips ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chip:
    """A state in words, a tone and a shape. Tones: neutral, info, work, good, warn, bad, done."""

    label: str
    tone: str
    icon: str


CHIPS: dict[tuple[str, str], Chip] = {}


def add_chips(kind: str, chips: Mapping[Any, Chip]) -> None:
    """`{% chip "order" order.state %}` shows the chip that was given under ("order", state)."""
    CHIPS.update({(kind, str(value)): chip for value, chip in chips.items()})


# --- dashboard --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Card:
    """A part of the dashboard. `context` returns what `template` shows, or None to be left out.

    Live cards come with the page and are refreshed every few seconds; the others are fetched after it, so that they may
    look at more rows. `width` in twelfths.
    """

    key: str
    template: str
    context: Callable[[PanelRequest, dt.datetime], dict[str, Any] | None]
    order: int
    width: int = 12
    live: bool = True


CARDS: dict[str, Card] = {}


def add_card(card: Card) -> None:
    CARDS[card.key] = card


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that only a person answers, as one line of "Waiting for you". `note` is the second line."""

    text: str
    url: str
    button: str
    note: str = ""
    since: dt.datetime | None = None
    urgent: bool = False


WAITING: list[Callable[[Account], Sequence[Waiting]]] = []


def add_waiting(source: Callable[[Account], Sequence[Waiting]]) -> None:
    """Questions of an app, for the card "Waiting for you"; the source is cheap, like every callable here."""
    if source not in WAITING:
        WAITING.append(source)


def waiting_of(account: Account) -> list[Waiting]:
    """Every app's questions, the urgent ones first."""
    return sorted((one for source in WAITING for one in source(account)), key=lambda one: not one.urgent)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a new account's checklist; its button is for those who may do it."""

    label: str
    help: str
    view: str
    done: Callable[[Account], bool]
    order: int
    may: May = May.VIEW


CHECKLIST: dict[str, Step] = {}


def add_checklist(*steps: Step) -> None:
    CHECKLIST.update({step.label: step for step in steps})


# --- settings of an account -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountSetting:
    """One choice of the page Account, kept in `account.settings[key]`; the first of `choices` is its default.

    `choices(account)` are pairs of value and label; `card` is the heading that it stands under.
    """

    key: str
    label: str
    help: str
    choices: Callable[[Account], Sequence[tuple[str, str]]]
    card: str = "Integrations"


ACCOUNT_SETTINGS: dict[str, AccountSetting] = {}


def add_account_settings(*settings: AccountSetting) -> None:
    ACCOUNT_SETTINGS.update({setting.key: setting for setting in settings})


# --- search -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    url: str
    detail: str = ""
    chip: tuple[str, str] | None = None  # (kind, value) of a chip
    icon: str = ""


@dataclass(frozen=True, slots=True)
class SearchSource:
    """`find(account, text, limit)` looks by prefix on normalised, indexed columns; at most `limit` hits."""

    key: str
    label: str
    icon: str
    find: Callable[[Account, str, int], Sequence[Hit]]


SEARCH: dict[str, SearchSource] = {}


def add_search(source: SearchSource) -> None:
    SEARCH[source.key] = source


# --- help -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelpLink:
    """A guide for the page that a person looks at. `own`: it is about this very page; the question mark opens it."""

    title: str
    url: str
    own: bool = False


HELP: list[Callable[[HttpRequest], Sequence[HelpLink]]] = []


def add_help(source: Callable[[HttpRequest], Sequence[HelpLink]]) -> None:
    """Guides of an app for its pages; the source looks at `request.resolver_match`."""
    if source not in HELP:
        HELP.append(source)


def help_links(request: HttpRequest) -> list[HelpLink]:
    """The page's guides, its own one first."""
    return sorted((link for source in HELP for link in source(request)), key=lambda link: not link.own)


# --- running syncs, health, all accounts ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A sync that goes on now. `total` None where nobody knows it before the end."""

    title: str
    detail: str
    url: str
    done: int
    total: int | None
    since: dt.datetime


RUNNING: list[Callable[[Account], Sequence[Running]]] = []


def add_running(source: Callable[[Account], Sequence[Running]]) -> None:
    if source not in RUNNING:
        RUNNING.append(source)


@dataclass(frozen=True, slots=True)
class OverviewColumn:
    """A column of All accounts. `values(account ids, now)` answers in one query for all of them; some may be missing.

    A cell's `worry` (0 is fine) decides which account stands first on its page. `foremost(most)` names the accounts
    that belong on the first page, whatever their names.
    """

    key: str
    label: str
    values: Callable[[Sequence[int], dt.datetime], dict[int, Cell]]
    order: int
    foremost: Callable[[int], Sequence[int]] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    worry: float = 0
    at: dt.datetime | None = None  # shown after the text
    style: str = "ago"  # of the tag `when`


OVERVIEW: dict[str, OverviewColumn] = {}


def add_overview(column: OverviewColumn) -> None:
    OVERVIEW[column.key] = column

"""A list page, declared: columns, filters, search, export. Every list of the panel is one of these.

    ORDERS = Listing(
        key="orders",
        row="orders/parts/row.html",              # <tr> with one <td data-col="..."> for each column
        order=("-placed_at", "-id"),              # an index (account, placed_at, id) must carry it
        columns=(Column("number", "Number", csv=lambda o: o.number), ...),
        filters=(Choice("state", "State", choices=states), Flag("late", "Late", late), Days("placed_at", "Placed")),
        search=lambda rows, text: rows.filter(number_key__prefix=text),
    )

    def orders(request):
        return ORDERS.answer(request, Order.objects.for_account(request.account), title="All orders")

Filters live in the address, so a list can be sent as a link. Nothing is counted: a page is 50 rows and a token for the
next. A combination of filters that no index carries (`covered`) looks at the last `bound_days` only, and says so.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from fcp.keyset import KeysetPage, has_neighbours, page_of, walk
from fcp.models import Account
from fcp.roles import May

PAGE = 50
BATCH = 500  # rows of an export that are decorated together
Rows = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`csv` gives the cell of the export; without it the column stands on the screen only. `hidden` at first."""

    key: str
    label: str
    csv: Callable[[Any], Any] | None = None
    align: str = ""  # "end" for numbers
    hidden: bool = False


def typed(query: QueryDict, key: str) -> str:
    """What a person typed; PostgreSQL takes no NUL in a text."""
    return query.get(key, "").replace("\x00", "").strip()


class Filter:
    """One filter. `apply(rows, value)` narrows; by default the field named like the filter must equal the value."""

    kind = "text"
    multiple = False

    def __init__(
        self, key: str, label: str, apply: Callable[[Rows, Any], Rows] | None = None, *, bounds: bool = False
    ) -> None:
        self.key, self.label, self.bounds = key, label, bounds  # bounds: it keeps the list short by itself
        self._apply = apply

    def options(self, account: Account | None) -> list[tuple[str, str]]:
        return []

    def read(self, query: QueryDict, account: Account | None) -> Any:
        """The value in the address, or None where there is none that makes sense."""
        return typed(query, self.key) or None

    def narrow(self, rows: Rows, value: Any) -> Rows:
        return self._apply(rows, value) if self._apply else rows.filter(**{self.key: value})

    def words(self, value: Any, account: Account | None) -> str:
        """The value as its chip says it."""
        return str(value)


class Flag(Filter):
    """On or not there: "Late", "Has a note"."""

    kind = "flag"

    def read(self, query: QueryDict, account: Account | None) -> Any:
        return True if query.get(self.key) == "1" else None

    def words(self, value: Any, account: Account | None) -> str:
        return ""


class Choice(Filter):
    """One or several of `choices`: pairs, or a callable that gets the account (only its own things are offered)."""

    kind = "choice"

    def __init__(
        self,
        key: str,
        label: str,
        apply: Callable[[Rows, Any], Rows] | None = None,
        *,
        choices: Sequence[tuple[str, str]] | Callable[[Account], Sequence[tuple[str, str]]],
        multiple: bool = False,
        bounds: bool = False,
    ) -> None:
        super().__init__(key, label, apply, bounds=bounds)
        self._choices, self.multiple = choices, multiple

    def options(self, account: Account | None) -> list[tuple[str, str]]:
        if not callable(self._choices):
            return [(str(value), label) for value, label in self._choices]
        if account is None:
            return []
        # Asked for several times while one page is made; the account's object lives as long as its request.
        kept = account.__dict__.setdefault("_choices", {})
        if self not in kept:
            kept[self] = [(str(value), label) for value, label in self._choices(account)]
        return list(kept[self])

    def read(self, query: QueryDict, account: Account | None) -> Any:
        known = dict(self.options(account))
        chosen = [value for value in query.getlist(self.key) if value in known]
        if not chosen:
            return None
        return chosen if self.multiple else chosen[0]

    def narrow(self, rows: Rows, value: Any) -> Rows:
        if self._apply or not self.multiple:
            return super().narrow(rows, value)
        return rows.filter(**{self.key: value[0]} if len(value) == 1 else {f"{self.key}__in": value})

    def words(self, value: Any, account: Account | None) -> str:
        known = dict(self.options(account))
        return " or ".join(known[one] for one in (value if self.multiple else [value]))


class Days(Filter):
    """From one day to another, both included, in the account's zone: `<key>_from`, `<key>_to`."""

    kind = "days"

    def __init__(self, key: str, label: str, apply: Callable[[Rows, Any], Rows] | None = None) -> None:
        super().__init__(key, label, apply, bounds=True)

    def read(self, query: QueryDict, account: Account | None) -> Any:
        first, last = (_day(query.get(f"{self.key}_{side}", "")) for side in ("from", "to"))
        return (first, last) if first or last else None

    def narrow(self, rows: Rows, value: Any) -> Rows:
        if self._apply:
            return self._apply(rows, value)
        first, last = value
        if first:
            rows = rows.filter(**{f"{self.key}__gte": _start_of(first)})
        return rows.filter(**{f"{self.key}__lt": _start_of(last + dt.timedelta(days=1))}) if last else rows

    def words(self, value: Any, account: Account | None) -> str:
        first, last = (f"{day:%-d %b %Y}" if day else "" for day in value)
        if first == last:
            return first
        return f"{first} to {last}" if first and last else (f"from {first}" if first else f"until {last}")


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if has_neighbours(day) else None


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_current_timezone())


@dataclass(frozen=True, slots=True)
class FilterState:
    """A filter as one request has it. `without` is the address without it."""

    filter: Filter
    value: Any
    words: str
    options: list[tuple[str, str]]
    without: str

    @property
    def chosen(self) -> list[str]:
        return self.value if isinstance(self.value, list) else [self.value] if isinstance(self.value, str) else []


@dataclass(frozen=True, slots=True)
class ListPage:
    """What parts/list.html shows."""

    listing: Listing
    page: KeysetPage[Any]
    filters: list[FilterState]
    text: str
    query: str  # the address's filters without the page token
    bounded: int  # days that the list was cut to, or 0

    @property
    def rows(self) -> list[Any]:
        return self.page.rows

    @property
    def active(self) -> list[FilterState]:
        return [state for state in self.filters if state.value is not None]

    @property
    def narrowed(self) -> bool:
        return bool(self.text or self.active)

    @property
    def more_than_page(self) -> bool:
        return bool(self.page.newer or self.page.older)


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list without rows says: what this is, and one action, for those who may do it."""

    title: str
    text: str = ""
    icon: str = "inbox"
    view: str = ""
    action: str = ""
    may: May = May.VIEW


@dataclass(frozen=True)
class Listing:
    """See the module's text. `prepare(rows)` adds what the rows show (select_related, prefetch), for one page only.

    `covered` lists sets of filter keys that an index carries together; one filter alone counts as covered unless it
    is named in `uncovered`. `bulk` is a template with the buttons for chosen rows; `id` of a row is its pk. Where
    `rows_have_forms` of their own, the form of chosen rows stands behind the table, and the rows' boxes name it:
    `form="chosen"`. Without `decorate_files` files are made of the bare rows.
    """

    key: str
    row: str
    order: Sequence[str]
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    search: Callable[[Rows, str], Rows] | None = None
    search_label: str = "Search"
    prepare: Callable[[Rows], Rows] | None = None
    decorate: Callable[[list[Any], Account | None], None] | None = None
    empty: Empty = field(default_factory=lambda: Empty("Nothing here"))
    bulk: str = ""
    rows_have_forms: bool = False
    decorate_files: bool = True
    covered: Sequence[frozenset[str]] = ()
    uncovered: frozenset[str] = frozenset()
    bound_field: str = ""
    bound_days: int = 90
    template: str = "parts/list_page.html"
    lines: Callable[[Any], Iterable[Any]] | None = None  # what a row is in the file, where it is several lines
    refresh: int = 0  # seconds between refreshes of the rows; 0: none

    @property
    def searchable(self) -> bool:
        """For templates, which would call `search`."""
        return self.search is not None

    # --- reading the address

    def states(self, query: QueryDict, account: Account | None) -> list[FilterState]:
        states = []
        for one in self.filters:
            value = one.read(query, account)
            words = one.words(value, account) if value is not None else ""
            keys = [one.key, f"{one.key}_from", f"{one.key}_to", "page"]
            states.append(FilterState(one, value, words, one.options(account), _without(query, keys)))
        return states

    def narrow(self, rows: Rows, query: QueryDict, account: Account | None) -> tuple[Rows, int]:
        """The rows that the address asks for, and to how many days they were cut (0: not cut)."""
        active = {one.key: value for one in self.filters if (value := one.read(query, account)) is not None}
        for one in self.filters:
            if one.key in active:
                rows = one.narrow(rows, active[one.key])
        text = typed(query, "q")
        if text and self.search:
            rows = self.search(rows, text)
        if not self._needs_bound(active, bool(text)):
            return rows, 0
        since = timezone.now() - dt.timedelta(days=self.bound_days)
        return rows.filter(**{f"{self.bound_field}__gte": since}), self.bound_days

    def _needs_bound(self, active: dict[str, Any], searched: bool) -> bool:
        if not self.bound_field or searched or any(one.bounds for one in self.filters if one.key in active):
            return False
        keys = frozenset(active)
        return bool(keys & self.uncovered) or (len(keys) > 1 and keys not in self.covered)

    def page(self, request: HttpRequest, rows: Rows) -> ListPage:
        query, account = request.GET, getattr(request, "account", None)
        rows, bounded = self.narrow(rows, query, account)
        page = page_of(self.prepare(rows) if self.prepare else rows, self.order, query.get("page", ""), PAGE)
        if self.decorate:
            self.decorate(page.rows, account)
        text = typed(query, "q")
        return ListPage(self, page, self.states(query, account), text, _without(query, ["page"]), bounded)

    # --- answers

    def answer(
        self, request: HttpRequest, rows: Rows, *, title: str, context: dict[str, Any] | None = None
    ) -> HttpResponse | StreamingHttpResponse:
        """The page; its rows alone for a refresh by htmx; a file for `?format=csv`."""
        if request.GET.get("format") == "csv":
            return self.export(request, rows)
        part = bool(getattr(request, "htmx", None)) and request.headers.get("HX-Target") == f"list-{self.key}"
        template = "parts/list.html" if part else self.template
        return render(request, template, {"title": title, "list": self.page(request, rows), **(context or {})})

    def chosen(self, request: HttpRequest, rows: Rows) -> Rows:
        """The rows that a posted bulk form means: those ticked (`row`), or all that match its filters (`all`)."""
        if request.POST.get("all") == "1":
            query = QueryDict(request.POST.get("query", ""))
            return self.narrow(rows, query, getattr(request, "account", None))[0]
        ticked = [pk for pk in request.POST.getlist("row") if pk.isascii() and pk.isdigit() and len(pk) < 19]
        return rows.filter(pk__in=ticked)

    def export(self, request: HttpRequest, rows: Rows) -> StreamingHttpResponse:
        return self.file_of(request, self.narrow(rows, request.GET, getattr(request, "account", None))[0])

    def file_of(self, request: HttpRequest, rows: Rows) -> StreamingHttpResponse:
        """These rows as a CSV file, read while it is sent."""
        rows = self.prepare(rows) if self.prepare else rows
        # Sent after the middleware has left the account's zone, so the zone goes along.
        lines = self._lines(rows, getattr(request, "account", None), timezone.get_current_timezone())
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.key}.csv"'
        return response

    def _lines(self, rows: Rows, account: Account | None, zone: dt.tzinfo) -> Iterator[str]:
        columns = [(column.label, column.csv) for column in self.columns if column.csv]
        writer = csv.writer(_Echo())
        yield writer.writerow([label for label, _ in columns])
        every = walk(rows, self.order)
        while batch := list(islice(every, BATCH)):
            if self.decorate and self.decorate_files:
                self.decorate(batch, account)
            for row in batch:
                for line in self.lines(row) if self.lines else (row,):
                    yield writer.writerow([_cell(give(line), zone) for _, give in columns])


class _Echo:
    def write(self, line: str) -> str:
        return line


def _cell(value: Any, zone: dt.tzinfo) -> Any:
    """Times in the account's zone; text that a spreadsheet would take for a formula is made plain text."""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value, zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _without(query: QueryDict, keys: Iterable[str]) -> str:
    rest = query.copy()
    for key in keys:
        rest.pop(key, None)
    return rest.urlencode()

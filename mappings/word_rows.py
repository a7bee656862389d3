"""The rows of a file of mappings: what each says, and what it would do. Nothing here is written.

A row is compared with the words of its store. What could mean two things is refused with a sentence, for that row
alone; an unknown word is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fcp.models import Account, Store
from fcp.spreadsheets import Row, unquoted

from .outside import OUTSIDE
from .word_columns import NONE, NOTHING, Cell, read_cell


class Found(StrEnum):
    ADDED = "added"  # meant nothing so far
    AHEAD = "ahead"  # no order has said the word yet: it is prepared
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    EMPTY = "empty"  # says no meaning: left out


WRITABLE = (Found.ADDED, Found.AHEAD, Found.CHANGED)


@dataclass(slots=True)
class WordRow:
    """One row. `row` is the mapping's id, 0 where there is none yet; then `said` is what it is made of.

    `before` and `after` are meanings as `MappingChange` keeps them, `old` and `new` the same in words.
    """

    number: int
    store: int
    integration: str
    word: str
    target: str
    row: int = 0
    said: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    old: str = ""
    new: str = ""
    found: str = ""
    reason: str = ""

    def refuse(self, reason: str) -> None:
        self.found, self.reason = Found.REFUSED, reason

    def leave_out(self, reason: str) -> None:
        self.found, self.reason = Found.EMPTY, reason

    def decide(self, after: dict[str, Any], new: str) -> None:
        """What it would do, now that its meaning is known."""
        self.after, self.new = after, new
        if self.found == Found.AHEAD:
            return
        if after == self.before:
            self.found = Found.UNCHANGED
        else:
            self.found = Found.CHANGED if self.old else Found.ADDED


class Refusal(Exception):
    """Why a row is refused; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file with its columns told apart, and the store that it is about."""

    number: int
    cells: Mapping[str, Cell]
    store: Store | None
    problem: str = ""

    def text(self, key: str) -> str:
        cell = self.cells.get(key)
        return unquoted(cell.text) if cell else ""

    def none(self, key: str = "target") -> bool:
        """Whether the cell takes a meaning away."""
        return self.text(key).casefold() in {NONE, *NOTHING}


def folded(text: str) -> str:
    """Words as they are compared: without case, white space folded."""
    return " ".join(text.casefold().split())


class Stores:
    """The account's stores by what a file may call them."""

    def __init__(self, account: Account, only: Store | None, scope: Store | None) -> None:
        """`only`: of rows that name none; `scope`: other stores' rows are refused."""
        self.every = list(Store.objects.for_account(account).order_by("pk"))
        names = OUTSIDE.nicknames(account)
        self.names = {store.pk: names.get(store.pk, store.name) for store in self.every}
        self.scope = scope
        self.only = scope or only or (self.every[0] if len(self.every) == 1 else None)

    def of(self, name: str, uid: str) -> Store:
        """Raises Refusal."""
        if not name and not uid:
            if self.only is None:
                raise Refusal("The integration is missing. Name it in a column, or choose it beside the file.")
            return self.only
        found = [s for s in self.every if not uid or s.uid == uid]
        if name:
            wanted = folded(name)
            called = [s for s in found if folded(self.names[s.pk]) == wanted]
            found = called or [s for s in found if folded(s.name) == wanted]
        if not found:
            raise Refusal(f"You have no integration {(name or uid)[:60]}.")
        if len(found) > 1:
            raise Refusal(f"Several of your stores are called {name[:60]}. Add the column Store id.")
        if self.scope and found[0].pk != self.scope.pk:
            raise Refusal(f"This row is about {name[:60] or uid[:60]}. Import it there, or for all integrations.")
        return found[0]


def lines_of(rows: Iterable[tuple[int, Row]], columns: Mapping[str, int], stores: Stores | None) -> list[Line]:
    """Without `stores` they are about none."""
    return [_line(number, cells, columns, stores) for number, cells in rows]


def _line(number: int, cells: Row, columns: Mapping[str, int], stores: Stores | None) -> Line:
    raw = {key: read_cell(cells[place] if place < len(cells) else None) for key, place in columns.items()}
    if any(cell.formula for cell in raw.values()):
        return Line(number, raw, None, "A formula stands here. Paste its value instead.")
    named = {key: cell.text for key, cell in raw.items()}
    try:
        store = stores.of(unquoted(named.get("store", "")), unquoted(named.get("store_uid", ""))) if stores else None
    except Refusal as error:
        return Line(number, raw, None, str(error))
    if any(cell.date for key, cell in raw.items() if key not in ("seen", "first_seen")):
        return Line(
            number, raw, store, "The spreadsheet made a date of a cell. Format the column as text; type it again."
        )
    return Line(number, raw, store)


def refuse_twice(rows: Sequence[WordRow]) -> None:
    """A word that stands in the file twice: nobody knows which row is meant."""
    places: dict[tuple[int, Any], list[WordRow]] = {}
    for row in rows:
        if row.found not in (Found.REFUSED, Found.EMPTY):
            places.setdefault((row.store, row.row or tuple(sorted(row.said.items()))), []).append(row)
    for same in places.values():
        if len(same) > 1:
            numbers = ", ".join(str(row.number) for row in same[:5])
            for row in same:
                row.refuse(f"This stands in rows {numbers}. Leave one of them.")


# --- for those who match rows with words ---------------------------------------------------------------------------

NO_MEANING = "No meaning is given"
CHUNK = 500

RowOf = Callable[[Line, WordRow], None]  # says in the row what the line would do; raises Refusal


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    every = sorted(values)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]


def short(line: Line, **most: int) -> None:
    for key, length in most.items():
        if len(line.text(key)) > length:
            raise Refusal(f"“{line.text(key)[:30]}…” is too long: at most {length} characters.")


def only_one(found: Sequence[Any], many: str) -> Any:
    if len(found) > 1:
        raise Refusal(many)
    return found[0] if found else None


def unknown(sentence: str) -> Any:
    raise Refusal(sentence)

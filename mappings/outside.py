"""What pages of mappings show of the apps to the left, which register it here in their `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fcp.models import Account

Waiting = Callable[[Account, str, Sequence[int]], Mapping[int, int]]
Awaited = Callable[[Account, str], Sequence[int]]
AsksFirst = Callable[[Any, Any], str]
AsksAfter = Callable[..., str]
Cured = Callable[..., str]
CureMany = Callable[..., None]
Cures = Callable[[Any, str, int], Sequence[Mapping[str, Any]]]
HeldGroup = Callable[[Account, str, int], str]
Tab = Callable[[Account, str, int], str]
Nicknames = Callable[[Account], Mapping[int, str]]
CarrierNames = Callable[[str], Sequence[str]]
ShipWords = Callable[[str, str, str, str], Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class Freed:
    """What mapping words would do: `orders` wait for them, `go` of these wait for nothing else. `more`: at least."""

    orders: int = 0
    go: int = 0
    more: bool = False


Frees = Callable[[Account, str, Sequence[int]], Freed]


@dataclass(slots=True)
class Outside:
    """`waiting(account, kind of hold, ids of rows)`: how many orders are held for each; none where it is missing.
    `awaited(account, kind)`: ids of rows that orders wait for, a thousand at most; `held_group(account, kind, id)`:
    where these orders are shown; `frees(account, kind, ids)`: what mapping all of these would do.

    `asks_first(row, form)`: where a person is asked before the valid form of a word that decided orders already is
    stored, empty where there is nothing to ask; `asks_after(account, batch)`: the same for words that were changed
    together, after that; `unanswered`: only while a warehouse has any that it was not asked about.

    `cured(row, give, by, now)`: call `give`, which maps the word and says its target, so that the orders which wait for
    it can be followed and taken back; `cure_many(account id, model, ids, batch, by, now)`: the same within the
    transaction that gave these words their meaning; `cures(request, kind, id)`: the last of them as cards with their
    template, of one word or (0) of any.

    `nicknames(account)`: store id -> what the merchant calls its integration. `carriers(platform)`: the carrier names
    that a platform knows. `ship_word(platform, title, code, carrier)`: key, title, code and carrier of the word that an
    order with this shipping option will say; None where that cannot be told before.
    """

    waiting: Waiting = field(default=lambda account, kind, rows: {})
    awaited: Awaited = field(default=lambda account, kind: ())
    held_group: HeldGroup = field(default=lambda account, kind, row: "")
    asks_first: AsksFirst = field(default=lambda row, form: "")
    asks_after: AsksAfter = field(default=lambda account, batch, *, unanswered=False: "")
    frees: Frees = field(default=lambda account, kind, rows: Freed())
    cured: Cured = field(default=lambda row, give, *, by, now: give())
    cure_many: CureMany = field(default=lambda account, model, ids, *, batch, by, now: None)
    cures: Cures = field(default=lambda request, kind, row: ())
    tab: Tab = field(default=lambda account, key, store: "")
    nicknames: Nicknames = field(default=lambda account: {})
    carriers: CarrierNames = field(default=lambda platform: ())
    ship_word: ShipWords = field(default=lambda platform, title, code, carrier: None)


OUTSIDE = Outside()


def provide(**known: Any) -> None:
    """Called in `ready()` of the app that knows it: fields of `Outside` by their names."""
    for name, what in known.items():
        setattr(OUTSIDE, name, what)

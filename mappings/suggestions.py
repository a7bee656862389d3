"""What the words on a page probably mean, each with its reason: read for the whole page in a few statements.

In this order, since people trust it so: what this account chose before for the same word; a ship code (a place, a
product) of the same name; what it chose for a like word; the table of common services; likeness alone. Only this
account's own rows and history are looked at, and nothing is ever applied by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fcp.models import Account
from inventory.models import Warehouse

from .common_services import common_carrier, common_service
from .models import CarrierOut, Location, ShipMethod
from .outside import OUTSIDE
from .ship_codes import ShipCode
from .suggest import Alike, Candidate, Known, Suggestion, small_words
from .versions import meant_before

REMEMBERED = 500  # rows that were mapped before and are looked at; those seen last first
LOOKED_AT = 2000  # changes of the words of a page
LIKE = 0.8  # of 1: a word that is less like another one is not that word with a slip
SAME = 0.999


@dataclass(frozen=True, slots=True)
class Before:
    """One choice that the account made: for which word, of which store."""

    value: str
    word: str
    store: str
    carrier: str = ""
    service: str = ""
    platform: str = ""

    @property
    def sentence(self) -> str:
        return f"You chose {self.value} for “{self.word}” on {self.store}"


# --- ship codes ------------------------------------------------------------------------------------------------------


class CodeBook:
    """Everything that ship codes are suggested by: the codes there are, and what the account chose before. Pure."""

    def __init__(self, codes: Sequence[ShipCode], before: Sequence[Before] = ()) -> None:
        self.codes = {code.code: code for code in codes}
        self.known = Known(code.candidate for code in codes)
        self.before = [one for one in before if not codes or one.value in self.codes]
        self._same = _by_words(self.before)
        self._like = _known_choices(self.before)
        self._services: dict[str, set[str]] = defaultdict(set)
        for code in codes:
            for text in (code.code, *code.candidate.texts):
                if service := common_service(text):
                    self._services[str(service)].add(code.code)

    def find(self, carrier: str, title: str, code: str, earlier: Mapping[str, Any] | None = None) -> Suggestion | None:
        """`earlier`: what this very option meant before it was unmapped. A carrier that is named apart belongs to what
        the option says.
        """
        was = str((earlier or {}).get("target", ""))
        if earlier and was and (not self.codes or was in self.codes):
            ways = (str(earlier.get(name, "")) for name in ("target_carrier", "target_service"))
            return Suggestion(was, f"You chose {was} for it before.", 1, 1, *ways)
        word = f"{carrier} {title}".strip()
        said = [word, code]
        alike = self.known.find(said)
        found = _chosen(self._same, word)
        if found is None and alike and alike.likeness >= SAME:
            found = _as_suggestion(alike)
        return found or self._like_before(word) or self._usual(said) or (_as_suggestion(alike) if alike else None)

    def _like_before(self, word: str) -> Suggestion | None:
        return _like_chosen(self._like, self.before, word)

    def _usual(self, said: Iterable[str]) -> Suggestion | None:
        """By the table of common services: the one code that stands for the same service."""
        for word in said:
            service = common_service(word)
            codes = self._services.get(str(service), set()) if service else set()
            if len(codes) == 1:
                (code,) = codes
                return Suggestion(code, f"“{word}” is a usual name of {service}, and so is {code}.", LIKE)
        return None


def suggest_codes(account: Account, rows: Sequence[ShipMethod], codes: Sequence[ShipCode]) -> None:
    """Give unmapped shipping options their `suggestion`: two statements, whatever their number."""
    if not rows:
        return
    stores = OUTSIDE.nicknames(account)
    mapped = ShipMethod.objects.for_account(account).exclude(target="").select_related("store")
    before = [
        Before(
            one.target, one.title or one.code, stores.get(one.store_id, one.store.name),
            one.target_carrier, one.target_service,
        )
        for one in mapped.order_by("-last_seen_on", "-pk")[:REMEMBERED]
    ]  # fmt: skip
    earlier = meant_before(rows, "target", LOOKED_AT)
    book = CodeBook(codes, before)
    for row in rows:
        row.suggestion = book.find(row.carrier, row.title, row.code, earlier.get(row.pk))  # type: ignore[attr-defined]


# --- locations -------------------------------------------------------------------------------------------------------


def suggest_warehouses(account: Account, rows: Sequence[Location], warehouses: Sequence[Warehouse]) -> None:
    """Give unbound locations their `suggestion`; the value is the warehouse's id. Two statements."""
    if not rows or not warehouses:
        return
    if len(warehouses) == 1:
        only = Suggestion(str(warehouses[0].pk), f"{warehouses[0].name} is your only warehouse.", 1)
        for row in rows:
            row.suggestion = only  # type: ignore[attr-defined]
        return
    named = {str(one.pk): one.name for one in warehouses}
    stores = OUTSIDE.nicknames(account)
    bound = Location.objects.for_account(account).exclude(warehouse=None).select_related("store")
    before = [
        Before(str(one.warehouse_id), one.name, stores.get(one.store_id, one.store.name))
        for one in bound.order_by("-last_seen_on", "-pk")[:REMEMBERED]
    ]
    earlier = {pk: str(side["warehouse_id"]) for pk, side in meant_before(rows, "warehouse_id", LOOKED_AT).items()}
    same, known = _by_words(before), Known(Candidate(str(w.pk), (w.name, w.code), named=False) for w in warehouses)
    for row in rows:
        value = earlier.get(row.pk, "")
        if value in named:
            found: Suggestion | None = Suggestion(value, f"You chose {named[value]} for it before.", 1)
        else:
            found = _chosen(same, row.name, named) or _place(known.find([row.name]), named)
        row.suggestion = found  # type: ignore[attr-defined]


def _place(alike: Alike | None, named: Mapping[str, str]) -> Suggestion | None:
    if alike is None:
        return None
    return Suggestion(
        alike.value, alike.reason.replace(f" ({alike.value})", f" ({named[alike.value]})"), alike.likeness
    )


# --- carriers, outbound ----------------------------------------------------------------------------------------------


class NameBook:
    """What a carrier may be called in stores of one platform: by the `names` that it makes tracking links for, where it
    has such, and by what the account chose before. A platform's own names count more than what stores of others are
    told. Pure.
    """

    def __init__(self, platform: str, names: Sequence[str], before: Sequence[Before] = ()) -> None:
        self.names = list(names)
        self.before = [one for one in before if one.platform == platform or not names or one.value in names]
        self._known = Known(Candidate(name) for name in names)
        self._same = _by_words(self.before)
        self._elsewhere = _by_words(before)
        self._like = _known_choices(self.before)

    def find(self, carrier: str, earlier: str = "") -> Suggestion | None:
        """`earlier`: what it was called before its name was taken away."""
        if earlier:
            return Suggestion(earlier, f"You chose {earlier} for it before.", 1)
        alike = self._known.find([carrier])
        found = _chosen(self._same, carrier)
        if found is None and alike and alike.likeness >= SAME:
            found = _as_suggestion(alike)
        found = found or _like_chosen(self._like, self.before, carrier) or self._usual(carrier)
        return found or _chosen(self._elsewhere, carrier) or (_as_suggestion(alike) if alike else None)

    def _usual(self, carrier: str) -> Suggestion | None:
        """By the table of common carriers: the platform's name of the same one, or the usual name of a longer one."""
        usual = common_carrier(carrier)
        if usual is None:
            return None
        if self.names:
            names = [name for name in self.names if common_carrier(name) == usual]
            if len(names) != 1:
                return None
            too = f", and so is {names[0]}" if names[0] != usual else ""
            return Suggestion(names[0], f"“{carrier}” is a usual name of {usual}{too}.", LIKE)
        return Suggestion(usual, f"“{carrier}” is a usual name of {usual}.", LIKE)


def suggest_names(account: Account, rows: Sequence[CarrierOut], names: Mapping[str, Sequence[str]]) -> None:
    """Give carriers without a name for their store a `suggestion`. `names`: those that each platform knows."""
    if not rows:
        return
    stores = OUTSIDE.nicknames(account)
    named = CarrierOut.objects.for_account(account).exclude(name="").select_related("store")
    before = [
        Before(one.name, one.carrier, stores.get(one.store_id, one.store.name), platform=one.store.platform)
        for one in named.order_by("-pk")[:REMEMBERED]
    ]
    earlier = {pk: str(side["name"]) for pk, side in meant_before(rows, "name", LOOKED_AT).items()}
    platforms = {row.store.platform for row in rows}
    books = {platform: NameBook(platform, names.get(platform, ()), before) for platform in platforms}
    for row in rows:
        found = books[row.store.platform].find(row.carrier, earlier.get(row.pk, ""))
        row.suggestion = found  # type: ignore[attr-defined]


# --- what was chosen before ------------------------------------------------------------------------------------------


def _by_words(before: Iterable[Before]) -> dict[frozenset[str], list[Before]]:
    same: dict[frozenset[str], list[Before]] = defaultdict(list)
    for one in before:
        same[frozenset(small_words(one.word))].append(one)
    return same


def _chosen(
    same: Mapping[frozenset[str], list[Before]], word: str, named: Mapping[str, str] | None = None
) -> Suggestion | None:
    """What was chosen for the same word, if that was always the same."""
    words = frozenset(small_words(word))
    found = same.get(words, []) if words else []
    if len({one.value for one in found}) != 1:
        return None
    name = (named or {}).get(found[0].value, found[0].value)
    one = found[0]
    return Suggestion(one.value, f"You chose {name} for “{one.word}” on {one.store}.", 1, 1, one.carrier, one.service)


def _known_choices(before: Iterable[Before]) -> Known:
    texts: dict[str, list[str]] = defaultdict(list)
    for one in before:
        texts[one.value].append(one.word)
    return Known(Candidate(value, tuple(dict.fromkeys(words)), named=False) for value, words in texts.items())


def _like_chosen(known: Known, before: Sequence[Before], word: str) -> Suggestion | None:
    alike = known.find([word], enough=LIKE)
    if alike is None:
        return None
    one = next(one for one in before if (one.value, one.word) == (alike.value, alike.text))
    reason = f"{one.sentence}, which is much like “{word}”."
    return Suggestion(one.value, reason, alike.likeness, 1, one.carrier, one.service)


def _as_suggestion(alike: Alike) -> Suggestion:
    return Suggestion(alike.value, alike.reason, alike.likeness)

"""What a store's word probably means: by likeness, with the reason in words. Pure; a person decides, never this.

Words are compared as sets of plain small words, whatever their order, spelling out what the trade abbreviates:
"std-eu" and "EU-STD" both say EU and standard.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache

ENOUGH = 0.6  # of 1: less alike than this is not worth a person's look
APART = 0.08  # the best must be this much better than the next, or nothing is said
EXACT = 0.1  # more for the very same name
NEARLY = 0.84  # two words so alike are one with a slip

MEANS = {
    "std": "standard", "stnd": "standard", "stand": "standard", "regular": "standard", "normal": "standard",
    "exp": "express", "expr": "express", "xpress": "express", "expd": "expedited", "exped": "expedited",
    "prio": "priority", "prior": "priority",
    "eco": "economy", "econ": "economy", "saver": "economy",
    "intl": "international", "int": "international", "worldwide": "international", "ww": "international",
    "dom": "domestic", "inland": "domestic", "national": "domestic",
    "gnd": "ground", "grnd": "ground",
    "europe": "eu", "eur": "eu", "european": "eu",
    "usa": "us", "america": "us", "uk": "gb", "germany": "de", "deutschland": "de", "france": "fr", "spain": "es",
    "tracked": "tracking", "trkd": "tracking", "signed": "signature", "sig": "signature",
    "overnight": "nextday", "pickup": "collect", "collection": "collect", "1day": "nextday", "2nd": "second",
    "two": "2", "one": "1", "three": "3", "days": "day", "wks": "week", "weeks": "week",
    "parcelshop": "pickup point", "pkg": "parcel", "package": "parcel", "parcels": "parcel", "packet": "parcel",
}  # fmt: skip

# Said by nearly every way of shipping, so that it tells none from another.
NOISE = {
    "shipping", "shipment", "delivery", "deliveries", "service", "services", "method", "rate", "mail", "post", "by",
    "the", "and", "of", "to", "in", "with", "via", "for", "business", "versand", "lieferung", "envio", "livraison",
}  # fmt: skip

UPPER = 3  # words up to this length are written as codes are: EU, UPS


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a word could mean: the value that would be chosen, and the texts that it is known by.

    `named`: the value is such a text itself, as codes are and numbers of rows are not.
    """

    value: str
    texts: Sequence[str] = field(default=())
    named: bool = True


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`units`: how many of it one of the store's things is; carrier and service: of a code that nobody lists."""

    value: str
    reason: str
    likeness: float
    units: int = 1
    carrier: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Alike:
    """How much a `word` of the store and a `text` that `value` is known by say the same."""

    value: str
    word: str
    text: str
    likeness: float
    common: tuple[str, ...]
    all_of_it: bool

    @property
    def weight(self) -> float:
        """The very same name counts more than other words that say the same."""
        return self.likeness + (EXACT if self.word.casefold() == self.text.casefold() else 0)

    @property
    def reason(self) -> str:
        """One sentence for the person who decides."""
        known_as = f"“{self.text}”" if self.text == self.value else f"“{self.text}” ({self.value})"
        if self.word.casefold() == self.text.casefold():
            return f"It has the same name: {known_as}."
        said = _listed([word.upper() if len(word) <= UPPER else word for word in self.common])
        return f"“{self.word}” and {known_as} {'say the same:' if self.all_of_it else 'both say'} {said}."


class Known:
    """Candidates, by the words they are made of: a store's word is compared with those only that share one with it."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._texts: list[tuple[str, str, tuple[str, ...]]] = []
        self._with: dict[str, list[int]] = defaultdict(list)
        for one in candidates:
            for text in (one.value, *one.texts) if one.named else one.texts:
                words = small_words(text)
                for word in words:
                    self._with[word].append(len(self._texts))
                self._texts.append((one.value, text, words))

    def find(self, words: Iterable[str], enough: float = ENOUGH) -> Alike | None:
        """What is most like one of the store's `words` (its title, its code), or None where nothing stands out."""
        best: dict[str, Alike] = {}
        for said in words:
            for alike in self._alike(said, small_words(said)):
                before = best.get(alike.value)
                if alike.likeness >= enough and (before is None or alike.weight > before.weight):
                    best[alike.value] = alike
        found = sorted(best.values(), key=lambda one: (-one.weight, one.value))
        if not found or (len(found) > 1 and found[0].weight - found[1].weight < APART):
            return None
        return found[0]

    def _alike(self, said: str, ours: tuple[str, ...]) -> Iterable[Alike]:
        shared = {at for one in ours for word in self._with if _alike(one, word) >= NEARLY for at in self._with[word]}
        for at in sorted(shared):
            value, text, theirs = self._texts[at]
            yield _compared(value, said, text, ours, theirs)


@lru_cache(maxsize=20_000)
def small_words(text: str) -> tuple[str, ...]:
    """The text's words, small and without accents, abbreviations spelled out, noise left out if anything remains."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = [MEANS.get(word, word) for word in re.findall(r"\d+day|[^\W\d_]+|\d+", plain)]
    words = [part for word in words for part in word.split()]
    return tuple(dict.fromkeys(word for word in words if word not in NOISE)) or tuple(dict.fromkeys(words))


def _compared(value: str, word: str, text: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> Alike:
    left, common, score = list(theirs), [], 0.0
    for one in ours:
        near = max(left, key=lambda other: _alike(one, other), default="")
        alike = _alike(one, near) if near else 0.0
        if alike >= NEARLY:
            score += alike
            common.append(near)
            left.remove(near)
    same = not left and len(common) == len(ours)
    return Alike(value, word, text, 2 * score / (len(ours) + len(theirs)), tuple(common), same)


@lru_cache(maxsize=100_000)
def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4:  # of short codes each letter counts
        return 0.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEARLY and matcher.quick_ratio() >= NEARLY else 0.0


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

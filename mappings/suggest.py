"""What a store's word probably means: by likeness, with the reason in words. Pure; a person decides, never this.

Words are compared as sets of plain small words, whatever their order, spelling out what the trade abbreviates:
"std-eu" and "EU-STD" both say EU and standard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

ENOUGH = 0.6  # of 1: less alike than this is not worth a person's look
APART = 0.08  # the best must be this much better than the next, or nothing is said
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
    """What a word could mean: the value that would be chosen, and the texts that it is known by."""

    value: str
    texts: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Suggestion:
    value: str
    reason: str
    likeness: float


def suggest(words: Iterable[str], candidates: Iterable[Candidate]) -> Suggestion | None:
    """The candidate most like one of the store's `words` (its title, its code), or None where none stands out."""
    said = [word for word in words if word.strip()]
    found = []
    for candidate in candidates:
        best = max(
            (_compared(word, text) for word in said for text in (candidate.value, *candidate.texts) if text.strip()),
            key=lambda one: one.likeness,
            default=None,
        )
        if best and best.likeness >= ENOUGH:
            found.append((best.likeness, candidate.value, best))
    found.sort(key=lambda one: (-one[0], one[1]))
    if not found or (len(found) > 1 and found[0][0] - found[1][0] < APART and found[0][1] != found[1][1]):
        return None
    likeness, value, best = found[0]
    return Suggestion(value, best.reason(value), likeness)


def small_words(text: str) -> tuple[str, ...]:
    """The text's words, small and without accents, abbreviations spelled out, noise left out if anything remains."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    words = [MEANS.get(word, word) for word in re.findall(r"\d+day|[^\W\d_]+|\d+", plain)]
    words = [part for word in words for part in word.split()]
    return tuple(dict.fromkeys(word for word in words if word not in NOISE)) or tuple(dict.fromkeys(words))


@dataclass(frozen=True, slots=True)
class _Likeness:
    word: str
    text: str
    likeness: float
    common: tuple[str, ...]
    all_of_it: bool

    def reason(self, value: str) -> str:
        """One sentence for the person who decides."""
        known_as = f"“{self.text}”" if self.text == value else f"“{self.text}” ({value})"
        if self.word.casefold() == self.text.casefold():
            return f"It has the same name: {known_as}."
        said = _listed([word.upper() if len(word) <= UPPER else word for word in self.common])
        return f"“{self.word}” and {known_as} {'say the same:' if self.all_of_it else 'both say'} {said}."


def _compared(word: str, text: str) -> _Likeness:
    ours, theirs = small_words(word), small_words(text)
    if not ours or not theirs:
        return _Likeness(word, text, 0, (), False)
    left, common, score = list(theirs), [], 0.0
    for one in ours:
        near = max(left, key=lambda other: _alike(one, other), default="")
        alike = _alike(one, near) if near else 0.0
        if alike >= NEARLY:
            score += alike
            common.append(near)
            left.remove(near)
    same = not left and len(common) == len(ours)
    return _Likeness(word, text, 2 * score / (len(ours) + len(theirs)), tuple(common), same)


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4:  # of short codes each letter counts
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

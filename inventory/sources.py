"""What pages of stock show of the apps to the left, which register it here in their `ready()`.

A movement or a reservation names its source by kind and id; whoever owns the kind says what that is called and where
it is shown. A product's page has room for parts of others (`Part`), for example its listings in each store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fcp.models import Account
from fcp.panel import PanelRequest

from .models import Product


@dataclass(frozen=True, slots=True)
class Source:
    """Where stock went or is promised: "Order #10044", its page, and a word more. `chip` as in `fcp.panel.Hit`."""

    label: str
    url: str = ""
    detail: str = ""
    chip: tuple[str, str] | None = None


Describe = Callable[[Account, Collection[int]], Mapping[int, Source]]
_DESCRIBE: dict[str, Describe] = {}


def describe(kind: str, by: Describe) -> None:
    """`by(account, ids)` answers in a constant number of queries; ids that are not the account's are left out."""
    _DESCRIBE[kind] = by


def sources_of(account: Account, named: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int], Source]:
    """The sources that somebody knows, by kind and id."""
    ids: dict[str, set[int]] = {}
    for kind, pk in named:
        if pk is not None and kind in _DESCRIBE:
            ids.setdefault(kind, set()).add(pk)
    found: dict[tuple[str, int], Source] = {}
    for kind, wanted in ids.items():
        found.update({(kind, pk): source for pk, source in _DESCRIBE[kind](account, wanted).items()})
    return found


_WHY_SHORT: list[Callable[[Account, int], str]] = []


def explain_shortage(by: Callable[[Account, int], str]) -> None:
    """`by(account, product id)` is the address that tells how more of it came to be promised than there is."""
    _WHY_SHORT[:] = [by]


def why_short(account: Account, product_id: int) -> str:
    """Empty where nobody tells it."""
    return _WHY_SHORT[0](account, product_id) if _WHY_SHORT else ""


@dataclass(frozen=True, slots=True)
class Part:
    """A card on a product's page: `template` gets `product`, and as `part` what `context` returns (None: left out)."""

    key: str
    template: str
    context: Callable[[PanelRequest, Product], dict[str, Any] | None]
    order: int


_PARTS: dict[str, Part] = {}


def add_part(part: Part) -> None:
    _PARTS[part.key] = part


def parts_of(request: PanelRequest, product: Product) -> list[tuple[str, dict[str, Any]]]:
    """Template and context of each part of this product's page, in order."""
    parts = sorted(_PARTS.values(), key=lambda part: part.order)
    shown = [(part.template, part.context(request, product)) for part in parts]
    return [(template, context) for template, context in shown if context is not None]

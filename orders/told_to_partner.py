"""What partners asked to be told of a store, with each of its shipping requests.

Whoever owns the settings registers itself here, as in `orders.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Told = Mapping[int, dict[str, Any]]  # a partner's id -> the values of the fields that it asked for, by their keys

_provider: Callable[[int], Told] | None = None


def provide_told(provider: Callable[[int], Told]) -> None:
    """Called once, in `ready()` of the app that owns the settings: store id -> what its partners are told."""
    global _provider
    _provider = provider


def told_of_store(store_id: int) -> Told:
    return _provider(store_id) if _provider else {}

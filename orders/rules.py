"""Where the order rules of a store come from: the app that owns the settings registers itself here."""

from __future__ import annotations

from collections.abc import Callable

from .settings import OrderRules

_provider: Callable[[int], OrderRules] | None = None


def provide_rules(provider: Callable[[int], OrderRules]) -> None:
    """Called once, in `ready()` of the app that owns the settings: store id -> its rules in force."""
    global _provider
    _provider = provider


def rules_of_store(store_id: int) -> OrderRules:
    if _provider is None:
        raise RuntimeError("No app has registered the order rules.")
    return _provider(store_id)

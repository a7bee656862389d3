"""What is in force for a store: its settings, for which the app that owns them registers here, and the account's own
rules, read from their book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.db.models import QuerySet

from fcp.models import Store

from .models import RuleBook
from .rule_book import NO_RULES, Book, compiled
from .settings import OrderRules

_provider: Callable[[int], OrderRules] | None = None


def provide_rules(provider: Callable[[int], OrderRules]) -> None:
    """Called once, in `ready()` of the app that owns the settings: store id -> its rules in force."""
    global _provider
    _provider = provider


def rules_of_store(store_id: int) -> OrderRules:
    """With the account's own rules."""
    if _provider is None:
        raise RuntimeError("No app has registered the order rules.")
    rules = _provider(store_id)
    if rules.book is not None:
        return rules
    account = Store.objects.filter(pk=store_id).values("account")
    return replace(rules, book=_compiled(RuleBook.objects.filter(account__in=account)))


def in_force(rules: OrderRules, account_id: int) -> OrderRules:
    """The same with the account's own rules as they are now, where they are not there yet: one query, asked for each
    page of orders, in the transaction that stores it."""
    return rules if rules.book is not None else replace(rules, book=book_of(account_id))


def book_of(account_id: int) -> Book:
    """The account's own rules that are switched on, made ready; one query."""
    return _compiled(RuleBook.objects.filter(account=account_id))


def _compiled(books: QuerySet[RuleBook]) -> Book:
    row = books.values_list("rules", "version").first()
    return compiled(*row) if row else NO_RULES

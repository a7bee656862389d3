"""Changing the order rules of an account: each change is a version, and what is in force is written with it.

Whoever changes a rule holds the account's book, so that two people do so one after the other. When other orders may be
decided otherwise, the book's version rises: waiting orders that were decided under an older one are found by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fcp.models import Account, AuditEntry

from .errors import OrderError
from .models import OrderRule, RuleBook, RuleVersion
from .signals import rules_changed

MOST = 100  # rules of an account


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody typed it, checked by `orders.rule_forms`; as it is stored, but for who and when."""

    name: str
    match: str
    conditions: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Draft:
        return cls(*(document[name] for name in ("name", "match", "conditions", "actions")))

    def as_rule(self, pk: int, version: int) -> dict[str, Any]:
        """As `orders.rule_book.compiled` takes it."""
        return {
            "id": pk, "version": version, "name": self.name, "match": self.match,
            "conditions": list(self.conditions), "actions": list(self.actions),
        }  # fmt: skip


def draft_of(rule: OrderRule) -> Draft:
    return Draft(rule.name, rule.match, rule.conditions, rule.actions)


# --- what is in force ----------------------------------------------------------------------------------------------


def rules_of(account: Account) -> list[OrderRule]:
    """Those that are not deleted, in their order."""
    rules = OrderRule.objects.for_account(account).filter(deleted_at=None)
    return list(rules.order_by("position", "id"))


def _hold_book(account: Account, now: dt.datetime) -> RuleBook:
    RuleBook.objects.get_or_create(account=account, defaults={"changed_at": now})
    return RuleBook.objects.select_for_update(no_key=True).get(account=account)


def _write_book(book: RuleBook, now: dt.datetime) -> None:
    """In the transaction of the change. Nothing follows from a change of a rule that is and was off."""
    rules = [draft_of(rule).as_rule(rule.pk, rule.version) for rule in rules_of(book.account) if rule.enabled]
    if rules == book.rules:
        return
    RuleBook.objects.filter(pk=book.pk).update(rules=rules, version=book.version + 1, changed_at=now)
    rules_changed.send(RuleBook, account_id=book.account_id, now=now)


# --- changes -------------------------------------------------------------------------------------------------------


def save(
    account: Account,
    draft: Draft,
    *,
    by: str,
    now: dt.datetime,
    rule: OrderRule | None = None,
    why: str = "",
    based_on: int | None = None,
) -> OrderRule:
    """Store what was typed: a new rule, switched off, or a new version of `rule`. What says the same stays as it is.

    `based_on` is the version that the person saw. Raises OrderError.
    """
    with transaction.atomic():
        book = _hold_book(account, now)
        others = [one for one in rules_of(account) if rule is None or one.pk != rule.pk]
        if any(one.name.casefold() == draft.name.casefold() for one in others):
            raise OrderError("Another rule has this name. Give each its own, so that people can tell them apart.")
        if rule is None:
            if len(others) >= MOST:
                raise OrderError(f"An account has at most {MOST} rules. Delete one that is no longer used.")
            position = max((one.position for one in others), default=-1) + 1
            rule = OrderRule(account=account, position=position)
        else:
            rule = _again(rule)
            if based_on is not None and based_on != rule.version:
                raise OrderError("Somebody else changed this rule meanwhile. Look at it again, then save.")
            if draft_of(rule) == draft and rule.deleted_at is None:
                return rule
            rule.deleted_at = None
        rule.name, rule.match = draft.name, draft.match
        rule.conditions, rule.actions = list(draft.conditions), list(draft.actions)
        _store(rule, book, by, now, why)
    return rule


def switch(rule: OrderRule, on: bool, *, by: str, now: dt.datetime) -> OrderRule:
    with transaction.atomic():
        book = _hold_book(rule.account, now)
        rule = _again(rule)
        if rule.deleted_at is not None:
            raise OrderError("Somebody deleted this rule meanwhile.")
        if rule.enabled != on:
            rule.enabled = on
            _store(rule, book, by, now, "switched on" if on else "switched off")
    return rule


def move(rule: OrderRule, places: int, *, by: str, now: dt.datetime) -> OrderRule:
    """Up (below 0) or down in the order in which the rules are asked; at the ends it stays."""
    with transaction.atomic():
        book = _hold_book(rule.account, now)
        rules = rules_of(rule.account)
        here = next((n for n, one in enumerate(rules) if one.pk == rule.pk), None)
        if here is None:
            raise OrderError("Somebody deleted this rule meanwhile.")
        there = min(max(here + places, 0), len(rules) - 1)
        if there == here:
            return rules[here]
        moved = rules.pop(here)
        rules.insert(there, moved)
        for position, one in enumerate(rules):
            if one.position != position:
                OrderRule.objects.filter(pk=one.pk).update(position=position)
                one.position = position
        _store(moved, book, by, now, f"moved from place {here + 1} to {there + 1}")
    return moved


def delete(rule: OrderRule, *, by: str, now: dt.datetime) -> None:
    """Off, and out of the list; its versions stay, for the orders that it decided."""
    with transaction.atomic():
        book = _hold_book(rule.account, now)
        rule = _again(rule)
        if rule.deleted_at is None:
            rule.enabled, rule.deleted_at = False, now
            _store(rule, book, by, now, "deleted")


def roll_back(rule: OrderRule, number: int, *, by: str, now: dt.datetime) -> OrderRule:
    """Make what an old version said the newest one. It stays on or off as it is; a deleted rule comes back, off."""
    version = RuleVersion.objects.filter(rule=rule, number=number).first()
    if version is None:
        raise OrderError(f"There is no version {number} of this rule.")
    return save(
        rule.account, Draft.of(version.document), rule=rule, by=by, now=now, why=f"rolled back to version {number}"
    )


def _again(rule: OrderRule) -> OrderRule:
    """As it is now; nobody changes it while the book is held."""
    return OrderRule.objects.select_related("account").get(pk=rule.pk)


def _store(rule: OrderRule, book: RuleBook, by: str, now: dt.datetime, why: str) -> None:
    before = document_of(OrderRule.objects.get(pk=rule.pk)) if rule.pk else {}
    rule.version += 1
    rule.changed_at, rule.changed_by = now, by[:120]
    rule.save()
    RuleVersion.objects.create(
        account_id=rule.account_id, rule=rule, number=rule.version, document=document_of(rule), at=now, by=by[:120],
        why=why[:200],
    )  # fmt: skip
    after = document_of(rule)
    AuditEntry.objects.create(
        account_id=rule.account_id, at=now, actor=by[:120], code="rule_changed",
        params={
            "rule": rule.pk, "name": rule.name, "version": rule.version, "why": why[:200],
            "changed": sorted(key for key in after if after[key] != before.get(key)),
        },
    )  # fmt: skip
    _write_book(book, now)


def document_of(rule: OrderRule) -> dict[str, Any]:
    """What a version keeps of a rule."""
    return {
        "name": rule.name, "enabled": rule.enabled, "match": rule.match, "conditions": rule.conditions,
        "actions": rule.actions, "place": rule.position + 1, "deleted": rule.deleted_at is not None,
    }  # fmt: skip

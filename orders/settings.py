"""The settings of an integration as far as orders are concerned: plain values, handed in by the integration's flow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .rule_book import Book
from .shapes import Payment, Status, StoreFulfillment


class Release(StrEnum):
    """When an imported order may go to the warehouse, by payment."""

    PAID = "paid"
    PAID_OR_COD = "paid_or_cod"
    ANY = "any"


class LaterChanges(StrEnum):
    """What a later change in the store does to an order that is here already."""

    IGNORE = "ignore"
    UNTIL_RELEASED = "until_released"
    ASK_AFTER_RELEASE = "ask_after_release"


@dataclass(frozen=True, slots=True)
class ImportRules:
    """Which orders are imported the first time they qualify. None in a filter means any."""

    statuses: frozenset[Status] | None
    payments: frozenset[Payment] | None
    fulfillments: frozenset[StoreFulfillment] | None
    age_days: int | None
    earliest: dt.datetime | None
    pickup: bool


@dataclass(frozen=True, slots=True)
class OrderRules:
    """What happens to an imported order. `version` is the number of the settings version these come from."""

    version: int
    imports: ImportRules
    release: Release = Release.PAID
    later_changes: LaterChanges = LaterChanges.ASK_AFTER_RELEASE
    reject_unmapped: bool = True
    warehouse_id: int | None = None
    suppress_persons: bool = False  # keep of a buyer only what shipping needs
    customs: bool = False  # hold what goes abroad while its products lack customs data
    book: Book | None = None  # the account's own rules; None: not read yet
    zone: dt.tzinfo = dt.UTC  # the account's: a day without a time begins at its midnight

    @property
    def rules_version(self) -> int:
        """Of the account's own rules."""
        return 0 if self.book is None else self.book.version

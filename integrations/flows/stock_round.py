"""What one round of the inventory flow goes by, and how it touches the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from integrations.models import StockPush
from integrations.runs import Slice
from integrations.stock_rules import Stamp, StockSettings, stamp_of, stock_settings
from inventory.models import StockCounter
from mappings.models import ListingStock


@dataclass(frozen=True, slots=True)
class Round:
    """Settings, mapped locations and permissions as they stood when the round began."""

    run: Slice
    settings: StockSettings
    push: StockPush
    stamp: Stamp | None

    @property
    def outdated(self) -> bool:
        """Whether somebody changed settings, mapped locations or going live since."""
        return stamp_of(self.run.integration) != self.stamp

    @property
    def rows(self) -> Any:
        return ListingStock.objects.filter(store=self.run.store)


def begin_round(run: Slice) -> Round | None:
    """None where the store takes no stock."""
    stamp = stamp_of(run.integration)
    settings = stock_settings(run.integration) if stamp else None
    if settings is None:
        return None
    push = StockPush.objects.filter(store=run.store).first()
    if push is None:
        seq = StockCounter.objects.filter(account=run.flow.account_id).values_list("seq", flat=True).first()
        with run.page():
            # Its rows are made after this, and looked at as they are then.
            push, _ = StockPush.objects.get_or_create(
                store=run.store, defaults={"account_id": run.flow.account_id, "seq": seq or 0}
            )
    return Round(run, settings, push, stamp)


def lock(rows: Any) -> list[int]:
    """Ids of these rows, locked until the transaction ends, always by rising id."""
    return list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def mark(ids: Collection[int], **values: Any) -> None:
    """They have to be looked at again. In the caller's transaction."""
    rows = ListingStock.objects.filter(pk__in=ids)
    lock(rows)
    rows.update(marked=F("marked") + 1, **values)


def keep_marked(ids: Sequence[int]) -> None:
    """What was marked again while the store was told may be something else there by now."""
    ListingStock.objects.filter(pk__in=ids, marked__gt=F("handled"), known=True).update(known=False)

"""What pages of mappings show of the apps to the left, which register it here in their `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fcp.models import Account

Waiting = Callable[[Account, str, Sequence[int]], Mapping[int, int]]
Nicknames = Callable[[Account], Mapping[int, str]]
CarrierNames = Callable[[str], Sequence[str]]


@dataclass(slots=True)
class Outside:
    """`waiting(account, kind of hold, ids of rows)`: how many orders are held for each; none where it is missing.

    `nicknames(account)`: store id -> what the merchant calls its integration. `carriers(platform)`: the carrier names
    that a platform knows.
    """

    waiting: Waiting = field(default=lambda account, kind, rows: {})
    nicknames: Nicknames = field(default=lambda account: {})
    carriers: CarrierNames = field(default=lambda platform: ())


OUTSIDE = Outside()


def provide(
    *, waiting: Waiting | None = None, nicknames: Nicknames | None = None, carriers: CarrierNames | None = None
) -> None:
    """Called in `ready()` of the app that knows it."""
    OUTSIDE.waiting = waiting or OUTSIDE.waiting
    OUTSIDE.nicknames = nicknames or OUTSIDE.nicknames
    OUTSIDE.carriers = carriers or OUTSIDE.carriers

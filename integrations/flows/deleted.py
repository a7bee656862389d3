"""Orders that were deleted in the store: it shows them in no list of orders any more, so they are asked about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from integrations.connectors.base import Connector
from integrations.connectors.shapes import Deleted
from integrations.connectors.shapes import Page as StorePage
from integrations.runs import Slice
from orders.deleting import cancel_deleted
from orders.intake import Counts

# Asked once an hour at most: this long before the last run that ended well lies an earlier asking, and more.
REACH = dt.timedelta(hours=2)


def read_deleted(run: Slice) -> None:
    """Those that were deleted since it was asked last. Of an integration that never read an order, none are here."""
    last = run.flow.last_ok_at
    if last is None or _hour(last) == _hour(run.now()):
        return
    token: str | None = None
    while True:
        page = run.ask(partial(_page, last - REACH, token))
        if page.items:
            forget(run, [one.uid for one in page.items])
        token = page.next
        if token is None:
            return


def forget(run: Slice, uids: Sequence[str]) -> None:
    """The store no longer has these."""
    with run.page() as page:
        if canceled := cancel_deleted(run.store, run.rules, uids, now=page.now):
            page.count(Counts(changed=canceled))


def _page(since: dt.datetime, token: str | None, connector: Connector) -> StorePage[Deleted]:
    return connector.deleted(since, token)


def _hour(time: dt.datetime) -> dt.datetime:
    return time.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)

"""Flows without a store behind them, for the tests of leases and the tick."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from fcp.models import Account
from integrations.lease import jitter_of
from integrations.models import Flow, Integration
from tests.build import make_account, make_store

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
_count = itertools.count(1)


def make_integration(account: Account | None = None, **values: Any) -> Integration:
    account = account or make_account()
    n = next(_count)
    store = make_store(account)
    return Integration.objects.create(
        **{
            "account": account,
            "store": store,
            "name": f"Shop {n}",
            "nickname": f"Shop{n}",
            "variant": "v1",
            "settled_version": 1,
            **values,
        }
    )


def make_flow(kind: str = "orders", integration: Integration | None = None, **values: Any) -> Flow:
    """On, due now, every 30 minutes; it has run before."""
    integration = integration or make_integration()
    given = {"mode": "pull", "interval": 30, "due_at": NOW, "last_ok_at": NOW - dt.timedelta(minutes=30), **values}
    flow = Flow.objects.create(account=integration.account, integration=integration, kind=kind, **given)
    Flow.objects.filter(pk=flow.pk).update(jitter=jitter_of(flow.pk))
    flow.refresh_from_db()
    return flow

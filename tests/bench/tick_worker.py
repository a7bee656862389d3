"""What measure_tick runs in a process of its own."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Mapping

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

FLOWS, DUE, STORES = 50_000, 1_000, 10_000
EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def fill(info: Mapping[str, str]) -> dict[str, float]:
    """Flows of stores that the stand-in answers for, with nothing new: each call is counted by its store."""
    from fcp.models import Account, Store
    from integrations.connectors import connector_class
    from integrations.lease import jitter_of
    from integrations.models import Credential, Flow, Integration, SettingsVersion
    from integrations.settings_document import defaults

    now = timezone.now()
    key = json.dumps({"api_key": info["api_key"], "site_id": info["site_id_v1"]})
    document = defaults(connector_class("wix").platform) | {"api_url": info["base_url"]}
    account = Account.objects.create(name="Bench", slug="bench")
    values = {"account": account, "platform": "wix", "name": "Shop"}
    stores = Store.objects.bulk_create([Store(uid=f"s{n}", **values) for n in range(STORES)])
    integrations = Integration.objects.bulk_create(
        [
            Integration(
                account=account,
                store=s,
                name="I",
                nickname=f"N{s.pk}",
                variant="v1",
                settings_version=1,
                settled_version=1,
            )
            for s in stores
        ]
    )
    Credential.objects.bulk_create(
        [
            Credential(
                account=account,
                integration=i,
                kind="api_key",
                cipher=key,
                changed_at=now,
            )
            for i in integrations
        ]
    )
    SettingsVersion.objects.bulk_create(
        [SettingsVersion(account=account, store=s, number=1, document=document, at=now, by="bench") for s in stores]
    )
    kinds = ["orders", "fulfillments", "locations", "products", "inventory"]
    flows = [
        Flow(
            account=account, integration=integrations[n % STORES], kind=kinds[n // STORES], mode="pull", interval=30,
            jitter=jitter_of(n), due_at=now + dt.timedelta(hours=1), last_ok_at=now,
            watermark=now, covered_from=EVER,
        )
        for n in range(FLOWS)
    ]  # fmt: skip
    Flow.objects.bulk_create(flows, batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {}


def tick() -> dict[str, float]:
    """One tick with 1,000 flows due, all of them free; those of the round before are put back first."""
    from django_q.models import OrmQ

    from integrations.models import Flow
    from integrations.tick import tick as run

    now = timezone.now()
    OrmQ.objects.all().delete()
    later = now + dt.timedelta(hours=1)
    Flow.objects.exclude(lease_until=None).update(lease_until=None, started_at=None, due_at=later)
    due = list(Flow.objects.filter(kind="orders").order_by("pk").values_list("pk", flat=True)[:DUE])
    Flow.objects.filter(pk__in=due).update(due_at=now - dt.timedelta(minutes=1))
    blocks: list[float] = []
    _time_blocks(blocks)
    started = time.perf_counter()
    claimed = run(now)
    total = time.perf_counter() - started
    assert claimed == DUE, claimed
    assert OrmQ.objects.count() >= DUE, OrmQ.objects.count()
    return {"total": total, "longest": max(blocks)}


def _time_blocks(blocks: list[float]) -> None:
    """Note how long each outermost transaction lasts."""
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__
    begun: list[float] = []

    def timed_enter(self: transaction.Atomic) -> None:
        if not connection.in_atomic_block:
            begun.append(time.perf_counter())
        enter(self)

    def timed_leave(self: transaction.Atomic, *exception: object) -> None:
        leave(self, *exception)  # type: ignore[arg-type]
        if not connection.in_atomic_block and begun:
            blocks.append(time.perf_counter() - begun.pop())

    transaction.Atomic.__enter__ = timed_enter  # type: ignore[method-assign]
    transaction.Atomic.__exit__ = timed_leave  # type: ignore[method-assign,assignment]


def ran() -> dict[str, float]:
    """Of the flows of the last tick: how many asked their store once, by the log of calls."""
    from django.db.models import Count
    from django_q.models import OrmQ

    from integrations.models import Exchange, Flow

    claimed = Flow.objects.filter(gen__gt=0)
    asked = Exchange.objects.filter(status=200).values("store").annotate(times=Count("pk"))
    return {
        "due": DUE,
        "once": asked.filter(times=1).count(),
        "more": asked.filter(times__gt=1).count(),
        "waiting": OrmQ.objects.count() + claimed.filter(lease_until__isnull=False).count(),
    }


if __name__ == "__main__":
    subjects = {"fill": lambda: fill(json.loads(sys.argv[2])), "tick": tick, "ran": ran}
    print(json.dumps(subjects[sys.argv[1]]()))

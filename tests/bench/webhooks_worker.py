"""What measure_webhooks runs in processes of its own: the panel, the rows it needs, an intake that writes pages."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import threading

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from fcp.models import Account, Store  # noqa: E402
from fcp.programs import web_command  # noqa: E402
from integrations.addresses import reserve  # noqa: E402
from integrations.connectors import connector_class  # noqa: E402
from integrations.lease import Lease, confirm, lease_time  # noqa: E402
from integrations.models import Flow, Hint, Integration, SettingsVersion  # noqa: E402
from integrations.settings_document import defaults  # noqa: E402
from orders.intake import take_in  # noqa: E402
from tests.build import a_line, an_order, read, rules  # noqa: E402

PAGE = 100


def prepare(told: dict[str, str]) -> dict[str, str]:
    """One store with the app, its orders flow on; the path of an address of its own."""
    call_command("createcachetable", verbosity=0)
    now = timezone.now()
    account = Account.objects.create(name="Bench", slug="bench")
    store = Store.objects.create(
        account=account, platform="wix", uid=told["site"], install_uid=told["instance"], name="Shop"
    )
    integration = Integration.objects.create(account=account, store=store, name="Shop", nickname="Shop", variant="v1")
    document = defaults(connector_class("wix").platform)
    SettingsVersion.objects.create(account=account, store=store, number=1, document=document, at=now, by="bench")
    for kind in document["flows"]:
        Flow.objects.create(account=account, integration=integration, kind=kind, mode="pull", interval=30)
    address = reserve(integration, "order_placed", by="bench", now=now)
    reset()
    return {"address": f"/hooks/wix/{address.token}/"}


def reset() -> dict[str, int]:
    """As if nothing had been announced, and nobody ran the flow; how many hints there were."""
    kept = Hint.objects.count()
    Hint.objects.all().delete()
    later = timezone.now() + dt.timedelta(hours=1)
    Flow.objects.filter(kind="orders").update(due_at=later, lease_until=None, started_at=None, trigger="")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")
    return {"kept": kept}


def resets() -> dict[str, int]:
    """One reset for each line of the standard input; prints what it found."""
    for _ in sys.stdin:
        print(json.dumps(reset()), flush=True)
    return {}


def intake() -> dict[str, int]:
    """Store page after page of new orders of this store, in a run of its flow, until the standard input ends."""
    store = Store.objects.get()
    now = timezone.now()
    flow = Flow.objects.get(kind="orders")
    Flow.objects.filter(pk=flow.pk).update(gen=1, lease_until=now + lease_time(), started_at=now)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("started", flush=True)
    pages = 0
    while not over.is_set():
        lines = tuple(a_line(sku) for sku in ("MUG", "HAT", "PEN"))
        orders = [read(an_order(lines=lines)) for _ in range(PAGE)]
        with transaction.atomic():
            confirm(Lease(flow.pk, 1), timezone.now())
            take_in(store, rules(), orders, (), now=timezone.now())
        pages += 1
    return {"pages": pages}


def serve() -> None:
    """The web server as `manage.py web` starts it, with the empty view beside the panel's own."""
    command = ["tests.bench.webhooks_wsgi" if part == "fcp.wsgi" else part for part in web_command()]
    os.execv(command[0], command)  # a fixed command


if __name__ == "__main__":
    subject = sys.argv[1]
    if subject == "serve":
        serve()
    answers = {"prepare": lambda: prepare(json.loads(sys.argv[2])), "resets": resets, "intake": intake}
    print(json.dumps(answers[subject]()))

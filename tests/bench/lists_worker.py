"""What measure_lists runs in processes of their own. Arguments: one of

collect                 the static files, which no two processes may do at once
fill ORDERS ACCOUNTS    orders, most of them the first account's, a person and a partner; few ones are of every state
spread ACCOUNTS         a fifth of what is there goes to so many other accounts
hold GROUPS             every order waits for one of so many shipping options
serve [held]            a panel until the standard input ends; prints where it is, a session, a key, and addresses
ask ADDRESS ...         the database's part of each, in milliseconds, as a first request after a page was stored
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from fcp.keyset import page_of  # noqa: E402
from fcp.models import Account, ApiKey, Membership, Partner, User  # noqa: E402
from fcp.scopes import FOR_PARTNER  # noqa: E402
from fcp.static_files import collect_if_changed  # noqa: E402
from inventory.models import Warehouse  # noqa: E402
from orders.causes import cause_page  # noqa: E402
from orders.models import Order, ShippingRequest  # noqa: E402
from tests.bench.databases import ROOT  # noqa: E402
from tests.bench.fill import EVEN, STATES, fill_orders, hold_all, spread  # noqa: E402

ORDER = ("-placed_at", "-id")
OLDEST = ("changed_at", "id")
MANY = 100_000  # fewer orders are of every state alike, so that each fills a page


def collect() -> None:
    collect_if_changed()


def fill(orders: str, accounts: str) -> None:
    call_command("createcachetable", verbosity=0)
    rows = [Account.objects.create(name=f"Account {n}", slug=f"account-{n}") for n in range(int(accounts))]
    user = User.objects.create_user("bench@example.com", "bench")
    Membership.objects.create(account=rows[0], user=user, role="owner")
    partner = Partner.objects.create(name="Bench")
    fill_orders(rows, int(orders), partner=partner, states=STATES if int(orders) >= MANY else EVEN)


def serve(what: str = "") -> None:
    account = Account.objects.order_by("pk")[0]
    asked = of_held(account) if what == "held" else requested(account)
    _, key = ApiKey.objects.issue("bench", sorted(FOR_PARTNER), partner=Partner.objects.get())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "fcp.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
         "--threads", "2", "--log-level", "error", "--no-control-socket"],
        cwd=ROOT,
        env=os.environ | {"ALLOWED_HOSTS": "127.0.0.1"},
    )  # fmt: skip
    try:
        told = {"base": f"http://127.0.0.1:{port}", "cookie": sign_in(), "key": key, "addresses": asked}
        print(json.dumps(told), flush=True)
        sys.stdin.read()
    finally:
        web.terminate()
        web.wait(20)


def ask(*addresses: str) -> dict[str, float]:
    """Each on a connection that has read nothing yet."""
    account, taken = Account.objects.order_by("pk")[0], {}
    for address in addresses:
        now = time.monotonic_ns()
        fill_orders([account], 100, states=["held"], groups=1, seed=now, warehouse=f"W{now}")
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.get())
        cache.clear()
        connection.close()
        taken[address] = _spent(client, address)
    return taken


def _spent(client: Client, address: str) -> float:
    spent: list[float] = []

    def timed(execute: Any, *args: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent.append((time.perf_counter() - started) * 1000)

    with connection.execute_wrapper(timed):
        reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return sum(spent)


def sign_in() -> str:
    user = User.objects.get()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def requested(account: Account) -> dict[str, str]:
    """Addresses by name: every filter the list of orders offers, alone and together, first and deep, hit and miss."""
    mine = Order.objects.for_account(account)
    store = mine.values_list("store", flat=True)[0]
    last_store = sorted(set(mine.values_list("store", flat=True)))[-1]
    asked = {
        "all": "",
        "state": "state=held",
        "state finished": "state=confirmed",
        "states": "state=held&state=ready&state=shipped",
        "store": f"store={store}",
        "store and state": f"store={store}&state=canceled",
        "store and states": f"store={last_store}&state=held&state=partly_shipped",
        "placed": "placed_at_from=2026-01-01&placed_at_to=2026-06-30",
        "placed, nothing": "placed_at_from=2020-01-01&placed_at_to=2020-01-02",
        "late": "late=1",
        "late and store": f"late=1&store={store}",
        "everything": f"late=1&store={store}&state=held&placed_at_from=2026-01-01",
        "search number": "q=1002",
        "search e-mail": "q=buyer12",
        "search SKU": "q=SKU-12",
        "search miss": "q=no-such-thing",
    }
    panel = f"/a/{account.slug}/orders/"
    found = {f"panel: {name}": f"{panel}?{query}" for name, query in asked.items()}
    for name in ("all", "state finished", "store"):
        found[f"panel: {name}, deep"] = f"{panel}?{asked[name]}&page={deep(account, asked[name])}"
    found["panel: held"] = f"/a/{account.slug}/held/"
    work = f"/a/{account.slug}/to-ship/"
    found |= {
        "panel: to ship": work,
        "panel: to ship, warehouse": f"{work}?warehouse={Warehouse.objects.for_account(account)[0].pk}",
        "panel: to ship, by a partner": f"{work}?of=partner",
        "panel: to ship, by hand": f"{work}?of=hand",
        "panel: to ship, state": f"{work}?state=acknowledged",
        "panel: to ship, search": f"{work}?q=1002",
    }
    return found | requested_by_partner(account)


def requested_by_partner(account: Account) -> dict[str, str]:
    api = "/api/v1/shipping-requests"
    rows = ShippingRequest.objects.order_by("changed_at", "id")
    half = rows[rows.count() // 2].changed_at.isoformat().replace("+00:00", "Z")
    offered = rows.filter(state="offered")
    token = page_of(offered.filter(changed_at__gte=offered[offered.count() // 2].changed_at), OLDEST, "", 1).older
    return {
        "api: offered": api,
        "api: offered, deep": f"{api}?after={token}",
        "api: states": f"{api}?state=offered,acknowledged",
        "api: warehouse": f"{api}?warehouse={Warehouse.objects.for_account(account)[0].pk}",
        "api: changed since": f"{api}?changed_since={half}",
        "api: a change is asked": f"{api}?change_asked=true",
        "api: nothing": f"{api}?state=rejected",
    }


def of_held(account: Account) -> dict[str, str]:
    """The groups of what is held: the first page, and the last but one."""
    groups = cause_page(account, size=100_000).causes
    page = f"/a/{account.slug}/held/"
    return {"panel: all": f"/a/{account.slug}/orders/", "first": page, "late": f"{page}?page={groups[-30].token}"}


def deep(account: Account, query: str) -> str:
    """The token of a page in the middle."""
    rows = Order.objects.for_account(account)
    if query:
        name, _, value = query.partition("=")
        rows = rows.filter(**{name: value})
    at = rows.order_by(*ORDER)[rows.count() // 3 :][:1].get()
    page = page_of(rows.filter(placed_at__lte=at.placed_at), ORDER, "", 1)
    return page.older


if __name__ == "__main__":
    subjects: dict[str, Callable[..., Any]] = {
        "collect": collect,
        "fill": fill,
        "spread": lambda accounts: spread(int(accounts)),
        "hold": lambda groups: hold_all(int(groups)),
        "serve": serve,
        "ask": ask,
    }
    found = subjects[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(found or {}))

"""Messages to the app's address that are not what they say: forged, expired, foreign, replayed."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from integrations.models import Hint, Integration
from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.access import make_key
from integrations.sandbox.wix.events import order_event, sign
from integrations.webhooks import forged_on
from orders.models import Order
from tests.integrations.flows.world import change_settings, connect_store, work
from tests.integrations.webhook_world import nothing_counted  # noqa: F401  # a fixture

pytestmark = pytest.mark.usefixtures("settings_of_sandbox", "nothing_counted")
TYPE = "wix.ecom.v1.order_approved"


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    integration = connect_store(sandbox, "v1", way="app", on=())
    change_settings(integration, flows={"orders": {"mode": "pull"}}, channel_mode="webhooks")
    work()
    OrmQ.objects.all().delete()
    return integration


class Forger:
    """Signs events of the stand-in store as somebody wants them."""

    def __init__(self, box: Sandbox) -> None:
        self.box, self.site = box, box.wix.site("v1")
        self.order = box.wix.place_order("v1")

    def body(self, *, key: str = "", app: str = "", now: float = 0.0) -> str:
        event = order_event(self.site, "approved", self.order)
        return sign(
            self.site, key or self.box.wix.private_key, app or self.box.wix.access.app_id, TYPE, event,
            now or time.time(),
        )  # fmt: skip


@pytest.fixture
def forger(shop: Integration, sandbox: Sandbox) -> Forger:
    return Forger(sandbox)


def deliver(body: str | bytes) -> int:
    return int(Client().post("/hooks/wix/", data=body, content_type="text/plain").status_code)


def unsigned(forger: Forger) -> str:
    claims = jwt.decode(forger.body(), options={"verify_signature": False})
    return str(jwt.encode(claims, None, algorithm="none"))


REFUSED = {
    "forged": lambda forger: forger.body(key=make_key()),
    "unsigned": unsigned,
    "expired": lambda forger: forger.body(now=time.time() - 3600),
    "from the future": lambda forger: forger.body(now=time.time() + 3600),
    "foreign": lambda forger: forger.body(app="3b2c7f5a-1d5e-4b0e-9d7b-6f2a1c0e9d8f"),
    "an automation's": lambda forger: '{"data": {"id": "' + forger.order["id"] + '"}}',
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_wix_did_not_sign_for_our_app_now_is_refused_counted_and_starts_nothing(forger: Forger, kind: str) -> None:
    assert deliver(REFUSED[kind](forger)) == 403

    assert forged_on("wix", timezone.now().date()) == 1
    assert not Hint.objects.exists()
    assert not OrmQ.objects.exists()


def test_what_a_stranger_writes_is_not_logged_at_length(forger: Forger, caplog: pytest.LogCaptureFixture) -> None:
    _, claims, seal = forger.body(key=make_key()).split(".")
    other = base64.urlsafe_b64encode(json.dumps({"alg": "x" * 100_000}).encode()).decode().rstrip("=")

    assert deliver(".".join((other, claims, seal))) == 403

    [said] = [record.getMessage() for record in caplog.records if record.name == "integrations.webhooks"]
    assert said.startswith("Refused a webhook for wix: ValueError: signed by 'xxx")
    assert len(said) < 300


def test_the_count_of_a_day_is_kept_for_that_day_and_the_next(forger: Forger) -> None:
    deliver(REFUSED["forged"](forger))

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fcp_cache WHERE cache_key LIKE %s", ["%forged-webhooks%"])
        assert cursor.fetchone()[0] == 1
        later = connection.ops.adapt_datetimefield_value(timezone.now() + dt.timedelta(days=2, minutes=1))
        cursor.execute(
            "SELECT count(*) FROM fcp_cache WHERE cache_key LIKE %s AND expires > %s", ["%forged-webhooks%", later]
        )
        assert cursor.fetchone()[0] == 0


def test_a_genuine_one_is_taken(forger: Forger) -> None:
    """The control of the test above."""
    assert deliver(forger.body()) == 200
    assert forged_on("wix", timezone.now().date()) == 0
    work()
    assert Order.objects.get().number == forger.order["number"]


def test_a_replayed_delivery_starts_no_second_work(forger: Forger, time_machine: Any) -> None:
    body = forger.body()
    assert deliver(body) == 200
    work()
    done_at = Hint.objects.get().done_at

    for minutes in (1, 5):
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=minutes))
        assert deliver(body) == 200
        assert Hint.objects.get().done_at == done_at

    time_machine.move_to(timezone.now() + dt.timedelta(hours=1))
    assert deliver(body) == 403
    assert Hint.objects.count() == 1
    assert Order.objects.count() == 1


def test_a_hint_for_a_site_that_belongs_to_another_account_reaches_that_account_alone(
    shop: Integration, sandbox: Sandbox
) -> None:
    theirs = connect_store(sandbox, "v3", way="app", on=())
    order = sandbox.wix.place_order("v3")

    assert deliver(sandbox.wix.signed_order_event("v3", order["number"])) == 200

    assert [hint.store_id for hint in Hint.objects.all()] == [theirs.store_id]
    assert theirs.account_id != shop.account_id


def test_a_sites_order_under_another_sites_name_is_not_found_in_the_store_that_is_asked(
    shop: Integration, sandbox: Sandbox
) -> None:
    """Signed for this installation, naming an order of another one: only this store's own orders are ever read."""
    connect_store(sandbox, "v3", way="app", on=())
    order = sandbox.wix.place_order("v3")
    site = sandbox.wix.site("v1")
    body = sign(
        site,
        sandbox.wix.private_key,
        sandbox.wix.access.app_id,
        TYPE,
        order_event(site, "approved", order),
        time.time(),
    )

    assert deliver(body) == 200
    work()

    assert not Order.objects.exists()
    assert not Hint.objects.filter(done_at=None).exists()

"""Runs, records that failed, and the log of calls."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.models import Exchange, FailedRecord, Integration, Run
from integrations.models.flows import RunState
from integrations.sandbox.server import Sandbox
from tests.build import make_account, make_store
from tests.integrations.flows.world import flow_of
from tests.integrations.pages.reading import assert_in_order, form_of, words


def make_run(shop: Integration, **values: object) -> Run:
    now = timezone.now()
    given = {"seen": 9, "created": 2, "changed": 1, "unchanged": 1, "skipped": 4, "failed": 1, "calls": 3}
    given |= {"state": RunState.DONE, "started_at": now - dt.timedelta(seconds=30), "last_at": now, "ended_at": now}
    gen = Run.objects.count() + 1000
    return Run.objects.create(
        account=shop.account, flow=flow_of(shop), gen=gen, trigger="person", by="Ann", **given | values
    )


def make_failure(shop: Integration, **values: object) -> FailedRecord:
    now = timezone.now()
    given = {"key": "uid-1", "number": "10001", "code": "answer_unreadable", "sentence": "The total is missing."}
    given |= {"since": now, "last_at": now, "not_before": now + dt.timedelta(hours=1), "kind": "order"}
    return FailedRecord.objects.create(account=shop.account, store=shop.store, **given | values)


def test_a_run_page_shows_counts_that_add_up_with_the_reasons(client: Client, open_shop: Integration) -> None:
    run = make_run(open_shop, reasons={"payment": 3, "pickup": 1}, last_item="10009")
    make_failure(open_shop)

    page = client.get(f"/a/shoes/integrations/runs/{run.pk}/")

    text = words(page)
    assert "9 seen = 2 new + 1 changed + 1 unchanged + 4 left out + 1 failed" in text
    assert_in_order(text, "18 a minute", "10009", "Calls made 3", "Payment status is not one of those chosen 3")
    assert_in_order(text, "Records that failed", "10001", "The total is missing.", "Retry")
    assert f"/a/shoes/integrations/{open_shop.pk}/#id_payment_status" in page.content.decode()
    assert f"/a/shoes/integrations/{open_shop.pk}/channel/#id_process_pickup" in page.content.decode()


def test_a_run_refreshes_itself_only_while_it_goes(client: Client, open_shop: Integration) -> None:
    going = make_run(open_shop, state=RunState.RUNNING, ended_at=None)
    url = f"/a/shoes/integrations/runs/{going.pk}/"
    assert 'hx-trigger="every 2s"' in client.get(url, headers={"HX-Request": "true"}).content.decode()

    Run.objects.update(state=RunState.DONE, ended_at=timezone.now())

    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part
    assert "<html" not in part


def test_the_list_filters_by_integration_and_state(
    client: Client, open_shop: Integration, account: Account, sandbox: Sandbox
) -> None:
    failed = make_run(open_shop, state=RunState.FAILED, problem="The store does not answer.")
    done = make_run(open_shop)
    url = "/a/shoes/integrations/runs/"

    def shown(**query: object) -> list[int]:
        return [run.pk for run in client.get(url, query).context["list"].rows]  # type: ignore[arg-type]

    assert shown() == [done.pk, failed.pk]
    assert shown(state="failed") == [failed.pk]
    assert shown(integration=open_shop.pk) == [done.pk, failed.pk]
    assert shown(integration=open_shop.pk, state="done") == [done.pk]
    assert shown(integration="999999") == [done.pk, failed.pk]  # not one of this account's
    assert shown(state="nonsense") == [done.pk, failed.pk]
    tab = client.get(f"/a/shoes/integrations/{open_shop.pk}/runs/")
    assert len(tab.context["list"].rows) == 2
    export = b"".join(client.get(url, {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "By hand, Ann" in export


def test_a_run_of_strangers_is_not_found(client: Client, open_shop: Integration) -> None:
    run = make_run(open_shop)
    Run.objects.filter(pk=run.pk).update(account=make_account())

    assert client.get(f"/a/shoes/integrations/runs/{run.pk}/").status_code == 404


def test_retry_brings_a_records_next_try_forward(client: Client, open_shop: Integration) -> None:
    record = make_failure(open_shop)
    assert "10001" in words(client.get("/a/shoes/integrations/failed/"))

    client.post(f"/a/shoes/integrations/failed/{record.pk}/retry/")

    record.refresh_from_db()
    assert record.not_before is not None
    assert record.not_before <= timezone.now()
    assert flow_of(open_shop).trigger == "person"


def test_a_record_without_an_id_is_not_offered_for_a_retry(client: Client, open_shop: Integration) -> None:
    record = make_failure(open_shop, not_before=None, code="no_id")

    assert "Retry" not in words(client.get("/a/shoes/integrations/failed/"))
    page = client.post(f"/a/shoes/integrations/failed/{record.pk}/retry/", follow=True)
    assert "It cannot be tried by itself" in page.content.decode()


def test_a_strangers_record_cannot_be_retried(client: Client, open_shop: Integration) -> None:
    record = make_failure(open_shop)
    FailedRecord.objects.filter(pk=record.pk).update(account=make_account(), store=make_store())

    assert client.post(f"/a/shoes/integrations/failed/{record.pk}/retry/").status_code == 404


@pytest.mark.parametrize(
    ("query", "count"), [({}, 2), ({"failed": "1"}, 1), ({"flow": "orders"}, 1), ({"flow": "x"}, 2)]
)
def test_exchanges_are_listed_with_their_failures(
    client: Client, shop: Integration, query: dict[str, str], count: int
) -> None:
    Exchange.objects.all().delete()
    common = {"account": shop.account, "store": shop.store, "milliseconds": 12, "created_at": timezone.now()}
    Exchange.objects.create(flow="orders", method="POST", path="/ecom/v1/orders/search", status=200, **common)
    Exchange.objects.create(flow="products", method="GET", path="/x", status=None, body="<b>no answer</b>", **common)

    page = client.get(f"/a/shoes/integrations/{shop.pk}/exchanges/", query)

    assert len(page.context["list"].rows) == count
    assert "<b>no answer</b>" not in page.content.decode()


def test_the_page_of_exchanges_says_how_much_is_kept_and_how_long(client: Client, shop: Integration) -> None:
    page, advanced = f"/a/shoes/integrations/{shop.pk}/exchanges/", f"/a/shoes/integrations/{shop.pk}/advanced/"
    before = words(client.get(page))

    client.post(advanced, form_of(client.get(advanced), "settings", keep_exchanges="3", log_level="error"))

    assert "Every call to the store, kept for 14 days." in before
    assert "Calls to the store that failed, kept for 3 days." in words(client.get(page))


def test_the_webhooks_tab_says_how_the_store_is_heard(client: Client, shop: Integration) -> None:
    text = words(client.get(f"/a/shoes/integrations/{shop.pk}/webhooks/"))

    assert "connected by an API key" in text
    assert "/hooks/wix/" in text
    assert "None yet" in text

"""Addresses of one integration: reserved, used, exchanged, revoked; what is posted there is only a hint."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone

from fcp.models import AuditEntry
from integrations import addresses, noting
from integrations.addresses import MOST, exchange, reserve, revoke, save, url_of
from integrations.errors import IntegrationError
from integrations.models import FailedRecord, Hint, Integration, Run, WebhookAddress
from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix import automations, events
from integrations.webhooks import forged_on, refused_on
from orders.models import Order, SeenOrder
from tests.integrations.flows.test_queue import eventually
from tests.integrations.flows.world import change_settings, flow_of, sync, work
from tests.integrations.webhook_world import (  # noqa: F401  # nothing_counted is a fixture
    announcing_store,
    message,
    nothing_counted,
    path_of,
    post,
    reserved,
)

pytestmark = pytest.mark.usefixtures("settings_of_sandbox", "nothing_counted")


@pytest.fixture
def shop(transactional_db: None, sandbox: Sandbox) -> Integration:
    return announcing_store(sandbox)


@pytest.fixture
def address(shop: Integration) -> WebhookAddress:
    return reserved(shop)


# --- what is posted there ------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-47", "TECH-49")
def test_an_order_announced_at_an_address_that_was_only_reserved_is_read_from_the_store(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    order = sandbox.wix.place_order("v1")

    assert post(address, message(sandbox, order)).status_code == 200
    assert not Order.objects.exists()  # answered at once; the worker reads it
    work()

    assert Order.objects.get().number == order["number"]
    assert SeenOrder.objects.get().seen_by == "webhook"
    assert Run.objects.latest("pk").trigger == "webhook"
    hint = Hint.objects.get()
    assert (hint.address_id, hint.kind, bool(hint.done_at)) == (address.pk, "order", True)
    address.refresh_from_db()
    assert (address.events, address.last_event_at) == (1, hint.received_at)


@pytest.mark.req("TECH-50")
def test_an_automation_of_the_stand_in_store_reaches_a_running_panel(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, live_server: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(events, "PATIENCE", 30)  # it is sent once, and a busy machine may take its time
    settings.FCP_PUBLIC_URL = live_server.url
    automations.send_on_order(sandbox.wix.site("v1"), url_of(address))
    number = sandbox.wix.place_order("v1")["number"]

    def arrived() -> bool:
        work()
        return Order.objects.exists()

    eventually(arrived)
    assert sandbox.wix.sender.drain()
    assert Order.objects.get().number == number
    assert [entry["taken"] for entry in sandbox.wix.sender.deliveries()] == [True]


@pytest.mark.parametrize(
    "shape",
    [
        lambda uid, number: {"data": {"id": uid}},
        lambda uid, number: {"data": {"_id": uid, "_context": {"appId": "x"}}},
        lambda uid, number: {"data": {"orderId": uid}},
        lambda uid, number: {"id": uid},
        lambda uid, number: [{"data": {"id": uid}}],
        lambda uid, number: {"data": {"orderNumber": number}},
        lambda uid, number: {"data": {"number": int(number)}},
        lambda uid, number: {"number": number, "note": "own keys"},
        lambda uid, number: {"data": {"id": uid, "context": {}}},
    ],
)
def test_every_shape_that_automations_are_known_to_have_leads_to_the_order(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, shape: Any
) -> None:
    sandbox.wix.place_order("v1")
    order = sandbox.wix.place_order("v1")

    assert post(address, shape(order["id"], order["number"])).status_code == 200
    work()

    seen = dict(SeenOrder.objects.values_list("number", "seen_by"))
    assert seen[order["number"]] == "webhook"  # not found by chance, in the look that follows
    assert sorted(seen.values()) == ["poll", "webhook"]
    assert not Hint.objects.filter(done_at=None).exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"hello", b"[]", b"{}", b"7", b"null", b'"text"', b"[1]", b'{"data": []}', b'{"data": {"id": ""}}',
        b'{"data": {"id": null, "number": true}}', b'{"data": {"id": "' + b"x" * 101 + b'"}}',
        b'{"data": {"id": "a\\u0000b"}}', b'{"data": {"id": ["a"]}}', b"[" * 5000, b"\xff\xfe",
        b"[" + b",".join([b'{"id":"a"}'] * 51) + b"]",
    ],
)  # fmt: skip
def test_a_message_that_names_no_order_is_refused_with_a_sentence_and_counted(
    shop: Integration, address: WebhookAddress, body: bytes
) -> None:
    answer = post(address, body)

    assert answer.status_code == 400
    assert "names no order" in answer.content.decode()
    assert not Hint.objects.exists()
    assert refused_on(shop.pk, timezone.now().date()) == 1


def test_a_message_that_is_nested_deeply_still_leads_to_its_order(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    """Deeper than what can be written again, not too deep to be read."""
    first, second = sandbox.wix.place_order("v1"), sandbox.wix.place_order("v1")
    deep = "[" * 300 + "]" * 300
    items = [f'{{"id": "{order["id"]}", "note": {deep}}}' for order in (first, second)]

    assert post(address, f"[{','.join(items)}]").status_code == 200

    assert set(Hint.objects.values_list("object_uid", flat=True)) == {first["id"], second["id"]}


def test_whatever_breaks_at_an_address_is_told_without_the_secret_in_it(
    shop: Integration, address: WebhookAddress, caplog: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(noting, "INSERT_SQL", "{what_nobody_gives}")  # a KeyError

    answer = post(address, {"id": "a"})

    assert answer.status_code == 503
    assert "was not kept" in caplog.text
    assert address.token not in caplog.text


def test_a_message_that_is_too_long_is_refused(shop: Integration, address: WebhookAddress) -> None:
    assert post(address, b'{"id": "' + b"x" * 1024 * 1024 + b'"}').status_code == 413
    assert not Hint.objects.exists()


@pytest.mark.req("TECH-31")
def test_a_message_about_another_site_is_refused_and_counted_whoever_owns_that_site(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    """The URL stands in the wrong store: neither the one account nor the other gets a hint."""
    theirs = announcing_store(sandbox, "v3")
    order = sandbox.wix.place_order("v3")

    answer = post(address, message(sandbox, order, "v3"))
    work()

    assert answer.status_code == 403
    assert "another Wix site" in answer.content.decode()
    assert not Hint.objects.exists()
    assert not Order.objects.exists()
    assert refused_on(shop.pk, timezone.now().date()) == 1
    assert refused_on(theirs.pk, timezone.now().date()) == 0


def test_a_site_id_in_capitals_is_the_same_site(shop: Integration, sandbox: Sandbox, address: WebhookAddress) -> None:
    order = sandbox.wix.place_order("v1")
    body = {"data": {"id": order["id"], "context": {"metaSiteId": shop.store.uid.upper()}}}

    assert post(address, body).status_code == 200


@pytest.mark.req("TECH-51")
def test_an_announced_order_whose_status_is_not_among_the_chosen_ones_is_seen_and_left_out(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    change_settings(shop, order_status=["approved"])
    left = sandbox.wix.place_order("v1", status="PENDING", paid=False)
    taken = sandbox.wix.place_order("v1")
    for order in (left, taken):
        post(address, message(sandbox, order))
    work()

    assert [order.number for order in Order.objects.all()] == [taken["number"]]
    seen = SeenOrder.objects.get(uid=left["id"])
    assert (seen.outcome, "status" in seen.reasons) == ("skipped", True)
    assert not Hint.objects.filter(done_at=None).exists()

    change_settings(shop, order_status=["approved", "pending"], payment_status=["any"])
    work()
    assert Order.objects.filter(number=left["number"]).exists()


def test_an_order_announced_again_is_read_again_and_changes_nothing(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, time_machine: Any
) -> None:
    time_machine.move_to((timezone.now() + dt.timedelta(minutes=1)).replace(second=5))  # all three within one minute
    body = message(sandbox, sandbox.wix.place_order("v1"))
    assert [post(address, body).status_code for _ in range(3)] == [200] * 3
    work()
    assert Hint.objects.count() == 1  # repeated within the minute

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=3))
    assert post(address, body).status_code == 200
    work()

    assert Hint.objects.filter(done_at__isnull=False).count() == 2
    assert Order.objects.count() == 1


def test_a_number_that_the_stores_list_does_not_show_yet_is_looked_for_again_for_ten_minutes(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, time_machine: Any
) -> None:
    post(address, {"data": {"number": "10099"}})
    post(address, {"data": {"number": str(sandbox.wix.site("v1").next_number)}})
    work()
    assert Hint.objects.filter(done_at=None).count() == 2

    sandbox.wix.place_order("v1")
    sync(shop)
    assert [hint.object_uid for hint in Hint.objects.filter(done_at=None)] == ["10099"]
    assert Order.objects.count() == 1

    time_machine.move_to(timezone.now() + dt.timedelta(minutes=11))
    sync(shop)
    assert not Hint.objects.filter(done_at=None).exists()
    assert not FailedRecord.objects.exists()
    assert flow_of(shop).failures == 0


def test_what_is_announced_while_orders_are_off_is_looked_at_once_they_are_on(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    change_settings(shop, flows={"orders": {"mode": "disabled"}})
    assert post(address, message(sandbox, sandbox.wix.place_order("v1"))).status_code == 200
    work()
    assert Hint.objects.filter(done_at=None).count() == 1

    change_settings(shop, flows={"orders": {"mode": "pull", "interval": 30}})
    work()

    assert not Hint.objects.filter(done_at=None).exists()
    assert Order.objects.count() == 1


def test_messages_are_answered_while_the_store_is_slow(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    first, second = sandbox.wix.place_order("v1"), sandbox.wix.place_order("v1")
    site = sandbox.wix.site("v1")
    sandbox.wix.misbehave("slow", "v1", seconds=25, count=2)
    post(address, message(sandbox, first))
    calls = site.total_calls
    worker = threading.Thread(target=lambda: (work(), connection.close()))
    worker.start()
    eventually(lambda: site.total_calls > calls)

    answer = post(address, message(sandbox, second))
    is_still_asking = worker.is_alive()
    sandbox.wix.stopping.set()  # the store answers now
    worker.join(30)

    assert (answer.status_code, is_still_asking) == (200, True)
    work()
    assert Order.objects.count() == 2
    assert not Hint.objects.filter(done_at=None).exists()


# --- who may post --------------------------------------------------------------------------------------------------


def test_an_address_that_nobody_was_given_is_not_found_without_a_word_about_it(shop: Integration) -> None:
    for token in ("x" * 43, "", "a" * 300, "%00"):
        path = f"/hooks/wix/{token}/" if token else "/hooks/nowhere/abc/"
        answer = post(path, {"id": "a"})
        assert (answer.status_code, answer.content) == (404, b"There is no such address.")

    assert forged_on("wix", timezone.now().date()) == 3
    assert not Hint.objects.exists()


def test_an_address_is_for_posting_only_and_needs_no_slash_at_its_end(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress
) -> None:
    answer = Client().get(path_of(address))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")

    order = sandbox.wix.place_order("v1")
    assert post(path_of(address).rstrip("/"), message(sandbox, order)).status_code == 200


def test_a_revoked_address_refuses(shop: Integration, sandbox: Sandbox, address: WebhookAddress) -> None:
    body = message(sandbox, sandbox.wix.place_order("v1"))
    assert revoke(address, by="Ann", now=timezone.now())

    answer = post(address, body)

    assert answer.status_code == 410
    assert "was revoked" in answer.content.decode()
    assert not Hint.objects.exists()
    assert not revoke(address, by="Bob", now=timezone.now())
    with pytest.raises(IntegrationError):
        save(address, by="Ann", now=timezone.now())
    with pytest.raises(IntegrationError):
        exchange(address, by="Ann", now=timezone.now())


def test_while_the_secret_is_exchanged_both_work_for_a_day(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, time_machine: Any
) -> None:
    old = path_of(address)
    exchange(address, by="Ann", now=timezone.now())
    new = path_of(address)
    assert new != old

    def answers() -> list[int]:
        return [post(path, message(sandbox, sandbox.wix.place_order("v1"))).status_code for path in (old, new)]

    assert answers() == [200, 200]
    time_machine.move_to(timezone.now() + dt.timedelta(hours=23))
    assert answers() == [200, 200]
    time_machine.move_to(timezone.now() + dt.timedelta(hours=2))
    assert answers() == [410, 200]
    assert set(Hint.objects.values_list("address", flat=True)) == {address.pk}


def test_an_address_goes_with_its_integration(shop: Integration, sandbox: Sandbox, address: WebhookAddress) -> None:
    from integrations.connecting import delete

    post(address, message(sandbox, sandbox.wix.place_order("v1")))
    path = path_of(address)
    delete(shop, by="Ann", now=timezone.now())

    assert post(path, {"id": "a"}).status_code == 404
    assert Hint.objects.get().address is None


def test_no_log_line_carries_the_secret(
    shop: Integration, sandbox: Sandbox, address: WebhookAddress, caplog: Any, monkeypatch: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    token = address.token
    path = path_of(address)
    statuses = [
        Client().get(path).status_code,
        post(path, {"id": "a"}).status_code,
        post(path, b"nothing").status_code,
        post(path, {"id": "a", "context": {"metaSiteId": "b"}}).status_code,
        post(path, b'"' + b"x" * 1024 * 1024).status_code,
    ]
    monkeypatch.setattr(noting, "INSERT_SQL", "INSERT INTO nowhere VALUES {rows}")
    statuses.append(post(path, {"id": "b"}).status_code)
    monkeypatch.undo()
    revoke(address, by="Ann", now=timezone.now())
    statuses += [post(path, {"id": "a"}).status_code, post(f"/hooks/wix/x{token}/", {"id": "a"}).status_code]

    assert statuses == [405, 200, 400, 403, 413, 503, 410, 404]
    shown = [line for line in caplog.messages if not line.startswith("(")]  # Django's own statements, in tests only
    assert not [line for line in shown if token in line]


# --- reserving -----------------------------------------------------------------------------------------------------


def test_whoever_opens_create_ten_times_is_offered_the_same_address(shop: Integration) -> None:
    assert len({reserved(shop).pk for _ in range(10)}) == 1
    assert reserved(shop, by="Bob").pk != reserved(shop).pk
    assert WebhookAddress.objects.count() == 2
    assert AuditEntry.objects.filter(code="webhook_address_reserved").count() == 2


def test_one_that_was_saved_used_or_revoked_is_not_offered_again(shop: Integration, sandbox: Sandbox) -> None:
    saved = reserved(shop)
    save(saved, by="Ann", now=timezone.now())
    used = reserved(shop)
    post(used, message(sandbox, sandbox.wix.place_order("v1")))
    waiting = reserved(shop)
    assert waiting.pk not in (saved.pk, used.pk)
    work()
    revoke(waiting, by="Ann", now=timezone.now())

    assert reserved(shop).pk not in (saved.pk, used.pk, waiting.pk)


def test_an_integration_has_so_many_addresses_and_not_one_more(shop: Integration) -> None:
    made = [reserved(shop, by=f"Person {n}") for n in range(MOST)]
    with pytest.raises(IntegrationError, match="Revoke one"):
        reserved(shop, by="One too many")

    revoke(made[0], by="Ann", now=timezone.now())
    assert reserved(shop, by="One too many").pk


def test_only_what_the_platform_declares_can_be_announced(shop: Integration) -> None:
    with pytest.raises(IntegrationError):
        reserve(shop, "nothing", by="Ann", now=timezone.now())


def test_the_secret_is_neither_stored_nor_shown_as_it_is(shop: Integration, address: WebhookAddress) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM integrations_webhookaddress")
        stored = repr(cursor.fetchall())

    assert address.token not in stored
    assert addresses.hash_of(address.token) in stored
    assert len(address.token) >= 43


# --- kept together -------------------------------------------------------------------------------------------------


def test_one_row_that_cannot_be_kept_does_not_keep_those_written_with_it(shop: Integration, monkeypatch: Any) -> None:
    """Three wait while the first is being written; of these, one breaks."""
    from integrations.connectors.shapes import Hint as Told

    begun, go_on = threading.Event(), threading.Event()
    insert, written = noting._insert, []

    def slow(rows: Any) -> None:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(90)
        if any(row[1] == "bad" for row in rows):
            written.append(len(rows))
            raise IntegrityError("no such store")
        insert(rows)
        written.append(len(rows))  # only now: on SQLite it is tried again while another writes

    monkeypatch.setattr(noting, "_insert", slow)
    place = noting.Place(shop.store_id, flow_of(shop).pk)
    outcomes: dict[str, str] = {}

    def announce(name: str) -> None:
        try:
            noting.note(place, [Told(name, "order", name)], timezone.now())
            outcomes[name] = "kept"
        except IntegrityError:
            outcomes[name] = "not kept"
        finally:
            connection.close()

    threads = [threading.Thread(target=announce, args=("first",))]
    threads[0].start()
    assert begun.wait(30)
    threads += [threading.Thread(target=announce, args=(name,)) for name in ("good", "bad", "fine")]
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: len(noting._line._waiting) == 3)
    go_on.set()
    for thread in threads:
        thread.join(60)

    assert outcomes == {"first": "kept", "good": "kept", "bad": "not kept", "fine": "kept"}
    assert written == [1, 3, 1, 1, 1]
    assert set(Hint.objects.values_list("event_id", flat=True)) == {"first", "good", "fine"}

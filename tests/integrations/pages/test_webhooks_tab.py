"""The tab Webhooks: Create, Type, URL, Cancel or Save; the list of addresses; deliveries, and looking at them again."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from fcp.models import Account, AuditEntry
from fcp.roles import Role
from integrations.models import Flow, Hint, Integration, WebhookAddress
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.settings_saving import save
from integrations.views.webhooks import DELIVERIES
from orders.models import Order, SeenOrder
from tests.build import make_user
from tests.integrations.flows.world import change_settings, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.integrations.webhook_world import message, path_of, post, reserved


def tab(shop: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{shop.pk}/webhooks/{rest}"


def url_on(page: Any) -> str:
    found = re.search(r'id="webhook-url" value="([^"]+)"', page.content.decode())
    assert found
    return html.unescape(found.group(1))


def choose_type(client: Client, shop: Integration, **headers: str) -> Any:
    return client.post(tab(shop, "create/"), {"kind": "order_placed"}, headers=headers)


# --- Create, Type, URL, Cancel -------------------------------------------------------------------------------------


@pytest.mark.req("TECH-46", "TECH-47", "TECH-48")
def test_create_asks_for_the_type_and_shows_the_url_as_soon_as_it_is_chosen(client: Client, shop: Integration) -> None:
    page = client.get(tab(shop))
    assert f'href="{tab(shop, "create/")}"' in page.content.decode()
    assert_in_order(words(page), "Webhooks", "Create", "No webhook yet")

    form = client.get(tab(shop, "create/"))
    assert_in_order(words(form), "New webhook", "Type", "Choose a type", "Order placed", "Cancel")
    assert not WebhookAddress.objects.exists()  # nothing is made by looking
    text = form.content.decode()
    assert f'hx-post="{tab(shop, "create/")}"' in text
    assert 'hx-trigger="change, submit"' in text

    chosen = choose_type(client, shop, **{"HX-Request": "true"})

    made = WebhookAddress.objects.get()
    assert "<html" not in chosen.content.decode()
    assert url_on(chosen).endswith(f"/hooks/wix/{made.token}/")
    assert 'data-copy="#webhook-url"' in chosen.content.decode()
    assert chosen["HX-Push-Url"] == tab(shop, f"{made.pk}/")
    assert chosen["Cache-Control"] == "no-store"
    assert_in_order(words(chosen), "URL", "Copy", "works at once", "Save", "Cancel")


@pytest.mark.req("TECH-47")
def test_it_works_without_a_script_too(client: Client, shop: Integration) -> None:
    answer = client.post(tab(shop, "create/"), {"kind": "order_placed"})

    made = WebhookAddress.objects.get()
    assert answer["Location"] == tab(shop, f"{made.pk}/")
    assert made.token in url_on(client.get(answer["Location"]))


def test_no_type_is_a_sentence_and_makes_nothing(client: Client, shop: Integration) -> None:
    for kind in ("", "nothing"):
        page = client.post(tab(shop, "create/"), {"kind": kind})
        assert page.status_code == 200
        assert not WebhookAddress.objects.exists()
    assert "Choose what the store shall tell us." in words(client.post(tab(shop, "create/"), {"kind": ""}))


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("TECH-49")
def test_the_copied_url_works_after_cancel_without_saving(client: Client, shop: Integration, sandbox: Sandbox) -> None:
    change_settings(shop, flows={"orders": {"mode": "pull"}}, channel_mode="webhooks")
    work()
    chosen = choose_type(client, shop, **{"HX-Request": "true"})
    path = urlsplit(url_on(chosen)).path
    cancel = re.search(r'<a class="btn" href="([^"]+)">Cancel</a>', chosen.content.decode())
    assert cancel
    listed = client.get(cancel.group(1))
    assert_in_order(words(listed), "Order placed", "Reserved, no event yet", "none yet")

    order = sandbox.wix.place_order("v1")
    assert post(path, message(sandbox, order)).status_code == 200
    work()

    assert Order.objects.get().number == order["number"]
    assert WebhookAddress.objects.get().saved_at is None
    assert_in_order(words(client.get(tab(shop))), "Order placed", "Working", order["number"])


def test_save_says_so_and_the_url_can_be_seen_again(client: Client, shop: Integration) -> None:
    made = reserved(shop, by="Ann Lee")

    page = client.post(tab(shop, f"{made.pk}/"), {"do": "save"}, follow=True)

    assert_in_order(words(page), "Order placed", "Saved, no event yet")
    assert made.token not in page.content.decode()  # the list shows no secret
    again = client.get(tab(shop, f"{made.pk}/"))
    assert made.token in url_on(again)
    assert "Exchange the secret" in words(again)
    assert AuditEntry.objects.filter(code="webhook_address_saved").count() == 1


def test_a_secret_is_exchanged_and_the_page_says_until_when_the_old_url_works(
    client: Client, shop: Integration
) -> None:
    made = reserved(shop)
    client.post(tab(shop, f"{made.pk}/"), {"do": "save"})
    before = made.token

    page = client.post(tab(shop, f"{made.pk}/"), {"do": "exchange"}, follow=True)

    assert before not in page.content.decode()
    assert "The URL before this one works until" in words(page)
    assert "the URL before works until" in words(client.get(tab(shop)))


def test_revoking_asks_first_and_is_for_good(client: Client, shop: Integration) -> None:
    made = reserved(shop)
    assert "data-confirm=" in client.get(tab(shop)).content.decode()

    page = client.post(tab(shop, f"{made.pk}/"), {"do": "revoke"}, follow=True)

    assert "Revoked" in words(page)
    assert post(made, {"id": "a"}).status_code == 410
    page = client.post(tab(shop, f"{made.pk}/"), {"do": "save"}, follow=True)
    assert "was revoked meanwhile" in words(page)


def test_whoever_may_not_connect_sees_neither_url_nor_buttons(
    account: Account, client: Client, viewer: Client, shop: Integration
) -> None:
    made = reserved(shop)
    operator = signed_in(make_user(account, Role.OPERATOR))

    for person in (viewer, operator):
        text = person.get(tab(shop)).content.decode()
        assert "Reserved, no event yet" in text
        assert made.token not in text
        assert "create/" not in text
        assert person.get(tab(shop, f"{made.pk}/")).status_code == 403
        assert person.post(tab(shop, f"{made.pk}/"), {"do": "revoke"}).status_code == 403
        assert person.post(tab(shop, "create/"), {"kind": "order_placed"}).status_code == 403
    made.refresh_from_db()
    assert made.revoked_at is None
    assert WebhookAddress.objects.count() == 1


def test_an_address_whose_key_is_gone_is_said_to_be_so(client: Client, shop: Integration, settings: Any) -> None:
    from cryptography.fernet import Fernet

    made = reserved(shop)
    path = path_of(made)
    settings.FCP_FIELD_KEYS = [Fernet.generate_key().decode()]

    assert client.get(tab(shop)).status_code == 200
    assert "can no longer be shown" in words(client.get(tab(shop, f"{made.pk}/")))
    assert post(path, {"id": "a"}).status_code == 200


# --- Channel Mode and Site ID --------------------------------------------------------------------------------------


@pytest.mark.req("TECH-45")
def test_the_tab_says_that_webhooks_need_channel_mode_webhooks_and_leads_there(
    client: Client, open_shop: Integration
) -> None:
    page = client.get(tab(open_shop))
    assert "Channel Mode is Recurring jobs." in words(page)
    assert "set it to Webhooks in Main settings" in words(page)
    assert f'href="/a/shoes/integrations/{open_shop.pk}/#id_channel_mode"' in page.content.decode()
    main = client.get(f"/a/shoes/integrations/{open_shop.pk}/").content.decode()
    assert 'id="id_channel_mode"' in main

    change_settings(open_shop, channel_mode="webhooks")
    assert "nothing tells us of orders yet" in words(client.get(tab(open_shop)))
    assert Flow.objects.get(integration=open_shop, kind="orders").interval == 1440

    reserved(open_shop)
    assert "as soon as the store announces it, and once a day" in words(client.get(tab(open_shop)))


@pytest.mark.req("TECH-45")
def test_choosing_webhooks_that_nobody_sends_is_saved_with_a_warning(client: Client, open_shop: Integration) -> None:
    address = f"/a/shoes/integrations/{open_shop.pk}/"
    page = client.get(address)

    saved = client.post(address, form_of(page, channel_mode="webhooks"), follow=True)

    assert "nothing tells us of orders yet" in words(saved)
    assert document_of(Integration.objects.get())["channel_mode"] == "webhooks"


@pytest.mark.req("TECH-31")
def test_webhooks_alone_are_refused_without_a_site_id(client: Client, open_shop: Integration) -> None:
    save(open_shop, document_of(open_shop) | {"site_id": ""}, by="Ann", now=timezone.now())
    address = f"/a/shoes/integrations/{open_shop.pk}/"

    refused = client.post(address, form_of(client.get(address), channel_mode="webhooks"))

    assert "Webhooks work only with the Site ID" in words(refused)
    open_shop.refresh_from_db()
    assert document_of(open_shop)["channel_mode"] == "recurring"
    assert "The Site ID is missing." in words(client.get(tab(open_shop)))

    saved = client.post(address, form_of(client.get(address), channel_mode="webhooks_poll"), follow=True)
    assert "The Site ID is missing." in words(saved)
    open_shop.refresh_from_db()
    assert document_of(open_shop)["channel_mode"] == "webhooks_poll"


@pytest.mark.req("TECH-31")
def test_the_site_id_cannot_be_taken_away_while_webhooks_alone_tell_of_orders(
    client: Client, open_shop: Integration
) -> None:
    change_settings(open_shop, channel_mode="webhooks")
    from integrations.errors import IntegrationError

    with pytest.raises(IntegrationError) as refused:
        save(open_shop, document_of(open_shop) | {"site_id": ""}, by="Ann", now=timezone.now())
    assert refused.value.field == "site_id"


@pytest.mark.django_db(transaction=True)
def test_with_recurring_jobs_what_is_announced_is_taken_all_the_same(open_shop: Integration, sandbox: Sandbox) -> None:
    work()
    order = sandbox.wix.place_order("v1")
    post(reserved(open_shop), message(sandbox, order))
    work()

    assert SeenOrder.objects.get().seen_by == "webhook"


@pytest.mark.req("TECH-50")
def test_the_steps_stand_on_the_tab_in_order_those_in_wix_marked(client: Client, shop: Integration) -> None:
    text = words(client.get(tab(shop)))

    assert_in_order(
        text, "How to set it up", "Channel Mode", "press Create", "press Cancel or Save", "works at once",
        "manage.wix.com", "Automations", "In Wix", "Create Automation", "Start from Scratch", "Order placed", "+",
        "Send HTTP Request", "Paste the URL", "Activate in the top right corner", "In Wix",
    )  # fmt: skip


# --- deliveries ----------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(open_shop: Integration) -> list[Hint]:
    """One that waits, two that are done, at different times; one about the app."""
    now, made = timezone.now(), reserved(open_shop)

    def hint(event: str, kind: str, uid: str, hours: int, **values: Any) -> Hint:
        at = now - dt.timedelta(hours=hours)
        return Hint(store=open_shop.store, event_id=event, kind=kind, object_uid=uid, received_at=at, **values)

    rows = [
        hint("1", "order", "uid-1", 72, done_at=now),
        hint("2", "order", "uid-2", 2, done_at=now, address=made),
        hint("3", "order_number", "10044", 0, address=made),
        hint("4", "removed", "x", 3, done_at=now),
    ]
    return Hint.objects.bulk_create(rows)


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ({}, ["4", "3", "2", "1"]),
        ({"state": "waiting"}, ["3"]),
        ({"state": "done"}, ["4", "2", "1"]),
        ({"came": "address"}, ["3", "2"]),
        ({"came": "app"}, ["4"]),  # of the last two days
        ({"q": "10044"}, ["3"]),
        ({"q": "nothing"}, []),
    ],
)
def test_deliveries_are_listed_newest_first_and_filtered(
    client: Client, open_shop: Integration, heard: list[Hint], query: dict[str, str], events: list[str]
) -> None:
    page = client.get(tab(open_shop), query)

    assert [row.event_id for row in page.context["list"].rows] == events


@pytest.mark.django_db(transaction=True)
def test_a_delivery_leads_to_its_order_and_can_be_exported(
    client: Client, open_shop: Integration, sandbox: Sandbox
) -> None:
    order = sandbox.wix.place_order("v1")
    left = sandbox.wix.place_order("v1", paid=False)
    made = reserved(open_shop)
    for one in (order, left):
        post(made, message(sandbox, one))
    work()

    page = client.get(tab(open_shop))
    number = order["number"]
    assert f'href="/a/shoes/orders/{Order.objects.get().pk}/">{number}</a>' in page.content.decode()
    assert f"{left['number']} not imported" in words(page)

    file = client.get(tab(open_shop), {"format": "csv"})
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert lines[0] == "Received,What,Order,Id in the store,Came in,State,Looked at,Done again"
    assert f",An order,{number},{order['id']},webhook {made.pk},done," in lines[2]
    assert [column.label for column in DELIVERIES.columns if column.csv] == lines[0].split(",")


def test_one_the_ticked_ones_or_all_that_match_are_looked_at_again(
    client: Client, open_shop: Integration, heard: list[Hint]
) -> None:
    again = tab(open_shop, "again/")

    page = client.post(again, {"row": [heard[1].pk]}, follow=True)
    assert "1 delivery is looked at again." in words(page)
    assert "Waiting again" in words(page)
    assert set(Hint.objects.filter(replayed_at__isnull=False)) == {heard[1]}

    page = client.post(again, {"all": "1", "query": "state=done"}, follow=True)
    assert "1 delivery is looked at again. 1 about our app stay as they are." in words(page)
    page = client.post(again, {"row": [heard[2].pk]}, follow=True)
    assert "1 waited already." in words(page)
    page = client.post(again, {}, follow=True)
    assert "There is no delivery among what you chose." in words(page)
    assert [entry.params["count"] for entry in AuditEntry.objects.filter(code="webhooks_replayed")] == [1, 1]


def test_a_span_of_time_is_looked_at_again_in_the_accounts_zone(
    account: Account, client: Client, open_shop: Integration, heard: list[Hint]
) -> None:
    second = heard[1].received_at.astimezone(account.zone)
    span = {"since": f"{second:%Y-%m-%dT%H:%M}", "until": f"{second:%Y-%m-%dT%H:%M}"}

    page = client.post(tab(open_shop, "again/"), span, follow=True)

    assert "1 delivery is looked at again." in words(page)
    assert set(Hint.objects.filter(replayed_at__isnull=False)) == {heard[1]}

    for wrong in ({"since": "", "until": ""}, {"since": span["since"], "until": "2020-01-01T00:00"}, {"since": "x"}):
        page = client.post(tab(open_shop, "again/"), wrong, follow=True)
        assert page.status_code == 200
        assert Hint.objects.filter(replayed_at__isnull=False).count() == 1
    assert "The first time must be before the second one." in words(
        client.post(tab(open_shop, "again/"), {"since": span["since"], "until": "2020-01-01T00:00"}, follow=True)
    )


def test_who_only_looks_can_have_nothing_done_again(viewer: Client, open_shop: Integration, heard: list[Hint]) -> None:
    assert viewer.post(tab(open_shop, "again/"), {"row": [heard[0].pk]}).status_code == 403
    assert "Look again" not in words(viewer.get(tab(open_shop)))


def test_refused_messages_are_counted_on_the_tab(client: Client, shop: Integration) -> None:
    made = reserved(shop)
    post(made, {"id": "a", "context": {"metaSiteId": "another"}})
    post(made, b"nothing")

    assert "2 messages were refused here" in words(client.get(tab(shop)))


def test_messages_that_nobody_vouched_for_are_counted_for_the_operators_people(
    client: Client, staff: Client, shop: Integration
) -> None:
    cache.clear()
    post("/hooks/wix/", b"not signed")

    assert "Refused since yesterday 1 of all Wix stores" in words(staff.get(tab(shop)))
    assert "Refused since yesterday" not in words(client.get(tab(shop)))

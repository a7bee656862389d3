"""The page Where is my order?: seen or not, why, and the store itself asked live."""

import pytest
from django.urls import reverse
from django.utils import timezone

from fcp.roles import Role
from integrations.models import FailedRecord, Flow, Hint, Integration
from orders.models import Order, SeenOrder
from tests.build import make_account, make_user
from tests.integrations.flows.world import change_settings, connect_store, flow_of, map_everything, sync, work
from tests.integrations.pages.conftest import signed_in
from tests.orders.shop import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(account, sandbox):
    """Paid orders only, everything read once."""
    integration = connect_store(sandbox, "v1", account=account)
    change_settings(integration, payment_status=["paid"])
    work()
    return integration


def where(client, text, **query):
    return client.get(reverse("integrations:where", kwargs={"account": "shoes"}), {"q": text, **query})


def ask(client, integration, text, **form):
    url = reverse("integrations:where_ask", kwargs={"account": "shoes", "pk": integration.pk})
    return client.post(url, {"q": text, **form}, headers={"HX-Request": "true"})


def take(client, integration, uid, text):
    url = reverse("integrations:where_take", kwargs={"account": "shoes", "pk": integration.pk})
    return client.post(url, {"q": text, "uid": uid}, follow=True)


@pytest.mark.req("EFS-12", "TECH-32")
def test_an_order_that_was_left_out_says_when_it_was_seen_and_which_setting_keeps_it_out(client, shop, sandbox):
    order = sandbox.wix.place_order("v1", payment="PENDING")
    others = [sandbox.wix.place_order("v1", payment="PENDING") for _ in range(3)]
    sync(shop)
    assert SeenOrder.objects.filter(outcome="skipped").count() == 1 + len(others)

    page = where(client, order["number"])

    text = text_of(page)
    assert "on a regular look into the store" in text
    assert "Payment status: Payment pending, where Paid is asked." in text
    assert "With Payment pending allowed, 3 of the last 4 would also come in." in text
    assert f"/a/shoes/integrations/{shop.pk}/#id_payment_status" in page.content.decode()
    assert "Fulfillment status: Not fulfilled" in text


def test_an_order_that_came_in_shows_its_headline_and_leads_to_its_page(client, shop, sandbox):
    number = sandbox.wix.place_order("v1")["number"]
    sync(shop)
    order = Order.objects.get(number=number)

    page = where(client, f" #{number} ")

    assert "It is here." in text_of(page)
    assert f"/a/shoes/orders/{order.pk}/" in page.content.decode()


def test_an_order_that_could_not_be_read_shows_its_sentence_and_can_be_tried_again(client, shop, sandbox):
    order = sandbox.wix.place_order("v1", odd="no_lines")
    sync(shop)
    record = FailedRecord.objects.get()

    page = where(client, order["number"])

    assert f"Order {order['number']} has no lines." in text_of(page)
    assert f"/a/shoes/integrations/failed/{record.pk}/retry/" in page.content.decode()


def test_an_order_that_was_announced_and_not_read_yet_is_being_read(client, shop, sandbox):
    order = sandbox.wix.place_order("v1")
    Hint.objects.create(
        store=shop.store, event_id="e", kind="order", object_uid=order["id"], received_at=timezone.now()
    )

    page = where(client, order["number"], uid=order["id"])

    assert "it is read from the store now" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()


def test_an_order_that_nobody_has_seen_is_asked_for_in_every_store_by_the_page_itself(client, shop, account, sandbox):
    second = connect_store(sandbox, "v3", account=account, on=())

    page = where(client, "99999").content.decode()

    assert "No store ever showed it to us" in page
    for one in (shop, second):
        assert f"/a/shoes/orders/where/{one.pk}/ask/" in page
    assert page.count('hx-trigger="load, submit"') == 2


def test_the_store_is_asked_live_and_its_answer_explained_by_the_same_conditions(client, shop, sandbox):
    order = sandbox.wix.place_order("v1", payment="PENDING", status="PENDING")

    text = text_of(ask(client, shop, order["number"]))

    assert f"It has order {order['number']}" in text
    assert "Payment status: Payment pending, where Paid is asked." in text
    assert "Order status: Pending, where Approved is asked." in text
    assert "Take it in now" not in text
    assert not SeenOrder.objects.exists()


def test_one_that_passes_is_taken_in_by_a_press_and_by_the_usual_way(client, shop, sandbox):
    Flow.objects.filter(integration=shop).update(due_at=timezone.now())
    order = sandbox.wix.place_order("v1")
    text = text_of(ask(client, shop, order["number"]))
    assert "It passes every condition." in text
    assert "Take it in now" in text

    page = take(client, shop, order["id"], order["number"])
    assert "it is read from the store now" in text_of(page)
    take(client, shop, order["id"], order["number"])
    assert Hint.objects.count() == 1
    work()

    assert Order.objects.get().number == order["number"]
    assert "It is here." in text_of(where(client, order["number"]))


def test_a_number_that_the_store_does_not_know_says_what_may_be_behind_it(client, shop, sandbox):
    unfinished = sandbox.wix.place_order("v1", status="INITIALIZED", payment="NOT_PAID")

    text = text_of(ask(client, shop, unfinished["number"]))
    assert "has no order with this number" in text
    assert "never finished" in text

    by_id = text_of(ask(client, shop, unfinished["id"]))
    assert "Order status: Not finished by the buyer, where Approved is asked." in by_id
    assert "never in its lists" in by_id


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "drop"}, "not answer"),
        ({"kind": "forbidden"}, "does not accept the API key"),
        ({"kind": "busy", "retry_after": 60}, "takes no more calls at the moment"),
    ],
)
def test_a_store_that_cannot_be_asked_says_so(client, shop, sandbox, fault, words):
    sandbox.wix.misbehave(fault.pop("kind"), "v1", count=None, **fault)

    page = ask(client, shop, "10001")

    assert page.status_code == 200
    assert words in text_of(page)


def test_asking_costs_one_call_of_the_stores_budget(client, shop, sandbox):
    from integrations.models import Budget, Exchange

    sandbox.wix.place_order("v1")
    Exchange.objects.all().delete()
    before = Budget.objects.get(store=shop.store).tokens

    ask(client, shop, "10001")

    assert Exchange.objects.count() == 1
    assert Budget.objects.get(store=shop.store).tokens < before


def test_a_viewer_sees_the_answer_and_may_not_ask_the_store(viewer, shop, sandbox):
    page = where(viewer, "99999")

    assert page.status_code == 200
    assert "hx-post" not in page.content.decode().partition('id="answer"')[2]
    assert ask(viewer, shop, "99999").status_code == 403


def test_another_accounts_store_cannot_be_asked(shop, sandbox):
    make_account("other")
    stranger = signed_in(make_user(make_account("strangers"), Role.OWNER))
    url = reverse("integrations:where_ask", kwargs={"account": "strangers", "pk": shop.pk})

    assert stranger.post(url, {"q": "10001"}).status_code == 404


def test_the_search_field_leads_here_where_no_order_begins_so(client, shop, sandbox):
    order = sandbox.wix.place_order("v1", payment="PENDING")
    here = sandbox.wix.place_order("v1")["number"]
    sync(shop)
    map_everything(Integration.objects.get(pk=shop.pk))

    def found(text):
        return text_of(client.get("/a/shoes/search/", {"q": text}, headers={"HX-Request": "true"}))

    assert "seen, and not taken in: see why" in found(order["number"])
    assert "Where is order 99999?" in found("99999")
    assert "Not among your orders" not in found(here)
    assert "Not among your orders" not in found("mug")


def test_an_order_stays_findable_when_its_store_is_not_connected_any_more(client, shop, sandbox):
    order = sandbox.wix.place_order("v1", payment="PENDING")
    sync(shop)
    flow_of(shop).delete()
    Integration.objects.get(pk=shop.pk).delete()

    text = text_of(where(client, order["number"]))

    assert "Payment status: Payment pending, where Paid is asked." in text
    assert "Ask the store" not in text

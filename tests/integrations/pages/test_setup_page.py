"""The initial configuration page, as a person fills it in."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from orders.models import Order
from tests.build import make_user
from tests.integrations.flows.world import connect_store, flow_of, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

FIVE = (
    "Payment Status",
    "Fulfillment Status",
    "Order Age",
    "Interval to Retrieve Orders",
    "Interval to Sync Inventory",
)


def at(integration: Integration, rest: str = "") -> str:
    return f"/a/shoes/integrations/{integration.pk}/{rest}"


def setup_form(client: Client, shop: Integration, **changed: object) -> dict[str, object]:
    page = client.get(at(shop, "setup/"))
    return form_of(page, "setup", **changed)


@pytest.mark.req("EFS-8")
def test_it_shows_exactly_five_settings_in_their_order(client: Client, shop: Integration) -> None:
    page = client.get(at(shop, "setup/"))

    assert_in_order(words(page), *FIVE, "Finish Setup")
    assert len(page.context["form"].visible_fields()) == 5


@pytest.mark.req("EFS-12", "EFS-15")
def test_payment_and_fulfillment_status_offer_the_words_of_the_store(client: Client, shop: Integration) -> None:
    form = client.get(at(shop, "setup/")).context["form"]

    assert_in_order(
        words(client.get(at(shop, "setup/"))), "Unpaid", "Paid", "Pending", "Not Fulfilled", "Partially Fulfilled"
    )
    assert [value for value, _ in form.fields["fulfillment_status"].choices] == [
        "not_fulfilled",
        "partly_fulfilled",
        "any",
    ]
    assert form["payment_status"].value() == ["paid"]
    assert form["fulfillment_status"].value() == ["not_fulfilled"]


@pytest.mark.req("EFS-28")
def test_each_setting_says_what_it_does_and_names_its_default_on_both_pages(client: Client, shop: Integration) -> None:
    for page in (client.get(at(shop, "setup/")), client.get(at(shop))):
        text = words(page)
        for sentence, default in (
            ("Only orders created within the last so many days are looked at.", "30 days"),
            ("An order must have one of these payment statuses to be retrieved.", "Paid"),
            ("An order must have one of these fulfillment statuses to be retrieved.", "Not Fulfilled"),
            ("How often we try to pull orders from the store.", "every 30 minutes"),
            ("How often stock levels go back to the store.", "every 60 minutes"),
        ):
            start = text.index(sentence)
            assert f"Default: {default}" in text[start : start + len(sentence) + 60]
        for field in page.context["form"].visible_fields():
            assert field.help_text


@pytest.mark.req("EFS-17", "EFS-18")
def test_order_age_and_history_are_one_setting(client: Client, shop: Integration) -> None:
    client.post(at(shop, "setup/"), setup_form(client, shop, history="45"))
    edit = client.get(at(shop))
    assert edit.context["form"]["history"].label == "History"
    assert edit.context["form"]["history"].value() == "45"

    client.post(at(shop), form_of(edit, history="7"))
    again = client.get(at(shop, "setup/")).context["form"]["history"]
    assert (again.label, again.value()) == ("Order Age", "7")
    shop.refresh_from_db()
    assert document_of(shop)["history"] == 7


@pytest.mark.req("EFS-17")
def test_order_age_counts_in_days_from_1_to_365(client: Client, shop: Integration) -> None:
    for wrong in ("0", "366", "-5", "soon", "1.5", "", "9" * 400):
        page = client.post(at(shop, "setup/"), setup_form(client, shop, history=wrong))
        assert page.context["form"].errors["history"] in (
            ["Give a whole number from 1 to 365 (days)."],
            ["Fill this in."],
        )
        assert page.context["form"]["history"].value() == wrong  # nothing typed is lost
    assert flow_of(shop).due_at is None


@pytest.mark.req("EFS-19", "EFS-10")
def test_finish_setup_switches_the_flows_on_at_their_default_intervals(client: Client, shop: Integration) -> None:
    assert Flow.objects.filter(integration=shop).on().count() == 1  # locations alone

    client.post(at(shop, "setup/"), setup_form(client, shop))

    orders = flow_of(shop)
    assert (orders.mode, orders.interval) == ("pull", 30)
    assert orders.due_at is not None
    assert flow_of(shop, FlowKind.INVENTORY).interval == 60
    assert flow_of(shop, FlowKind.FULFILLMENTS).interval == 30


def test_a_service_left_without_an_interval_stays_off(client: Client, shop: Integration) -> None:
    client.post(at(shop, "setup/"), setup_form(client, shop, orders_interval="", inventory_interval=""))

    assert flow_of(shop).due_at is None
    assert flow_of(shop, FlowKind.INVENTORY).mode == "disabled"


@pytest.mark.req("EFS-24")
def test_the_nickname_is_on_the_edit_screen_but_not_on_the_install_page(client: Client, shop: Integration) -> None:
    assert "Store Nickname" not in words(client.get(at(shop, "setup/")))
    assert "Store Nickname" in words(client.get(at(shop)))


def test_an_empty_selection_is_refused_and_any_is_an_answer(client: Client, shop: Integration) -> None:
    page = client.post(at(shop, "setup/"), setup_form(client, shop, payment_status=[]))
    assert page.context["form"].errors["payment_status"] == ["Choose at least one value, or Any."]

    client.post(at(shop, "setup/"), setup_form(client, shop, payment_status=["any", "paid"]))
    shop.refresh_from_db()
    assert document_of(shop)["payment_status"] == ["any"]


@pytest.mark.req("EFS-29")
def test_orders_come_in_with_nobody_signed_in(transactional_db: None, sandbox: Sandbox) -> None:
    account = Account.objects.create(name="Shoes Ltd", slug="shoes")
    shop = connect_store(sandbox, "v1", account=account, on=())
    sandbox.wix.place_order("v1")
    client = signed_in(make_user(account))
    client.post(at(shop, "setup/"), setup_form(client, shop))
    client.logout()

    work()

    assert Order.objects.filter(store=shop.store).count() == 1
    orders = flow_of(shop)
    assert orders.due_at is not None
    assert dt.timedelta(minutes=25) < orders.due_at - timezone.now() < dt.timedelta(minutes=35)


def test_before_finish_setup_the_page_says_which_orders_come_in_now(
    client: Client, shop: Integration, sandbox: Sandbox
) -> None:
    now = timezone.now()
    sandbox.wix.place_order("v1", created=now - dt.timedelta(days=21, hours=1))
    sandbox.wix.place_order("v1", created=now - dt.timedelta(days=3))
    sandbox.wix.place_order("v1", created=now - dt.timedelta(days=2), paid=False)
    sandbox.wix.place_order("v1", created=now - dt.timedelta(days=40))

    def said(**changed: object) -> str:
        return words(client.post(at(shop, "setup/look/"), setup_form(client, shop, **changed)))

    assert 'hx-trigger="load' in client.get(at(shop, "setup/")).content.decode()
    assert said().startswith("With these values 2 orders come in now; the oldest was placed 21 d ago")
    assert said(history="60", payment_status=["any"]).startswith("With these values 4 orders come in now")
    assert said(history="1") == "With these values 0 orders come in now."
    assert said(history="soon") == "Mend the fields above to see how many orders would come in."
    assert Order.objects.count() == 0
    assert flow_of(shop).due_at is None


def test_a_store_that_does_not_answer_does_not_keep_one_from_finishing(
    client: Client, shop: Integration, sandbox: Sandbox
) -> None:
    given = setup_form(client, shop)
    sandbox.wix.misbehave("unavailable", "v1", path="orders/search", count=None)

    said = words(client.post(at(shop, "setup/look/"), given))

    assert said.startswith("We could not look which orders would come in:")
    client.post(at(shop, "setup/"), given)
    assert flow_of(shop).due_at is not None


@pytest.mark.req("EFS-9")
def test_everything_chosen_at_install_can_be_changed_later(client: Client, open_shop: Integration) -> None:
    given = {
        "payment_status": ["any"], "fulfillment_status": ["partly_fulfilled"], "history": "90",
        "orders_interval": "5", "inventory_interval": "120",
    }  # fmt: skip

    client.post(at(open_shop), form_of(client.get(at(open_shop)), **given))

    open_shop.refresh_from_db()
    document = document_of(open_shop)
    assert (document["payment_status"], document["fulfillment_status"]) == (["any"], ["partly_fulfilled"])
    assert (document["history"], flow_of(open_shop).interval) == (90, 5)
    assert flow_of(open_shop, FlowKind.INVENTORY).interval == 120


def test_a_second_click_on_finish_setup_is_answered_as_set_up(client: Client, shop: Integration) -> None:
    mine = setup_form(client, shop, history="12")

    first, second = client.post(at(shop, "setup/"), mine), client.post(at(shop, "setup/"), mine)

    assert first["Location"] == second["Location"] == at(shop)
    assert document_of(Integration.objects.get(pk=shop.pk))["history"] == 12

    other = client.post(at(shop, "setup/"), mine | {"history": "20"})
    assert "Somebody else saved these settings meanwhile" in words(other)

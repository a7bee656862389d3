"""Connecting a store with its flows chosen first: catalogue, Connection Flow Settings, Next, Connect, what is next."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from fcp.models import Account, Membership
from fcp.roles import Role
from integrations.connectors import connector_class
from integrations.connectors.declaring import ANY, FlowKind, Mode
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.tasks import WORK
from mappings.models import Location
from orders.models import Order
from tests.build import make_account, make_user
from tests.integrations.arriving import returning, state_in
from tests.integrations.flows.world import work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

ADD = "/a/shoes/integrations/add/"
FLOWS = f"{ADD}ecwid/flows/"
APP = f"{ADD}ecwid/app/"
OFF = dict.fromkeys(["orders_mode", "products_mode", "inventory_mode", "fulfillments_mode"], "disabled")
ON = {"orders_mode": "pull", "products_mode": "pull", "inventory_mode": "push", "fulfillments_mode": "push"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_the_demo(sandbox: Sandbox, settings: Any, tmp_path: Path) -> None:
    """Stores are reached as whoever tries the demo reaches them; nobody tried anything before."""
    settings.FCP_DATA_DIR = tmp_path
    sandbox.write_info(str(tmp_path / "sandbox.info.json"))
    cache.clear()


def choose(client: Client, platform: str = "ecwid", **chosen: str) -> str:
    """Next, on the page Connection Flow Settings: where it leads."""
    page = f"{ADD}{platform}/flows/"
    sent = client.post(page, {**OFF, **chosen})
    assert sent.status_code == 302, words(sent)
    return str(sent["Location"])


def link(page: Any, text: str) -> str:
    """The address of the link with this text."""
    found = re.search(
        rf'<a [^>]*href="([^"]*)"[^>]*>(?:(?!</a>).)*{text}(?:</span>)?\s*</a>', page.content.decode(), re.S
    )
    assert found, f"no link {text}"
    return found[1].replace("&amp;", "&")


def at_the_store(client: Client, way: str) -> str:
    """Connect: the address of the store's own page, in the tab that opens."""
    return str(client.get(link(client.get(way), "Connect"))["Location"])


def agreed(box: Sandbox, there: str) -> str:
    """What the store's page does with the browser once its owner has agreed."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    code = box.ecwid.agree(asked["scope"].split(), asked["redirect_uri"])
    back = urlsplit(asked["redirect_uri"])
    return f"{back.path}?{back.query}&{urlencode({'code': code})}"


def connected(client: Client, box: Sandbox, **chosen: str) -> Integration:
    back = client.get(agreed(box, at_the_store(client, choose(client, **chosen))))
    assert back.status_code == 302, words(back)
    integration = Integration.objects.latest("pk")
    assert back["Location"] == f"/a/shoes/integrations/{integration.pk}/next/"
    return integration


def modes(integration: Integration) -> dict[str, str]:
    return dict(Flow.objects.filter(integration=integration).values_list("kind", "mode"))


# --- the catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-4", "P17-5", "P17-6")
def test_add_integration_leads_by_the_catalogue_to_connection_flow_settings(client: Client) -> None:
    listed = client.get("/a/shoes/integrations/").content.decode()
    head = listed[listed.index('<div class="head-actions">') : listed.index("</header>", listed.index("head-actions"))]
    assert f'href="{ADD}"' in head
    assert "Add Integration" in head

    catalogue = client.get(ADD, {"q": "ecw"})
    assert [tile.platform.key for tile in catalogue.context["tiles"]] == ["ecwid"]
    there = client.get(link(catalogue, "Add"), follow=True)

    assert there.request["PATH_INFO"] == FLOWS
    assert "Connection Flow Settings" in words(there)


@pytest.mark.req("P17-1")
def test_ecwid_declares_the_five_flows_and_each_has_its_work() -> None:
    offers = {offer.kind: offer.modes for offer in connector_class("ecwid").platform.flows}

    assert offers == {
        FlowKind.ORDERS: (Mode.PULL,),
        FlowKind.PRODUCTS: (Mode.PULL, Mode.PUSH, Mode.BOTH),
        FlowKind.INVENTORY: (Mode.PUSH,),
        FlowKind.FULFILLMENTS: (Mode.PUSH,),
        FlowKind.LOCATIONS: (Mode.PULL,),
    }
    assert set(WORK) == set(offers)


# --- Connection Flow Settings ----------------------------------------------------------------------------------------


@pytest.mark.req("P17-3", "P17-6", "P17-23")
def test_the_page_lists_what_is_needed_and_explains_each_option(client: Client) -> None:
    text = words(client.get(FLOWS))

    assert_in_order(
        text, "Connection Flow Settings", "What you need", "An account here", "Shoes Ltd",
        "Access to the admin account of your Ecwid store", "You can leave these off for now", "come back to them",
        "Orders", "Pull orders from Ecwid", "Orders placed from the moment of connecting come in",
        "Disabled", "No order comes in.",
        "Products", "Pull from Ecwid", "from then on comes into your catalogue", "Push to Ecwid",
        "Changes of your products from then on", "Disabled", "Your catalogue is neither filled nor written",
        "Inventory", "Push to Ecwid", "Changes of your stock from then on", "Disabled", "No stock is sent",
        "Fulfillments", "Push to Ecwid", "Tracking numbers of what ships", "Disabled", "told of no shipment",
        "Locations", "Always on", "Pull from Ecwid", "processing orders depends on the store's locations", "Next",
    )  # fmt: skip


@pytest.mark.req("P17-7", "P17-9", "P17-11")
@pytest.mark.req("P17-15", "P17-17", "P17-19")
def test_every_flow_starts_off_with_its_own_choices_and_locations_are_fixed(client: Client) -> None:
    page = client.get(FLOWS)
    fields = {field.name: field for field in page.context["form"].flows}
    labels = {
        name: [re.sub(r"\s*<span class=\"soft\">.*", "", str(label)).replace('<span class="choice">', "")
               for _, label in field.field.choices]
        for name, field in fields.items()
    }  # fmt: skip

    assert labels == {
        "orders_mode": ["Pull orders from Ecwid", "Disabled"],
        "products_mode": ["Pull from Ecwid", "Push to Ecwid", "Disabled"],
        "inventory_mode": ["Push to Ecwid", "Disabled"],
        "fulfillments_mode": ["Push to Ecwid", "Disabled"],
        "locations_mode": ["Pull from Ecwid"],
    }
    assert {name: field.value() for name, field in fields.items()} == {**OFF, "locations_mode": "pull"}
    assert [name for name, field in fields.items() if field.field.disabled] == ["locations_mode"]


def test_products_go_both_ways_only_where_the_account_names_their_master(client: Client, account: Account) -> None:
    refused = client.post(FLOWS, {**OFF, "products_mode": "both"})
    assert refused.status_code == 200
    assert "Pull from and push to" not in words(client.get(FLOWS))

    Account.objects.filter(pk=account.pk).update(settings={"master_products": "panel"})

    assert "Pull from and push to Ecwid" in words(client.get(FLOWS))
    assert "/app/?flows=" in choose(client, products_mode="both")


@pytest.mark.req("P17-20")
def test_locations_cannot_be_turned_off_whatever_is_sent(client: Client, sandbox: Sandbox) -> None:
    integration = connected(client, sandbox, locations_mode="disabled")
    assert modes(integration)["locations"] == "pull"

    at = f"/a/shoes/integrations/{integration.pk}/"
    page = client.get(at)
    assert "processing orders depends on the store's locations" in words(page)
    client.post(at, form_of(page, locations_mode="disabled", locations_interval=""))

    assert modes(integration)["locations"] == "pull"
    assert Flow.objects.get(integration=integration, kind=FlowKind.LOCATIONS).due_at


# --- Next, Connect, and back -----------------------------------------------------------------------------------------


@pytest.mark.req("P17-8")
def test_connect_opens_the_stores_own_page_in_a_new_tab_and_takes_the_choice_along(client: Client) -> None:
    way = choose(client, orders_mode="pull")
    page = client.get(way)
    assert_in_order(words(page), "Flows", "Connect", "What next", "opens in a new tab", "Orders", "Pull orders from")
    assert re.search(r'<a class="btn btn-primary" href="[^"]*/begin/\?flows=[^"]*" target="_blank" rel="noopener">',
                     page.content.decode())  # fmt: skip
    assert "<script>" not in page.content.decode()

    there = urlsplit(at_the_store(client, way))

    assert there.path == "/ecwid/oauth/authorize"
    assert parse_qs(there.query)["redirect_uri"][0].startswith("http://testserver/install/ecwid/return/?state=")


@pytest.mark.req("P17-7", "P17-2")
def test_left_off_everything_is_disabled_but_the_locations_which_are_read(
    client: Client, sandbox: Sandbox, account: Account
) -> None:
    integration = connected(client, sandbox)

    assert modes(integration) == {
        "orders": "disabled", "products": "disabled", "inventory": "disabled", "fulfillments": "disabled",
        "locations": "pull",
    }  # fmt: skip
    assert [flow.kind for flow in Flow.objects.on()] == [FlowKind.LOCATIONS]
    assert (integration.account, integration.live, integration.name) == (account, False, integration.store.name)
    work()
    assert Location.objects.filter(store=integration.store).exists()
    assert not Order.objects.exists()


@pytest.mark.req("P17-9", "P17-10", "P17-11")
@pytest.mark.req("P17-15", "P17-17")
def test_what_was_chosen_is_on_and_orders_of_every_status_count_from_that_moment(
    client: Client, sandbox: Sandbox
) -> None:
    early = sandbox.ecwid.place_order()["id"]
    way = choose(client, **ON, name="Paper shop")
    there = at_the_store(client, way)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2), tick=True):
        client.get(agreed(sandbox, there))
    integration = Integration.objects.get()
    assert modes(integration) == {kind.removesuffix("_mode"): mode for kind, mode in ON.items()} | {"locations": "pull"}
    assert integration.name == "Paper shop"
    document = document_of(integration)
    earliest = dt.datetime.fromisoformat(document["earliest_order_date"])
    assert abs(earliest - timezone.now() - dt.timedelta(minutes=2)) < dt.timedelta(seconds=60)
    assert [document[key] for key in ("payment_status", "fulfillment_status", "order_status")] == [[ANY]] * 3

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4), tick=True):
        unpaid = sandbox.ecwid.place_order(paid=False, created=timezone.now())["id"]
        canceled = sandbox.ecwid.place_order(payment="CANCELLED", created=timezone.now())["id"]
        shipped = sandbox.ecwid.place_order(status="SHIPPED", created=timezone.now())["id"]
        work()

        numbers = set(Order.objects.filter(store=integration.store).values_list("uid", flat=True))
        assert numbers == {unpaid, canceled, shipped}
        assert early not in numbers


@pytest.mark.req("P17-8", "P17-7")
def test_the_token_of_a_custom_app_goes_the_same_steps(client: Client, sandbox: Sandbox, settings: Any) -> None:
    info = sandbox.info["ecwid"]
    way = choose(client, orders_mode="pull").replace("/app/", "/custom_app/")
    given = {"store_id": info["store_id"], "token": info["token"]}
    wrong = client.post(way, given | {"token": "secret_" + "x" * 32})
    assert not Integration.objects.exists()
    assert "Pull orders from Ecwid" in words(wrong)  # what was chosen is not lost

    saved = client.post(way, given)

    integration = Integration.objects.get()
    assert saved["Location"] == f"/a/shoes/integrations/{integration.pk}/next/"
    assert modes(integration)["orders"] == "pull"
    assert info["token"] not in client.get(saved["Location"]).content.decode()


def test_the_other_ways_keep_what_was_chosen(client: Client) -> None:
    way = choose(client, orders_mode="pull")
    page = client.get(way)

    other = link(page, "Secret token")
    assert other.partition("?")[2] == way.partition("?")[2]
    back = client.get(link(page, "Change"))
    assert back.context["form"]["orders_mode"].value() == "pull"
    again = client.post(link(page, "Change"), form_of_flows(back))
    assert again["Location"] != way
    assert "Pull orders from Ecwid" in words(client.get(again["Location"]))


def form_of_flows(page: Any) -> dict[str, Any]:
    return {field.html_name: field.value() or "" for field in page.context["form"].flows}


@pytest.mark.req("P17-8")
def test_who_refuses_has_connected_nothing_and_both_tabs_say_so(client: Client, sandbox: Sandbox) -> None:
    way = choose(client)
    back = urlsplit(parse_qs(urlsplit(at_the_store(client, way)).query)["redirect_uri"][0])

    refused = client.get(f"{back.path}?{back.query}&error=access_denied")

    assert refused.status_code == 403
    assert "did not agree" in words(refused)
    left = client.get(way)
    assert_in_order(words(left), "Nothing is connected.", "did not agree")
    assert not Integration.objects.exists()
    client.get(agreed(sandbox, at_the_store(client, way)))  # again, from the same page
    assert Integration.objects.exists()


def test_a_return_that_comes_twice_makes_one_integration(client: Client, sandbox: Sandbox) -> None:
    url = agreed(sandbox, at_the_store(client, choose(client)))

    first, second = client.get(url), client.get(url)

    assert (first.status_code, second.status_code) == (302, 403)
    assert Integration.objects.count() == 1
    work()
    assert Flow.objects.get(kind=FlowKind.LOCATIONS).last_ok_at  # the code was exchanged once: its token works


def test_a_store_that_is_connected_already_leads_to_its_page(client: Client, sandbox: Sandbox) -> None:
    there = connected(client, sandbox)

    back = client.get(agreed(sandbox, at_the_store(client, choose(client, **ON))))

    assert back["Location"] == f"/a/shoes/integrations/{there.pk}/"
    assert modes(there)["orders"] == "disabled"


def test_a_store_of_another_account_is_not_taken_over(client: Client, sandbox: Sandbox, account: Account) -> None:
    there = connected(client, sandbox)
    other = make_account("others")
    Integration.objects.filter(pk=there.pk).update(account=other)
    type(there.store).objects.filter(pk=there.store_id).update(account=other)

    way = choose(client)
    refused = client.get(agreed(sandbox, at_the_store(client, way)))

    assert refused.status_code == 403
    assert "another account" in words(refused)
    assert "another account" in words(client.get(way))


def test_a_choice_lasts_half_an_hour_and_belongs_to_one_person_and_account(client: Client, account: Account) -> None:
    way = choose(client, **ON)
    other = make_account("others")
    user = Membership.objects.get(account=account).user
    Membership.objects.create(account=other, user=user, role=Role.OWNER.value)

    elsewhere = client.get(way.replace("/a/shoes/", "/a/others/"))
    assert elsewhere["Location"] == FLOWS.replace("/a/shoes/", "/a/others/")
    assert signed_in(make_user(account)).get(way)["Location"] == FLOWS
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        assert client.get(way)["Location"] == FLOWS
        assert client.get(way.replace("/app/", "/app/begin/"))["Location"] == FLOWS
    assert client.get(way).status_code == 200


def test_the_tab_that_was_left_leads_on_once_the_store_is_connected_and_so_does_a_second_try(
    client: Client, sandbox: Sandbox
) -> None:
    way = choose(client)
    client.get(agreed(sandbox, at_the_store(client, way)))
    following = f"/a/shoes/integrations/{Integration.objects.get().pk}/next/"

    assert client.get(way)["Location"] == following
    assert client.get(way.replace("/app/", "/app/begin/"))["Location"] == following


def test_a_token_that_is_sent_twice_leads_to_what_it_made(client: Client, sandbox: Sandbox) -> None:
    info = sandbox.info["ecwid"]
    way = choose(client).replace("/app/", "/custom_app/")
    given = {"store_id": info["store_id"], "token": info["token"]}

    first, second = client.post(way, given), client.post(way, given)

    assert first["Location"] == second["Location"]
    assert Integration.objects.count() == 1


def test_a_choice_lasts_as_long_as_what_was_begun_with_it(client: Client, sandbox: Sandbox) -> None:
    way = choose(client, orders_mode="pull")
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=28)):
        there = at_the_store(client, way)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=32)):
        back = client.get(agreed(sandbox, there))

    assert back["Location"].endswith("/next/")
    assert modes(Integration.objects.get())["orders"] == "pull"


def test_who_lost_the_right_meanwhile_connects_nothing(client: Client, sandbox: Sandbox, account: Account) -> None:
    url = agreed(sandbox, at_the_store(client, choose(client)))
    Membership.objects.filter(account=account).update(role=Role.VIEWER.value)

    assert client.get(url).status_code == 403
    assert not Integration.objects.exists()


def test_a_viewer_sees_none_of_it(viewer: Client, client: Client, sandbox: Sandbox) -> None:
    integration = connected(client, sandbox)

    for page in (FLOWS, APP, f"{APP}waiting/", f"/a/shoes/integrations/{integration.pk}/next/"):
        assert viewer.get(page).status_code == 403


# --- the tab that waits ----------------------------------------------------------------------------------------------


@pytest.mark.req("P17-8")
def test_the_page_that_was_left_waits_and_goes_on_once_the_store_is_connected(client: Client, sandbox: Sandbox) -> None:
    way = choose(client)
    asks = re.search(r'id="connect-waits" hx-get="([^"]*)"', client.get(way).content.decode())
    assert asks
    waiting = asks[1].replace("&amp;", "&")
    assert "We wait for Ecwid" not in words(client.get(waiting, headers={"HX-Request": "true"}))

    there = at_the_store(client, way)
    assert "We wait for Ecwid" in words(client.get(waiting, headers={"HX-Request": "true"}))
    assert "We wait for Ecwid" in words(client.get(way))  # also for whoever loads it anew
    client.get(agreed(sandbox, there))

    goes_on = client.get(waiting, headers={"HX-Request": "true"})
    next_page = f"/a/shoes/integrations/{Integration.objects.get().pk}/next/"
    assert goes_on["HX-Redirect"] == next_page
    assert client.get(waiting)["Location"] == next_page
    stranger = signed_in(make_user(make_account("others")))
    assert stranger.get(waiting.replace("/a/shoes/", "/a/others/"))["Location"].endswith("/add/ecwid/flows/")


# --- what is next ----------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-22")
def test_what_next_points_to_testing_a_quick_start_guide_and_support(
    client: Client, sandbox: Sandbox, settings: Any
) -> None:
    settings.FCP_SUPPORT_CONTACT = "help@operator.example"
    integration = connected(client, sandbox)
    page = client.get(f"/a/shoes/integrations/{integration.pk}/next/")

    assert_in_order(
        words(page), f"{integration.name} is connected", "Its flows", "Orders", "Disabled", "Locations", "always on",
        "What next", "Choose its flows", "Test it", "Try with one order", "Quick start guide", "Support",
        "help@operator.example",
    )  # fmt: skip
    assert client.get(link(page, "Try with one order")).status_code == 200
    guide = next(one for one in connector_class("ecwid").platform.guides if "setup" in one.tabs)
    assert "orders, stock and tracking" in guide.title  # it is connected: nobody needs to read how
    assert guide.title in words(page)
    assert guide.title in words(client.get(link(page, "Read the guide")))
    settings.FCP_SUPPORT_CONTACT = ""
    assert "Ask whoever runs this panel" in words(client.get(page.request["PATH_INFO"]))


@pytest.mark.req("P17-21", "P17-14", "P17-7")
def test_the_flows_are_revisited_in_main_settings(client: Client, sandbox: Sandbox) -> None:
    integration = connected(client, sandbox)
    main = link(client.get(f"/a/shoes/integrations/{integration.pk}/next/"), "Main settings").partition("#")[0]

    client.post(main, form_of(client.get(main), orders_mode="pull", fulfillments_mode="push"))
    assert (modes(integration)["orders"], modes(integration)["fulfillments"]) == ("pull", "push")
    work()
    assert not Order.objects.exists()
    client.post(main, form_of(client.get(main), orders_mode="disabled", fulfillments_mode="disabled"))

    assert [flow.kind for flow in Flow.objects.on()] == [FlowKind.LOCATIONS]


# --- the other orders of the same steps ------------------------------------------------------------------------------


def test_an_ecwid_store_that_is_named_first_is_asked_once_as_well(client: Client, sandbox: Sandbox) -> None:
    """Save comes last there; the code is exchanged when the browser comes back, and only then."""
    page = client.get(agreed(sandbox, at_the_store(client, APP)), follow=True)
    assert "answers" in words(page)

    saved = client.post(page.request["PATH_INFO"], form_of_page(page))

    integration = Integration.objects.get()
    assert saved["Location"] == f"/a/shoes/integrations/{integration.pk}/setup/"
    work()
    assert Flow.objects.get(kind=FlowKind.LOCATIONS).last_ok_at


def form_of_page(page: Any) -> dict[str, Any]:
    return {name: page.context["form"][name].value() for name in ("account", "name")}


def test_a_wix_site_may_have_its_flows_chosen_first_too(
    client: Client, sandbox: Sandbox, settings_of_sandbox: None
) -> None:
    first = client.get(f"{ADD}wix/market/")
    page = client.get(link(first, "choose them first"))
    assert "All that Wix sells comes into your catalogue" in words(page)
    assert "connect the store first" in words(page)

    way = choose(client, "wix", orders_mode="pull")
    out = client.get(link(client.get(way), "Connect"))
    back = client.get(returning(sandbox, state_in(out)))

    integration = Integration.objects.get()
    assert back["Location"] == f"/a/shoes/integrations/{integration.pk}/next/"
    assert modes(integration)["orders"] == "pull"
    assert document_of(integration)["payment_status"] == ["paid"]
    assert "Catalog V1" in words(client.get(back["Location"]))


def test_sync_says_so_where_there_is_nothing_to_tell(client: Client, sandbox: Sandbox) -> None:
    integration = connected(client, sandbox, fulfillments_mode="push")
    Integration.objects.filter(pk=integration.pk).update(live=True)

    text = words(client.get(f"/a/shoes/integrations/{integration.pk}/sync/"))

    assert "There is nothing to tell the store at present" in text
    assert "0 shipments" not in text

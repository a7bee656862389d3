"""Connecting a store, whose it may be, its nickname, another key, and letting go of it."""

import pytest
from django.utils import timezone

from fcp.errors import Refused
from fcp.models import AuditEntry, Store
from integrations.connecting import connect, delete, reconnect
from integrations.connectors.declaring import FlowKind
from integrations.connectors.wix.help import API_KEY_STEPS
from integrations.errors import IntegrationError
from integrations.models import Credential, Flow, Integration, SettingsVersion
from integrations.nicknames import check_nickname, made_from, nickname_for
from integrations.sandbox.wix.keys import PERMISSIONS
from integrations.settings_document import document_of
from mappings.models import Location
from orders.models import Order
from tests.build import make_account, make_warehouse
from tests.integrations.flows.flows import make_integration
from tests.integrations.flows.world import connect_store, flow_of, key_of, sync, work
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def connect_to(box, account, site="v1", **how):
    received = how.pop("received", None) or key_of(box, site)
    return connect(
        account, "wix", "api_key", received, by="Ann", now=timezone.now(), api_url=box.info["wix"]["base_url"], **how
    )


@pytest.mark.parametrize(("site", "variant"), [("v1", "v1"), ("v3", "v3")])
def test_a_store_says_who_it_is_and_which_variant(sandbox, site, variant):
    integration = connect_to(sandbox, make_account(), site)

    shop = sandbox.wix.site(site)
    assert integration.variant == variant
    assert integration.store.uid == shop.site_id
    assert integration.store.currency == shop.currency
    assert not integration.live
    assert document_of(integration)["site_id"] == shop.site_id
    assert AuditEntry.objects.get().code == "integration_connected"


def test_its_locations_are_read_at_once_and_nothing_else(sandbox):
    integration = connect_to(sandbox, make_account())
    sandbox.wix.place_order("v1")
    work()

    assert Location.objects.filter(store=integration.store).count() >= 2
    on = Flow.objects.filter(integration=integration, due_at__isnull=False).values_list("kind", flat=True)
    assert list(on) == ["locations"]
    assert not Order.objects.exists()


@pytest.mark.req("TECH-54")
def test_the_one_warehouse_of_the_account_is_proposed_for_its_orders(sandbox):
    account = make_account()
    warehouse = make_warehouse(account)
    assert document_of(connect_to(sandbox, account))["warehouse"] == warehouse.pk

    other = make_account()
    make_warehouse(other)
    make_warehouse(other)
    assert document_of(connect_to(sandbox, other, "v3"))["warehouse"] is None


def test_a_key_that_the_store_refuses_connects_nothing(sandbox):
    received = key_of(sandbox, "v1") | {"api_key": "IST.this-is-not-the-key"}

    with pytest.raises(Refused) as refused:
        connect_to(sandbox, make_account(), received=received)

    assert "key" in refused.value.sentence
    assert not Integration.objects.exists()
    assert not Store.objects.exists()


def test_the_steps_name_every_permission_that_connecting_with_a_key_asks_for(sandbox):
    """Without site properties it connects as well, and does not learn the store's name and currency."""
    steps = " ".join(step.text for step in API_KEY_STEPS).lower()
    areas = {words.split(":")[0].lower(): words for words in PERMISSIONS.values()}
    assert {area for area in areas if area not in steps} == set()
    site = sandbox.wix.site("v3")

    def connected_with(*permissions):
        key = sandbox.wix.access.keys.make("Fulfillment", list(permissions), [site.site_id])
        received = {"api_key": key, "site_id": site.site_id}
        store = connect_to(sandbox, make_account(), received=received).store
        delete(Integration.objects.get(), by="Ann", now=timezone.now())
        return store.name, store.currency

    assert connected_with(*PERMISSIONS) == ("NordicCup", "SEK")
    assert connected_with(*set(PERMISSIONS) - {"site.read"}) == (f"Wix {site.site_id[:8]}", "")


def test_a_store_is_connected_once_in_the_whole_installation(sandbox):
    account = make_account()
    connect_to(sandbox, account)

    with pytest.raises(IntegrationError, match="connected already, as MyShop"):
        connect_to(sandbox, account)
    with pytest.raises(IntegrationError, match="another account of this panel"):
        connect_to(sandbox, make_account())


def test_of_two_who_connect_one_store_at_once_one_does(sandbox):
    accounts = [make_account(), make_account()]

    results = at_once(
        *(lambda account=account: connect_to(sandbox, account) for account in accounts), expected=IntegrationError
    )

    assert sorted(type(result).__name__ for result in results) == ["Integration", "IntegrationError"], results
    assert Store.objects.filter(connected=True).count() == 1


@pytest.mark.req("EFS-23", "HOLD-27")
def test_several_stores_of_a_platform_are_told_apart_by_their_nicknames(sandbox):
    account = make_account()

    first, second = connect_to(sandbox, account, name="My Shop"), connect_to(sandbox, account, "v3", name="my shop!")

    assert (first.nickname, second.nickname) == ("MyShop", "myshop2")


@pytest.mark.req("TECH-14")
def test_an_account_may_be_set_to_one_store_of_a_platform_and_the_refusal_names_the_setting(sandbox):
    account = make_account(settings={"wix_stores": "one"})
    connect_to(sandbox, account)

    with pytest.raises(IntegrationError) as refused:
        connect_to(sandbox, account, "v3")

    assert "“Wix stores in this account”" in refused.value.sentence
    assert "owner or admin can change it to Several" in refused.value.sentence


def test_a_wrong_setting_is_refused_before_anything_is_made(sandbox):
    with pytest.raises(IntegrationError) as refused:
        connect_to(sandbox, make_account(), given={"history": 0})

    assert refused.value.field == "history"
    assert not Store.objects.exists()


# --- nicknames ---------------------------------------------------------------------------------------------------


@pytest.mark.req("EFS-21")
@pytest.mark.parametrize(
    ("name", "taken", "nickname"),
    [
        ("My Shop", [], "MyShop"),
        ("My Shop", ["myshop"], "MyShop2"),
        ("My Shop", ["MYSHOP", "MyShop2"], "MyShop3"),
        ("Kåsa & Söhne", [], "KasaSohne"),
        ("日本", [], "Wix"),
        ("x" * 100, [], "x" * 56),
    ],
)
def test_a_nickname_is_made_of_the_name(name, taken, nickname):
    assert made_from(name, taken, "Wix") == nickname


@pytest.mark.req("EFS-22")
@pytest.mark.parametrize("nickname", ["My Shop", "my-shop", "shop_1", "", "läden", "a" * 61, "shop\n"])
def test_a_nickname_is_one_word_of_letters_and_digits(nickname):
    account = make_account()
    if nickname == "shop\n":
        assert check_nickname(account, nickname) == "shop"
        return

    with pytest.raises(IntegrationError) as refused:
        check_nickname(account, nickname)

    assert "letters and digits" in refused.value.sentence


@pytest.mark.req("EFS-30")
def test_two_integrations_of_an_account_cannot_share_a_nickname_whatever_the_case():
    account = make_account()
    first = make_integration(account, nickname="Coffee", name="The coffee shop")
    second = make_integration(account, nickname="Tea")

    with pytest.raises(IntegrationError, match="“Coffee” is the nickname of The coffee shop already"):
        check_nickname(account, "COFFEE", second)

    assert check_nickname(account, "coffee", first) == "coffee"
    assert check_nickname(make_account(), "coffee") == "coffee"
    assert nickname_for(account, "Coffee", "Wix") == "Coffee2"


# --- another key, and letting go ---------------------------------------------------------------------------------


def test_a_key_of_another_store_is_not_taken(sandbox):
    integration = connect_store(sandbox, "v1")
    before = Credential.objects.get(integration=integration).cipher

    with pytest.raises(IntegrationError, match="belongs to another store"):
        reconnect(
            integration, "api_key", key_of(sandbox, "v3"), by="Ann", now=timezone.now(),
            api_url=sandbox.info["wix"]["base_url"],
        )  # fmt: skip

    assert Credential.objects.get(integration=integration).cipher == before


@pytest.mark.req("TECH-23")
def test_deleting_keeps_the_store_with_its_orders_and_connecting_again_finds_it(sandbox):
    integration = connect_store(sandbox, "v1")
    number = sandbox.wix.place_order("v1")["number"]
    sync(integration)
    account, store, version = integration.account, integration.store, integration.settings_version
    assert Order.objects.get().number == number

    delete(integration, by="Ann", now=timezone.now())

    assert not Integration.objects.exists()
    assert not Flow.objects.exists()
    assert not Credential.objects.exists()
    store.refresh_from_db()
    assert not store.connected
    again = connect_store(sandbox, "v1", account=account, way="app", order_status=["any"])
    work()
    assert again.store == store
    assert again.settings_version > version
    assert SettingsVersion.objects.filter(store=store).count() == again.settings_version
    assert Order.objects.get().number == number  # the same one, not a second
    assert flow_of(again).last_ok_at


def test_another_account_may_connect_a_store_that_was_let_go(sandbox):
    integration = connect_store(sandbox, "v1")
    delete(integration, by="Ann", now=timezone.now())

    other = connect_to(sandbox, make_account())

    assert other.store != integration.store
    assert Store.objects.filter(uid=other.store.uid).count() == 2


def test_a_run_of_a_deleted_integration_stops_by_itself(sandbox):
    integration = connect_store(sandbox, "v1", on=(FlowKind.ORDERS,))
    delete(integration, by="Ann", now=timezone.now())

    work()

    assert not Order.objects.exists()

"""What the store tells of our app: taken off the site, added again. Everything that is here stays."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account, Store
from fcp.roles import Role
from integrations import tick
from integrations.connectors.declaring import FlowKind
from integrations.health import Level, health_of
from integrations.models import Flow, Hint, Integration
from integrations.sandbox.server import Sandbox
from mappings.models import Location
from orders.models import Order
from tests.integrations.arriving import member, open_app
from tests.integrations.flows.world import connect_store, flow_of, sync, work
from tests.integrations.pages.reading import words

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_wix")]


@pytest.fixture
def shop(account: Account, sandbox: Sandbox) -> Integration:
    """Connected by the app, its orders read once."""
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,), way="app")
    sandbox.wix.place_order("v1")
    work()
    return shop


def tell(sandbox: Sandbox, event: str, site: str = "v1") -> int:
    """Wix's own signed message, to the address of the app."""
    body = sandbox.wix.signed_app_event(site, event)
    return Client().post("/hooks/wix/", body, content_type="text/plain").status_code


def health(shop: Integration) -> tuple[Level, str]:
    found = health_of(shop, Flow.objects.filter(integration=shop), timezone.now())
    return found.level, found.words


def test_a_removed_app_blocks_every_flow_and_the_page_says_how_to_reconnect(
    sandbox: Sandbox, shop: Integration, account: Account
) -> None:
    sandbox.wix.misbehave("revoked", "v1")
    assert tell(sandbox, "AppRemoved") == 200

    level, said = health(shop)
    assert level is Level.blocked
    assert "Our app was removed from the store. Everything that is here stays." in said
    assert not Flow.objects.on().filter(integration=shop, blocked=False).exists()
    page = member(account).get(f"/a/shoes/integrations/{shop.pk}/")
    assert "Add the app to the store again" in words(page)
    assert f'href="/a/shoes/integrations/{shop.pk}/reconnect/"' in page.content.decode()
    assert "Reconnect" not in words(member(account, Role.VIEWER).get(f"/a/shoes/integrations/{shop.pk}/state/"))
    assert (Order.objects.count(), Location.objects.exists(), Store.objects.get().connected) == (1, True, True)


def test_the_sentence_stays_while_the_store_goes_on_refusing(sandbox: Sandbox, shop: Integration) -> None:
    sandbox.wix.misbehave("revoked", "v1")
    tell(sandbox, "AppRemoved")

    sync(shop)  # tries the key

    assert flow_of(shop).blocked
    assert flow_of(shop).problem_code == "app_removed"


def test_a_message_that_comes_late_does_not_stop_a_store_that_lets_us_in(sandbox: Sandbox, shop: Integration) -> None:
    tell(sandbox, "AppRemoved")  # it was added again since

    tick.tick(timezone.now())
    work()

    assert not Flow.objects.filter(integration=shop, blocked=True).exists()


def test_an_api_key_goes_on_without_the_app(sandbox: Sandbox, account: Account) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,))
    work()

    tell(sandbox, "AppRemoved")
    work()

    assert health(shop)[0] is not Level.blocked


@pytest.mark.parametrize("how", ["installed", "opened"])
def test_added_again_it_goes_on_where_it_was(sandbox: Sandbox, shop: Integration, account: Account, how: str) -> None:
    sandbox.wix.misbehave("revoked", "v1")
    tell(sandbox, "AppRemoved")
    work()
    sandbox.wix.behave()
    number = sandbox.wix.place_order("v1")["number"]

    if how == "installed":
        assert tell(sandbox, "AppInstalled") == 200
    else:
        page = open_app(member(account), sandbox)
        assert page.redirect_chain[-1][0] == f"/a/shoes/integrations/{shop.pk}/"
        assert "MyShop is back, as MyShop. Its flows go on." in page.content.decode()
    work()

    assert not Flow.objects.filter(integration=shop, blocked=True).exists()
    assert Order.objects.filter(number=number).exists()
    assert not Hint.objects.filter(done_at=None).exists()


def test_who_may_only_look_unblocks_nothing_by_opening_the_app(
    sandbox: Sandbox, shop: Integration, account: Account
) -> None:
    Flow.objects.filter(integration=shop).update(blocked=True, problem_code="app_refused", problem="No.")

    page = open_app(member(account, Role.VIEWER), sandbox)

    assert page.redirect_chain[-1][0] == f"/a/shoes/integrations/{shop.pk}/"
    assert Flow.objects.filter(integration=shop, blocked=True).exists()

"""A store that is known already: by another way, in another account, after a removal; and letting go of it."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from fcp.models import Account, Store
from fcp.roles import Role
from integrations import connecting
from integrations.letting_go import fates_of
from integrations.models import Credential, Flow, Integration
from integrations.sandbox.server import Sandbox
from orders.models import Fulfillment, Order
from orders.models.shipping import Origin, Told
from orders.state import State
from tests.build import NOW, make_account, make_order, make_store
from tests.integrations.arriving import begin, member, open_app, returning, save
from tests.integrations.flows.world import connect_store, work
from tests.integrations.pages.reading import assert_in_order, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_wix")]


def test_a_store_that_is_connected_leads_to_its_page_whatever_way_it_came_by(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=())  # by API key
    key = Credential.objects.get().cipher

    for page in (open_app(owner, sandbox), owner.get(returning(sandbox, begin(owner)), follow=True)):
        assert page.redirect_chain[-1][0] == f"/a/shoes/integrations/{shop.pk}/"
        assert "MyShop is connected already, as MyShop." in page.content.decode()
    assert Integration.objects.count() == 1
    assert Credential.objects.get().cipher == key  # the working key stays


def test_a_store_of_another_account_is_never_taken_over(owner: Client, sandbox: Sandbox) -> None:
    theirs = connect_store(sandbox, "v1", account=make_account("others"), on=(), way="app")
    before = Credential.objects.get().cipher

    for page in (open_app(owner, sandbox), owner.get(returning(sandbox, begin(owner)), follow=True)):
        assert page.status_code == 403
        assert "connected to another account of this panel" in words(page)

    assert Integration.objects.get() == theirs
    assert Credential.objects.get().cipher == before


def test_a_store_connected_elsewhere_meanwhile_is_not_saved(owner: Client, sandbox: Sandbox, account: Account) -> None:
    page = open_app(owner, sandbox)
    connect_store(sandbox, "v1", account=make_account("others"), on=())

    assert "connected to another account" in words(save(owner, page, account))
    assert Integration.objects.count() == 1


def test_a_store_that_was_deleted_here_is_found_again_by_another_way(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=())
    store = shop.store_id
    connecting.delete(shop, by="Ann", now=timezone.now())

    save(owner, open_app(owner, sandbox), account, "Again")

    again = Integration.objects.get()
    assert (again.name, again.store_id, Store.objects.count()) == ("Again", store, 1)
    assert Credential.objects.get().kind == "app"


def test_an_arrival_is_gone_once_it_is_saved(owner: Client, sandbox: Sandbox, account: Account) -> None:
    page = open_app(owner, sandbox)
    save(owner, page, account)

    again = owner.get(page.request["PATH_INFO"])

    assert again.status_code == 403
    assert "This installation is finished" in words(again)


def test_what_arrived_stands_in_no_session_in_the_open(owner: Client, sandbox: Sandbox) -> None:
    begin(owner)
    open_app(owner, sandbox)

    kept = [str(row.get_decoded()) for row in Session.objects.all()]

    assert kept
    assert all(sandbox.info["wix"]["instance_v1"] not in text for text in kept)


def test_another_key_can_be_fetched_at_the_store(owner: Client, sandbox: Sandbox, account: Account) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(), way="app")
    Flow.objects.filter(integration=shop).update(blocked=True, problem_code="app_refused", problem="No.")
    at = f"/a/shoes/integrations/{shop.pk}/reconnect/"
    page = owner.get(at)
    assert f'href="{at}market/begin/"' in page.content.decode()  # it came by the app, so the app comes first

    other = owner.get(returning(sandbox, begin(owner, f"{at}market/begin/"), "v3"))
    assert "This key belongs to another store" in words(other)
    back = owner.get(returning(sandbox, begin(owner, f"{at}market/begin/")))

    assert back["Location"] == f"/a/shoes/integrations/{shop.pk}/"
    assert not Flow.objects.filter(blocked=True).exists()


def test_who_lost_the_right_meanwhile_reconnects_nothing(owner: Client, sandbox: Sandbox, account: Account) -> None:
    shop = connect_store(sandbox, "v1", account=account, on=(), way="app")
    state = begin(owner, f"/a/shoes/integrations/{shop.pk}/reconnect/market/begin/")
    account.memberships.update(role=Role.VIEWER.value)
    before = Credential.objects.get().changed_at

    assert owner.get(returning(sandbox, state)).status_code == 403
    assert Credential.objects.get().changed_at == before


# --- deleting ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_delete_page_says_what_becomes_of_open_orders(sandbox: Sandbox) -> None:
    account = make_account("shoes", name="Shoes Ltd")
    shop = connect_store(sandbox, "v1", account=account)
    sandbox.wix.place_order("v1")
    work()
    client = member(account)

    text = words(client.get(f"/a/shoes/integrations/{shop.pk}/delete/"))

    assert_in_order(
        text,
        *("What goes", "The key to the store", "What stays", "1 order with their history"),
        *("What becomes of open orders", "1 new or held", "They stay here and wait."),
        "a cancellation too, does not reach us",
    )
    client.post(f"/a/shoes/integrations/{shop.pk}/delete/")
    assert Order.objects.filter(store=shop.store_id).count() == 1


def test_every_open_order_of_a_store_that_is_let_go_has_its_fate_told(account: Account) -> None:
    store, other = make_store(account), make_store(account)
    make_order(other)
    states = [State.HELD, State.NEW, State.READY, State.AT_WAREHOUSE, State.PARTLY_SHIPPED, State.CONFIRMED]
    for state in states:
        Order.objects.filter(pk=make_order(store).pk).update(state=state.value)
    shipped = make_order(store)
    Order.objects.filter(pk=shipped.pk).update(state=State.SHIPPED.value)
    for told in (Told.DUE, Told.TOLD):
        Fulfillment.objects.create(
            account=account,
            store=store,
            order=shipped,
            origin=Origin.PARTNER,
            told=told,
            shipped_at=NOW,
            created_at=NOW,
        )

    fates = [(fate.count, fate.where) for fate in fates_of(store)]

    assert fates == [
        (2, "new or held"),
        (1, "offered to a warehouse"),
        (2, "at a warehouse"),
        (1, "shipped, with tracking that the store was not told yet"),
    ]

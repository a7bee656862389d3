"""Ways in that begin or pass at the store: Wix's App Market and installer, and what comes back to us."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from fcp.models import Account, Store
from fcp.roles import Role
from integrations.connectors.declaring import FlowKind
from integrations.models import Flow, Integration
from integrations.sandbox.server import Sandbox
from tests.build import make_account, make_user
from tests.integrations.arriving import GO, LANDING, RETURN, begin, member, returning, save, signed_instance
from tests.integrations.flows.world import flow_of
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_wix")]


def test_connect_leads_to_the_installer_with_the_app_and_the_way_back(owner: Client, sandbox: Sandbox) -> None:
    page = owner.get("/a/shoes/integrations/add/wix/market/")
    assert f'href="{GO}" target="_blank"' in page.content.decode()

    there = urlsplit(owner.get(GO)["Location"])
    asked = parse_qs(there.query)

    assert f"{there.scheme}://{there.netloc}{there.path}" == sandbox.info["wix"]["installer_url"]
    assert asked["appId"] == [sandbox.info["wix"]["app_id"]]
    assert asked["postInstallationUrl"][0].startswith(f"http://testserver{RETURN}?state=")


@pytest.mark.req("TECH-10", "TECH-11", "TECH-12")
def test_coming_back_one_chooses_the_account_and_names_the_store(owner: Client, sandbox: Sandbox) -> None:
    shoes = Account.objects.get()
    hats = make_account("hats", name="Hats Ltd")
    hats.memberships.create(user=shoes.memberships.get().user, role=Role.ADMIN.value)

    page = owner.get(returning(sandbox, begin(owner)), follow=True)

    assert_in_order(
        words(page), "MyShop answers", "This site uses Catalog V1.", "Account", "Hats Ltd", "Shoes Ltd", "Name"
    )
    assert page.context["form"]["account"].value() == shoes.pk  # the one that it was begun in
    assert not Integration.objects.exists()
    save(owner, page, hats, "Winter Shop")
    shop = Integration.objects.get()
    assert (shop.account, shop.name, shop.nickname, shop.store.uid) == (
        hats, "Winter Shop", "WinterShop", sandbox.info["wix"]["site_id_v1"],
    )  # fmt: skip


@pytest.mark.req("TECH-13", "TECH-5", "EFS-10")
def test_save_makes_the_integration_with_its_flows_off_and_finish_setup_switches_them_on(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    page = owner.get(returning(sandbox, begin(owner), "v3"), follow=True)

    saved = save(owner, page, account)

    shop = Integration.objects.get()
    assert saved["Location"] == f"/a/shoes/integrations/{shop.pk}/setup/"
    assert [flow.kind for flow in Flow.objects.on()] == [FlowKind.LOCATIONS]
    setup = owner.get(saved["Location"])
    assert_in_order(words(setup), "Set up My Shop", "Payment Status", "Interval to Sync Inventory", "Finish Setup")
    assert "<nav" not in setup.content.decode()  # a quiet card, with a way back
    owner.post(saved["Location"], form_of(setup, "setup"))
    assert flow_of(shop).due_at is not None


def test_a_return_counts_once(owner: Client, sandbox: Sandbox) -> None:
    url = returning(sandbox, begin(owner))
    first = owner.get(url, follow=True)
    assert first.status_code == 200

    again = owner.get(url)

    assert again.status_code == 403
    assert "This return was used already" in words(again)
    assert owner.get(first.request["PATH_INFO"]).status_code == 200  # what the first one found still waits


@pytest.mark.django_db(transaction=True)
def test_of_two_returns_at_the_same_moment_one_counts(owner: Client, sandbox: Sandbox) -> None:
    url = returning(sandbox, begin(owner))

    def come_back() -> int:
        tab = Client()
        tab.cookies = owner.cookies
        return tab.get(url).status_code

    results = at_once(*[come_back] * 4)

    assert sorted(results) == [302, 403, 403, 403]
    assert owner.get(url).status_code == 403


def test_a_return_that_another_browser_began_is_refused(owner: Client, sandbox: Sandbox, account: Account) -> None:
    url = returning(sandbox, begin(owner))

    for stranger in (Client(), member(account), member(make_account())):
        assert stranger.get(url).status_code == 403
    assert owner.get(url).status_code == 302  # theirs did not use it up


def test_a_return_to_whoever_signed_in_here_afterwards_is_refused(owner: Client, sandbox: Sandbox) -> None:
    url = returning(sandbox, begin(owner))
    session = owner.session
    waiting = session["ways"]
    owner.force_login(make_user(make_account()))
    session = owner.session
    session["ways"] = waiting
    session.save()

    assert owner.get(url).status_code == 403


@pytest.mark.parametrize("state", ["", "none-of-ours", "é" * 40])
def test_a_return_without_a_state_of_ours_is_refused(owner: Client, sandbox: Sandbox, state: str) -> None:
    begin(owner)

    page = owner.get(returning(sandbox, state))

    assert page.status_code == 403
    assert "Nothing was connected" in words(page)


def test_a_return_after_half_an_hour_is_refused(owner: Client, sandbox: Sandbox) -> None:
    url = returning(sandbox, begin(owner))

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        page = owner.get(url)

    assert "more than half an hour old" in words(page)


def test_several_tabs_each_come_back_to_their_own_store(owner: Client, sandbox: Sandbox, account: Account) -> None:
    first, second = begin(owner), begin(owner)

    late = owner.get(returning(sandbox, second, "v3"), follow=True)
    early = owner.get(returning(sandbox, first, "v1"), follow=True)
    save(owner, late, account, "North")
    save(owner, early, account, "South")

    names = dict(Integration.objects.values_list("name", "store__name"))
    assert names == {"North": sandbox.wix.site("v3").name, "South": sandbox.wix.site("v1").name}


def test_of_very_many_tabs_the_last_ten_wait(owner: Client, sandbox: Sandbox) -> None:
    states = [begin(owner) for _ in range(11)]

    assert owner.get(returning(sandbox, states[0])).status_code == 403
    assert owner.get(returning(sandbox, states[1])).status_code == 302


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"tenantId": "00000000-0000-4000-8000-000000000000"}, "the app is on another site than the one you came back"),
        ({"appId": "00000000-0000-4000-8000-000000000000"}, "for another app than ours"),
        ({"instanceId": ""}, "did not say that the app was added to a site"),
        ({"tenantId": ""}, "did not say that the app was added to a site"),
        ({"instanceId": "not an id!"}, "The Instance ID is not complete."),
    ],
)
def test_what_a_return_says_is_not_simply_believed(
    owner: Client, sandbox: Sandbox, changed: dict[str, str], sentence: str
) -> None:
    page = owner.get(returning(sandbox, begin(owner), **changed))

    assert page.status_code == 403
    assert sentence in words(page)
    assert not Store.objects.exists()


@pytest.mark.req("TECH-6")
def test_by_the_app_nothing_can_be_made_before_the_app_is_on_the_site(owner: Client, sandbox: Sandbox) -> None:
    sandbox.wix.misbehave("revoked", "v1")

    page = owner.get(returning(sandbox, begin(owner)))

    assert "Wix does not let our app into this site. Add it to the site again" in words(page)
    assert not Integration.objects.exists()
    sandbox.wix.behave()
    assert owner.get(returning(sandbox, begin(owner))).status_code == 302


@pytest.mark.req("EFS-2")
def test_the_guide_names_the_path_through_the_app_market(owner: Client, sandbox: Sandbox) -> None:
    page = owner.get("/a/shoes/integrations/add/wix/market/")

    assert_in_order(
        words(page), "manage.wix.com/app-market", "search for the app's name", "open its tile", "press Add to Site",
        "agree", "In Wix",
    )  # fmt: skip
    assert f'href="{sandbox.info["wix"]["market_url"]}"' in page.content.decode()


def test_an_instance_id_by_itself_is_for_the_operators_people(owner: Client, account: Account) -> None:
    url = "/a/shoes/integrations/add/wix/app/"

    assert owner.get(url).status_code == 404
    assert "Instance ID" not in words(owner.get("/a/shoes/integrations/add/wix/market/"))
    assert member(account, is_staff=True).get(url).status_code == 200


# --- limits --------------------------------------------------------------------------------------------------------


def test_after_thirty_refusals_a_minute_nobody_looks_any_more(sandbox: Sandbox, owner: Client) -> None:
    for _ in range(30):
        assert owner.get(RETURN, {"state": "guess"}).status_code == 403

    assert owner.get(RETURN, {"state": "guess"}).status_code == 429
    assert owner.get(LANDING, {"instance": signed_instance(sandbox)}).status_code == 429

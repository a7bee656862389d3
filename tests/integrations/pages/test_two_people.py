"""Two people change the same settings at once; and a session that ends before Save: nothing typed is lost."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.models import Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from integrations.settings_document import document_of
from integrations.settings_saving import save
from orders.shapes import Payment
from tests.build import make_user
from tests.integrations.flows.world import connect_store
from tests.integrations.pages.reading import form_of, words
from tests.integrations.pages.test_actions import sign_in
from tests.integrations.pages.test_main_settings import at
from tests.integrations.test_dry_run import came, recent


def bob_saves(shop: Integration, **values: object) -> None:
    shop.refresh_from_db()
    save(shop, document_of(shop) | values, by="Bob", now=timezone.now())


@pytest.mark.req("TECH-25")
def test_what_somebody_else_saved_meanwhile_stands_beside_what_was_typed(client: Client, shop: Integration) -> None:
    mine = form_of(client.get(at(shop)), history="10", release="any")
    bob_saves(shop, history=20, payment_status=["paid", "pending"], throughput="half")

    page = client.post(at(shop), mine)

    text = words(page)
    assert "Somebody else saved these settings meanwhile. What you typed is kept" in text
    assert "Bob saved “20 days” meanwhile, you typed “10 days”." in text
    assert "Bob changed this meanwhile; it was Paid." in text
    form = page.context["form"]
    assert (form["history"].value(), form["release"].value()) == ("10", "any")
    assert form["payment_status"].value() == ["paid", "pending"]  # not touched here: what Bob saved
    shop.refresh_from_db()
    assert document_of(shop)["history"] == 20

    client.post(at(shop), form_of(page))

    shop.refresh_from_db()
    document = document_of(shop)
    assert (document["history"], document["release"], document["throughput"]) == (10, "any", "half")
    assert document["payment_status"] == ["paid", "pending"]


def test_a_save_in_the_middle_of_ones_own_is_told_apart_too(
    client: Client, shop: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob commits after the page was compared and before it is written."""
    mine = form_of(client.get(at(shop)), history="10")
    from integrations.views import settings as views

    def late(*args: object) -> object:
        bob_saves(Integration.objects.get(pk=shop.pk), history=20)
        return real(*args)  # type: ignore[arg-type]

    real = views.dry_run
    monkeypatch.setattr(views, "dry_run", late)

    page = client.post(at(shop), mine)

    assert "Bob saved “20 days” meanwhile, you typed “10 days”." in words(page)


@pytest.mark.req("TECH-25")
def test_a_tab_that_was_open_undoes_no_rename(client: Client, shop: Integration) -> None:
    stale = form_of(client.get(at(shop)), history="10")
    client.post(at(shop), form_of(client.get(at(shop)), nickname="Flagship", name="Flagship store"))

    client.post(at(shop), stale)

    shop.refresh_from_db()
    assert (shop.nickname, shop.name, document_of(shop)["history"]) == ("Flagship", "Flagship store", 10)

    stale = form_of(client.get(at(shop)), history="12", name="Our flagship")
    client.post(at(shop), form_of(client.get(at(shop)), nickname="Second"))
    bob_saves(shop, throughput="half")
    page = client.post(at(shop), stale)
    assert page.context["form"]["nickname"].value() == "Second"
    client.post(at(shop), form_of(page))

    shop.refresh_from_db()
    assert (shop.nickname, shop.name, document_of(shop)["history"]) == ("Second", "Our flagship", 12)


def test_a_second_click_on_save_is_answered_as_saved(client: Client, shop: Integration) -> None:
    mine = form_of(client.get(at(shop)), history="10", nickname="Flagship")

    first, second = client.post(at(shop), mine), client.post(at(shop), mine)

    assert first["Location"] == second["Location"] == at(shop) + "#saved"
    said = words(client.get(at(shop)))
    assert "The settings of Flagship are saved." in said
    assert "Nothing was changed" not in said
    assert SettingsVersion.objects.filter(store=shop.store).count() == 2


def test_two_clicks_on_save_at_one_moment_are_both_answered_as_saved(
    client: Client, shop: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = form_of(client.get(at(shop)), history="10")
    from integrations.views import settings as views

    def late(*args: object) -> object:
        bob_saves(Integration.objects.get(pk=shop.pk), history=10)
        return real(*args)  # type: ignore[arg-type]

    real = views.dry_run
    monkeypatch.setattr(views, "dry_run", late)

    assert client.post(at(shop), mine)["Location"] == at(shop) + "#saved"
    said = words(client.get(at(shop)))
    assert "are saved." in said
    assert "Nothing was changed" not in said


def test_a_version_that_never_was_is_no_way_to_save(client: Client, shop: Integration) -> None:
    page = client.post(at(shop), form_of(client.get(at(shop)), history="10", version="77"))

    assert "Somebody else saved" in words(page)
    assert SettingsVersion.objects.filter(store=shop.store).count() == 1


@pytest.mark.browser
@pytest.mark.req("TECH-25")
def test_what_was_typed_comes_back_after_signing_in_again_and_is_saved_after_a_look(
    page: Page, transactional_db: None, sandbox: Sandbox, settings_of_sandbox: None
) -> None:
    account = Account.objects.create(name="Shoes Ltd", slug="shoes")
    shop = connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS,))
    came(shop, recent("1"), recent("P2", payment=Payment.PENDING))
    ann = make_user(account)
    sign_in(page, ann)
    page.goto(at(shop))
    bar = page.locator("[data-unsaved-count]")

    page.get_by_label("History").fill("12")
    page.get_by_role("checkbox", name="Pending", exact=True).check()
    Session.objects.all().delete()
    page.get_by_role("button", name="Save").last.click()
    page.fill("input[name=login]", ann.email)
    page.fill("input[name=password]", "a long and quiet password")
    page.press("input[name=password]", "Enter")

    expect(page.get_by_label("History")).to_have_value("12")
    expect(page.get_by_role("checkbox", name="Pending", exact=True)).to_be_checked()
    expect(bar).to_have_text("2 unsaved changes")
    assert document_of(shop)["history"] == 30

    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("With these values 1 of the last 2 orders")).to_be_visible()
    expect(bar).to_have_text("2 unsaved changes")  # looked at, and still not saved
    with page.expect_navigation():  # the page before has the same fields
        page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("History")).to_have_value("12")
    expect(bar).to_have_text("2 unsaved changes")
    page.get_by_label("History").fill("30")
    expect(bar).to_have_text("1 unsaved change")
    with page.expect_navigation():  # the page before says the same
        page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("With these values 1 of the last 2 orders")).to_be_visible()
    page.get_by_role("button", name="Save").nth(1).click()

    expect(page.get_by_text("The settings of MyShop are saved.")).to_be_visible()
    expect(bar).to_have_text("")
    assert "#" not in page.url
    page.reload()
    expect(bar).to_have_text("")  # nothing is brought back once it is saved
    shop.refresh_from_db()
    assert document_of(shop)["payment_status"] == ["paid", "pending"]

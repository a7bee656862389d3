"""What an account decides for all of its integrations, and that it does."""

from __future__ import annotations

import pytest
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from fcp.models import Account, AuditEntry
from fcp.roles import Role
from integrations.connecting import connect
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.build import make_account, make_store, make_user
from tests.integrations.flows.flows import make_integration
from tests.integrations.flows.world import key_of
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import form_of, words

PAGE = "/a/shoes/settings/account/"


def second_store(account: Account, sandbox: Sandbox) -> None:
    url = sandbox.info["wix"]["base_url"]
    connect(account, "wix", "api_key", key_of(sandbox, "v3"), by="Ann", now=timezone.now(), api_url=url)


def save(client: Client, **changed: str) -> None:
    assert client.post(PAGE, form_of(client.get(PAGE), "account", **changed))["Location"] == PAGE + "#saved"


@pytest.mark.req("TECH-14")
def test_one_wix_store_in_this_account_refuses_a_second_and_several_lets_it_in(
    client: Client, account: Account, shop: Integration, sandbox: Sandbox
) -> None:
    field = client.get(PAGE).context["form"]["wix_stores"]
    assert (field.label, list(field.field.choices), field.value()) == (
        "Wix stores in this account", [("several", "Several"), ("one", "One")], "several",
    )  # fmt: skip

    save(client, wix_stores="one")
    account.refresh_from_db()
    with pytest.raises(IntegrationError, match="“Wix stores in this account” says so"):
        second_store(account, sandbox)

    save(client, wix_stores="several")
    account.refresh_from_db()
    second_store(account, sandbox)
    assert Integration.objects.for_account(account).count() == 2


def test_only_of_a_platform_with_versions_the_page_speaks_of_them(client: Client, account: Account) -> None:
    form = client.get(PAGE).context["form"]

    assert ", whichever version its catalog has;" in form["wix_stores"].help_text
    assert form["ecwid_stores"].help_text.startswith("With One a second Ecwid store is refused; those")


@pytest.mark.req("EFS-10")
def test_new_integrations_go_live_at_finish_setup_only_where_the_account_says_so(
    client: Client, account: Account, shop: Integration
) -> None:
    setup = f"/a/shoes/integrations/{shop.pk}/setup/"
    assert "before you go live" in words(client.get(setup))
    client.post(setup, form_of(client.get(setup), "setup"))
    shop.refresh_from_db()
    assert shop.live is False

    save(client, live_at_setup="yes")
    assert "go live at Finish Setup" in words(client.get(setup))
    client.post(setup, form_of(client.get(setup), "setup"))

    shop.refresh_from_db()
    assert shop.live is True
    assert shop.live_since is not None
    shop.store.refresh_from_db()
    assert shop.store.hands_over is True
    assert AuditEntry.objects.filter(code="went_live").count() == 1


def test_the_master_of_products_is_nobody_the_panel_or_one_of_the_accounts_stores(
    client: Client, account: Account, shop: Integration
) -> None:
    theirs = make_integration(make_account())
    field = client.get(PAGE).context["form"]["master_products"]
    mine = f"store:{shop.store_id}"
    assert [value for value, _ in field.field.choices] == ["", "panel", mine]
    assert field.value() == ""

    save(client, master_products=mine)
    account.refresh_from_db()
    assert account.settings["master_products"] == mine

    page = client.post(PAGE, form_of(client.get(PAGE), "account", master_products=f"store:{theirs.store_id}"))
    assert "master_products" in page.context["form"].errors
    account.refresh_from_db()
    assert account.settings["master_products"] == mine


def test_what_was_changed_leaves_an_audit_entry_and_the_rest_of_the_settings_stay(
    client: Client, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(settings={"other": 1})

    save(client, live_at_setup="yes", name="Shoes and more")

    account.refresh_from_db()
    assert account.settings == {"other": 1, "live_at_setup": "yes"}
    entry = AuditEntry.objects.get(code="account_changed")
    assert entry.params == {"name": "Shoes and more", "live_at_setup": "yes"}


def test_of_two_tabs_each_changes_only_what_was_changed_in_it(client: Client, account: Account) -> None:
    one = form_of(client.get(PAGE), "account", live_at_setup="yes")
    two = form_of(client.get(PAGE), "account", name="Shoes and more", wix_stores="one", currency="SEK")

    client.post(PAGE, two)
    client.post(PAGE, one)

    account.refresh_from_db()
    assert (account.name, account.currency) == ("Shoes and more", "SEK")
    assert account.settings == {"wix_stores": "one", "live_at_setup": "yes"}
    assert [entry.params for entry in AuditEntry.objects.filter(code="account_changed").order_by("pk")] == [
        {"name": "Shoes and more", "wix_stores": "one", "currency": "SEK"}, {"live_at_setup": "yes"},
    ]  # fmt: skip


def test_a_change_that_leaves_no_audit_entry_is_none(client: Client, account: Account) -> None:
    mine = form_of(client.get(PAGE), "account", name="Shoes and more")

    def fails(**signal: object) -> None:
        raise OSError("no room")

    pre_save.connect(fails, sender=AuditEntry)
    try:
        with pytest.raises(OSError, match="no room"):
            client.post(PAGE, mine)
    finally:
        pre_save.disconnect(fails, sender=AuditEntry)

    account.refresh_from_db()
    assert account.name == "Shoes Ltd"


def test_a_store_of_the_account_that_is_not_connected_any_more_is_no_master(client: Client, account: Account) -> None:
    make_store(account)

    assert len(client.get(PAGE).context["form"]["master_products"].field.choices) == 2


def test_only_who_manages_the_account_changes_it(account: Account) -> None:
    assert signed_in(make_user(account, Role.OPERATOR)).post(PAGE, {"live_at_setup": "yes"}).status_code == 403

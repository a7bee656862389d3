"""Ways in that begin in the store: after Add to Site, the sign-in, the account, the name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from fcp.models import Account
from fcp.roles import Role
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.build import PASSWORD, make_account, make_user
from tests.integrations.arriving import GO, LANDING, begin, member, open_app, returning, save
from tests.integrations.flows.world import connect_store, flow_of
from tests.integrations.pages.reading import assert_in_order, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_wix")]


@pytest.mark.req("EFS-5", "EFS-6")
def test_after_add_to_site_the_sign_in_names_the_store_and_helps_who_has_no_credentials(sandbox: Sandbox) -> None:
    page = open_app(Client(), sandbox)

    assert page.redirect_chain[-1][0] == "/accounts/login/"
    assert_in_order(
        words(page), "MyShop", "Sign in", "Use your Fulfillment Control Panel credentials.", "Create an account"
    )
    assert 'href="/accounts/password/reset/"' in page.content.decode()
    assert all("instance" not in url for url, _ in page.redirect_chain)  # it stays in no history


def test_where_nobody_may_sign_up_the_sign_in_says_whom_to_ask(sandbox: Sandbox, settings: Any) -> None:
    settings.FCP_SIGN_UP = False
    settings.FCP_SUPPORT_CONTACT = "help@operator.example"

    assert "No credentials yet? Ask help@operator.example." in words(open_app(Client(), sandbox))


@pytest.mark.req("EFS-7")
def test_nothing_of_the_configuration_is_reached_before_the_sign_in(sandbox: Sandbox, account: Account) -> None:
    visitor = Client()
    came = open_app(visitor, sandbox)
    (at,) = [url for url, _ in came.redirect_chain if "/store/" in url]

    for answer in (visitor.get(at), visitor.post(at, {"account": account.pk, "name": "Mine"})):
        assert answer["Location"] == "/accounts/login/"
    assert not Integration.objects.exists()
    shop = connect_store(sandbox, "v1", account=account, on=())
    for rest in ("", "setup/", "channel/"):
        assert visitor.get(f"/a/shoes/integrations/{shop.pk}/{rest}")["Location"].startswith("/accounts/login/")


@pytest.mark.req("EFS-5", "EFS-10")
def test_signing_in_goes_on_with_the_store_that_came(sandbox: Sandbox, account: Account) -> None:
    user = make_user(account)
    client = Client()
    open_app(client, sandbox)

    page = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)

    assert_in_order(words(page), "MyShop answers", "It will belong to Shoes Ltd")
    saved = save(client, page, account)
    assert saved["Location"].endswith("/setup/")
    assert flow_of(Integration.objects.get()).due_at is None


@pytest.mark.req("EFS-6")
def test_signing_up_in_between_keeps_the_store(sandbox: Sandbox) -> None:
    client = Client()
    open_app(client, sandbox)
    form = client.get("/accounts/signup/")
    assert "MyShop" in words(form)

    page = client.post(
        "/accounts/signup/",
        {
            "account_name": "Nordic Mugs", "email": "new@example.com", "password1": "a quiet long one",
            "password2": "a quiet long one", "currency": "SEK", "time_zone": "UTC",
        },
        follow=True,
    )  # fmt: skip

    assert_in_order(words(page), "MyShop answers", "It will belong to Nordic Mugs")
    save(client, page, Account.objects.get())
    assert Integration.objects.get().account.name == "Nordic Mugs"


@pytest.mark.req("EFS-6")
def test_recovering_a_password_in_between_keeps_the_store(sandbox: Sandbox, account: Account, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = make_user(account)
    client = Client()
    open_app(client, sandbox)
    client.post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    assert link
    form = client.get(link.group(), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "another quiet one", "password2": "another quiet one"})

    page = client.post("/accounts/login/", {"login": user.email, "password": "another quiet one"}, follow=True)

    assert "MyShop answers" in words(page)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"secret": "somebody's guess"}, "Wix did not send you here for our app."),
        ({"signDate": "2026-01-05T10:00:02.123Z"}, "This link from Wix is too old."),
        ({"signDate": "2126-01-05T10:00:02.123Z"}, "This link from Wix is too old."),
        ({"signDate": "soon"}, "This link from Wix is too old."),
        ({"signDate": None}, "This link from Wix is too old."),
        ({"permissions": ""}, "Only the owner of the Wix site can connect it."),
        ({"permissions": "MEMBER"}, "Only the owner of the Wix site can connect it."),
        ({"permissions": None}, "Only the owner of the Wix site can connect it."),  # as a visitor's
        ({"permissions": ["OWNER"]}, "Only the owner of the Wix site can connect it."),
        ({"aid": "5d4f6f2e-8c1b-4f0a-9a37-2f6f3f1f0d11"}, "Only the owner of the Wix site can connect it."),
        ({"appDefId": "00000000-0000-4000-8000-000000000000"}, "Wix did not send you here for our app."),
        ({"instanceId": 7}, "Wix did not send you here for our app."),
    ],
)
def test_a_forged_old_or_foreign_instance_leads_nowhere(
    owner: Client, sandbox: Sandbox, changed: dict[str, Any], sentence: str
) -> None:
    page = open_app(owner, sandbox, **changed)

    assert page.status_code == 403
    assert sentence in words(page)
    assert "ways" not in owner.session


@pytest.mark.parametrize("text", ["x", "x.y", ".", "a.b.c", "é.é", "x" * 10_000, "e30.e30"])
def test_nonsense_for_an_instance_leads_nowhere(text: str) -> None:
    page = Client().get(LANDING, {"instance": text})

    assert page.status_code == 403
    assert not Session.objects.exists()


def test_what_was_signed_by_somebody_without_a_secret_is_never_good(sandbox: Sandbox, settings: Any) -> None:
    settings.FCP_WIX_APP_SECRET = ""

    assert open_app(Client(), sandbox, secret="").status_code == 403


def test_the_landing_without_a_store_says_how_to_begin(settings: Any) -> None:
    page = Client().get(LANDING)
    assert_in_order(words(page), "Open the App Market", "Press Add to Site", "Sign in and begin there")

    settings.FCP_WIX_APP_ID = ""
    settings.FCP_SANDBOX = False
    assert "connect your store in the panel" in words(Client().get(LANDING))
    assert Client().get("/install/nothing/").status_code == 404


# --- whose accounts ------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-11")
def test_only_accounts_where_one_may_connect_are_offered_and_taken(owner: Client, sandbox: Sandbox) -> None:
    shoes = Account.objects.get()
    user = shoes.memberships.get().user
    seen = make_account("seen", name="Only Seen")
    seen.memberships.create(user=user, role=Role.VIEWER.value)
    hats = make_account("hats", name="Hats Ltd")
    hats.memberships.create(user=user, role=Role.OWNER.value)
    stranger = make_account("stranger", name="A Stranger's")
    page = open_app(owner, sandbox)
    assert_in_order(words(page), "Hats Ltd", "Shoes Ltd")
    assert "Only Seen" not in words(page)
    assert "Stranger" not in words(page)
    assert page.context["form"]["account"].value() is None  # of two nobody is guessed

    for wrong in (seen, stranger):
        assert "Choose one of these accounts." in words(save(owner, page, wrong))
    assert "Choose the account." in words(owner.post(page.request["PATH_INFO"], {"name": "My Shop"}))

    assert not Integration.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.WAREHOUSE])
def test_who_may_not_connect_stores_is_told_whom_to_ask(sandbox: Sandbox, account: Account, role: Role) -> None:
    client = member(account, role)

    page = open_app(client, sandbox)

    assert page.status_code == 403
    assert "Your role in Shoes Ltd does not let you connect stores. Ask its owner or admin." in words(page)
    assert client.get(GO).status_code == 403


def test_who_belongs_to_no_account_is_told_so(sandbox: Sandbox) -> None:
    client = Client()
    client.force_login(make_user())

    assert "You belong to no account of this panel yet." in words(open_app(client, sandbox))


def test_the_operators_people_may_connect_for_any_account(sandbox: Sandbox, account: Account) -> None:
    client = Client()
    client.force_login(make_user(is_staff=True))

    save(client, open_app(client, sandbox), account)

    assert Integration.objects.get().account == account


@pytest.mark.req("TECH-14")
def test_an_account_set_to_one_store_refuses_a_second_by_every_way(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(settings={"wix_stores": "one"})
    connect_store(sandbox, "v1", account=account, on=())
    reason = "The account setting “Wix stores in this account” says so"

    for way in ("api_key", "market"):
        assert reason in words(owner.get(f"/a/shoes/integrations/add/wix/{way}/"))
    page = open_app(owner, sandbox, "v3")
    assert reason in words(save(owner, page, account))
    back = owner.get(returning(sandbox, begin(owner), "v3"), follow=True)
    assert reason in words(save(owner, back, account))
    info = sandbox.info["wix"]
    staff = member(account, is_staff=True)
    key = {"api_key": info["api_key"], "site_id": info["site_id_v3"], "api_url": info["base_url"]}
    asked = staff.post("/a/shoes/integrations/add/wix/api_key/", key)
    assert reason in words(staff.post(asked["Location"], {"name": "Second"}))

    assert Integration.objects.count() == 1

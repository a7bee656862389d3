"""Signing in, opening an account, the demo's sign-ins."""

import re

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from fcp.models import Account, AuditEntry, Membership, User
from fcp.sign_in import demo_sign_ins, open_account
from tests.build import PASSWORD, make_account, make_user

pytestmark = pytest.mark.django_db

NEW = {
    "account_name": "Nordic Mugs",
    "email": "new@example.com",
    "password1": "a quiet long one",
    "password2": "a quiet long one",
    "currency": "SEK",
    "time_zone": "Europe/Stockholm",
}


def test_signing_up_opens_an_account_in_the_browsers_zone(client: Client):
    answer = client.post("/accounts/signup/", NEW, follow=True)

    account = Account.objects.get()
    assert answer.redirect_chain[-1][0] == "/a/nordic-mugs/"
    assert (account.name, account.time_zone, account.currency) == ("Nordic Mugs", "Europe/Stockholm", "SEK")
    assert Membership.objects.get().role == "owner"
    assert AuditEntry.objects.get().code == "account_opened"


def test_a_zone_that_nobody_knows_becomes_utc(client: Client):
    client.post("/accounts/signup/", {**NEW, "time_zone": "Mars/Olympus"})

    assert Account.objects.get().time_zone == "UTC"


def test_accounts_of_one_name_get_addresses_of_their_own():
    owner = make_user()

    slugs = [open_account(name, owner).slug for name in ("Mugs", "Mugs", "MUGS!", "!!!", "new")]

    assert slugs == ["mugs", "mugs-2", "mugs-3", "account", "new-1"]


def test_the_operator_may_forbid_signing_up(client: Client, settings):
    settings.FCP_SIGN_UP = False
    settings.FCP_SUPPORT_CONTACT = "help@operator.example"

    page = client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", NEW)

    assert "Accounts are made by the operator" in page
    assert User.objects.count() == 0
    sign_in = client.get("/accounts/login/").content.decode()
    assert "Create an account" not in sign_in
    assert "help@operator.example" in sign_in


def test_the_sign_in_page_leads_to_a_new_account_and_to_a_new_password(client: Client):
    page = client.get("/accounts/login/").content.decode()

    assert 'href="/accounts/signup/"' in page
    assert 'href="/accounts/password/reset/"' in page


def test_the_password_is_reset_by_mail(client: Client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = make_user(make_account())

    client.post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    assert link
    form = client.get(link.group(), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "another quiet one", "password2": "another quiet one"})

    assert client.login(email=user.email, password="another quiet one")


def test_a_mail_leads_to_the_public_address_whatever_host_it_was_asked_for_under(client: Client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS, settings.FCP_PUBLIC_URL = ["*"], "https://panel.example.com"
    user = make_user(make_account())

    client.post("/accounts/password/reset/", {"email": user.email}, headers={"Host": "elsewhere.example.net"})
    client.post("/accounts/password/reset/", {"email": "new@example.com"}, headers={"Host": "elsewhere.example.net"})

    known, unknown = (one.body for one in mail.outbox)
    assert "https://panel.example.com/accounts/password/reset/key/" in known
    assert "https://panel.example.com/accounts/signup/" in unknown
    assert "elsewhere" not in known + unknown


def test_a_reset_says_the_same_for_an_address_that_nobody_has(client: Client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    make_user(email="known@example.com")

    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True).content.decode()
        for email in ("known@example.com", "unknown@example.com")
    ]

    assert "is on its way" in answers[0]
    tokens = re.compile(r"csrf\S+|[A-Za-z0-9]{64}")
    assert tokens.sub("", answers[0]) == tokens.sub("", answers[1])


def test_after_five_wrong_passwords_one_waits(client: Client):
    user = make_user(make_account())
    wrong = {"login": user.email, "password": "not this one at all"}

    for _ in range(5):
        client.post("/accounts/login/", wrong)
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.content.decode()


def test_the_demos_people_are_offered_in_the_demo_only(client: Client, settings, tmp_path):
    settings.FCP_DATA_DIR = tmp_path
    (tmp_path / "demo.txt").write_text("dana@example.com\tsecret words\tDana, owner\nnot a line\n")

    settings.FCP_SANDBOX = True
    offered = demo_sign_ins()
    page = client.get("/accounts/login/").content.decode()
    settings.FCP_SANDBOX = False

    assert [(one.email, one.password, one.label) for one in offered] == [
        ("dana@example.com", "secret words", "Dana, owner")
    ]
    assert "Dana, owner" in page
    assert 'data-prefill="{&quot;login&quot;:&quot;dana@example.com&quot;' in page
    assert demo_sign_ins() == []
    assert "Dana, owner" not in client.get("/accounts/login/").content.decode()


def test_without_a_demo_file_nothing_is_offered(settings, tmp_path):
    settings.FCP_SANDBOX, settings.FCP_DATA_DIR = True, tmp_path

    assert demo_sign_ins() == []


@pytest.mark.parametrize("path", ["email/", "password/change/", "2fa/", "sessions/"])
def test_the_pages_about_oneself_stand_in_the_panels_frame(client: Client, path):
    client.force_login(make_user(make_account()))

    page = client.get(f"/accounts/{path}").content.decode()

    assert "Back to the panel" in page
    assert "fcp/fcp.css" in page


def test_production_without_mail_says_so_on_every_page(client: Client, settings):
    settings.PRODUCTION = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    account = make_account("shop")
    client.force_login(make_user(account))

    assert "Mails are not sent yet" in client.get("/a/shop/orders/").content.decode()

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "Mails are not sent yet" not in client.get("/a/shop/orders/").content.decode()


def test_a_session_is_noted_once_in_five_minutes(client: Client):
    account = make_account("shop")
    client.force_login(make_user(account))
    client.get("/a/shop/pulse/")
    seen = UserSession.objects.get().last_seen_at

    client.get("/a/shop/pulse/")

    assert UserSession.objects.get().last_seen_at == seen

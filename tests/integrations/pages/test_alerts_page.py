"""Settings > Alerts: the lists, who is told, the test mail; what the dashboard and All accounts show."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from fcp import views
from fcp.models import Account, AuditEntry, Membership
from fcp.roles import Role
from integrations.models import Alert, AlertSettings, Integration
from tests.build import make_account, make_user
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words

PAGE = "/a/shoes/settings/alerts/"
TOLD = f"{PAGE}settings/"
HOUR = dt.timedelta(hours=1)


def make_alert(account: Account, kind: str = "stale", **values: object) -> Alert:
    given = {
        "key": f"{kind}-{Alert.objects.count()}",
        "opened_at": timezone.now() - 2 * HOUR,
        "params": {"name": "MyShop", "flow": "orders", "interval": 30, "by_hand": True},
    }
    return Alert.objects.create(account=account, kind=kind, **{**given, **values})


def rows(page: Any) -> str:
    """What the list itself says."""
    text = page.content.decode()
    return html.unescape(
        " ".join(re.sub(r"<[^>]+>", " ", text[text.index("<tbody>") : text.index("</tbody>")]).split())
    )


def test_open_alerts_say_what_is_wrong_what_to_do_and_where(client: Client, account: Account, shop: Integration):
    make_alert(account, params={"name": "MyShop", "flow": "orders", "interval": 30, "integration": shop.pk})
    make_alert(account, "untaken", params={"name": "Hall 1", "by_hand": True})
    make_alert(account, "held", closed_at=timezone.now())

    page = client.get(PAGE)

    assert_in_order(
        rows(page), "Hall 1 has not taken its orders", "open To ship", "MyShop: orders are late", "Flow late"
    )
    assert "Orders wait" not in rows(page)
    assert f'href="/a/shoes/integrations/{shop.pk}/"' in page.content.decode()
    assert "Who is told Nobody is told of alerts by e-mail." in words(page)


def test_past_alerts_have_a_list_of_their_own_with_filters_and_a_file(client: Client, account: Account):
    make_alert(account, closed_at=timezone.now())
    make_alert(account, "untaken", closed_at=timezone.now(), params={"name": "Hall 1"})
    make_alert(account, "refused")

    text = rows(client.get(f"{PAGE}past/"))
    assert_in_order(text, "Hall 1 has not taken", "MyShop: orders are late")
    assert "refuses our key" not in text

    only = rows(client.get(f"{PAGE}past/", {"kind": "untaken"}))
    assert "Hall 1" in only
    assert "MyShop" not in only

    file = b"".join(client.get(f"{PAGE}past/", {"format": "csv"}).streaming_content).decode()
    assert file.splitlines()[0] == "What,Kind,In words,Since,Mailed,Over"
    assert "Hall 1 has not taken its orders,A warehouse has not taken orders" in file


def test_who_is_told_is_saved_with_a_trace_that_names_nobody(client: Client, account: Account):
    page = client.get(TOLD)
    assert f"{page.wsgi_request.user.email}</textarea>" in page.content.decode()  # proposed, not saved
    assert "Nobody is told of alerts by e-mail yet. Your own address is proposed below" in words(page)
    assert not AlertSettings.objects.exists()
    answer = client.post(
        TOLD,
        form_of(
            page, recipients="Ops@Example.com, boss@example.com\nops@example.com", delivery="daily", digest_hour="6",
            held_hours="12", untaken_hours="", stale="on",
        ),
    )  # fmt: skip

    assert answer.status_code == 302
    row = AlertSettings.objects.get(account=account)
    assert row.recipients == ["ops@example.com", "boss@example.com"]
    assert (row.digest, row.digest_hour, row.held_hours, row.untaken_hours, row.untold_hours) == (True, 6, 12, None, 4)
    assert (row.stale, row.refused) == (True, False)
    entry = AuditEntry.objects.get(account=account, code="alerts_changed")
    assert entry.params["recipients"] == 2
    assert "example.com" not in str(entry.params)


def test_whoever_may_not_say_who_is_told_sees_that_nobody_is(account: Account):
    user = make_user(account, Role.VIEWER, email="vera@example.com")

    page = signed_in(user).get(TOLD)

    assert "Nobody is told of alerts by e-mail yet." in words(page)
    assert "vera@example.com</textarea>" not in page.content.decode()


@pytest.mark.parametrize("wrong", ["nobody", "a@b", "a@example.com b@", "x" * 400 + "@example.com"])
def test_a_wrong_address_is_named_and_nothing_is_saved(client: Client, account: Account, wrong: str):
    answer = client.post(TOLD, form_of(client.get(TOLD), recipients=wrong))

    assert "is no e-mail address" in words(answer)
    assert not AlertSettings.objects.exists()


def test_too_many_recipients_are_refused(client: Client, account: Account):
    many = "\n".join(f"p{number}@example.com" for number in range(21))

    assert "At most 20 addresses" in words(client.post(TOLD, form_of(client.get(TOLD), recipients=many)))


def test_saving_leaves_a_claim_on_mailing_alone(client: Client, account: Account):
    until = timezone.now() + HOUR
    AlertSettings.objects.create(account=account, recipients=["a@example.com"], mailing_until=until)

    client.post(TOLD, form_of(client.get(TOLD), recipients="b@example.com"))

    row = AlertSettings.objects.get()
    assert (row.recipients, row.mailing_until) == (["b@example.com"], until)


def test_the_first_daily_mail_goes_tomorrow_when_its_hour_is_past(client: Client, account: Account, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC))  # 10:30 in Berlin

    client.post(TOLD, form_of(client.get(TOLD), recipients="a@example.com", delivery="daily", digest_hour="8"))
    assert AlertSettings.objects.get().digest_on == dt.date(2026, 11, 20)

    AlertSettings.objects.all().delete()
    client.post(TOLD, form_of(client.get(TOLD), recipients="a@example.com", delivery="daily", digest_hour="18"))
    assert AlertSettings.objects.get().digest_on is None


def test_the_test_mail_goes_to_whoever_asks_for_it(client: Client, account: Account):
    answer = client.post(f"{PAGE}test/", follow=True)

    [message] = mail.outbox
    user = answer.wsgi_request.user
    assert message.to == [user.email]
    assert message.subject == "Shoes Ltd: A test mail"
    assert f"A test mail is on its way to {user.email}" in answer.content.decode()


def test_a_mail_server_that_is_down_is_said_to_whoever_asks_for_a_test_mail(client: Client, account: Account, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    answer = client.post(f"{PAGE}test/", follow=True)

    assert "The mail server does not answer." in answer.content.decode()


def test_alerts_that_could_not_be_mailed_are_shown_with_that_fact(client: Client, account: Account):
    AlertSettings.objects.create(account=account, recipients=["a@example.com"])
    make_alert(account)

    text = words(client.get(PAGE))

    assert "Mails about these alerts could not be sent yet." in text
    assert "MyShop: orders are late" in text


def test_a_viewer_sees_who_is_told_and_changes_nothing(viewer: Client, account: Account):
    AlertSettings.objects.create(account=account, recipients=["a@example.com"])

    page = viewer.get(TOLD)
    assert "a@example.com" in page.content.decode()
    assert "Send me a test mail" not in words(page)
    assert viewer.post(TOLD, {"delivery": "daily", "digest_hour": "8"}).status_code == 403
    assert viewer.post(f"{PAGE}test/").status_code == 403
    assert viewer.get(f"{PAGE}test/").status_code in (403, 405)
    assert not mail.outbox


def test_the_dashboard_shows_alerts_and_the_navigation_counts_them(client: Client, account: Account, shop: Integration):
    make_alert(account, "untaken", params={"name": "Hall 1", "by_hand": True})
    make_alert(account, "held", params={"hold": "sku", "cause": "1", "word": "MUG"})

    page = client.get("/a/shoes/")

    assert_in_order(words(page), "Waiting for you", "Hall 1 has not taken its orders")
    assert "Orders wait, SKU unknown" not in words(page)  # the groups of holds stand there anyway
    assert 'id="tally-integrationsalerts"' in page.content.decode()


def test_all_accounts_shows_how_many_are_open(account: Account):
    user = make_user(account)
    Membership.objects.create(user=user, account=make_account(name="Aaa calm"), role=Role.OWNER.value)
    make_alert(account)
    make_alert(account, "untaken")

    text = words(signed_in(user).get("/all-accounts/"))

    assert_in_order(text, "Shoes Ltd", "2, oldest 2 h", "Aaa calm")


def test_an_account_that_needs_help_stands_first_whatever_its_name_and_how_many_there_are(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "RANKED", 3)
    accounts = {name: make_account(name.lower(), name=name) for name in ("Ash", "Beech", "Cedar", "Elm", "Zelkova")}
    make_alert(accounts["Zelkova"])
    client.force_login(make_user(email="staff@example.com", is_staff=True))

    def names(page: str) -> list[str]:
        return re.findall(r'<a href="/a/\w+/">(\w+)</a>', page)

    first = client.get("/all-accounts/").content.decode()
    assert names(first) == ["Zelkova", "Ash", "Beech", "Cedar"]

    after = re.search(r'href="(\?q=&amp;page=[^"]+)">After', first)
    assert after
    second = client.get("/all-accounts/" + html.unescape(after[1])).content.decode()
    assert names(second) == ["Elm"]
    assert names(client.get("/all-accounts/?q=zel").content.decode()) == ["Zelkova"]

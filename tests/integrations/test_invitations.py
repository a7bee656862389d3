"""A store's owner connects his store by a link that was mailed to him, without an account here."""

from __future__ import annotations

import datetime as dt
import re
import smtplib
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from fcp.errors import Refused
from fcp.models import Account, AuditEntry
from fcp.roles import Role
from integrations import connecting, invitations
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.models import Flow, Integration, Invitation
from integrations.prune import prune
from integrations.sandbox.server import Sandbox
from tests.build import make_account
from tests.integrations.arriving import begin, member, returning
from tests.integrations.flows.world import connect_store
from tests.integrations.pages.reading import assert_in_order, words
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_wix")]

LIST = "/a/shoes/integrations/invitations/"
ASKED = {"platform": "wix", "email": "olga@shop.example", "name": "Olga's Shop"}


@pytest.fixture(autouse=True)
def mails_are_kept(settings: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    """And the stand-in store is known by its ids, as in the demo: an invited person types no address."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.FCP_DATA_DIR = tmp_path
    sandbox.write_info(str(tmp_path / "sandbox.info.json"))


def ask(owner: Client, **changed: str) -> str:
    """Send the link; its path, out of the mail."""
    answer = owner.post(LIST, {**ASKED, **changed})
    assert answer.status_code == 302, words(answer)
    return link_in(mail.outbox[-1].body)


def link_in(text: str) -> str:
    found = re.search(r"http://[^/\s]+(/install/invitation/[\w-]+/)", text)
    assert found, text
    return found[1]


def key_of(sandbox: Sandbox, site: str = "v1") -> dict[str, str]:
    info = sandbox.info["wix"]
    return {"api_key": info["api_key"], "site_id": info[f"site_id_{site}"]}


def test_the_mail_says_who_asks_and_only_a_hash_of_its_link_is_kept(owner: Client) -> None:
    link = ask(owner)

    (sent,) = mail.outbox
    assert sent.to == ["olga@shop.example"]
    assert sent.subject == "Shoes Ltd asks you to connect your Wix store"
    assert "Ann Lee of Shoes Ltd asks you to connect your Wix store (Olga's Shop)" in sent.body
    assert "works once, for seven days" in sent.body
    token = link.split("/")[-2]
    assert token not in str(list(Invitation.objects.values()))
    assert "olga@shop.example" not in str(list(AuditEntry.objects.values()))


def test_the_owner_sees_who_asks_and_the_ways_in_without_an_account_here(owner: Client) -> None:
    page = Client().get(ask(owner))

    assert_in_order(
        words(page), "Shoes Ltd asks you to connect your Wix store", "Ann Lee sent you this link", "Olga's Shop",
        "Wix app", "Go to Wix", "API key", "Site ID", "Connect",
    )  # fmt: skip
    assert "no-store" in page["Cache-Control"]


def test_with_an_api_key_the_store_is_connected_to_the_account_that_asked(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    link, visitor = ask(owner), Client()

    done = visitor.post(link, key_of(sandbox), follow=True)

    assert_in_order(words(done), "Done, thank you", "connected to Shoes Ltd")
    shop = Integration.objects.get()
    assert (shop.account, shop.name, shop.nickname, shop.live) == (account, "Olga's Shop", "OlgasShop", False)
    assert [flow.kind for flow in Flow.objects.on()] == [FlowKind.LOCATIONS]
    assert visitor.get(f"/a/shoes/integrations/{shop.pk}/").status_code == 302  # to the sign-in
    entry = AuditEntry.objects.get(code="integration_connected")
    assert entry.actor == "The store's owner, asked by Ann Lee"


def test_those_who_asked_are_told_until_the_set_up_is_finished(owner: Client, sandbox: Sandbox) -> None:
    Client().post(ask(owner), key_of(sandbox))
    shop = Integration.objects.get()

    dashboard = owner.get("/a/shoes/")
    assert "Olga's Shop was connected by its owner, as you asked." in words(dashboard)
    assert f'href="/a/shoes/integrations/{shop.pk}/setup/"' in dashboard.content.decode()
    assert_in_order(words(owner.get(LIST)), "olga@shop.example", "Connected", "Olga's Shop")
    Flow.objects.filter(integration=shop, kind=FlowKind.ORDERS).update(due_at=timezone.now())
    assert "was connected by its owner" not in words(owner.get("/a/shoes/"))


def test_by_the_app_the_owner_agrees_in_wix_and_then_here(owner: Client, sandbox: Sandbox, account: Account) -> None:
    link, visitor = ask(owner, name=""), Client()
    state = begin(visitor, f"{link}market/")

    back = visitor.get(returning(sandbox, state, "v3"), follow=True)

    assert back.redirect_chain[-1][0].startswith(link)
    assert_in_order(words(back), "NordicCup answers", "Connect it to Shoes Ltd", "This site uses Catalog V3.")
    assert not Integration.objects.exists()
    done = visitor.post(back.redirect_chain[-1][0], follow=True)
    assert "Done, thank you" in words(done)
    assert (Integration.objects.get().name, Integration.objects.get().account) == ("NordicCup", account)


def test_what_arrived_in_one_browser_is_agreed_to_in_that_one_only(owner: Client, sandbox: Sandbox) -> None:
    link, visitor = ask(owner), Client()
    back = visitor.get(returning(sandbox, begin(visitor, f"{link}market/")))

    other = Client().post(back["Location"])

    assert "answers" not in words(other)
    assert not Integration.objects.exists()


# --- links that do not work ----------------------------------------------------------------------------------------


def test_a_link_works_once(owner: Client, sandbox: Sandbox) -> None:
    link = ask(owner)
    Client().post(link, key_of(sandbox))

    for answer in (Client().get(link), Client().post(link, key_of(sandbox, "v3"))):
        assert answer.status_code == 410
        assert "This link was used already." in words(answer)
        assert "Olga" not in words(answer)
    assert Integration.objects.count() == 1


def test_a_link_that_was_taken_back_says_so(owner: Client, sandbox: Sandbox) -> None:
    link = ask(owner)
    owner.post(f"{LIST}{Invitation.objects.get().pk}/revoke/")

    assert "taken back by those who sent it" in words(Client().get(link))
    assert Client().post(link, key_of(sandbox)).status_code == 410
    assert "Revoked" in words(owner.get(LIST))
    assert not Integration.objects.exists()


def test_a_link_lives_seven_days(owner: Client, sandbox: Sandbox) -> None:
    link = ask(owner)

    with time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1)):
        page = Client().post(link, key_of(sandbox))
        assert "more than seven days old" in words(page)
        assert Client().get(f"{link}market/")["Location"] == link
    assert not Integration.objects.exists()


@pytest.mark.parametrize("token", ["x", "AAAA-bbbb", "é" * 20, "a" * 500])
def test_a_link_that_nobody_sent_is_unknown(token: str) -> None:
    page = Client().get(f"/install/invitation/{token}/")

    assert page.status_code == 404
    assert "This is not a link that we sent." in words(page)


def test_guessing_is_stopped(owner: Client) -> None:
    link, guesser = ask(owner), Client()
    for number in range(30):
        assert guesser.get(f"/install/invitation/guess-{number}/").status_code == 404

    assert guesser.get("/install/invitation/guess-30/").status_code == 429
    assert guesser.get(link).status_code == 429


def test_sending_it_again_makes_another_link(owner: Client, sandbox: Sandbox) -> None:
    first = ask(owner)
    owner.post(f"{LIST}{Invitation.objects.get().pk}/again/")
    second = link_in(mail.outbox[-1].body)

    assert first != second
    assert Client().get(first).status_code == 404
    assert "Done, thank you" in words(Client().post(second, key_of(sandbox), follow=True))
    owner.post(f"{LIST}{Invitation.objects.get().pk}/again/")
    assert len(mail.outbox) == 2  # one that was used is not sent again


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{"api_key": "IST.this-is-not-the-key"}, {"site_id": "no site!"}, {"api_key": ""}])
def test_where_the_store_refuses_the_link_stays_good(owner: Client, sandbox: Sandbox, values: dict[str, str]) -> None:
    link = ask(owner)

    page = Client().post(link, {**key_of(sandbox), **values})

    assert page.status_code == 200
    assert page.context["form"].errors
    assert Invitation.objects.get().used_at is None
    assert "Done, thank you" in words(Client().post(link, key_of(sandbox), follow=True))


def test_a_store_that_may_not_be_connected_uses_no_link_up(owner: Client, sandbox: Sandbox) -> None:
    connect_store(sandbox, "v1", account=make_account("others"), on=())
    link = ask(owner)

    page = Client().post(link, key_of(sandbox))

    assert "This store is connected to another account of this panel. Tell those who asked you." in words(page)
    assert Invitation.objects.get().used_at is None


@pytest.mark.req("TECH-14")
def test_an_account_with_one_store_asks_nobody_and_a_stranger_reads_no_names(
    owner: Client, sandbox: Sandbox, account: Account
) -> None:
    link = ask(owner)
    Account.objects.filter(pk=account.pk).update(settings={"wix_stores": "one"})
    connect_store(sandbox, "v3", account=account, on=())

    assert "“Wix stores in this account”" in words(owner.post(LIST, ASKED))
    page = Client().post(link, key_of(sandbox))

    assert "Shoes Ltd takes no further store at present." in words(page)
    assert "NordicCup" not in words(page)
    assert Integration.objects.count() == 1


def test_a_mail_that_cannot_be_sent_leaves_no_link(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kw: Any) -> None:
        raise smtplib.SMTPServerDisconnected("no mail here")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)

    page = owner.post(LIST, ASKED)

    assert "The mail could not be sent." in words(page)
    assert not Invitation.objects.exists()


def test_an_account_sends_so_many_a_day(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_A_DAY", 1)
    ask(owner)

    assert "has sent 1 such mails within a day" in words(owner.post(LIST, ASKED))
    assert len(mail.outbox) == 1


def test_sending_again_counts_as_well(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_A_DAY", 3)
    ask(owner)
    again = f"{LIST}{Invitation.objects.get().pk}/again/"
    for _ in range(3):
        last = owner.post(again, follow=True)

    assert "has sent 3 such mails within a day" in words(last)
    assert "has sent 3 such mails within a day" in words(owner.post(LIST, {**ASKED, "email": "other@shop.example"}))
    assert len(mail.outbox) == 3
    with time_machine.travel(timezone.now() + dt.timedelta(days=1, minutes=1)):
        owner.post(again)
    assert len(mail.outbox) == 4


def test_one_address_gets_five_mails_a_day_whichever_way_they_are_asked_for(owner: Client) -> None:
    ask(owner)
    for _ in range(2):
        owner.post(f"{LIST}{Invitation.objects.get().pk}/again/")
    ask(owner, email="OLGA@shop.example")
    ask(owner)

    assert "olga@shop.example got 5 such mails within a day." in words(owner.post(LIST, ASKED))
    first = Invitation.objects.earliest("pk")
    assert "got 5 such mails within a day." in words(owner.post(f"{LIST}{first.pk}/again/", follow=True))
    assert len(mail.outbox) == 5
    ask(owner, email="other@shop.example")


def test_where_sending_again_fails_the_link_before_stays_good(
    owner: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kw: Any) -> None:
        raise smtplib.SMTPServerDisconnected("no mail here")

    link = ask(owner)
    before = Invitation.objects.values().get()
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        page = owner.post(f"{LIST}{before['id']}/again/", follow=True)

    assert "The mail could not be sent." in words(page)
    assert Invitation.objects.values().get() == before
    assert "Done, thank you" in words(Client().post(link, key_of(sandbox), follow=True))


def test_who_may_not_connect_stores_asks_nobody(account: Account) -> None:
    client = member(account, Role.OPERATOR)

    assert client.get(LIST).status_code == 403
    assert client.post(LIST, ASKED).status_code == 403
    assert not mail.outbox


def test_the_link_to_the_page_stands_on_the_catalogue(owner: Client) -> None:
    assert f'href="{LIST}"' in owner.get("/a/shoes/integrations/add/").content.decode()
    assert "No links yet" in words(owner.get(LIST))
    assert "Give the address of the store's owner." in words(owner.post(LIST, {**ASKED, "email": ""}))


# --- two at once ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_link_at_once_one_does(sandbox: Sandbox) -> None:
    account = make_account()
    asked = invitations.invite(account, "wix", "olga@shop.example", name="", by="Ann", now=timezone.now())
    address = sandbox.info["wix"]["base_url"]

    def use(site: str) -> Integration:
        mine = Invitation.objects.select_related("account").get(pk=asked.pk)
        return invitations.accept(mine, "api_key", key_of(sandbox, site), now=timezone.now(), api_url=address)

    for _ in range(3):
        results = at_once(lambda: use("v1"), lambda: use("v3"), expected=IntegrationError)
        assert sorted(type(result).__name__ for result in results) == ["Integration", "IntegrationError"], results
        (lost,) = [result for result in results if isinstance(result, IntegrationError)]
        assert lost.code == "invitation_gone", (connection.vendor, lost)
        made = Integration.objects.get()
        asked.refresh_from_db()
        assert asked.integration == made
        connecting.delete(made, by="Ann", now=timezone.now())
        Invitation.objects.filter(pk=asked.pk).update(used_at=None, integration=None)


@pytest.mark.django_db(transaction=True)
def test_one_that_was_revoked_while_the_store_answered_connects_nothing(sandbox: Sandbox) -> None:
    account, now = make_account(), timezone.now()
    asked = invitations.invite(account, "wix", "olga@shop.example", name="", by="Ann", now=now)
    mine = Invitation.objects.select_related("account").get(pk=asked.pk)
    invitations.revoke(asked, by="Ann", now=now)

    with pytest.raises(IntegrationError, match="taken back"):
        invitations.accept(mine, "api_key", key_of(sandbox), now=now, api_url=sandbox.info["wix"]["base_url"])

    assert not Integration.objects.exists()


def test_a_refusal_of_the_store_is_told_as_it_is(sandbox: Sandbox, account: Account) -> None:
    asked = invitations.invite(account, "wix", "olga@shop.example", name="", by="Ann", now=timezone.now())

    with pytest.raises(Refused):
        invitations.accept(asked, "api_key", {"api_key": "short", "site_id": "no"}, now=timezone.now())


def test_links_are_forgotten_90_days_after_their_end(owner: Client) -> None:
    ask(owner)
    end = Invitation.objects.get().expires_at

    prune(end + dt.timedelta(days=89))
    assert Invitation.objects.count() == 1
    prune(end + dt.timedelta(days=91))
    assert Invitation.objects.count() == 0


def test_a_store_that_does_not_answer_is_for_its_owner_to_try_again(owner: Client, sandbox: Sandbox) -> None:
    link = ask(owner)
    sandbox.wix.misbehave("error", site="v1", count=None)

    page = Client().post(link, key_of(sandbox))

    assert "The store does not answer. Nothing was connected; try again in a few minutes." in words(page)

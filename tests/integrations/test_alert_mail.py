"""Who is told of alerts, when, and what happens when the mail server is down."""

from __future__ import annotations

import datetime as dt
import pydoc
import re
import socketserver
import threading
import zoneinfo
from collections.abc import Iterator

import pytest
from django.core import mail
from django.utils import timezone

from fcp.models import Account
from integrations.alert_mail import CLAIM, LISTED, digest_due, send_due
from integrations.alerts import QUIET, look
from integrations.models import Alert, AlertKind, AlertSettings, Flow
from integrations.prune import prune
from integrations.schedules import SCHEDULES
from tests.build import ANN, make_account, make_order, make_warehouse
from tests.integrations.flows.flows import make_flow, make_integration
from tests.integrations.test_alerts import HOUR, MINUTE, begun
from tests.threads import at_once

DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def account(transactional_db) -> Account:
    return make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")


def tell(account: Account, *recipients: str, **values: object) -> AlertSettings:
    return AlertSettings.objects.create(account=account, recipients=list(recipients or ["ops@example.com"]), **values)


def make_alert(account: Account, **values: object) -> Alert:
    given = {"kind": "stale", "opened_at": NOON, "params": {"name": "MyShop", "flow": "orders", "interval": 30}}
    given |= {"key": f"orders-{Alert.objects.count()}"}
    return Alert.objects.create(account=account, **{**given, **values})


# --- at once ---------------------------------------------------------------------------------------------------------


def test_an_alert_is_mailed_at_once_and_once_with_what_to_do_and_a_link(account, settings):
    settings.FCP_PUBLIC_URL = "https://panel.example.com"
    tell(account, "ops@example.com", "boss@example.com")
    integration = make_integration(account, nickname="MyShop")
    now = begun()
    make_flow(integration=integration, last_ok_at=NOON, problem="The store is down for maintenance.")
    look(now)

    assert send_due(now) == 1
    assert send_due(now + 5 * MINUTE) == send_due(now + HOUR) == 0

    [message] = mail.outbox
    assert message.to == ["ops@example.com", "boss@example.com"]
    assert message.subject == "Shoes Ltd: MyShop: orders are late"
    assert "Orders were last read from MyShop on 20 Nov, 13:00." in message.body  # Berlin
    assert "at least every 70 minutes. The last try ended so: The store is down for maintenance." in message.body
    assert "What to do: We try again by ourselves." in message.body
    link = f"https://panel.example.com/a/shoes/integrations/{integration.pk}/"
    [html] = [part.content for part in message.alternatives]
    assert link in message.body
    assert f'href="{link}"' in html
    assert "https://panel.example.com/a/shoes/settings/alerts/settings/" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_everything_new_of_an_account_is_one_mail(account):
    tell(account)
    now = begun()
    for _ in range(3):
        make_flow(integration=make_integration(account), last_ok_at=now - 3 * HOUR)
    look(now)

    send_due(now)

    assert [message.subject for message in mail.outbox] == ["Shoes Ltd: 3 things need somebody"]


def test_an_end_is_told_after_an_hour_of_quiet(account):
    tell(account)
    now = begun()
    flow = make_flow(integration=make_integration(account), last_ok_at=now - 3 * HOUR)
    look(now)
    send_due(now)
    Flow.objects.filter(pk=flow.pk).update(last_ok_at=now)
    over = now + 5 * MINUTE
    look(over)

    assert send_due(over + QUIET - MINUTE) == 0
    assert send_due(over + QUIET) == 1
    assert send_due(over + QUIET + 5 * MINUTE) == 0
    assert mail.outbox[-1].subject.startswith("Shoes Ltd: Over: ")
    assert "Nothing is to be done." in mail.outbox[-1].body


@pytest.mark.parametrize("kind", list(AlertKind))
def test_the_end_of_an_alert_of_any_kind_is_told_and_keeps_no_other_mail_from_going(account, kind):
    tell(account)
    over = make_alert(account, kind=kind.value, mailed_at=NOON, closed_at=NOON)
    make_alert(account, opened_at=NOON + QUIET)

    assert send_due(NOON + QUIET) == 1

    over.refresh_from_db()
    assert over.end_mailed_at == NOON + QUIET
    assert "Over" in mail.outbox[0].body


def test_what_comes_and_goes_makes_no_storm(account):
    tell(account)
    now = begun()
    flow = make_flow(integration=make_integration(account), last_ok_at=now - 3 * HOUR)
    for round in range(24):  # two hours, better and worse by turns
        moment = now + round * 5 * MINUTE
        Flow.objects.filter(pk=flow.pk).update(last_ok_at=moment - (3 * HOUR if round % 2 == 0 else MINUTE))
        look(moment)
        send_due(moment)

    assert len(mail.outbox) == 1


def test_an_account_without_recipients_is_told_nothing_until_it_names_one(account):
    alert = make_alert(account)
    row = AlertSettings.objects.create(account=account)
    assert send_due(NOON) == 0

    AlertSettings.objects.filter(pk=row.pk).update(recipients=["ops@example.com"])

    assert send_due(NOON) == 1
    alert.refresh_from_db()
    assert alert.mailed_at == NOON


def test_a_mail_spells_out_some_and_counts_the_rest(account):
    tell(account)
    for _ in range(LISTED + 7):
        make_alert(account)

    send_due(NOON)

    [message] = mail.outbox
    assert message.body.count("What to do:") == LISTED
    assert "7 more are listed in the panel." in message.body
    assert send_due(NOON + 5 * MINUTE) == 0


def test_the_end_of_what_nobody_wants_to_hear_of_is_not_told(account):
    row = tell(account)
    alert = make_alert(account, mailed_at=NOON, closed_at=NOON + MINUTE)
    AlertSettings.objects.filter(pk=row.pk).update(stale=False)

    assert send_due(NOON + 2 * HOUR) == 0

    alert.refresh_from_db()
    assert alert.end_mailed_at is not None


def test_orders_are_counted_and_no_person_is_named(account):
    tell(account)
    integration = make_integration(account, live=True)
    make_warehouse(account)
    orders = [make_order(integration.store, ship="std <eu>") for _ in range(3)]
    orders[0].holds.filter(kind="ship_code").update(placed_at=timezone.now() - 30 * HOUR)
    now = begun()
    look(now)

    send_due(now)

    text = "".join([message.body + message.alternatives[0].content + message.subject for message in mail.outbox])
    assert "3 orders wait for this one cause. The shipping option “std <eu>” is not mapped" in text
    assert "std &lt;eu&gt;" in text
    for secret in (ANN.name, ANN.street1, ANN.phone, ANN.email, ANN.postcode):
        assert secret not in text


def test_line_breaks_in_names_make_no_headers(account):
    Account.objects.filter(pk=account.pk).update(name="Shoes\nBcc: all@example.com")
    tell(account)
    make_alert(account, params={"name": "My\r\nShop", "flow": "orders"})

    assert send_due(NOON) == 1
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["ops@example.com"]


# --- once a day ------------------------------------------------------------------------------------------------------


def test_the_daily_mail_goes_at_its_hour_in_the_accounts_zone_with_all_that_is_open(account):
    tell(account, digest=True, digest_hour=8)
    make_alert(account)
    day = dt.datetime(2026, 11, 21, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

    assert send_due(day.replace(hour=7, minute=59)) == 0
    assert send_due(day.replace(hour=8, minute=1)) == 1
    assert send_due(day.replace(hour=8, minute=6)) == send_due(day.replace(hour=23)) == 0
    assert send_due(day + dt.timedelta(days=1, hours=8)) == 1  # still open: told again

    first, second = mail.outbox
    assert first.subject == second.subject == "Shoes Ltd: 1 open alert today"
    assert "Still open" not in first.body
    assert "Still open" in second.body


def test_the_daily_mail_tells_what_ended_once_and_then_is_silent(account):
    row = tell(account, digest=True, digest_hour=8, digest_on=NOON.date())
    make_alert(account, mailed_at=NOON, closed_at=NOON + HOUR)
    make_alert(account, closed_at=NOON + HOUR)  # came and went between two mails
    day = NOON + dt.timedelta(hours=20)

    assert send_due(day) == 1
    assert mail.outbox[0].subject == "Shoes Ltd: All alerts are over"
    assert mail.outbox[0].body.count("Nothing is to be done.") == 2

    assert send_due(day + dt.timedelta(days=1)) == 0
    row.refresh_from_db()
    assert row.digest_on == (day + dt.timedelta(days=1)).date()  # nothing to tell is settled too


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [
        ("Europe/Berlin", dt.date(2027, 3, 28), 2),  # 02:00 does not exist on this day
        ("Europe/Berlin", dt.date(2026, 10, 25), 2),  # 02:00 comes twice
        ("America/New_York", dt.date(2026, 11, 1), 1),
        ("Asia/Kolkata", dt.date(2026, 11, 20), 0),
        ("Pacific/Apia", dt.date(2026, 11, 20), 23),
    ],
)
def test_each_day_has_one_daily_mail_whatever_the_clocks_do(transactional_db, zone, day, hour):
    account = make_account(time_zone=zone)
    tell(account, digest=True, digest_hour=hour, digest_on=day - dt.timedelta(days=1))
    make_alert(account)
    start = dt.datetime.combine(day, dt.time(), tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(dt.UTC)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(dt.UTC)

    sent, moment = [], start
    while moment < end:
        if send_due(moment):
            sent.append(moment.astimezone(zoneinfo.ZoneInfo(zone)))
        moment += 15 * MINUTE

    assert [one.date() for one in sent] == [day]
    assert sent[0].hour == hour or (hour == 2 and sent[0].hour == 3 and day.month == 3)


def test_a_daily_mail_that_was_missed_goes_as_soon_as_somebody_can(account):
    row = tell(account, digest=True, digest_hour=8, digest_on=NOON.date() - dt.timedelta(days=3))
    late = dt.datetime(2026, 11, 20, 21, 0, tzinfo=dt.UTC)

    assert digest_due(AlertSettings.objects.select_related("account").get(pk=row.pk), late)


# --- claims and failures ---------------------------------------------------------------------------------------------


def test_two_workers_at_once_send_one_mail(account):
    tell(account)
    for _ in range(3):
        make_alert(account)

    results = at_once(*[lambda: send_due(NOON)] * 4)

    assert sorted(results) == [0, 0, 0, 1]
    assert len(mail.outbox) == 1


def test_two_workers_at_once_send_one_daily_mail(account):
    tell(account, digest=True, digest_hour=8)
    make_alert(account)

    results = at_once(*[lambda: send_due(NOON)] * 4)

    assert sorted(results) == [0, 0, 0, 1]


def test_a_crash_between_claim_and_mail_leads_to_a_later_mail(account):
    row = tell(account)
    make_alert(account)
    AlertSettings.objects.filter(pk=row.pk).update(mailing_until=NOON + CLAIM)  # and then it was killed

    assert send_due(NOON + MINUTE) == 0
    assert send_due(NOON + CLAIM) == 1


class Post(socketserver.StreamRequestHandler):
    """A mail server of a few words: takes every mail, but for those to `refused`."""

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "RCPT" and any(name in line for name in self.server.refused):
                self.say("550 nobody of that name")
            elif verb == "DATA":
                self.say("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                self.server.mails.append(body.decode())
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 good")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class PostOffice(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.mails: list[str] = []
        self.refused: list[str] = []


@pytest.fixture
def office(settings) -> Iterator[PostOffice]:
    """A mail server that listens; `settings` lead to it."""
    office = PostOffice()
    thread = threading.Thread(target=office.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = office.server_address
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield office
    office.shutdown()
    thread.join()
    office.server_close()


def test_a_mail_server_that_is_down_means_a_later_mail(account, office, settings, caplog):
    tell(account)
    alert = make_alert(account)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1  # nobody listens there

    assert send_due(NOON) == 0
    alert.refresh_from_db()
    assert alert.mailed_at is None
    assert "cannot be reached" in caplog.text
    assert "ops@example.com" not in caplog.text

    settings.EMAIL_PORT = port
    assert send_due(NOON + 5 * MINUTE) == 1
    assert len(office.mails) == 1
    assert re.search(r"^To: ops@example.com", office.mails[0], re.M)


def test_a_refused_recipient_keeps_no_other_account_from_its_mail(account, office):
    office.refused.append("nobody@")
    tell(account, "nobody@example.com")
    mine = make_alert(account)
    other = make_account()
    tell(other, "ops@example.com")
    make_alert(other)

    assert send_due(NOON) == 1

    mine.refresh_from_db()
    assert mine.mailed_at is None  # tried again
    office.refused.clear()
    assert send_due(NOON + 5 * MINUTE) == 1


def test_who_is_left_over_when_time_is_up_is_told_in_the_next_round(account, monkeypatch):
    from integrations import alert_mail

    tell(account)
    make_alert(account)
    monkeypatch.setattr(alert_mail, "SECONDS", 0)
    assert send_due(NOON) == 0

    monkeypatch.undo()
    assert send_due(NOON + 5 * MINUTE) == 1


# --- the schedule ----------------------------------------------------------------------------------------------------


def test_what_the_schedule_starts_looks_and_tells(account):
    tell(account)
    make_flow(integration=make_integration(account), last_ok_at=begun() - 3 * HOUR)
    task = pydoc.locate(SCHEDULES["alerts"]["func"])

    task()
    task()

    assert len(mail.outbox) == 1


def test_alerts_are_forgotten_long_after_their_end(account):
    now = timezone.now()
    kept = [make_alert(account, opened_at=now - 400 * DAY), make_alert(account, closed_at=now - 89 * DAY)]
    make_alert(account, closed_at=now - 91 * DAY)

    prune(now)

    assert set(Alert.objects.all()) == set(kept)

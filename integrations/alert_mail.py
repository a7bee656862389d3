"""Mails about alerts: at once, or once a day at the hour that an account chose. Found by a query, whatever broke off.

One mail for an account tells all that is new in it. Whoever sends has claimed the account's row by a conditional
UPDATE for CLAIM; what was told is marked after the mail server took the mail, so that a crash, or a server that is
down, means a later mail and never silence. A server that does not answer ends the whole round: it is tried again with
the next one, and the panel shows every alert meanwhile.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from fcp.models import Account
from fcp.panel import panel_url
from fcp.pulse import show_life
from integrations.alert_words import Words, moment, orders_waiting, words_of
from integrations.alerts import QUIET
from integrations.models import Alert, AlertKind, AlertSettings
from orders import rule_notices
from orders.models import RuleNotice

log = logging.getLogger(__name__)

CLAIM = dt.timedelta(minutes=4)  # longer than a mail takes, shorter than the time to the next round
SECONDS = 60.0  # of one round; who is left is told in the next one
OVERDUE = dt.timedelta(minutes=12)  # an alert that was told to nobody after this is a matter of the mail server
LISTED = 30  # alerts that one mail spells out
ENDED_WITHIN = dt.timedelta(days=7)  # what ended longer ago is no news

# Of one mail only; anything else means that the server is not to be reached.
OF_THIS_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


@dataclass(slots=True)
class News:
    """What one mail tells. `settled` is marked as told without a word: its kind was switched off meanwhile. `ruled`
    are orders that rules want to be told of."""

    begun: list[Alert] = field(default_factory=list)
    still: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    settled: list[Alert] = field(default_factory=list)
    ruled: list[RuleNotice] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.begun or self.still or self.ended or self.ruled)


def send_due(now: dt.datetime) -> int:
    """Send every mail that is due; how many went."""
    ends, sent = time.monotonic() + SECONDS, 0
    connection = get_connection()
    try:
        for row in [*_at_once(now), *_digests(now)]:
            show_life()
            if time.monotonic() < ends and _claim(row, now):
                sent += _tell(row, connection, now)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The mail server cannot be reached (%s). Alerts are mailed later.", type(error).__name__)
    finally:
        _close(connection)
    return sent


def _tell(row: AlertSettings, connection: Any, now: dt.datetime) -> bool:
    """Whether a mail went. Raises when the server is not there; one account's trouble is its own."""
    try:
        news = news_of(row, now)
        if news.any:
            mail = mail_of(row, news)
            connection.open()
            connection.send_messages([mail])
        _told(row, news, now)
    except OF_THIS_MAIL as error:
        log.warning("The mail server refuses a mail about alerts (%s)", type(error).__name__)
        return False
    except (OSError, smtplib.SMTPException):
        raise
    except Exception:
        log.exception("A mail about alerts could not be made")
        return False
    return news.any


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        log.info("The mail server went away before the end")


# --- whom ------------------------------------------------------------------------------------------------------------


def _wanting(now: dt.datetime) -> QuerySet[AlertSettings]:
    """Accounts that tell somebody, and that nobody is mailing now."""
    free = Q(mailing_until=None) | Q(mailing_until__lte=now)
    return AlertSettings.objects.filter(free).exclude(recipients=[]).select_related("account").order_by("pk")


def _at_once(now: dt.datetime) -> Iterable[AlertSettings]:
    begun = Alert.objects.filter(closed_at=None, mailed_at=None).values("account")
    ended = _to_end().filter(closed_at__lte=now - QUIET, closed_at__gt=now - ENDED_WITHIN).values("account")
    ruled = rule_notices.unsent(now).values("account")
    return _wanting(now).filter(digest=False).filter(Q(account__in=begun) | Q(account__in=ended) | Q(account__in=ruled))


def _digests(now: dt.datetime) -> Iterable[AlertSettings]:
    return [row for row in _wanting(now).filter(digest=True) if digest_due(row, now)]


def digest_due(row: AlertSettings, now: dt.datetime) -> bool:
    """Once on each day of the account's zone, at its hour or as soon after it as somebody is there to send it."""
    here = now.astimezone(row.account.zone)
    return here.hour >= row.digest_hour and (row.digest_on is None or row.digest_on < here.date())


def _to_end() -> QuerySet[Alert]:
    return Alert.objects.filter(closed_at__isnull=False, mailed_at__isnull=False, end_mailed_at=None)


def _claim(row: AlertSettings, now: dt.datetime) -> bool:
    free = AlertSettings.objects.filter(Q(mailing_until=None) | Q(mailing_until__lte=now), pk=row.pk)
    return bool(free.filter(digest_on=row.digest_on).update(mailing_until=now + CLAIM))


def _told(row: AlertSettings, news: News, now: dt.datetime) -> None:
    values: dict[str, Any] = {"mailing_until": None}
    if row.digest:
        values["digest_on"] = now.astimezone(row.account.zone).date()
    with transaction.atomic():
        AlertSettings.objects.filter(pk=row.pk).update(**values)
        Alert.objects.filter(pk__in=[one.pk for one in news.begun]).update(mailed_at=now)
        ends = [one.pk for one in (*news.ended, *news.settled)]
        Alert.objects.filter(pk__in=ends, closed_at__isnull=False).update(end_mailed_at=now)
        rule_notices.mark_sent(news.ruled, now)


# --- what ------------------------------------------------------------------------------------------------------------


def news_of(row: AlertSettings, now: dt.datetime) -> News:
    """Read after the claim: what another round told meanwhile is no news."""
    alerts = Alert.objects.for_account(row.account)
    news = News(ruled=rule_notices.unsent_of(row.account, now))
    for one in alerts.filter(closed_at=None).order_by("opened_at", "id"):
        if one.mailed_at is None:
            news.begun.append(one)
        elif row.digest:
            news.still.append(one)
    over = alerts.filter(closed_at__gt=now - ENDED_WITHIN, end_mailed_at=None)
    if not (row.digest and row.digest_on):  # a digest tells also what came and went since the last one
        over = over.filter(mailed_at__isnull=False)
    if not row.digest:
        over = over.filter(closed_at__lte=now - QUIET)
    for one in over.order_by("closed_at", "id"):
        (news.ended if _wanted(row, one) else news.settled).append(one)
    return news


def _wanted(row: AlertSettings, alert: Alert) -> bool:
    """Nobody asked for the end of what he no longer wants to hear of."""
    wanted: dict[AlertKind, Any] = {
        AlertKind.STALE: row.stale,
        AlertKind.REFUSED: row.refused,
        AlertKind.HELD: row.held_hours,
        AlertKind.UNTAKEN: row.untaken_hours,
        AlertKind.UNTOLD: row.untold_hours,
        AlertKind.GAP: row.gap_hours,
    }
    return bool(wanted[AlertKind(alert.kind)])


@dataclass(frozen=True, slots=True)
class Line:
    """`began` and `over` as they are read in the account's zone."""

    words: Words
    url: str
    began: str
    over: str


def mail_of(row: AlertSettings, news: News) -> EmailMultiAlternatives:
    account = row.account
    orders = orders_waiting(account, [*news.begun, *news.still])
    begun, still, ended = (
        [_line(one, account, orders.get(one.pk)) for one in alerts[:LISTED]]
        for alerts in (news.begun, news.still, news.ended)
    )
    context = {
        "account": account,
        "begun": begun,
        "still": still,
        "ended": ended,
        "more": sum(max(len(alerts) - LISTED, 0) for alerts in (news.begun, news.still, news.ended)),
        "ruled": [
            replace(one, url=absolute(one.url), orders=[replace(of, url=absolute(of.url)) for of in one.orders])
            for one in rule_notices.told(news.ruled, account)
        ],
        "digest": row.digest,
        "alerts_url": absolute(panel_url(account, "integrations:alerts")),
        "settings_url": absolute(panel_url(account, "integrations:alert_settings")),
    }
    return _mail(account, _subject(row, news, begun, ended), "integrations/alert_mail", context, row.recipients)


def _subject(row: AlertSettings, news: News, begun: Sequence[Line], ended: Sequence[Line]) -> str:
    is_open = len(news.begun) + len(news.still)
    if news.ruled and not is_open and not news.ended:
        rules = {one.rule.name for one in news.ruled}
        orders = f"{len(news.ruled)} {'order' if len(news.ruled) == 1 else 'orders'}"
        return f"{orders}: {next(iter(rules))}" if len(rules) == 1 else f"{orders} that your rules tell of"
    if row.digest:
        return f"{is_open} open {'alert' if is_open == 1 else 'alerts'} today" if is_open else "All alerts are over"
    if len(news.begun) == 1:
        return begun[0].words.title
    if news.begun:
        return f"{len(news.begun)} things need somebody"
    return f"Over: {ended[0].words.title}" if len(news.ended) == 1 else f"{len(news.ended)} alerts are over"


def _line(alert: Alert, account: Account, orders: int | None) -> Line:
    words = words_of(alert, account, orders)
    return Line(words, absolute(words.url), moment(alert.opened_at, account), moment(alert.closed_at, account))


def trial_mail(account: Account, recipient: str) -> EmailMultiAlternatives:
    context = {"account": account, "settings_url": absolute(panel_url(account, "integrations:alert_settings"))}
    return _mail(account, "A test mail", "integrations/alert_mail_test", context, [recipient])


def send_now(mail: EmailMultiAlternatives) -> str:
    """Send it while somebody waits; what went wrong, in a sentence, or nothing."""
    try:
        mail.send()
    except smtplib.SMTPException as error:
        log.warning("The mail server refuses the test mail (%s)", type(error).__name__)
        return "The mail server did not take the mail. The operator finds the reason in the log."
    except OSError as error:
        log.warning("The mail server cannot be reached (%s)", type(error).__name__)
        return "The mail server does not answer. The operator looks at EMAIL_URL and at the server."
    return ""


def _mail(
    account: Account, subject: str, template: str, context: dict[str, Any], to: Sequence[str]
) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=" ".join(f"{account.name}: {subject}".split())[:180],
        body=render_to_string(f"{template}.txt", context),
        to=list(to),
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail


def absolute(url: str) -> str:
    return f"{settings.FCP_PUBLIC_URL.rstrip('/')}{url}"

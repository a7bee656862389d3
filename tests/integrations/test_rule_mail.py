"""Rules that ask to tell somebody: one mail for many orders, sent once, without a person's data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core import mail

from integrations.alert_mail import send_due
from integrations.models import AlertSettings
from orders import rule_saving
from orders.models import RuleNotice
from orders.rule_notices import LISTED, NEWS
from orders.rule_saving import Draft
from tests.build import ANN, NOW
from tests.orders.shop import Shop

pytestmark = pytest.mark.django_db

BIG = [{"field": "total", "is": "at_least", "values": ["100", "EUR"]}]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(monkeypatch)
    rule = rule_saving.save(shop.account, Draft("Big orders", "all", BIG, [{"do": "notify"}]), by="Ann", now=NOW)
    rule_saving.switch(rule, True, by="Ann", now=NOW)
    return shop


def tell(shop: Shop, **values: object) -> AlertSettings:
    return AlertSettings.objects.create(account=shop.account, recipients=["ops@example.com"], **values)


def big(shop: Shop, number: int = 1) -> list[str]:
    return [shop.order(total=Decimal("250")).number for _ in range(number)]


def test_orders_that_a_rule_tells_of_come_in_one_mail_and_once(shop: Shop, settings: object) -> None:
    settings.FCP_PUBLIC_URL = "https://panel.example.com"  # type: ignore[attr-defined]
    tell(shop)
    numbers = big(shop, 3)

    assert send_due(NOW + MINUTE) == 1
    assert send_due(NOW + 10 * MINUTE) == 0

    [message] = mail.outbox
    assert message.subject.endswith("3 orders: Big orders")
    assert all(number in message.body for number in numbers)
    assert f"https://panel.example.com/a/{shop.account.slug}/orders/" in message.body
    assert not any(word in message.body for word in (ANN.name, ANN.email, ANN.street1, ANN.postcode))


def test_of_many_orders_the_first_are_named_and_the_rest_counted(shop: Shop) -> None:
    tell(shop)
    big(shop, LISTED + 4)

    send_due(NOW + MINUTE)

    assert "and 4 more" in mail.outbox[0].body
    assert not RuleNotice.objects.filter(sent_at=None).exists()


def test_a_mail_that_somebody_else_is_sending_is_left_to_him_until_that_broke_off(shop: Shop) -> None:
    row = tell(shop, mailing_until=NOW + 4 * MINUTE)  # somebody who was killed had claimed it
    big(shop)

    assert send_due(NOW + MINUTE) == 0
    assert send_due(NOW + 5 * MINUTE) == 1
    row.refresh_from_db()
    assert row.mailing_until is None
    assert len(mail.outbox) == 1


def test_whoever_wants_one_mail_a_day_gets_them_with_it(shop: Shop) -> None:
    tell(shop, digest=True, digest_hour=18)
    big(shop)

    assert send_due(NOW + MINUTE) == 0
    assert send_due(NOW.replace(hour=18, minute=1)) == 1
    assert "Big orders" in mail.outbox[0].body


def test_what_was_asked_for_long_ago_while_nobody_was_told_is_no_news(shop: Shop) -> None:
    big(shop)
    tell(shop)

    assert send_due(NOW + NEWS + MINUTE) == 0
    assert mail.outbox == []

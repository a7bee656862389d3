"""Addresses that a merchant pastes into his store, so that it posts there what happens: /hooks/<platform>/<token>/.

An address works from the moment it is reserved, whether it is saved afterwards or not. The secret in it is all that
vouches for a message. It is found by its hash; while it is being exchanged the one before works for a day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from integrations.auditing import audit
from integrations.connectors import connector_class
from integrations.connectors.declaring import Choice, Platform
from integrations.errors import IntegrationError
from integrations.models import Hint, Integration, WebhookAddress

MOST = 20  # in force, of one integration
OLD_LASTS = dt.timedelta(hours=24)

GONE = "This address was revoked meanwhile. Create another one."


def types_of(integration: Integration) -> tuple[Choice, ...]:
    """What this store can be told to post."""
    return _platform(integration).announcements


def url_of(address: WebhookAddress) -> str:
    """The whole URL: a secret, for those who may connect stores."""
    return f"{settings.FCP_PUBLIC_URL}/hooks/{address.integration.store.platform}/{address.token}/"


# --- made by a person ------------------------------------------------------------------------------------------------


def reserve(integration: Integration, kind: str, *, by: str, now: dt.datetime) -> WebhookAddress:
    """An address that works at once; the same again while this person has neither saved nor used it.

    Raises IntegrationError.
    """
    if kind not in [choice.value for choice in types_of(integration)]:
        raise IntegrationError("Choose what the store shall tell us.", "kind", "kind")
    with transaction.atomic():
        # Locks the row by writing, so that of two at once one sees what the other made.
        Integration.objects.filter(pk=integration.pk).update(name=F("name"))
        mine = WebhookAddress.objects.filter(integration=integration, revoked_at=None)
        for address in mine.filter(kind=kind, reserved_by=by[:120], saved_at=None, events=0):
            if not Hint.objects.filter(address=address).exists():
                return address
        if mine.count() >= MOST:
            sentence = f"This integration has {MOST} webhook addresses. Revoke one that is not used any more."
            raise IntegrationError(sentence, "too_many", "kind")
        token = _new_token()
        address = WebhookAddress.objects.create(
            account_id=integration.account_id, integration=integration, kind=kind, token_hash=hash_of(token),
            token=token, reserved_at=now, reserved_by=by[:120],
        )  # fmt: skip
        _audit(address, "webhook_address_reserved", by, now)
    return address


def save(address: WebhookAddress, *, by: str, now: dt.datetime) -> None:
    """A reserved one counts as set up. Raises IntegrationError."""
    with transaction.atomic():
        if not _in_force(address).update(saved_at=now):
            raise IntegrationError(GONE, "revoked")
        _audit(address, "webhook_address_saved", by, now)


def exchange(address: WebhookAddress, *, by: str, now: dt.datetime) -> None:
    """Another secret, so another URL; the one of now works for a day longer. Raises IntegrationError."""
    token = _new_token()
    with transaction.atomic():
        mine = _in_force(address).filter(token_hash=address.token_hash)
        if not mine.update(
            token=token, token_hash=hash_of(token), old_hash=address.token_hash, old_until=now + OLD_LASTS
        ):
            raise IntegrationError("Somebody exchanged or revoked this address just now. Look again.", "changed")
        _audit(address, "webhook_address_exchanged", by, now)
    address.refresh_from_db()


def revoke(address: WebhookAddress, *, by: str, now: dt.datetime) -> bool:
    """From now on it refuses what is posted there; False when it did already."""
    with transaction.atomic():
        if not _in_force(address).update(revoked_at=now, revoked_by=by[:120]):
            return False
        _audit(address, "webhook_address_revoked", by, now)
    return True


def _in_force(address: WebhookAddress) -> QuerySet[WebhookAddress]:
    return WebhookAddress.objects.filter(pk=address.pk, revoked_at=None)


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """It has 256 random bits, so a plain fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _audit(address: WebhookAddress, code: str, by: str, now: dt.datetime) -> None:
    audit(address.integration, code, by, now, address=address.pk, kind=address.kind)


# --- found by what is posted there -----------------------------------------------------------------------------------


class Found(NamedTuple):
    """What a request needs to know of an address; in one question, for the store waits."""

    pk: int
    integration_id: int
    store_id: int
    store_uid: str
    orders_flow_id: int
    refuses: bool


# Asked with every message; making the ORM's form of the question takes ten times as long as answering it.
FIND_SQL = """
    SELECT address.id, address.integration_id, store.id, store.uid, flow.id,
        address.revoked_at IS NOT NULL OR {outdated}
    FROM integrations_webhookaddress address
    JOIN integrations_integration integration ON integration.id = address.integration_id
    JOIN fcp_store store ON store.id = integration.store_id
    JOIN integrations_flow flow ON flow.integration_id = integration.id AND flow.kind = 'orders'
    WHERE address.{column} = %s AND store.platform = %s
"""
BY_TOKEN = FIND_SQL.format(outdated="1 = 0", column="token_hash")
BY_OLD = FIND_SQL.format(outdated="address.old_until IS NULL OR address.old_until <= %s", column="old_hash")


def find(platform: str, token: str, now: dt.datetime) -> Found | None:
    """None for a token that nobody was ever given; it costs the same whatever the token."""
    hashed = hash_of(token)
    when = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        for question, asked in ((BY_TOKEN, [hashed, platform]), (BY_OLD, [when, hashed, platform])):
            cursor.execute(question, asked)
            if row := cursor.fetchone():
                pk, integration_id, store_id, store_uid, flow_id, refuses = row
                return Found(pk, integration_id, store_id, store_uid, flow_id, bool(refuses))
    return None


# --- what a page says of one -----------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """`state` is "reserved", "saved", "used" or "revoked"; `events` with those that wait to be looked at."""

    address: WebhookAddress
    label: str
    state: str
    events: int
    last_event_at: dt.datetime | None
    old_until: dt.datetime | None


def shown(integration: Integration, addresses: list[WebhookAddress], now: dt.datetime) -> list[Shown]:
    labels = {choice.value: choice.label for choice in types_of(integration)}
    waits: dict[int, list[dt.datetime]] = {}
    fresh = Hint.objects.filter(store=integration.store_id, done_at=None, replayed_at=None, address__isnull=False)
    for pk, at in fresh.order_by("-pk").values_list("address_id", "received_at")[:1000]:
        if pk is not None:
            waits.setdefault(pk, []).append(at)
    return [_shown(one, labels, waits.get(one.pk, []), now) for one in addresses]


def _shown(address: WebhookAddress, labels: dict[str, str], waits: list[dt.datetime], now: dt.datetime) -> Shown:
    events = address.events + len(waits)
    last = max(filter(None, [address.last_event_at, *waits]), default=None)
    old_until = address.old_until if address.old_until and address.old_until > now else None
    state = "used" if events else "saved" if address.saved_at else "reserved"
    if address.revoked_at:
        state, old_until = "revoked", None
    return Shown(address, labels.get(address.kind, address.kind), state, events, last, old_until)


def _platform(integration: Integration) -> Platform:
    return connector_class(integration.store.platform).platform

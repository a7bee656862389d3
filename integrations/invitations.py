"""Asking a store's owner, by e-mail, to connect his store. The link works once, for seven days, and needs no account.

The link stands for the account that asks: whoever holds it can connect one store of the platform to it, and sees
nothing else. So only its hash is kept, sending it again makes a new one, and connecting uses it up in the transaction
in which the integration is made: of two at once one wins, and where the store refuses, the link stays good.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from fcp.models import Account, AuditEntry
from fcp.panel import Waiting, panel_url
from integrations import connecting
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import Connected
from integrations.errors import IntegrationError
from integrations.models import Integration, Invitation

LASTS = dt.timedelta(days=7)
DAY = dt.timedelta(days=1)
MOST_A_DAY = 30  # mails of one account: it writes to strangers
MOST_TO_ONE = 5  # of them to one address
SENT = "invitation_sent"
NEWS = dt.timedelta(days=30)  # so long a store that was connected this way is news


class InvitationState(StrEnum):
    WAITING = "waiting"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


SENTENCES = {
    InvitationState.USED: "This link was used already. It works once; ask for another one if you have another store.",
    InvitationState.REVOKED: "This link was taken back by those who sent it. Ask them for another one.",
    InvitationState.EXPIRED: "This link is more than seven days old. Ask those who sent it for another one.",
}
UNKNOWN = "This is not a link that we sent. Look whether the address in your browser is complete."


def state_of(invitation: Invitation, now: dt.datetime) -> InvitationState:
    if invitation.used_at:
        return InvitationState.USED
    if invitation.revoked_at:
        return InvitationState.REVOKED
    return InvitationState.EXPIRED if invitation.expires_at <= now else InvitationState.WAITING


# --- asking ------------------------------------------------------------------------------------------------------


def invite(account: Account, platform: str, email: str, *, name: str, by: str, now: dt.datetime) -> Invitation:
    """Send the link. Raises IntegrationError when this account may have no other store, or the mail cannot be sent."""
    connecting.check_may_have_another(account, connector_class(platform).platform)
    token = _new_token()
    with transaction.atomic():
        _check_not_too_many(account, email, now)
        invitation = Invitation.objects.create(
            account=account, platform=platform, email=email, name=name.strip()[:120], token_hash=_hash(token),
            made_at=now, made_by=by[:120], expires_at=now + LASTS,
        )  # fmt: skip
        _audit(invitation, SENT, by, now)
    try:
        _send(invitation, token)
    except IntegrationError:
        invitation.delete()
        raise
    return invitation


def send_again(invitation: Invitation, *, by: str, now: dt.datetime) -> None:
    """A new link; the one before no longer works. Raises IntegrationError as `invite`, or where it was used.

    Where the mail cannot be sent, the link before is as good as it was.
    """
    token, before = _new_token(), _link(invitation)
    with transaction.atomic():
        _check_not_too_many(invitation.account, invitation.email, now)
        fresh = Invitation.objects.filter(pk=invitation.pk, token_hash=invitation.token_hash, used_at=None).update(
            token_hash=_hash(token), made_at=now, made_by=by[:120], expires_at=now + LASTS, revoked_at=None
        )
        if not fresh:
            raise _not_sent_again(invitation)
        _audit(invitation, SENT, by, now)
    try:
        _send(invitation, token)
    except IntegrationError:
        # Unless somebody took it back meanwhile.
        Invitation.objects.filter(pk=invitation.pk, token_hash=_hash(token), revoked_at=None).update(**before)
        raise


def _link(invitation: Invitation) -> dict[str, Any]:
    """What makes its link, and decides whether it is good."""
    return {
        name: getattr(invitation, name) for name in ("token_hash", "made_at", "made_by", "expires_at", "revoked_at")
    }


def _not_sent_again(invitation: Invitation) -> IntegrationError:
    if Invitation.objects.filter(pk=invitation.pk, used_at=None).exists():
        return IntegrationError("Somebody sent this link again just now. Look at the list.", "race")
    return IntegrationError(f"{invitation.email} has connected the store already.", "invitation_used")


def revoke(invitation: Invitation, *, by: str, now: dt.datetime) -> bool:
    """False where there was nothing to take back any more."""
    with transaction.atomic():
        done = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=now)
        if done:
            _audit(invitation, "invitation_revoked", by, now)
    return bool(done)


def _send(invitation: Invitation, token: str) -> None:
    link = settings.FCP_PUBLIC_URL + reverse("install:invitation", kwargs={"token": token})
    platform = connector_class(invitation.platform).platform
    context = {"invitation": invitation, "account": invitation.account, "platform": platform, "link": link}
    subject = " ".join(f"{invitation.account.name} asks you to connect your {platform.label} store".split())
    text = render_to_string("integrations/invitation_mail.txt", context)
    try:
        send_mail(subject, text, None, [invitation.email])
    except OSError as error:  # every SMTPException is one
        sentence = "The mail could not be sent. Check the address, or ask your operator whether mail is set up."
        raise IntegrationError(sentence, "mail_not_sent", "email") from error


def _check_not_too_many(account: Account, email: str, now: dt.datetime) -> None:
    """By what was sent, first and again: an invitation says only when it was sent last. First in a transaction.

    A mail that could not be sent counts too.
    """
    Account.objects.filter(pk=account.pk).update(name=F("name"))  # a lock: of two at once one sees the other
    sent = _sent_since(account, now - DAY)
    if len(sent) >= MOST_A_DAY:
        sentence = f"This account has sent {MOST_A_DAY} such mails within a day. Send the next one tomorrow."
        raise IntegrationError(sentence, "too_many_invitations")
    to_one = Invitation.objects.for_account(account).filter(email__iexact=email).values_list("pk", flat=True)
    same = set(to_one)
    if sum(pk in same for pk in sent) >= MOST_TO_ONE:
        sentence = f"{email} got {MOST_TO_ONE} such mails within a day. Send the next one tomorrow."
        raise IntegrationError(sentence, "too_many_invitations", "email")


def _sent_since(account: Account, since: dt.datetime) -> list[int]:
    """The invitation of each mail. Entries are found by account and id, so read back to the first that is older."""
    entries = AuditEntry.objects.for_account(account).order_by("-id").values_list("at", "code", "params")
    recent = takewhile(lambda entry: entry[0] > since, entries.iterator(chunk_size=200))
    return [params["invitation"] for _, code, params in recent if code == SENT]


# --- being asked -------------------------------------------------------------------------------------------------


def invitation_of(token: str) -> Invitation | None:
    """Whatever became of it. An unknown token costs the same one look into the index."""
    return Invitation.objects.filter(token_hash=_hash(token)).select_related("account").first()


def accept(
    invitation: Invitation,
    way: str,
    received: Mapping[str, str],
    *,
    now: dt.datetime,
    api_url: str = "",
    connected: Connected | None = None,
) -> Integration:
    """Connect the store to the account that asked, flows off, and use up the link.

    `connected` is what the store answered, where it was asked already. Raises SyncError when the store refuses and
    IntegrationError when it cannot be; then the link stays good.
    """
    account, by = invitation.account, f"The store's owner, asked by {invitation.made_by}"
    try:
        connecting.check_may_have_another(account, connector_class(invitation.platform).platform)
        connected = connected or connecting.ask_store(invitation.platform, way, received, now, api_url)
        with transaction.atomic():
            _use_up(invitation, now)
            integration = connecting.make_integration(
                account, invitation.platform, connected, by=by, now=now, name=invitation.name, api_url=api_url
            )
            Invitation.objects.filter(pk=invitation.pk).update(integration=integration)
            _audit(invitation, "invitation_used", by, now)
    except IntegrationError as error:
        raise _for_strangers(error, account) from error
    return integration


def _use_up(invitation: Invitation, now: dt.datetime) -> None:
    """As it was read: a link that was sent anew meanwhile is another one."""
    same = Invitation.objects.filter(pk=invitation.pk, token_hash=invitation.token_hash)
    good = same.filter(used_at=None, revoked_at=None, expires_at__gt=now)
    if not good.update(used_at=now):
        invitation.refresh_from_db()
        raise IntegrationError(SENTENCES.get(state_of(invitation, now), UNKNOWN), "invitation_gone")


def _for_strangers(error: IntegrationError, account: Account) -> IntegrationError:
    """The reason without what only the account's own people should read: the names of its other stores."""
    if error.code == "one_store_only":
        return IntegrationError(f"{account.name} takes no further store at present. Please tell them.", error.code)
    if error.code == "here":
        return IntegrationError(f"This store is connected to {account.name} already. Nothing is left to do.", "here")
    if error.code == "elsewhere":
        sentence = "This store is connected to another account of this panel. Tell those who asked you."
        return IntegrationError(sentence, "elsewhere")
    return error


# --- news for those who asked --------------------------------------------------------------------------------------


def unfinished(account: Account, now: dt.datetime) -> QuerySet[Invitation]:
    """Links by which a store was connected that nobody has set up yet."""
    used = Invitation.objects.for_account(account).filter(used_at__gt=now - NEWS, integration__isnull=False)
    off = Q(integration__flows__kind=FlowKind.ORDERS, integration__flows__due_at=None)
    return used.filter(off).select_related("integration").order_by("used_at")


def questions(account: Account, now: dt.datetime) -> Sequence[Waiting]:
    return [
        Waiting(
            text=f"{one.integration.name} was connected by its owner, as you asked.",
            url=panel_url(account, "integrations:setup", pk=one.integration_id),
            button="Finish Setup",
            note="Nothing comes in until its five settings are checked and Finish Setup is pressed",
            since=one.used_at,
        )
        for one in unfinished(account, now)[:5]
        if one.integration
    ]


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _audit(invitation: Invitation, code: str, by: str, now: dt.datetime) -> None:
    """Without the address: that stands in the invitation only, and goes with it."""
    params = {"invitation": invitation.pk, "platform": invitation.platform}
    AuditEntry.objects.create(account_id=invitation.account_id, at=now, actor=by[:120], code=code, params=params)

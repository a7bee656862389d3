"""Reaching a store: its connector with the key, the budget and the log of calls of one slice of a run.

with open_store(integration, FlowKind.ORDERS, now) as store:
    page = store.ask(lambda connector: connector.orders(window, token))
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from fcp.errors import Busy, Refused
from fcp.http import Exchange as Call
from fcp.http import Session
from fcp.insert import insert_rows
from fcp.models import Store
from integrations.budget import Purse, open_budget, pause
from integrations.connectors import connector_class
from integrations.connectors.base import AppSecrets, Bound, Connector, Credential, FlowKind
from integrations.models import Credential as StoredCredential
from integrations.models import Exchange, Integration
from integrations.settings_document import document_of

T = TypeVar("T")

RENEW_BEFORE = dt.timedelta(minutes=5)
# Time that one renewal has; nobody else tries meanwhile.
RENEWING = dt.timedelta(seconds=90)
EXCHANGE_COLUMNS = (
    "account", "store", "flow", "method", "path", "status", "milliseconds", "bytes", "body", "created_at",
)  # fmt: skip
TOKEN_EXPIRED = "token_expired"  # noqa: S105  # the code of an error


def app_secrets(platform: str) -> AppSecrets:
    """The operator's own app at a platform; empty when there is none."""
    name = f"FCP_{platform.upper()}"
    return AppSecrets(
        client_id=getattr(settings, f"{name}_APP_ID", ""),
        client_secret=getattr(settings, f"{name}_APP_SECRET", ""),
        public_key=getattr(settings, f"{name}_PUBLIC_KEY", ""),
    )


def credential_of(row: StoredCredential) -> Credential:
    return Credential(row.kind, json.loads(row.cipher), row.expires_at)


class OpenStore:
    """One store while a slice runs. `ask` makes a call of the connector, with a new token where the old one expired."""

    def __init__(self, integration: Integration, kind: FlowKind) -> None:
        self.integration = integration
        self.kind = kind
        self.platform = connector_class(integration.store.platform).platform
        self.purse = Purse(integration.store_id, kind)
        self.calls: list[tuple[Call, dt.datetime]] = []
        session = Session(self.platform.hosts, before_call=self.purse.spend, after_call=self._note)
        self._session = session
        self._row = StoredCredential.objects.get(integration=integration)
        self.connector = self._bind()

    def ask(self, question: Callable[[Connector], T]) -> T:
        """Raises SyncError. A refused token is renewed once and the question asked again."""
        now = timezone.now()
        if self._row.expires_at and self._row.expires_at <= now + RENEW_BEFORE:
            self._renew(now)
        try:
            try:
                return question(self.connector)
            except Refused as error:
                if error.code != TOKEN_EXPIRED:
                    raise
                self._renew(timezone.now())
                return question(self.connector)
        except Busy as error:
            if error.until and error.code != "our_budget":
                pause(self.integration.store_id, error.until)
            raise

    def close(self) -> None:
        """Write the log of calls and give back what was not used of the budget."""
        store: Store = self.integration.store
        whose = (store.account_id, store.pk, self.kind.value)
        rows = [(*whose, c.method, c.path, c.status, c.milliseconds, c.bytes, c.body, at) for c, at in self.calls]
        insert_rows(Exchange, EXCHANGE_COLUMNS, rows)
        self.calls.clear()
        self.purse.close()

    def _note(self, call: Call) -> None:
        self.calls.append((call, timezone.now()))

    def _bind(self) -> Connector:
        store = self.integration.store
        document = document_of(self.integration)
        bound = Bound(
            session=self._session,
            variant=self.integration.variant,
            credential=credential_of(self._row),
            app=app_secrets(store.platform),
            api_url=str(document.get("api_url") or self.platform.api_url),
        )
        return connector_class(store.platform)(bound)

    def _renew(self, now: dt.datetime) -> None:
        """A new token, asked for by one runner at a time: at some platforms each renewal ends the token before it."""
        seen = self._row
        mine = StoredCredential.objects.filter(pk=seen.pk, changed_at=seen.changed_at)
        if mine.filter(Q(renewing_until=None) | Q(renewing_until__lte=now)).update(renewing_until=now + RENEWING):
            try:
                fresh = self.connector.renew(now)
            except BaseException:
                mine.update(renewing_until=None)
                raise
            save_credential(self.integration, fresh, timezone.now())
        self._row = StoredCredential.objects.get(pk=seen.pk)
        if self._row.changed_at == seen.changed_at:
            raise Busy("another run is renewing the token", until=now + dt.timedelta(seconds=5), code="our_budget")
        self.connector = self._bind()


def save_credential(integration: Integration, credential: Credential, now: dt.datetime) -> None:
    StoredCredential.objects.update_or_create(
        integration=integration,
        kind=credential.kind,
        defaults={
            "account_id": integration.account_id,
            "cipher": json.dumps(dict(credential.values)),
            "expires_at": credential.expires_at,
            "changed_at": now,
            "renewing_until": None,
        },
    )


@contextmanager
def open_store(integration: Integration, kind: FlowKind, now: dt.datetime) -> Iterator[OpenStore]:
    """The budget's row is made if it is missing; the log of calls is written however the block ends."""
    store = OpenStore(integration, kind)
    open_budget(integration.store_id, store.platform.calls_per_minute, now)
    try:
        yield store
    finally:
        store.close()

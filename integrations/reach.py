"""Reaching a store: its connector with the key, the budget and the log of calls of one slice of a run.

with open_store(integration, FlowKind.ORDERS, now) as store:
    page = store.ask(lambda connector: connector.orders(window, token))
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.utils import timezone

from fcp.env import APP_VALUES
from fcp.errors import Busy, Refused
from fcp.http import Exchange as Call
from fcp.http import Session, is_sandbox
from fcp.insert import insert_rows
from fcp.models import Store
from fcp.secrets import UnreadableSecret
from integrations.budget import Purse, open_budget, pause
from integrations.connectors import CONNECTORS, connector_class
from integrations.connectors.base import Bound, Connector
from integrations.connectors.declaring import FlowKind
from integrations.connectors.shapes import AppSecrets, Credential
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
A_MOMENT = dt.timedelta(seconds=5)
# Seconds that the calls of one slice have together, where the queue says nothing else; a call that would have to answer
# sooner than the shortest wait is left to the next slice.
CALLS_SECONDS, SHORTEST_WAIT = 90.0, 3.0
NO_KEY = "This integration has no key of the store. Reconnect it."
UNREADABLE_KEY = "The stored key cannot be opened any more. Reconnect the integration."
STORE_IDS = ("store_id", "site_id", "instance")  # what the names of stores' ids begin with in that file
TOKEN_EXPIRED = "token_expired"  # noqa: S105  # the code of an error


def app_secrets(platform: str) -> AppSecrets:
    """The operator's own app at a platform, else that of the stand-in store; without an id when there is none."""
    names = ("APP_ID", "APP_SECRET", "PUBLIC_KEY", "INSTALLER_URL", "MARKET_URL")
    said = {name: str(getattr(settings, f"FCP_{platform.upper()}_{name}", "")) for name in names}
    if not said["APP_ID"]:
        said |= {name: value for name in names if (value := said[name] or _stand_in(platform).get(name.lower(), ""))}
    said["INSTALLER_URL"] = said["INSTALLER_URL"] or connector_class(platform).platform.installer_url
    return AppSecrets(*(said[name] for name in names))


def check_apps() -> None:
    """Raises ImproperlyConfigured for an app of no platform: one that is misspelt would only never be used."""
    for name in dir(settings):
        if APP_VALUES.fullmatch(name) and name.split("_")[1].lower() not in CONNECTORS:
            known = ", ".join(f"FCP_{key.upper()}" for key in CONNECTORS)
            raise ImproperlyConfigured(f"{name} is of no platform that is known here. Begin it with one of: {known}.")


def own_app_of(platform: str, install_uid: str) -> AppSecrets | None:
    """The app that a store has for itself, whose secret came with its key; None where it has none."""
    rows = StoredCredential.objects.filter(
        integration__store__platform=platform,
        integration__store__install_uid=install_uid,
        integration__store__connected=True,
    )
    try:
        values = [credential_of(row).values for row in rows]
    except UnreadableSecret:
        return None
    return next((AppSecrets(client_secret=one["client_secret"]) for one in values if one.get("client_secret")), None)


def _stand_in(platform: str) -> dict[str, str]:
    """What the stand-in stores say of themselves, from the file that they leave; empty where they do not run."""
    if not settings.FCP_SANDBOX:
        return {}
    try:
        info: dict[str, str] = json.loads((settings.FCP_DATA_DIR / "sandbox.info.json").read_text())[platform]
    except (FileNotFoundError, KeyError):
        return {}
    return info


def stand_in_address(platform: str, way: str, received: Mapping[str, str]) -> str:
    """Where the calls to a stand-in store go; empty for a real one.

    So that whoever tries the demo connects its stores as he would his own. What a person typed only chooses between
    the platform's own address and that of the sandbox, which production refuses.
    """
    declared = connector_class(platform).platform
    by_app = any(one.needs_app for one in declared.ways_in if one.key == way)
    installer = urlsplit(app_secrets(platform).installer_url)
    ids = {value.lower() for name, value in _stand_in(platform).items() if name.startswith(STORE_IDS)}
    typed = {value.strip().lower() for value in received.values()}
    if not (by_app and is_sandbox(installer)) and not ids & typed:
        return ""
    return f"http://127.0.0.1:{settings.FCP_SANDBOX_PORT}/{platform}{urlsplit(declared.api_url).path}"


def credential_of(row: StoredCredential) -> Credential:
    return Credential(row.kind, json.loads(row.cipher), row.expires_at)


class OpenStore:
    """One store while a slice runs. `ask` makes a call of the connector, with a new token where the old one expired.

    Whoever takes longer than the queue allows is killed, and what the store said goes with him. So a call waits for
    half of the `seconds` that are left, if that is less than what is usual: however many hang one after another, also
    those whose answer stalls at its end, all of them end in time.
    """

    def __init__(self, integration: Integration, kind: FlowKind, seconds: float = CALLS_SECONDS) -> None:
        self.integration = integration
        self.kind = kind
        self.platform = connector_class(integration.store.platform).platform
        self.purse = Purse(integration.store_id, kind)
        self.calls: list[tuple[Call, dt.datetime]] = []
        self.log_all = True
        self.still_ours: Callable[[], None] = nothing  # called before each call; raises where nobody may go on
        self._session = Session(self.platform.hosts, before_call=self._begin_call, after_call=self._note)
        self._patience, self._ends = self._session.timeout, time.monotonic() + seconds
        self._row: StoredCredential | None = None
        self._connector: Connector | None = None

    @property
    def connector(self) -> Connector:
        """Bound to the key as it was last read. Raises Refused when there is none that can be used."""
        if self._connector is None:
            self._row = self._stored()
            self._connector = self._bind(self._row)
        return self._connector

    def ask(self, question: Callable[[Connector], T]) -> T:
        """Raises SyncError. A refused token is renewed once and the question asked again."""
        try:
            connector, now = self.connector, timezone.now()
            if self._row and self._row.expires_at and self._row.expires_at <= now + RENEW_BEFORE:
                connector = self._renew(self._row, now)
            try:
                return question(connector)
            except Refused as error:
                if error.code != TOKEN_EXPIRED or self._row is None:
                    raise
                return question(self._renew(self._row, timezone.now()))
        except Busy as error:
            if error.until and error.code != "our_budget":
                pause(self.integration.store_id, error.until)
            raise

    def close(self) -> None:
        """Write the log of calls and give back what was not used of the budget."""
        store: Store = self.integration.store
        whose = (store.account_id, store.pk, self.kind.value)
        # Log level "error": only what failed, with what the store said.
        kept = self.calls if self.log_all else [(c, at) for c, at in self.calls if _failed(c)]
        rows = [(*whose, c.method, c.path, c.status, c.milliseconds, c.bytes, c.body, at) for c, at in kept]
        insert_rows(Exchange, EXCHANGE_COLUMNS, rows)
        self.calls.clear()
        self.purse.close()

    def _begin_call(self) -> None:
        """Raises Busy where the budget or the time of the slice is used up."""
        if (self._ends - time.monotonic()) / 2 < SHORTEST_WAIT:
            raise Busy("no time left for another call", until=timezone.now(), code="our_budget")
        self.still_ours()
        self.purse.spend()
        self._session.timeout = min(self._patience, max((self._ends - time.monotonic()) / 2, SHORTEST_WAIT))

    def _note(self, call: Call) -> None:
        self.calls.append((call, timezone.now()))

    def _stored(self) -> StoredCredential:
        try:
            return StoredCredential.objects.get(integration=self.integration)
        except StoredCredential.DoesNotExist:
            raise Refused("no credential", code="no_key", sentence=NO_KEY) from None
        except UnreadableSecret as error:
            raise Refused(str(error), code="key_unreadable", sentence=UNREADABLE_KEY) from None

    def _bind(self, row: StoredCredential) -> Connector:
        store = self.integration.store
        document = document_of(self.integration)
        self.log_all = document.get("log_level") != "error"
        bound = Bound(
            session=self._session,
            variant=self.integration.variant,
            credential=credential_of(row),
            app=app_secrets(store.platform),
            api_url=str(document.get("api_url") or self.platform.api_url),
        )
        return connector_class(store.platform)(bound)

    def _renew(self, seen: StoredCredential, now: dt.datetime) -> Connector:
        """A new token, asked for by one runner at a time: at some platforms each renewal ends the token before it."""
        mine = StoredCredential.objects.filter(pk=seen.pk, changed_at=seen.changed_at)
        if mine.filter(Q(renewing_until=None) | Q(renewing_until__lte=now)).update(renewing_until=now + RENEWING):
            try:
                fresh = self.connector.renew(now)
            except BaseException:
                mine.update(renewing_until=None)
                raise
            # Only as it was read: who reconnected meanwhile gave a newer key, or took this kind away.
            mine.update(**_columns(fresh, timezone.now()))
        self._connector = None
        connector = self.connector
        if self._row and self._row.changed_at == seen.changed_at:
            raise Busy("another run is renewing the token", until=now + A_MOMENT, code="our_budget")
        return connector


def nothing() -> None:
    pass


def _failed(call: Call) -> bool:
    return call.status is None or call.status >= 400 or bool(call.body)


def save_credential(integration: Integration, credential: Credential, now: dt.datetime) -> None:
    StoredCredential.objects.update_or_create(
        integration=integration,
        kind=credential.kind,
        defaults={"account_id": integration.account_id, **_columns(credential, now)},
    )


def _columns(credential: Credential, now: dt.datetime) -> dict[str, Any]:
    return {
        "cipher": json.dumps(dict(credential.values)),
        "expires_at": credential.expires_at,
        "changed_at": now,
        "renewing_until": None,
    }


@contextmanager
def open_store(
    integration: Integration, kind: FlowKind, now: dt.datetime, seconds: float = CALLS_SECONDS
) -> Iterator[OpenStore]:
    """The budget's row is made if it is missing; the log of calls is written however the block ends."""
    store = OpenStore(integration, kind, seconds)
    open_budget(integration.store_id, store.platform.calls_per_minute, now)
    try:
        yield store
    finally:
        store.close()

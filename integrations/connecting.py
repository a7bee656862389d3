"""Connecting a store, connecting it again with another key, and letting go of it.

The store outlives its integration: orders, listings and mappings point to it, and whoever connects the same store
again, by any way in, finds the same one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from fcp.errors import Scope, SyncError
from fcp.http import Session
from fcp.models import Account, Store
from fcp.roles import May, roles_that_may
from integrations.auditing import audit
from integrations.connectors import connector_class
from integrations.connectors.declaring import Platform
from integrations.connectors.shapes import Connected
from integrations.deliveries import APP_HINTS
from integrations.errors import IntegrationError
from integrations.lease import switch_off
from integrations.models import Credential, Flow, Hint, Integration
from integrations.nicknames import nickname_for
from integrations.reach import app_secrets, save_credential
from integrations.runs import unblock
from integrations.settings_document import Document, defaults, document_of, validate
from integrations.settings_saving import apply, lock, new_version, save
from integrations.store_facts import facts_of
from integrations.telling import stop_telling
from inventory.models import Warehouse

KEEPS_ITS_KEY = "The integration keeps the key it has"
ONE_STORE = "one"  # the account setting "<platform>_stores": "several" (default) or "one"


def ask_store(
    platform_key: str, way: str, received: Mapping[str, str], now: dt.datetime, api_url: str = ""
) -> Connected:
    """Call the store with what the person gave, and hear which store it is. Raises SyncError."""
    connector = connector_class(platform_key)
    session = Session(connector.platform.hosts)
    url = api_url or connector.platform.api_url
    return connector.finish(way, app_secrets(platform_key), received, session, url, now)


def why_not(error: SyncError | IntegrationError, outcome: str = "Nothing was connected") -> str:
    """What a person reads whose store could not be asked: here nobody tries again but himself."""
    if isinstance(error, SyncError) and error.scope is Scope.CALL and error.sentence == type(error).sentence:
        return f"{error.cause} {outcome}; try again in a few minutes."
    return error.sentence


def connect(
    account: Account,
    platform_key: str,
    way: str,
    received: Mapping[str, str],
    *,
    by: str,
    now: dt.datetime,
    name: str = "",
    given: Mapping[str, Any] | None = None,
    api_url: str = "",
) -> Integration:
    """Make the integration of a store: not live, every flow off but the locations.

    `given` are settings that differ from the defaults (see `settings_document.validate`). Raises SyncError when the
    store refuses, IntegrationError when this account may not have it or a setting is wrong; its `field` names which.
    """
    check_may_have_another(account, connector_class(platform_key).platform)
    connected = ask_store(platform_key, way, received, now, api_url)
    return make_integration(account, platform_key, connected, by=by, now=now, name=name, given=given, api_url=api_url)


def make_integration(
    account: Account,
    platform_key: str,
    connected: Connected,
    *,
    by: str,
    now: dt.datetime,
    name: str = "",
    given: Mapping[str, Any] | None = None,
    api_url: str = "",
) -> Integration:
    """The second half of `connect`, without a call to the store: it may let us in by what was given once only.

    Raises IntegrationError.
    """
    platform = connector_class(platform_key).platform
    document = _first_document(platform, account, connected, given or {}, api_url)
    try:
        with transaction.atomic():
            if _one_only(account, platform):  # locked by writing, so that of two at once one sees the other
                Account.objects.filter(pk=account.pk).update(name=F("name"))
            check_may_have_another(account, platform)
            store = _store(account, platform, connected)
            return _make(store, connected, document, name.strip()[:120] or connected.name[:120], by, now)
    except IntegrityError:
        # Two persons at once: the constraints let one of them through.
        sentence = "Somebody connected this store just now. Look at the list of integrations."
        raise IntegrationError(sentence, "race") from None


def _one_only(account: Account, platform: Platform) -> bool:
    return bool(account.settings.get(f"{platform.key}_stores") == ONE_STORE)


def check_may_have_another(account: Account, platform: Platform) -> None:
    """Raises IntegrationError where the account's setting allows one store of the platform, and it has one."""
    if not _one_only(account, platform):
        return
    other = Integration.objects.for_account(account).filter(store__platform=platform.key).first()
    if other:
        who = " or ".join(role.lower() for role in roles_that_may(May.MANAGE))
        raise IntegrationError(
            f"This account may have one {platform.label} store only, and {other.name} is connected. "
            f"The account setting “{platform.label} stores in this account” says so; "
            f"the account's {who} can change it to Several.",
            "one_store_only",
        )


def _store(account: Account, platform: Platform, connected: Connected) -> Store:
    """The account's row of this store, from before or made now."""
    same = Store.objects.filter(platform=platform.key, uid=connected.store_uid)
    if same.filter(connected=True).exclude(account=account).exists():
        raise IntegrationError(
            "This store is connected to another account of this panel. It has to be deleted there first.", "elsewhere"
        )
    if there := Integration.objects.filter(store__in=same.filter(account=account)).first():
        raise IntegrationError(
            f"This store is connected already, as {there.name}. To give it another key, reconnect it there.", "here"
        )
    page = platform.order_page.replace("{store}", connected.store_uid)
    facts = facts_of(connected) | {"connected": True, "order_page": page}
    store, _ = Store.objects.update_or_create(
        account=account, platform=platform.key, uid=connected.store_uid, defaults=facts
    )
    return store


def first_defaults(platform: Platform, account: Account) -> Document:
    """What a new integration of this account starts with where nobody says otherwise: its only warehouse, too."""
    document = defaults(platform)
    warehouses = list(Warehouse.objects.for_account(account).values_list("pk", flat=True)[:2])
    if len(warehouses) == 1 and "warehouse" in document:
        document["warehouse"] = warehouses[0]
    return document


def _first_document(
    platform: Platform, account: Account, connected: Connected, given: Mapping[str, Any], api_url: str
) -> Document:
    document = first_defaults(platform, account) | _told(platform, connected)
    if api_url and "api_url" in document:
        document["api_url"] = api_url
    checked = validate(platform, given, document, account)
    for key, sentence in checked.errors.items():
        raise IntegrationError(sentence, "setting", key)
    return checked.document


def _told(platform: Platform, connected: Connected) -> Document:
    """The settings that the store itself says."""
    said = {setting.key: getattr(connected, setting.said) for setting in platform.settings if setting.said}
    return {key: value for key, value in said.items() if value}


def _make(store: Store, connected: Connected, document: Document, name: str, by: str, now: dt.datetime) -> Integration:
    account = store.account
    platform = connector_class(store.platform).platform
    number = new_version(store, document, by=by, now=now, why="connected")
    integration = Integration.objects.create(
        account=account, store=store, name=name, nickname=nickname_for(account, name, platform.label),
        variant=connected.variant[:20], settings_version=number, settled_version=number,
    )  # fmt: skip
    save_credential(integration, connected.credential, now)
    for offer in platform.flows:
        Flow.objects.create(account=account, integration=integration, kind=offer.kind.value)
    apply(integration, document, now)
    _audit(integration, "integration_connected", by, now)
    return integration


def integration_of(platform_key: str, uid: str) -> Integration | None:
    """The integration that reaches this store now, in whichever account."""
    stores = Store.objects.filter(platform=platform_key, uid=uid, connected=True)
    return Integration.objects.filter(store__in=stores).select_related("store", "account").first()


def welcome_back(
    integration: Integration,
    way: str,
    received: Mapping[str, str],
    *,
    by: str,
    now: dt.datetime,
    api_url: str = "",
    connected: Connected | None = None,
) -> bool:
    """A store that is connected came by again with its app. Whether that unblocked it. Raises SyncError.

    Only what is blocked is touched, and only where it comes by the same kind of key: a working API key is not
    replaced by somebody who opens the app. `connected` is what the store answered, where it was asked already.
    """
    platform = connector_class(integration.store.platform).platform
    kind = next((one.kind or one.key for one in platform.ways_in if one.key == way), way)
    blocked = Flow.objects.filter(integration=integration, blocked=True)
    if not blocked.exists() or not integration.credentials.filter(kind=kind).exists():
        return False
    connected = connected or ask_store(platform.key, way, received, now, api_url)
    with transaction.atomic():
        lock(integration)
        if not integration.credentials.filter(kind=kind).exists():  # reconnected with another key meanwhile
            return False
        Store.objects.filter(pk=integration.store_id).update(**facts_of(connected))
        save_credential(integration, connected.credential, now)
        hear_no_more(integration.store, now)
        unblock(integration, now)
        _audit(integration, "integration_reinstalled", by, now)
    return True


def reconnect(
    integration: Integration, way: str, received: Mapping[str, str], *, by: str, now: dt.datetime, api_url: str = ""
) -> None:
    """Take another key of the same store; blocked flows go on at once. Raises as `connect`.

    What variant it is now the flows find out, and do what follows from a move (`integrations.migrating`).
    """
    store = integration.store
    connected = ask_store(store.platform, way, received, now, api_url)
    if connected.store_uid != store.uid:
        raise IntegrationError(
            f"This key belongs to another store, {connected.name}. {store.name} keeps the key it has.", "other_store"
        )
    with transaction.atomic():
        lock(integration)  # the settings may have been saved while the store answered
        Store.objects.filter(pk=store.pk).update(**facts_of(connected))
        platform = connector_class(store.platform).platform
        save(integration, document_of(integration) | _told(platform, connected), by=by, now=now, why="reconnected")
        Credential.objects.filter(integration=integration).exclude(kind=connected.credential.kind).delete()
        save_credential(integration, connected.credential, now)
        hear_no_more(store, now)
        unblock(integration, now)
        _audit(integration, "integration_reconnected", by, now)


def hear_no_more(store: Store, now: dt.datetime) -> None:
    """What the store told of our app before now no longer counts: it let us in just now."""
    Hint.objects.filter(store=store, kind__in=APP_HINTS, done_at=None).update(done_at=now)


def delete(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """Remove the integration with its key and flows. The store stays, with its orders, listings and mappings."""
    with transaction.atomic():
        try:
            lock(integration)
        except IntegrationError:
            return  # somebody else did
        # What runs writes no more from here on; Django deletes the rows of runs first, then the flows.
        switch_off(Flow.objects.filter(integration=integration))
        _audit(integration, "integration_deleted", by, now)
        store = integration.store
        integration.delete()
        Store.objects.filter(pk=store.pk).update(connected=False, hands_over=False, tells_shipments=False)
        stop_telling(store, now=now)


def _audit(integration: Integration, code: str, by: str, now: dt.datetime) -> None:
    audit(integration, code, by, now, store=integration.store_id, platform=integration.store.platform)

"""Saving the settings of an integration, and what follows: flows on and off, the store's flags, orders decided anew."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.db import transaction
from django.db.models import F, Max, QuerySet

from fcp.models import Store
from integrations import channel_mode
from integrations.auditing import audit
from integrations.budget import set_rate
from integrations.connectors import CONNECTORS, connector_class
from integrations.connectors.declaring import FlowKind, Mode, Platform
from integrations.errors import IntegrationError
from integrations.lease import DAILY, hold, jitter_of, next_slot, outdate, ring, switch_off
from integrations.models import Flow, Integration, SettingsVersion
from integrations.queue import Queue, enqueue
from integrations.rates import THROUGHPUT, rate_of
from integrations.settings_document import FLOWS, Document, document_of, flow_is_on
from integrations.settings_in_force import documents_of_stores
from integrations.since_enabled import Choices, From, asked, carry_out, dated, in_words, said, switched
from integrations.telling import stop_telling

SUPPRESS = "suppress_persons"
# Flows that look at once at what other settings mean for what they have left out, or sent.
LOOK_AGAIN = (FlowKind.ORDERS, FlowKind.INVENTORY)


def save(
    integration: Integration,
    document: Document,
    *,
    by: str,
    now: dt.datetime,
    why: str = "",
    based_on: int | None = None,
    again: Choices | None = None,
) -> bool:
    """Put a document (from `settings_document.validate`) in force; False when it says what is in force already.

    `based_on` is the version that the person saw, `again` what was said of flows that are switched on again
    (`since_enabled`). Raises IntegrationError when somebody else saved meanwhile, or when the store could not be heard
    the way that was chosen.
    """
    with transaction.atomic():
        lock(integration)
        before = document_of(integration)
        document = dated(document, before, again, now)
        changed = sorted(key for key in document if document[key] != before.get(key))
        if not changed:  # so also on a second click
            return False
        if based_on is not None and based_on != integration.settings_version:
            raise IntegrationError(
                "Somebody else saved these settings meanwhile. Look at them again, then save.", "settings_changed"
            )
        channel_mode.check(integration, before, document)
        questions = asked(integration, document)
        why = "; ".join(filter(None, (why, in_words(questions, again))))
        number = new_version(integration.store, document, by=by, now=now, why=why)
        Integration.objects.filter(pk=integration.pk).update(settings_version=number)
        integration.settings_version = number
        apply(integration, document, now, again)
        switched_on_again = {one.kind.value: said(again, one.kind).value for one in questions}
        more = {"again": switched_on_again} if switched_on_again else {}
        audit(integration, "settings_saved", by, now, version=number, changed=changed, **more)
        enqueue(Queue.DEFAULT, "integrations.tasks.settle_store", [(integration.store_id,)], now)
        if document.get(SUPPRESS) and not before.get(SUPPRESS):
            enqueue(Queue.DEFAULT, "integrations.tasks.forget_persons", [(integration.store_id,)], now)
        looking = Flow.objects.filter(integration=integration, kind__in=LOOK_AGAIN).values_list("pk", flat=True)
        transaction.on_commit(partial(ring, list(looking), now, trigger="schedule"))
    return True


def lock(integration: Integration) -> None:
    """Of two who change it one sees what the other did. First in a transaction; the object is read again.

    Raises IntegrationError where it was deleted meanwhile.
    """
    hold(Flow.objects.filter(integration=integration))
    # By writing what stands there: the object may hold an older name.
    if not Integration.objects.filter(pk=integration.pk).update(name=F("name")):
        raise IntegrationError("Somebody deleted this integration meanwhile.", "deleted")
    integration.refresh_from_db()


def new_version(store: Store, document: Document, *, by: str, now: dt.datetime, why: str = "") -> int:
    """Numbered per store, so that an order's number means the same after the store was connected anew."""
    versions = SettingsVersion.objects.filter(store=store)
    number = int(versions.aggregate(last=Max("number"))["last"] or 0) + 1
    SettingsVersion.objects.create(
        account_id=store.account_id, store=store, number=number, document=document, at=now, by=by[:120], why=why[:200]
    )
    return number


def apply(integration: Integration, document: Document, now: dt.datetime, again: Choices | None = None) -> None:
    """Bring flows, budget and the store's flags in line with the document. In the caller's transaction."""
    platform = connector_class(integration.store.platform).platform
    set_rate(integration.store_id, rate_of(platform, document).calls_per_minute, now)
    flows = list(Flow.objects.filter(integration=integration).order_by("pk"))
    for flow in flows:
        _apply_flow(flow, document, said(again, FlowKind(flow.kind)), now)
    _begin_anew(Flow.objects.filter(integration=integration, kind=FlowKind.ORDERS), now)
    told_before = integration.store.tells_shipments
    mirror(integration, document)
    if told_before and not integration.store.tells_shipments:
        stop_telling(integration.store, now=now)
    for flow in flows:
        if flow_is_on(document, flow.kind):
            carry_out(flow, integration.store, said(again, FlowKind(flow.kind)), now)


def mirror(integration: Integration, document: Document) -> None:
    """Write what lower apps need to know of an integration into its store's row."""
    store = integration.store
    store.connected = True
    store.hands_over = integration.live and not integration.paused
    store.tells_shipments = flow_is_on(document, FlowKind.FULFILLMENTS)
    store.save(update_fields=["connected", "hands_over", "tells_shipments"])


def _apply_flow(flow: Flow, document: Document, choice: From, now: dt.datetime) -> None:
    setting = document[FLOWS][flow.kind]
    interval = _interval(flow.kind, document)
    flows = Flow.objects.filter(pk=flow.pk)
    flows.exclude(mode=setting["mode"], interval=interval).update(mode=setting["mode"], interval=interval)
    runs, other_mode = _runs(flow.kind, document), flow.mode != setting["mode"]
    if other_mode:
        flows.update(**switched(flow, Mode(setting["mode"]), document, choice, now))
    if not runs:
        if flow.due_at is not None:
            switch_off(flows)
    elif flow.due_at is None:
        flows.update(due_at=now, enabled_since=now, jitter=jitter_of(flow.pk))
        # A first pull is watched, so it has its run row at once; a first push often has nothing to do.
        trigger = "first" if setting["mode"] == Mode.PULL else "schedule"
        transaction.on_commit(partial(ring, [flow.pk], now, trigger=trigger))
    elif other_mode:
        outdate(flows)
        flows.update(due_at=now)
        transaction.on_commit(partial(ring, [flow.pk], now, trigger="schedule"))
    elif interval != flow.interval:
        flows.filter(due_at__gt=next_slot(now, interval, flow.jitter)).update(
            due_at=next_slot(now, interval, flow.jitter)
        )


def _begin_anew(flows: QuerySet[Flow], now: dt.datetime) -> None:
    """A slice that is running goes by the settings it began with: what it has not stored yet is stored by another one,
    under these. What it has stored is here, so that whoever looks at the orders after this save finds all of them.
    """
    if flows.filter(started_at__isnull=False).update(due_at=now):
        outdate(flows)


def _runs(kind: str, document: Document) -> bool:
    if kind == FlowKind.PRODUCTS and flow_is_on(document, FlowKind.INVENTORY):
        return True  # stock can only be sent to listings that were read
    return flow_is_on(document, kind)


def _interval(kind: str, document: Document) -> int | None:
    if kind == FlowKind.ORDERS and document.get("channel_mode") == "webhooks" and flow_is_on(document, kind):
        return DAILY  # the store tells us; once a day we look for what it failed to tell
    interval: int | None = document[FLOWS][kind]["interval"]
    return interval


def switched_on(document: Document, platform: Platform, kinds: tuple[FlowKind, ...]) -> Document:
    """The document with these flows on, at the interval it has for them or else the proposed one."""
    flows = dict(document[FLOWS])
    for offer in platform.flows:
        if offer.kind in kinds:
            before = flows[offer.kind.value]
            mode = offer.modes[0].value if before["mode"] == Mode.DISABLED else before["mode"]
            flows[offer.kind.value] = {"mode": mode, "interval": before["interval"] or offer.interval}
    return document | {FLOWS: flows}


# --- profiles of the operator ---------------------------------------------------------------------------------------


def users_of_profile(platform_key: str, key: str) -> list[Store]:
    """The connected stores whose settings name this profile of Throughput."""
    found = documents_of_stores(platform=platform_key, connected=True)
    return [store for store, document in found if document.get(THROUGHPUT) == key]


def apply_profile(platform_key: str, key: str, now: dt.datetime) -> int:
    """A profile was changed, added or taken away: whoever uses it is called at its rate from now on. How many."""
    if platform_key not in CONNECTORS:
        return 0
    rate = rate_of(connector_class(platform_key).platform, {THROUGHPUT: key})
    users = users_of_profile(platform_key, key)
    for store in users:
        set_rate(store.pk, rate.calls_per_minute, now)
    return len(users)

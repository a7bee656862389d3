"""What django-q runs. Tasks carry ids, never the work: each looks in the tables for what there is to do."""

from __future__ import annotations

import time

from django.utils import timezone

from fcp.models import Store
from integrations import lease
from integrations.alert_mail import send_due
from integrations.alerts import look
from integrations.connectors.declaring import FlowKind
from integrations.flows import fulfillments, inventory, locations, orders, products
from integrations.keeping import forget_of_store
from integrations.models import Flow, Integration
from integrations.prune import prune as prune_all
from integrations.queue import Queue, enqueue
from integrations.runs import Work, run_slice
from integrations.settings_document import rules_in_force
from integrations.tick import tick as run_tick
from inventory import level_import
from mappings import word_import
from orders import curing, following, release, remapping, rule_settling, settle, timed, tracking_import

WORK: dict[str, Work] = {
    FlowKind.ORDERS: orders.pull,
    FlowKind.FULFILLMENTS: fulfillments.push,
    FlowKind.PRODUCTS: products.sync,
    FlowKind.INVENTORY: inventory.push,
    FlowKind.LOCATIONS: locations.pull,
}


# Words settled in one task; what is left goes on in the next one, behind whoever waits already.
WORDS_AT_A_TIME = 100

# The same of products and ways of shipping that changed, and of holds whose time came.
THINGS_AT_A_TIME = 20
HOLDS_AT_A_TIME = 2000

# Seconds that one task decides orders again by other rules.
RULES_SECONDS = 20.0

# Seconds that one task writes levels of a file, or lets orders go; others wait behind it no longer.
LEVELS_SECONDS = 20.0
CURE_SECONDS = 20.0


def run_flow(flow_id: int, gen: int) -> None:
    """One slice of a flow. Without effect when the generation is outdated or was started already."""
    started = lease.start(flow_id, gen, timezone.now())
    kind = Flow.objects.filter(pk=flow_id).values_list("kind", flat=True).first()
    if started and kind:
        run_slice(started, WORK[kind])


def tick() -> None:
    """Every minute."""
    run_tick(timezone.now())


def alerts() -> None:
    """Every five minutes. Mails that are due go even when looking failed."""
    try:
        look(timezone.now())
    finally:
        send_due(timezone.now())


def prune() -> None:
    """Once a day."""
    prune_all(timezone.now())


def offer_waiting(store_id: int) -> None:
    release.offer_waiting(Store.objects.get(pk=store_id), now=timezone.now())


def settle_store(store_id: int) -> None:
    """Look at the orders that are here under the settings of now."""
    version = rules_in_force(store_id).version
    settle.settle_store(Store.objects.get(pk=store_id), version, now=timezone.now(), actor="schedule")
    settled = Integration.objects.filter(store=store_id, settled_version__lt=version)
    settled.update(settled_version=version)


def settle_rules(account_id: int) -> None:
    """Decide an account's waiting orders by its rules of now, for a while; what is left goes on in the next task."""
    if not rule_settling.settle_rules(account_id, now=timezone.now(), seconds=RULES_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.settle_rules", [(account_id,)], timezone.now())


def forget_persons(store_id: int) -> None:
    """A store's settings ask to keep of buyers only what shipping needs: what is here already follows."""
    forget_of_store(Store.objects.get(pk=store_id), timezone.now())


def lift_mapped() -> None:
    """Settle what waits for words that were mapped meanwhile."""
    now, ends = timezone.now(), time.monotonic() + CURE_SECONDS
    if settle.lift_mapped_everywhere(now, limit=WORDS_AT_A_TIME, ends=ends) >= WORDS_AT_A_TIME:
        enqueue(Queue.DEFAULT, "integrations.tasks.lift_mapped", [()], now)


def lift_word(kind: str, row_id: int) -> None:
    """Let go who waits for a word, for a while; what is left goes on in the next task."""
    now, ends = timezone.now(), time.monotonic() + CURE_SECONDS
    settle.lift_mapped(kind, row_id, now=now, actor="schedule", ends=ends)
    if time.monotonic() >= ends:
        enqueue(Queue.DEFAULT, "integrations.tasks.lift_word", [(kind, row_id)], now)


def go_on_cure(cure_id: int) -> None:
    """Let a group's orders go, or take them back, for a while; the same."""
    if not curing.go_on(cure_id, seconds=CURE_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.go_on_cure", [(cure_id,)], timezone.now())


def follow(what: str, row_id: int) -> None:
    """A product, a shipping option or a warehouse changed: its orders follow."""
    following.follow(what, row_id, now=timezone.now())


def follow_due() -> None:
    """The last look at what changed a while ago."""
    now = timezone.now()
    if following.follow_due(now, limit=THINGS_AT_A_TIME) >= THINGS_AT_A_TIME:
        enqueue(Queue.DEFAULT, "integrations.tasks.follow_due", [()], now)


def lift_due() -> None:
    """Holds whose time came; what is left goes on in the next task."""
    now = timezone.now()
    if timed.lift_due(now, limit=HOLDS_AT_A_TIME) >= HOLDS_AT_A_TIME:
        enqueue(Queue.DEFAULT, "integrations.tasks.lift_due", [()], now)


def remap(remapping_id: int) -> None:
    """Do with orders under a word's older meaning what a person said; what is left goes on in the next task."""
    if not remapping.go_on(remapping_id, seconds=LEVELS_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.remap", [(remapping_id,)], timezone.now())


def import_levels(import_id: int) -> None:
    """Write a file of levels on, for a while; what is left goes on in the next task."""
    if not level_import.go_on(import_id, seconds=LEVELS_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.import_levels", [(import_id,)], timezone.now())


def import_words(import_id: int) -> None:
    """The same of mappings, written or taken back."""
    if not word_import.go_on(import_id, seconds=LEVELS_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.import_words", [(import_id,)], timezone.now())


def import_tracking(import_id: int) -> None:
    """The same of tracking numbers: what they ship."""
    if not tracking_import.go_on(import_id, seconds=LEVELS_SECONDS):
        enqueue(Queue.DEFAULT, "integrations.tasks.import_tracking", [(import_id,)], timezone.now())

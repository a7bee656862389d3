"""Stock going out to a store: what changed is found by change numbers, worked out, guarded, and sent where it differs.

    find      changes become marks on the rows of listings; a change of settings marks them all
    read back what the store itself shows, before the first push and then once a night
    look      marked rows get the quantity they should show, or the reason why nothing is sent
    send      those that differ, once a person has started it and no guard asks; a store may answer later

Everything is found again by these questions: whoever comes after a crash goes on with what is marked.
"""

from __future__ import annotations

import datetime as dt

from fcp.errors import Stale
from integrations import migrating
from integrations.connectors.declaring import FlowKind
from integrations.flows.later import under_way
from integrations.flows.products import VARIANT_CHANGED, change_variant
from integrations.flows.stock_finding import find
from integrations.flows.stock_later import ask_for_result
from integrations.flows.stock_looking_at import look_at_changed
from integrations.flows.stock_reading_back import read_back, wants_reading
from integrations.flows.stock_round import Round, begin_round
from integrations.flows.stock_sending import TICKET, send_meanwhile, send_some
from integrations.lease import ring
from integrations.models import Flow, StockPush
from integrations.models.stock import Guard
from integrations.runs import Slice
from integrations.stock_guard import question_of

# A first push goes by the store's numbers of a moment ago.
STALE = dt.timedelta(minutes=15)


def push(run: Slice) -> bool:
    """True when the slice is over and there is more to do."""
    try:
        return _push(run)
    except Stale as error:
        if error.code != VARIANT_CHANGED or not error.current:
            raise
        change_variant(run, error.current)
        catalogue = Flow.objects.filter(integration=run.integration, kind=FlowKind.PRODUCTS)
        ring(list(catalogue.values_list("pk", flat=True)), run.now(), trigger="schedule")
        return True


def _push(run: Slice) -> bool:
    if TICKET in run.flow.position and not ask_for_result(run):
        return _meanwhile(run)
    if migrating.look(run):
        return True
    while current := begin_round(run):
        if find(current):
            return True
        first = _before_the_first(current)
        if first and not _catalogue_is_read(run):
            return False  # what the store shows is compared once it is known what it sells
        if first and read_back(current):
            return True
        if look_at_changed(current):
            return True
        if not may_send(current) or not send_some(current):
            return not first and wants_reading(current) and read_back(current)
        if run.over:
            return True
    return False


def _meanwhile(run: Slice) -> bool:
    """While the store works on a call of many, what few listings need goes by itself."""
    current = begin_round(run)
    if current and (find(current) or look_at_changed(current)):
        return True
    if current and may_send(current):
        send_meanwhile(current, run.flow.position[TICKET])
    raise under_way(run, run.flow.position[TICKET])


def _before_the_first(current: Round) -> bool:
    """Whether the store's numbers have to be read before anything is worked out or sent.

    So they are before the first look, and once more where a person took time to start the first push.
    """
    push = current.push
    return push.read_at is None or (push.allowed_at is not None and push.allowed_at - push.read_at > STALE)


def _catalogue_is_read(run: Slice) -> bool:
    if not run.platform.offers(FlowKind.PRODUCTS):
        return True  # what it sells shows in its orders alone
    if migrating.is_being_read(run.integration):
        return False
    catalogue = Flow.objects.filter(integration=run.integration, kind=FlowKind.PRODUCTS)
    return catalogue.filter(last_ok_at__isnull=False).exists()


def may_send(current: Round) -> bool:
    """Whether a person has let the first push go, the integration is live, nothing has to be linked, no guard asks."""
    push, integration = current.push, current.run.integration
    if not migrating.end_where_linked(integration):
        return False
    if not integration.live or push.allowed_at is None or push.allowed_at < integration.created_at:
        return False
    question = question_of(current.run.store, push, current.settings, current.run.now())
    guard, passed = (question.guard.value, {"passed": push.guard_params.get("passed", {})}) if question else ("", {})
    params = (question.params | passed) if question else {"passed": push.guard_params.get("passed", {})}
    if guard != push.guard or (guard == Guard.ZEROING and params != push.guard_params):
        _write_question(current, guard, params)
    return not question


def _write_question(current: Round, guard: str, params: dict[str, object]) -> None:
    push = current.push
    with current.run.page() as page:
        # Somebody may answer at this moment: then this is out of date, and the next round asks again.
        same = StockPush.objects.filter(pk=push.pk, passed_at=push.passed_at, guard=push.guard)
        since = page.now if guard != push.guard else push.guard_since
        same.update(guard=guard, guard_params=params, guard_since=since if guard else None)

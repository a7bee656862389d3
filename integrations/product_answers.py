"""What a person says to a push of products: work it out, send it, leave some out, drop it, try refused ones again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from fcp.models import Account
from fcp.panel import Waiting, panel_url
from integrations.auditing import audit
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Mode
from integrations.errors import IntegrationError
from integrations.lease import ring
from integrations.models import Flow, Integration, ProductPush, ProductPushRow
from integrations.models.products import PushState, RowState

NOT_ON = "Products are not pushed by this integration. Set its products flow to Push first, under Main settings."
NO_PUSH = "This store takes no products from us."
RELINKING = "The store moved to another catalog. Products are pushed again once its listings are linked again."
IS_OPEN = "A push of products is open already. Send it or drop it first."
ANSWERED = "Somebody answered this just now, or it no longer waits. Look at it again."
NOT_LIVE = "The integration is not live. Nothing is written to the store before you press Go live."


def products_flow(integration: Integration) -> Flow | None:
    return Flow.objects.filter(integration=integration, kind=FlowKind.PRODUCTS).first()


def why_not(integration: Integration) -> str:
    """Why no push can be worked out now, or ""."""
    platform = connector_class(integration.store.platform).platform
    if integration.variant not in platform.products:
        return NO_PUSH
    if integration.relinking_since:
        return RELINKING
    flow = products_flow(integration)
    return "" if flow and flow.due_at is not None and Mode(flow.mode).pushes else NOT_ON


def begin(integration: Integration, *, create: bool, by: str, now: dt.datetime) -> ProductPush:
    """Work out what a push would do. Nothing is sent by this. `create`: also what the store does not have yet."""
    if sentence := why_not(integration):
        raise IntegrationError(sentence, "not_pushed")
    try:
        with transaction.atomic():
            push = ProductPush.objects.create(
                account_id=integration.account_id, integration=integration, state=PushState.PLANNING, by=by[:120],
                made_at=now, position={"create": create},
            )  # fmt: skip
            _ring(integration, by, now)
    except IntegrityError:
        raise IntegrationError(IS_OPEN, "open") from None
    return push


def confirm(push: ProductPush, *, by: str, now: dt.datetime) -> int:
    """Send what is planned; how many products. It goes by what the person saw: what changes meanwhile asks again."""
    integration = push.integration
    if not integration.live:
        raise IntegrationError(NOT_LIVE, "not_live")
    if sentence := why_not(integration):
        raise IntegrationError(sentence, "not_pushed")
    with transaction.atomic():
        asked = ProductPush.objects.filter(pk=push.pk, state=PushState.ASKED)
        if not asked.update(state=PushState.SENDING, confirmed_at=now, confirmed_by=by[:120]):
            raise IntegrationError(ANSWERED, "answered")
        rows = ProductPushRow.objects.filter(push=push, state=RowState.PLANNED)
        count = rows.update(problem="")
        audit(integration, "products_pushed", by, now, products=count)
        _ring(integration, by, now)
    return count


def drop(push: ProductPush, *, by: str, now: dt.datetime) -> None:
    """Not sent; of one that is being sent, what has not gone yet stays as it is in the store."""
    opened = (PushState.PLANNING, PushState.ASKED, PushState.SENDING)
    with transaction.atomic():
        if not ProductPush.objects.filter(pk=push.pk, state__in=opened).update(state=PushState.DROPPED, ended_at=now):
            raise IntegrationError(ANSWERED, "answered")
        audit(push.integration, "products_dropped", by, now)


def leave_out(push: ProductPush, rows: QuerySet[ProductPushRow]) -> int:
    """Take these off the list, while it waits for a person; how many."""
    with transaction.atomic():
        # Written first: locks it, so that nobody confirms meanwhile.
        if not ProductPush.objects.filter(pk=push.pk, state=PushState.ASKED).update(state=PushState.ASKED):
            raise IntegrationError(ANSWERED, "answered")
        mine = ProductPushRow.objects.filter(push=push, state__in=(RowState.PLANNED, RowState.FAILED))
        mine = mine.filter(pk__in=list(rows.values_list("pk", flat=True)))
        # Kept, so that what a person left out does not go by itself later.
        position = ProductPush.objects.values_list("position", flat=True).get(pk=push.pk)
        named = [list(pair) for pair in mine.values_list("product_id", "group_id")]
        position |= {"left_out": [*position.get("left_out", ()), *named]}
        ProductPush.objects.filter(pk=push.pk).update(position=position)
        return mine.delete()[0]


def try_again(push: ProductPush, *, by: str, now: dt.datetime) -> None:
    """Look at the refused ones once more, by what is here and in the store now."""
    integration = push.integration
    if sentence := why_not(integration):
        raise IntegrationError(sentence, "not_pushed")
    try:
        with transaction.atomic():
            mine = ProductPush.objects.filter(pk=push.pk, state__in=(PushState.DONE, PushState.ASKED))
            position: dict[str, Any] = push.position | {"stage": "again", "after": 0}
            if not mine.update(state=PushState.PLANNING, ended_at=None, confirmed_at=None, position=position):
                raise IntegrationError(ANSWERED, "answered")
            _ring(integration, by, now)
    except IntegrityError:
        raise IntegrationError(IS_OPEN, "open") from None


def questions(account: Account) -> Sequence[Waiting]:
    """Pushes that wait for a person. Later changes wait with them."""
    mine = Integration.objects.for_account(account).values("pk")
    asked = ProductPush.objects.filter(integration__in=mine, state=PushState.ASKED).select_related("integration")
    return [
        Waiting(
            f"Products for {push.integration.nickname} wait for your yes or no",
            panel_url(account, "integrations:products", pk=push.integration_id),
            "Look at them",
            "Until then later changes of your products wait too",
            push.made_at,
        )
        for push in asked.order_by("pk")
    ]


def _ring(integration: Integration, by: str, now: dt.datetime) -> None:
    flow = products_flow(integration)
    if flow:
        transaction.on_commit(partial(ring, [flow.pk], now, trigger="person", by=by[:120]))

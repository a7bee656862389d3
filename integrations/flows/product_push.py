"""Pushing products: what it would do is worked out and kept as rows; a person says yes; then it is sent.

Once a person has confirmed one, later changes go by themselves (the mode Push, at each interval): plain fields of a
product that was sent before, while the store shows in them what was sent. Whatever makes, converts or hides something,
what was changed in the store, and what a person left out or dropped, waits for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Max, Q

from integrations.connectors.declaring import Mode, ProductOffer
from integrations.connectors.shapes import StoreProduct
from integrations.flows import product_sending
from integrations.models import Integration, ProductPush, ProductPushRow
from integrations.models.products import PushAction, PushState, RowState
from integrations.product_ours import Thing, things_of
from integrations.product_plan import Plan, as_json, as_sent, from_json, plan
from integrations.runs import Slice
from integrations.settings_document import owns_products
from integrations.since_enabled import FROM_NOW_ON, PUSHED_TO
from inventory.models import Product, ProductGroup

OPEN = (PushState.PLANNING, PushState.ASKED, PushState.SENDING)
BATCH = 50  # things of ours that are looked at together
BY_ITSELF = "schedule"
NOT_AS_SENT = "The store does not show here what was last sent to it, or it was last left out. Say whether it goes."
AGAIN = "again"  # the stage that looks at refused rows once more


def open_push(integration: Integration) -> ProductPush | None:
    return ProductPush.objects.filter(integration=integration, state__in=OPEN).first()


def is_open(integration: Integration) -> bool:
    """Whether something is to be done for one; one that waits for a person is not."""
    doing = (PushState.PLANNING, PushState.SENDING)
    return ProductPush.objects.filter(integration=integration, state__in=doing).exists()


def under_way(run: Slice) -> bool:
    """Whether a push goes on where the slice before left it: the store's listings were read then.

    Where the answer to a creation was lost, they are read again, to find what was made.
    """
    place = run.flow.position.get("push")
    if not place:
        return False
    going = ProductPush.objects.filter(pk=place["pk"], state=place["state"])
    lost = ProductPushRow.objects.filter(push=place["pk"], state=RowState.SENT)
    return going.exists() and not lost.exists()


def offer_of(run: Slice) -> ProductOffer | None:
    return run.platform.products.get(run.integration.variant)


def go_on(run: Slice) -> bool:
    """True when the slice is over and there is more to do."""
    offer = offer_of(run)
    if offer is None or not Mode(run.flow.mode).pushes or run.integration.relinking_since:
        return False  # while listings are linked anew, what the store has looks as if it were missing
    push = open_push(run.integration) or _by_itself(run)
    if push is None or push.state == PushState.ASKED:
        return False
    _note(run, push)
    if push.state == PushState.PLANNING and _work_out(run, push, offer):
        return True
    push.refresh_from_db()
    if push.state == PushState.SENDING:
        _note(run, push)
        return product_sending.send(run, push, offer)
    return False


def _note(run: Slice, push: ProductPush) -> None:
    place = {"pk": push.pk, "state": push.state}
    if run.flow.position.get("push") != place:
        with run.page() as page:
            page.move(position=run.flow.position | {"push": place})


# --- by itself ------------------------------------------------------------------------------------------------------


def _by_itself(run: Slice) -> ProductPush | None:
    """A push that nobody asked for: of products that changed since the last one was worked out.

    Only once a person has confirmed one; or where the first push is to send changes from the moment it was switched on
    only, which a person is asked about then.
    """
    pushes = ProductPush.objects.filter(integration=run.integration)
    confirmed = pushes.filter(confirmed_at__isnull=False).exists()
    begins = confirmed or run.document.get("first_push") == FROM_NOW_ON
    noted = run.flow.position.get(PUSHED_TO)
    if not begins or not noted or not run.integration.live or owns_products(run.integration):
        return None
    since = dt.datetime.fromisoformat(noted)
    if not Product.objects.filter(account=run.flow.account_id, changed_at__gt=since).exists():
        return None
    with run.page() as page:
        return ProductPush.objects.create(
            account_id=run.flow.account_id, integration=run.integration, state=PushState.PLANNING, by=BY_ITSELF,
            made_at=page.now, position={"create": True, "by_itself": True, "since": since.isoformat()},
        )  # fmt: skip


# --- working out ----------------------------------------------------------------------------------------------------


def _work_out(run: Slice, push: ProductPush, offer: ProductOffer) -> bool:
    """Groups first, then products that are in none. True when the slice is over before the end."""
    while True:
        stage, after = push.position.get("stage", "group"), push.position.get("after", 0)
        if stage == AGAIN:
            return _work_out_again(run, push, offer)
        some = _next(push, stage, after)
        rows, unchanged = worked_out(run, push, offer, things_of(run.integration, some)) if some else ([], 0)
        position = dict(push.position)
        if some:
            position |= {"stage": stage, "after": some[-1].pk}
        elif stage == "group":
            position |= {"stage": "product", "after": 0}
        with run.page() as page:
            mine = ProductPush.objects.filter(pk=push.pk, state=PushState.PLANNING)
            ProductPushRow.objects.bulk_create(rows)
            if not mine.update(unchanged=F("unchanged") + unchanged, position=position):
                return False  # dropped meanwhile; its new rows go with it
            if not some and stage == "product":
                _ask(run, push, page.now)
                page.move(position=run.flow.position | {PUSHED_TO: push.made_at.isoformat()})
        push.position = position
        if not some and stage == "product":
            return False
        if run.over:
            return True


def _next(push: ProductPush, stage: str, after: int) -> list[Any]:
    """Of a push by itself only those that changed since the last one was worked out."""
    changed = Product.objects.filter(account=push.account_id)
    if since := push.position.get("since"):
        changed = changed.filter(changed_at__gt=dt.datetime.fromisoformat(since))
    if stage == "group":
        groups = ProductGroup.objects.filter(account=push.account_id, pk__gt=after)
        return list(groups.filter(pk__in=changed.filter(group__isnull=False).values("group")).order_by("pk")[:BATCH])
    return list(changed.filter(pk__gt=after, group=None).order_by("pk")[:BATCH])


def _ask(run: Slice, push: ProductPush, now: dt.datetime) -> None:
    """What is there to do waits for a person; plain changes of a push by itself go. One with nothing to do is over."""
    rows = ProductPushRow.objects.filter(push=push)
    planned = rows.filter(state=RowState.PLANNED)
    by_itself = bool(push.position.get("by_itself"))
    state, ended = PushState.ASKED, None
    if not rows.exists():
        if by_itself:
            ProductPush.objects.filter(pk=push.pk).delete()
            return
        state, ended = PushState.DONE, now
    elif by_itself and not planned.exists():  # it lists what cannot go, and later ones do not wait for that
        state, ended = PushState.DONE, now
    elif by_itself and planned.filter(after__plain=True, problem="").exists():
        state = PushState.SENDING
    ProductPush.objects.filter(pk=push.pk).update(state=state, ended_at=ended)


def _work_out_again(run: Slice, push: ProductPush, offer: ProductOffer) -> bool:
    """What was refused, by what is here and in the store now; then a person is asked."""
    after = push.position.get("after", 0)
    while True:
        refused = ProductPushRow.objects.filter(push=push, state=RowState.FAILED, pk__gt=after).order_by("pk")
        rows = list(refused.select_related("push", "product", "group")[:BATCH])
        things = product_sending.things_by_row(run, rows)
        uids = [*(row.product_uid for row in rows), *(thing.uid for thing in things.values())]
        shown = product_sending.shown_of(run, uids)
        with run.page() as page:
            for row in rows:
                product_sending.ask_again(row, things.get(row.pk), shown, offer, page)
            mine = ProductPush.objects.filter(pk=push.pk, state=PushState.PLANNING)
            if rows:
                after = rows[-1].pk
                mine.update(position=push.position | {"after": after})
            else:
                mine.update(state=PushState.ASKED, ended_at=None)
        if not rows:
            return False
        if run.over:
            return True


def worked_out(
    run: Slice, push: ProductPush, offer: ProductOffer, things: Sequence[Thing]
) -> tuple[list[ProductPushRow], int]:
    """Rows of what would be done, and how many things the store shows as we have them."""
    shown = product_sending.shown_of(run, (thing.uid for thing in things if thing.uid))
    creates = bool(push.position.get("create", True))
    only_new = owns_products(run.integration)
    sent = _last_sent(push, things) if push.position.get("by_itself") else None
    rows, unchanged = [], 0
    for thing in things:
        theirs = shown.get(thing.uid)
        if (theirs is None and not thing.problem and not creates) or (thing.uid and only_new):
            unchanged += bool(thing.uid)
            continue
        found = planned(thing, theirs, offer)
        if found.action is None and not found.problem:
            unchanged += 1
            continue
        row = row_of(push, thing, theirs, found)
        if (
            sent is not None
            and found.plain
            and not _goes_on(sent.get((thing.product_id, thing.group_id)), theirs, found)
        ):
            row.problem = NOT_AS_SENT
        rows.append(row)
    return rows, unchanged


def _goes_on(sent: StoreProduct | None, theirs: StoreProduct | None, found: Plan) -> bool:
    """Whether it only replaces, in the same product of the store, what was sent there before."""
    if sent is None or theirs is None or found.after is None:
        return False
    return sent.uid == theirs.uid and as_sent(sent, theirs, found.after)


def _last_sent(push: ProductPush, things: Sequence[Thing]) -> dict[tuple[int | None, int | None], StoreProduct]:
    """As what each was last sent, where no person left it out or dropped it since."""
    mine = ProductPushRow.objects.filter(push__integration=push.integration_id).exclude(state=RowState.FAILED)
    mine = mine.filter(
        Q(product__in=[thing.product_id for thing in things if thing.product_id])
        | Q(group__in=[thing.group_id for thing in things if thing.group_id])
    )
    last = mine.order_by().values("product", "group").annotate(last=Max("pk")).values_list("last", flat=True)
    left_out: dict[tuple[int | None, int | None], int] = {}
    pushes = ProductPush.objects.filter(integration=push.integration_id, position__has_key="left_out")
    for pk, position in pushes.order_by("pk").values_list("pk", "position"):
        left_out |= dict.fromkeys(map(tuple, position["left_out"]), pk)
    found = {}
    for row in ProductPushRow.objects.filter(pk__in=list(last), state=RowState.DONE):
        thing, sent = (row.product_id, row.group_id), from_json(row.product_uid, row.after)
        if sent is not None and left_out.get(thing, 0) < row.push_id:
            found[thing] = sent
    return found


def planned(thing: Thing, theirs: StoreProduct | None, offer: ProductOffer) -> Plan:
    if thing.problem:
        return Plan(problem=thing.problem)
    return plan(thing.ours, theirs, offer)


def row_of(push: ProductPush, thing: Thing, theirs: StoreProduct | None, found: Plan) -> ProductPushRow:
    after = as_json(found.after) | {"plain": found.plain} if found.after else {}
    return ProductPushRow(
        account_id=push.account_id,
        push=push,
        product_id=thing.product_id,
        group_id=thing.group_id,
        action=(found.action or (PushAction.CHANGE if theirs else PushAction.CREATE)).value,
        title=thing.ours.name[:255],
        product_uid=theirs.uid if theirs else "",
        before=as_json(theirs),
        after=after,
        hidden=found.hidden,
        state=RowState.FAILED if found.problem else RowState.PLANNED,
        problem=found.problem[:500],
    )

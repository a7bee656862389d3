"""Sending a confirmed push: the store is read right before, told in as few calls as it takes, and read again after.

A row is marked as sent before the call. After a crash or a lost answer the store's own products say what became of it,
so that nothing is made twice. What changed in the store since the preview is worked out again and asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from fcp.errors import Busy, Scope, Stale, SyncError
from integrations.connectors.declaring import FlowKind, ProductOffer
from integrations.connectors.shapes import Answer, Done, ProductToPush, StoreProduct
from integrations.lease import ring
from integrations.models import Flow, Integration, ProductPush, ProductPushRow
from integrations.models.products import PushAction, PushState, RowState
from integrations.product_ours import Thing, things_of
from integrations.product_plan import Plan, as_json, fits, from_json, half_done, plan, same
from integrations.runs import Page, Slice
from inventory.models import sku_key_of
from mappings.listings import Shown, keep_listings, link_by_sku
from mappings.models import Listing
from mappings.stock_marks import mark_listings
from orders.intake import Counts

log = logging.getLogger(__name__)

CHANGED_THERE = "It changed in the store since you looked. This is what would be done now."
HALF_DONE = "It is half done: the store has its options, but not yet its SKUs. This is the whole that would be done."
OTHERWISE = "The store took it, but shows something else than what was sent. Look at it in the store."
READ = 100  # products of which the store is asked in one go


@dataclass(slots=True)
class Item:
    """A row, what the store shows of it now, and what it shall show."""

    row: ProductPushRow
    shown: StoreProduct | None
    after: StoreProduct

    def to_push(self) -> ProductToPush:
        return ProductToPush(str(self.row.pk), self.shown, self.after)


def sendable(push: ProductPush) -> QuerySet[ProductPushRow]:
    """Those that may go now: confirmed ones, or of a push by itself the plain ones. A row that asks again waits."""
    rows = ProductPushRow.objects.filter(push=push).filter(
        Q(state=RowState.SENT) | Q(state=RowState.PLANNED, problem="")
    )
    return rows.filter(after__plain=True) if push.confirmed_at is None else rows


def send(run: Slice, push: ProductPush, offer: ProductOffer) -> bool:
    """True when the slice is over before the end."""
    while True:
        push = ProductPush.objects.get(pk=push.pk)
        if (
            push.state != PushState.SENDING
            or not Integration.objects.filter(pk=push.integration_id, live=True).exists()
        ):
            return False
        rows = list(sendable(push).select_related("push", "product", "group").order_by("pk")[: offer.per_call])
        if not rows:
            _end(run, push)
            return False
        _send_some(run, rows, offer)
        if run.over:
            return True


def _send_some(run: Slice, rows: Sequence[ProductPushRow], offer: ProductOffer) -> None:
    """Sort these rows by what the store shows now: done already, to send, or to be asked again."""
    things = things_by_row(run, rows)
    found = _found_again(run, rows)
    uids = {row.pk: row.product_uid or found.get(row.pk, "") for row in rows}
    shown = shown_of(run, [*uids.values(), *(thing.uid for thing in things.values())])
    items: list[Item] = []
    done: list[Item] = []
    again: list[ProductPushRow] = []
    gone: list[str] = []
    for row in rows:
        uid, thing = uids[row.pk], things.get(row.pk)
        now, after = shown.get(uid), from_json(uid, row.after)
        if thing and row.action == PushAction.CREATE and thing.uid not in ("", uid, *shown):
            gone.append(thing.uid)  # deleted in the store since its listings were read
            thing = replace(thing, uid="")
        took = after is not None and now is not None and fits(after, now)
        # What was sent and is there is done, though listings of what was there before are not retired yet.
        if after and took and thing and row.state == RowState.SENT:
            done.append(Item(row, now, after))
        elif after is None or thing is None or thing.problem or thing.uid not in ("", uid):
            again.append(row)
        elif took:
            done.append(Item(row, now, after))
        elif now is not None and (row.pk in found or _own(row) or _half_done(row, now)):
            items.append(Item(row, now, _on_what_is_there(after, now)))
        elif same(from_json(uid, row.before), now):
            items.append(Item(row, now, _on_what_is_there(after, now) if now else after))
        else:
            again.append(row)
    with run.page() as page:
        for item in done:
            _write_done(item, page)
        for row in again:
            ask_again(row, things.get(row.pk), shown, offer, page)
        _keep(run, [item.shown for item in done if item.shown], page)
        _retire(Listing.objects.filter(store=run.store, product_uid__in=gone, product__isnull=False), page)
        for item in items:
            mine = ProductPushRow.objects.filter(pk=item.row.pk, state__in=(RowState.PLANNED, RowState.SENT))
            mine.update(state=RowState.SENT, product_uid=uids[item.row.pk], problem="")
            item.row.product_uid = uids[item.row.pk]
    if items:
        _tell(run, items, things, offer)


def _own(row: ProductPushRow) -> bool:
    """Whether the store made it for this row, and was then not told the rest."""
    return row.action == PushAction.CREATE and bool(row.product_uid) and not row.before


def _half_done(row: ProductPushRow, shown: StoreProduct | None) -> bool:
    """Whether the store took the first of the calls for this row and not the second, whatever it said then."""
    uid = row.product_uid
    return bool(uid) and half_done(from_json(uid, row.before), from_json(uid, row.after), shown)


def things_by_row(run: Slice, rows: Sequence[ProductPushRow]) -> dict[int, Thing]:
    some = [one for row in rows for one in (row.group, row.product) if one is not None]
    found = {(thing.product_id, thing.group_id): thing for thing in things_of(run.integration, some)}
    named = {row.pk: found.get((row.product_id, row.group_id)) for row in rows}
    return {pk: thing for pk, thing in named.items() if thing is not None}


def shown_of(run: Slice, uids: Iterable[str]) -> dict[str, StoreProduct]:
    """What the store shows now of these products; those that it does not have any more are missing."""
    wanted = sorted(set(uids) - {""})
    found: dict[str, StoreProduct] = {}
    for start in range(0, len(wanted), READ):
        some = wanted[start : start + READ]
        found |= {one.uid: one for one in _products_of(run, some)}
    return found


def _products_of(run: Slice, uids: Sequence[str]) -> list[StoreProduct]:
    return run.ask(lambda connector: connector.products_of(uids))


def _on_what_is_there(after: StoreProduct, shown: StoreProduct) -> StoreProduct:
    """`after` with the ids that the store has given, and what the connector keeps of its things."""
    by_choices = {variant.choices: variant for variant in shown.variants}
    by_uid = {variant.uid: variant for variant in shown.variants}
    known = shown.options == after.options or len(shown.options) == len(after.options)
    variants = []
    for variant in after.variants:
        there = by_uid.get(variant.uid) or (by_choices.get(variant.choices) if known else None)
        variants.append(replace(variant, uid=there.uid, own=there.own) if there else variant)
    return replace(after, uid=shown.uid, variants=tuple(variants), own=shown.own, revision=shown.revision)


def _found_again(run: Slice, rows: Sequence[ProductPushRow]) -> dict[int, str]:
    """Creations whose answer was lost, and the product that the store made all the same: by SKU, else by its looks."""
    lost = [row for row in rows if row.state == RowState.SENT and not row.product_uid]
    if not lost:
        return {}
    listings = Listing.objects.filter(store=run.store, retired_at=None)
    keys = {row.pk: {sku_key_of(one["sku"]) for one in row.after["variants"]} - {""} for row in lost}
    named = listings.filter(sku_key__in=set().union(*keys.values())).values_list("sku_key", "product_uid")
    by_key = dict(named)
    found = {pk: by_key[key] for pk, wanted in keys.items() for key in wanted if key in by_key}
    for row in lost:
        if row.pk not in found and (uid := _half_made(run, listings, row)):
            found[row.pk] = uid
    return found


def _half_made(run: Slice, listings: QuerySet[Listing], row: ProductPushRow) -> str:
    """Made since by its name and options, with no SKU yet: nobody but this push made such a thing."""
    since = row.push.confirmed_at or row.push.made_at
    new = listings.filter(sku_key="", first_seen_at__gte=since, title__startswith=row.title)
    wanted = from_json("", row.after)
    shown = shown_of(run, list(new.values_list("product_uid", flat=True).distinct()[:READ]))
    for product in shown.values() if wanted else ():
        bare = not any(variant.sku for variant in product.variants)
        if bare and wanted and (product.name, product.options) == (wanted.name, wanted.options):
            return product.uid
    return ""


# --- telling --------------------------------------------------------------------------------------------------------


def _tell(run: Slice, items: Sequence[Item], things: Mapping[int, Thing], offer: ProductOffer) -> None:
    try:
        told: Done = run.ask(lambda connector: connector.push_products([item.to_push() for item in items]))
    except SyncError as error:
        if not error.maybe_done:
            with run.page():
                _rows(items).update(state=RowState.PLANNED)
        raise
    answers = {answer.key: answer for answer in told.answers}
    by_row = {item.row.pk: answers.get(str(item.row.pk)) for item in items}
    with run.page() as page:
        for item in items:
            _write_answer(item, by_row[item.row.pk], page)
    _read_back(run, items, by_row, things, offer)
    for answer in told.answers:
        # Whatever is not about one record ends the slice: what an unreadable answer made is looked for before more is.
        if answer.error is not None and answer.error.scope is not Scope.RECORD:
            raise answer.error


def _rows(items: Sequence[Item]) -> QuerySet[ProductPushRow]:
    return ProductPushRow.objects.filter(pk__in=[item.row.pk for item in items], state=RowState.SENT)


def _write_answer(item: Item, answer: Answer | None, page: Page) -> None:
    """The store's id of it first: what was made is never made again. Without an answer it stays as sent."""
    row = ProductPushRow.objects.filter(pk=item.row.pk, state=RowState.SENT)
    if answer is None:
        return
    if answer.store_ref:
        row.update(product_uid=answer.store_ref[:100])
        item.row.product_uid = answer.store_ref[:100]
    error = answer.error
    if isinstance(error, Busy):
        row.update(state=RowState.PLANNED)
    elif error is not None and error.scope is Scope.RECORD and not isinstance(error, Stale):
        log.warning("The store refuses product row %s: %s", item.row.pk, error.detail)
        row.update(state=RowState.FAILED, problem=error.sentence[:500])
        page.count(Counts(failed=1, last_item=item.row.title))


def _read_back(
    run: Slice,
    items: Sequence[Item],
    answers: Mapping[int, Answer | None],
    things: Mapping[int, Thing],
    offer: ProductOffer,
) -> None:
    """What the store shows of what it took: done, or listed as something else. A stale one is asked again."""
    taken = [item for item in items if (said := answers[item.row.pk]) and said.error is None]
    stale = [item for item in items if (said := answers[item.row.pk]) and isinstance(said.error, Stale)]
    if not taken and not stale:
        return
    shown = shown_of(run, [item.row.product_uid for item in (*taken, *stale)])
    with run.page() as page:
        for item in taken:
            if fits(item.after, shown.get(item.row.product_uid)):
                _write_done(item, page)
            else:
                row = ProductPushRow.objects.filter(pk=item.row.pk, state=RowState.SENT)
                row.update(state=RowState.FAILED, problem=OTHERWISE)
                page.count(Counts(failed=1, last_item=item.row.title))
        for item in stale:
            ask_again(item.row, things.get(item.row.pk), shown, offer, page)
        _keep(run, list(shown.values()), page)


def _write_done(item: Item, page: Page) -> None:
    states = (RowState.PLANNED, RowState.SENT)
    mine = ProductPushRow.objects.filter(pk=item.row.pk, state__in=states)
    uid = item.row.product_uid or (item.shown.uid if item.shown else "")
    if mine.update(state=RowState.DONE, problem="", product_uid=uid):
        new = item.row.action == PushAction.CREATE
        page.count(Counts(created=int(new), changed=int(not new), last_item=item.row.title))


def ask_again(
    row: ProductPushRow, thing: Thing | None, shown: Mapping[str, StoreProduct], offer: ProductOffer, page: Page
) -> None:
    """Work one row out anew by what is shown now; what there is to do then waits for a person."""
    if thing is None:
        ProductPushRow.objects.filter(pk=row.pk).delete()
        return
    uid = thing.uid or row.product_uid
    theirs = shown.get(uid)
    half = _half_done(row, theirs)
    before = from_json(uid, row.before) if half else theirs
    found = Plan(problem=thing.problem) if thing.problem else plan(thing.ours, before, offer)
    values = {"product_uid": theirs.uid if theirs else "", "before": as_json(before), "hidden": found.hidden}
    if found.after:
        values |= {"after": as_json(found.after) | {"plain": found.plain}}
    if found.action:
        values |= {
            "action": found.action.value,
            "state": RowState.PLANNED,
            "problem": HALF_DONE if half else CHANGED_THERE,
        }
    elif found.problem:
        values |= {"state": RowState.FAILED, "problem": found.problem[:500]}
    else:
        values |= {"state": RowState.DONE, "problem": ""}
    if ProductPushRow.objects.filter(pk=row.pk).update(**values) and found.problem:
        page.count(Counts(failed=1, last_item=row.title))


# --- what the store shows now is known here ------------------------------------------------------------------------


def _keep(run: Slice, products: Sequence[StoreProduct], page: Page) -> None:
    """Their listings, linked by their SKUs; those of variants that are no more are retired."""
    shown = [
        Shown(product.uid, variant.uid, variant.sku, _title(product, variant.choices), None, None)
        for product in products
        for variant in product.variants
    ]
    if not shown:
        return
    keep_listings(run.store, shown, page.now)
    there = {(one.product_uid, one.variant_uid) for one in shown} | {(one.uid, "") for one in products if one.itself}
    shown_before = Listing.objects.filter(store=run.store, retired_at=None, shares_stock=False)
    rows = shown_before.filter(product_uid__in={p.uid for p in products})
    gone = [row.pk for row in rows.order_by("pk") if (row.product_uid, row.variant_uid) not in there]
    _retire(Listing.objects.filter(pk__in=gone), page)


def _retire(listings: QuerySet[Listing], page: Page) -> None:
    gone = list(listings.filter(retired_at=None).order_by("pk").values_list("pk", flat=True))
    if gone:
        Listing.objects.filter(pk__in=gone).update(retired_at=page.now)
        mark_listings(gone)


def _title(product: StoreProduct, choices: Sequence[str]) -> str:
    """As the connectors name listings."""
    said = ", ".join(choice for choice in choices if choice)
    return f"{product.name} ({said})" if said else product.name


def _end(run: Slice, push: ProductPush) -> None:
    """What asks again, or is not plain in a push by itself, waits for a person."""
    with run.page() as page:
        waiting = ProductPushRow.objects.filter(push=push, state=RowState.PLANNED).exists()
        mine = ProductPush.objects.filter(pk=push.pk, state=PushState.SENDING)
        if waiting:
            mine.update(state=PushState.ASKED, confirmed_at=None)
        else:
            mine.update(state=PushState.DONE, ended_at=page.now)
    link_by_sku(run.store, by="schedule", now=run.now())
    stock = Flow.objects.filter(integration=run.integration, kind=FlowKind.INVENTORY)
    ring(list(stock.values_list("pk", flat=True)), run.now(), trigger="schedule")

"""A store that moved to another of its platform's variants (Wix: from Catalog V1 to V3) between two runs.

Every flow finds out: those that read the catalogue when it refuses or before they read it anew, the others by asking
once an hour. Then the stock waits, the new catalogue is read whole, its listings get the meaning that the old ones
with their SKU had, and a person is asked about the rest. When all is linked, or a person says so, the stock goes on
after its preview, as at the first time. Old listings keep their meaning: open orders name them.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import transaction

from fcp.errors import Busy, Refused, Rejected, SyncError
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Waiting, panel_url
from integrations.auditing import audit
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.lease import ring
from integrations.models import Flow, Integration, ProductPush, StockPush
from integrations.models.products import PushState
from integrations.runs import Slice
from mappings.listings import retire_listings
from mappings.models import Listing
from mappings.relinking import asked_of, relink
from orders.holds import HoldKind
from orders.models import Hold

log = logging.getLogger(__name__)

ASK_EVERY = dt.timedelta(hours=1)
JUST_NOW = dt.timedelta(minutes=1)
ASKED_AT = "variant_at"  # in a flow's position
READS_ANEW = (FlowKind.PRODUCTS, FlowKind.LOCATIONS)
READS_NO_CATALOGUE = (FlowKind.ORDERS, FlowKind.FULFILLMENTS)
WAITS = "Stock waits until the listings are linked again: see the SKU mappings of this integration."
NOT_MOVED = "Nothing has to be linked again here."
NOT_READ = "The new catalogue has not been read yet. Wait for the product sync to end."


def look(run: Slice, *, at_once: bool = False) -> bool:
    """Ask the store which variant it is, once an hour; True when it moved: end the slice, begin anew.

    `at_once`: unless it was asked just now. A store that does not say goes on as what it was: the flow's own calls will
    tell what is wrong. Orders and shipments do not care which catalogue there is, so no answer keeps them waiting, also
    none that can be read.
    """
    if len(run.platform.variants) < 2 or not _is_due(run, JUST_NOW if at_once else ASK_EVERY):
        return False
    try:
        variant = run.ask(lambda connector: connector.variant_now())
    except Busy:
        raise
    except SyncError as error:
        if not isinstance(error, Refused | Rejected) and run.flow.kind not in READS_NO_CATALOGUE:
            raise
        log.info("The store does not say which variant it is: %s", error.detail)
        variant = run.integration.variant
    with run.page() as page:
        page.move(position=run.flow.position | {ASKED_AT: page.now.isoformat()})
    return variant != run.integration.variant and begin(run, variant)


def _is_due(run: Slice, every: dt.timedelta) -> bool:
    asked = run.flow.position.get(ASKED_AT)
    last = dt.datetime.fromisoformat(asked) if asked else run.integration.created_at
    return run.now() - last >= every


def begin(run: Slice, variant: str) -> bool:
    """The store moved. Safe to call from several flows: the first one writes it down."""
    variant = variant[:20]
    with run.page() as page:
        there = Integration.objects.filter(pk=run.integration.pk).exclude(variant=variant)
        if there.update(variant=variant, relinking_since=page.now):
            _begin(run.integration, variant, page.now)
        if "listings" in run.flow.position:
            page.move(position={key: value for key, value in run.flow.position.items() if key != "listings"})
    return True


def _begin(integration: Integration, variant: str, now: dt.datetime) -> None:
    """What was read of the old catalogue says nothing of the new one. In the caller's transaction."""
    store = integration.store_id
    # What the new catalogue shows too comes back with its reading.
    retire_listings(integration.store, now.date() + dt.timedelta(days=1), now, but=_waited_for(integration))
    StockPush.objects.filter(store=store).update(
        allowed_at=None, allowed_by="", read_at=None, guard="", guard_since=None, guard_params={}
    )
    open_pushes = ProductPush.objects.filter(integration=integration)
    open_pushes.filter(state__in=[PushState.PLANNING, PushState.ASKED, PushState.SENDING]).update(
        state=PushState.DROPPED, ended_at=now
    )
    audit(integration, "store_moved", "store", now, variant=variant)
    flows = Flow.objects.filter(integration=integration, kind__in=READS_ANEW).values_list("pk", flat=True)
    ids = list(flows)
    transaction.on_commit(lambda: ring(ids, now, trigger="schedule"), robust=True)


def _waited_for(integration: Integration) -> set[int]:
    """Listings without a product that held orders wait for: a person still has to say what they are."""
    holds = Hold.objects.open().filter(account=integration.account_id, kind=HoldKind.SKU.value)
    causes = {int(cause) for cause in holds.order_by().values_list("cause", flat=True).distinct() if cause.isdigit()}
    waiting = Listing.objects.filter(store=integration.store_id, product=None, retired_at=None, pk__in=causes)
    return set(waiting.values_list("pk", flat=True))


def catalogue_was_read(run: Slice) -> None:
    """After a whole reading: link what is new, and end it where nobody has to be asked."""
    # Read as another variant, it was the catalogue before.
    here = Integration.objects.filter(pk=run.integration.pk, variant=run.integration.variant)
    since = here.values_list("relinking_since", flat=True).first()
    if since is None:
        return
    relink(run.store, since, by="schedule", now=run.now())
    with run.page() as page:
        page.move(position=run.flow.position | {"relinked": since.isoformat()})
    end_where_linked(run.integration)


def end_where_linked(integration: Integration) -> bool:
    """End it once the new catalogue was read and nothing is asked any more; whether it is over."""
    here = Integration.objects.filter(pk=integration.pk)
    since = here.values_list("relinking_since", flat=True).first()
    if since is None:
        return True
    if not was_read(integration, since) or asked_of(integration.store).exists():
        return False
    here.filter(relinking_since=since).update(relinking_since=None)
    return True


def is_being_read(integration: Integration) -> bool:
    """Whether the store moved and its new catalogue was not read to the end since."""
    since = Integration.objects.filter(pk=integration.pk).values_list("relinking_since", flat=True).first()
    return since is not None and not was_read(integration, since)


def was_read(integration: Integration, since: dt.datetime) -> bool:
    catalogue = Flow.objects.filter(integration=integration, kind=FlowKind.PRODUCTS).values_list("position", flat=True)
    return any(position.get("relinked") == since.isoformat() for position in catalogue)


def end(integration: Integration, *, by: str, now: dt.datetime) -> None:
    """A person says that what is linked is right, and that the rest stays as it is."""
    with transaction.atomic():
        here = Integration.objects.filter(pk=integration.pk, relinking_since__isnull=False)
        since = here.values_list("relinking_since", flat=True).first()
        if since is None:
            raise IntegrationError(NOT_MOVED, "not_moved")
        reads = Flow.objects.filter(integration=integration, kind=FlowKind.PRODUCTS).on().exists()
        if reads and not was_read(integration, since):
            raise IntegrationError(NOT_READ, "not_read")
        here.update(relinking_since=None)
        audit(integration, "listings_linked", by, now, asked=asked_of(integration.store).count())
        flows = Flow.objects.filter(integration=integration, kind=FlowKind.INVENTORY).values_list("pk", flat=True)
        ids = list(flows)
        transaction.on_commit(lambda: ring(ids, now, trigger="person", by=by[:120]))


# --- what a person sees ----------------------------------------------------------------------------------------------


def questions(account: Account) -> Sequence[Waiting]:
    """Integrations whose store moved, each with how many listings ask."""
    moved = Integration.objects.for_account(account).filter(relinking_since__isnull=False).select_related("store")
    return [_question(account, one) for one in moved.order_by("nickname")]


def _question(account: Account, one: Integration) -> Waiting:
    url = panel_url(account, "integrations:skus", pk=one.pk)
    assert one.relinking_since
    if not was_read(one, one.relinking_since):
        text, button = f"{one.nickname} moved to another catalogue, which is being read", "Look at it"
        return Waiting(text, url, button, "Stock waits until its listings are linked again", one.relinking_since)
    count = up_to(asked_of(one.store))
    asks = f"{count:,} {'listing does' if count == 1 else 'listings do'} not say which product it is"
    text = f"{one.nickname} moved to another catalogue: {asks}"
    return Waiting(text, url, "Link them", "Stock waits until then", one.relinking_since, urgent=True)

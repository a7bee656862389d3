"""How the stock of a store stands, in a few numbers: for the integration's page, the preview, the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, Q

from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Waiting, panel_url
from fcp.wording import plural
from integrations.connectors.declaring import FlowKind, Mode
from integrations.models import Flow, Integration, StockPush
from integrations.stock_guard import sentence_of
from integrations.stock_rules import StockSettings, stock_settings
from mappings.models import STOCK_DUE, ListingStock, Why

# What would be sent now: worked out, and another number than the store showed last (or nobody knows which).
DIFFERS = STOCK_DUE & Q(
    ~Q(confirmed=F("result")) | Q(confirmed__isnull=True), why="", result__isnull=False, looked__gt=F("handled")
)


@dataclass(frozen=True, slots=True)
class Left:
    """So many listings are left out for one reason."""

    why: Why
    number: int

    @property
    def label(self) -> str:
        return IN_SENTENCE[self.why]


# In the order in which they are named: what somebody can mend comes first.
IN_SENTENCE = {
    Why.NO_WAREHOUSE: "because no warehouse is mapped",
    Why.NO_LEVEL: "because no level was ever reported",
    Why.REFUSED: "because the store refused it",
    Why.NO_ALIAS: "because the product lacks the chosen alias",
    Why.UNMAPPED: "because it means no product yet",
    Why.UNTRACKED: "because the store does not count its stock",
    Why.INHERITED: "because it is sold from its product's own stock",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Listings, or listings at each of their places where the store counts several."""

    total: int = 0
    differ: int = 0
    left: Sequence[Left] = ()
    drift: int = 0

    @property
    def left_out(self) -> int:
        return sum(one.number for one in self.left)


def counts_of(store_id: int, settings: StockSettings) -> Counts:
    """By what was last worked out; one statement over the store's rows.

    At a location whose warehouse another one sends nothing is left out: each listing is counted there already.
    """
    rows = ListingStock.objects.filter(store=store_id, listing__retired_at=None).exclude(why=Why.SHARED)
    if settings.places:
        rows = rows.exclude(location__in=settings.shared)
    by_reason = rows.order_by().values_list("why")
    found = by_reason.annotate(
        number=Count("pk"), differ=Count("pk", filter=DIFFERS), drift=Count("pk", filter=Q(drift__isnull=False))
    )
    by_why = {why: (number, differ, drift) for why, number, differ, drift in found}
    return Counts(
        total=sum(number for number, _, _ in by_why.values()),
        differ=sum(differ for _, differ, _ in by_why.values()),
        left=[Left(why, by_why[why.value][0]) for why in IN_SENTENCE if why.value in by_why],
        drift=sum(drift for _, _, drift in by_why.values()),
    )


@dataclass(frozen=True, slots=True)
class StockState:
    """`on`: the flow is switched on. `allowed`: a person has started the first push.

    `settings` is None where the store takes no stock from us.
    """

    on: bool
    allowed: bool
    flow: Flow | None
    push: StockPush | None
    settings: StockSettings | None
    counts: Counts = field(default_factory=Counts)

    @property
    def mapped(self) -> bool:
        """Whether any warehouse counts for the store: one that is both mapped and chosen (X10)."""
        return self.settings is not None and bool(self.settings.places)

    @property
    def question(self) -> str:
        """What a guard asks; empty where none does."""
        return sentence_of(self.push) if self.push else ""

    @property
    def source(self) -> str:
        """Whose stock is sent, in words."""
        if self.settings is None or not self.mapped:
            return "Nothing"
        codes = ", ".join(house.code for house in self.settings.houses)
        if self.settings.offer.located and len(self.settings.places) > 1:
            return f"At each location the stock of its warehouse: {codes}"
        return f"The sum of the stock of {codes}" if len(self.settings.houses) > 1 else f"The stock of {codes}"


def stock_state(integration: Integration) -> StockState:
    flow = Flow.objects.filter(integration=integration, kind=FlowKind.INVENTORY).first()
    push = StockPush.objects.filter(store=integration.store_id).first()
    on = flow is not None and flow.mode != Mode.DISABLED
    settings = stock_settings(integration)
    counts = counts_of(integration.store_id, settings) if settings else Counts()
    return StockState(on, is_allowed(integration, push), flow, push, settings, counts)


def is_allowed(integration: Integration, push: StockPush | None) -> bool:
    """Whether a person has started the first push since the store was connected."""
    return push is not None and push.allowed_at is not None and push.allowed_at >= integration.created_at


# --- waiting for a person --------------------------------------------------------------------------------------------


def stock_questions(account: Account) -> list[Waiting]:
    """Guards that ask, first pushes that wait, numbers that the store shows otherwise. A few small queries."""
    pushes = {push.store_id: push for push in StockPush.objects.for_account(account)}
    on = Flow.objects.for_account(account).filter(kind=FlowKind.INVENTORY).on().select_related("integration")
    found: list[Waiting] = []
    for flow in on:
        one, push = flow.integration, pushes.get(flow.integration.store_id)
        url = panel_url(account, "integrations:stock", pk=one.pk)
        if push and push.guard:
            found.append(Waiting(sentence_of(push), url, "Decide", one.nickname, push.guard_since, urgent=True))
        elif one.live and not one.relinking_since and not is_allowed(one, push):
            text = f"Stock goes to {one.nickname} once you have seen the preview"
            found.append(Waiting(text, f"{url}?show=differ", "Push preview", "Nothing is sent before that"))
        if drift := up_to(ListingStock.objects.filter(store=one.store_id, drift__isnull=False)):
            numbers = plural(drift, "quantity is,quantities are")
            drift_url = panel_url(account, "integrations:stock_drift", pk=one.pk)
            found.append(Waiting(f"{numbers} not what {one.nickname} had confirmed", drift_url, "Look at them"))
    return found


def guards_of(accounts: Sequence[int]) -> list[tuple[int, str]]:
    """(account, nickname) of the integrations whose stock waits for an answer."""
    stores = StockPush.objects.filter(account__in=accounts).exclude(guard="").values("store")
    found = Integration.objects.filter(store__in=stores).order_by("nickname")
    return list(found.values_list("account", "nickname"))

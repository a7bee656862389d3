"""What the orders app puts into the panel's shell: navigation, chips, dashboard cards, search."""

from __future__ import annotations

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Chip, Page
from fcp.roles import May
from orders import dashboard, search
from orders.models import Order, ShippingRequest
from orders.models.shipping import RequestState
from orders.state import State

STATES = {
    State.NEW: Chip("New", "neutral", "circle-dashed"),
    State.HELD: Chip("Held", "warn", "player-pause"),
    State.READY: Chip("Ready", "info", "circle-dot"),
    State.AT_WAREHOUSE: Chip("At the warehouse", "work", "building-warehouse"),
    State.PARTLY_SHIPPED: Chip("Partly shipped", "work", "circle-half-2"),
    State.SHIPPED: Chip("Shipped", "good", "truck"),
    State.CONFIRMED: Chip("Store told", "done", "circle-check"),
    State.CANCELED: Chip("Canceled", "neutral", "ban"),
    State.NOTHING_TO_SHIP: Chip("Nothing to ship", "neutral", "minus"),
}
REQUESTS = {
    RequestState.OFFERED: Chip("Offered", "info", "circle-dot"),
    RequestState.ACKNOWLEDGED: Chip("Acknowledged", "work", "check"),
    RequestState.PARTLY_SHIPPED: Chip("Partly shipped", "work", "circle-half-2"),
    RequestState.SHIPPED: Chip("Shipped", "good", "truck"),
    RequestState.CANCEL_ASKED: Chip("Asked to stop", "warn", "hand-stop"),
    RequestState.CANCELED: Chip("Canceled", "neutral", "ban"),
    RequestState.REJECTED: Chip("Rejected by the warehouse", "bad", "circle-x"),
    RequestState.WITHDRAWN: Chip("Withdrawn", "neutral", "arrow-back-up"),
}
TOLD = {
    "due": Chip("Store not told yet", "info", "send"),
    "change": Chip("Correction not told yet", "info", "send"),
    "retract": Chip("Withdrawal not told yet", "info", "send"),
    "told": Chip("Store told", "done", "circle-check"),
    "not_wanted": Chip("Store is not told", "neutral", "send-off"),
}


def held(account: Account) -> int:
    return up_to(Order.objects.for_account(account).in_state(State.HELD))


def to_ship(account: Account) -> int:
    """Requests of warehouses that have no API: somebody here works them."""
    by_hand = ShippingRequest.objects.for_account(account).filter(partner__isnull=True)
    work = (RequestState.OFFERED, RequestState.ACKNOWLEDGED, RequestState.PARTLY_SHIPPED)
    return up_to(by_hand.filter(state__in=work))


def register() -> None:
    panel.add_chips("order", STATES)
    panel.add_chips("request", REQUESTS)
    panel.add_chips("told", TOLD)
    panel.add_pages(
        "orders",
        Page("All orders", "orders:orders", also=("orders:order",)),
        Page("Held", "orders:held", count=held, urgent=True, synonyms="waiting exceptions"),
        Page("To ship", "orders:to_ship", count=to_ship, may=May.SHIP, synonyms="packing slips pick"),
        Page("Where is my order?", "orders:where", synonyms="missing order not imported"),
    )
    dashboard.register()
    search.register()

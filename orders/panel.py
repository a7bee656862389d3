"""What the orders app puts into the panel's shell: navigation, chips, dashboard cards, search."""

from __future__ import annotations

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Chip, Page
from fcp.roles import May
from orders import dashboard, search, stock_sources
from orders.models import Order, ShippingRequest
from orders.models.shipping import RequestState
from orders.state import State
from orders.tracking_rows import Found

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

TRACKING_ROWS = {
    Found.SHIPS: Chip("Ships", "work", "truck"),
    Found.ALREADY: Chip("Shipped already", "neutral", "check"),
    Found.REFUSED: Chip("Refused", "bad", "circle-x"),
    Found.EMPTY: Chip("Left out", "neutral", "minus"),
}


def held(account: Account) -> int:
    return up_to(Order.objects.for_account(account).in_state(State.HELD))


def to_ship(account: Account) -> int:
    """Requests of warehouses that have no API: somebody here works them."""
    return up_to(ShippingRequest.objects.for_account(account).unsettled().by_hand())


def register() -> None:
    panel.add_chips("order", STATES)
    panel.add_chips("request", REQUESTS)
    panel.add_chips("told", TOLD)
    panel.add_chips("tracking_row", TRACKING_ROWS)
    panel.add_pages(
        "orders",
        Page(
            "All orders",
            "orders:orders",
            also=("orders:order",),
            help=(
                "Every order that came in, newest first. Filters stay in the address, so a list can be sent "
                "to a colleague as a link."
            ),
        ),
        Page(
            "Held",
            "orders:held",
            count=held,
            urgent=True,
            synonyms="waiting exceptions",
            help=(
                "Orders that wait, grouped by what they wait for. Mend a cause once, and every order that "
                "waits only for it goes on by itself."
            ),
        ),
        Page(
            "To ship",
            "orders:to_ship",
            also=("orders:to_ship_one", "orders:tracking", "orders:tracking_file"),
            count=to_ship,
            may=May.SHIP,
            synonyms="packing slips pick",
            help=(
                "The work of warehouses without a system of their own. Print the packing slip, pack, then "
                "press Mark as shipped: the store is told by itself."
            ),
        ),
    )
    panel.add_pages(
        "settings",
        Page(
            "Rules",
            "orders:rules",
            also=("orders:rule", "orders:rule_new", "orders:rule_try", "orders:rule_versions"),
            synonyms="automation conditions actions hold tag orderbots workflow",
            help=(
                "What is done by itself with orders that fulfil some conditions. Try a rule on the last 200 orders, "
                "then switch it on; each change is kept as a version."
            ),
        ),
    )
    panel.add_pages(
        "help",
        Page(
            "Holds",
            "orders:hold_help",
            synonyms="why waits held lift release kinds preorder customs fraud until",
            help="What each kind of hold means, who places it, and how it ends.",
        ),
    )
    dashboard.register()
    search.register()
    stock_sources.register()

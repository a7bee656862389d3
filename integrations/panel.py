"""What the integrations app puts into the panel's shell: navigation, chips, health, running syncs."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from fcp import panel
from fcp.models import Account
from fcp.panel import Chip, Page, Waiting
from fcp.roles import May
from integrations import (
    account_settings,
    alert_panel,
    dashboard,
    help_panel,
    invitations,
    ledger_panel,
    mapping_pages,
    migrating,
    product_answers,
    search,
    stock_of_product,
)
from integrations.invitations import InvitationState
from integrations.models.flows import RunState
from integrations.models.products import PushAction, RowState

RUNS = {
    RunState.RUNNING: Chip("Running", "info", "loader-2"),
    RunState.DONE: Chip("Done", "done", "circle-check"),
    RunState.FAILED: Chip("Failed", "bad", "circle-x"),
    RunState.STOPPED: Chip("Stopped", "neutral", "minus"),
}
PUSH_ACTIONS = {
    PushAction.CREATE: Chip("Create", "info", "plus"),
    PushAction.CHANGE: Chip("Change", "work", "pencil"),
    PushAction.TO_VARIANTS: Chip("Gets variants", "warn", "arrows-exchange"),
    PushAction.TO_PLAIN: Chip("Loses its variants", "warn", "arrows-exchange"),
}
PUSH_ROWS = {
    RowState.PLANNED: Chip("Planned", "neutral", "circle-dashed"),
    RowState.SENT: Chip("Sent, not answered", "work", "send"),
    RowState.DONE: Chip("Done", "done", "circle-check"),
    RowState.FAILED: Chip("Not sent", "bad", "circle-x"),
}
HEALTH = {
    "good": Chip("Working", "good", "circle-check"),
    "late": Chip("Late", "warn", "clock"),
    "failing": Chip("Failing", "bad", "alert-triangle"),
    "blocked": Chip("Key refused", "bad", "plug-off"),
    "off": Chip("Off", "neutral", "minus"),
    "new": Chip("Not live", "info", "circle-dashed"),
    "paused": Chip("Handing over paused", "warn", "player-pause"),
}
INVITATIONS = {
    InvitationState.WAITING: Chip("Not used yet", "info", "clock"),
    InvitationState.USED: Chip("Connected", "done", "circle-check"),
    InvitationState.REVOKED: Chip("Revoked", "neutral", "ban"),
    InvitationState.EXPIRED: Chip("Expired", "warn", "clock"),
}
WEBHOOKS = {
    "reserved": Chip("Reserved, no event yet", "neutral", "circle-dashed"),
    "saved": Chip("Saved, no event yet", "info", "circle-dot"),
    "used": Chip("Working", "good", "circle-check"),
    "revoked": Chip("Revoked", "neutral", "ban"),
}
DELIVERIES = {
    "waiting": Chip("Waiting", "info", "clock"),
    "again": Chip("Waiting again", "info", "history"),
    "done": Chip("Looked at", "done", "check"),
}
OF_ONE = (
    "integration", "advanced", "channel", "ship_codes", "all_ship_codes", "skus", "all_skus", "locations",
    "all_locations", "webhooks", "webhook_create", "webhook_address", "runs_of", "exchanges", "sync", "try", "delete",
    "versions", "versions_back", "reconnect", "reconnect_by", "products", "products_unused",
    "ledger_of", "ledger_gaps",
)  # fmt: skip


def _invited(account: Account) -> Sequence[Waiting]:
    return invitations.questions(account, timezone.now())


def register() -> None:
    panel.add_chips("run", RUNS)
    panel.add_chips("health", HEALTH)
    panel.add_chips("push_action", PUSH_ACTIONS)
    panel.add_chips("push_row", PUSH_ROWS)
    panel.add_chips("webhook", WEBHOOKS)
    panel.add_chips("delivery", DELIVERIES)
    panel.add_chips("invitation", INVITATIONS)
    panel.add_pages(
        "integrations",
        Page(
            "View Integrations",
            "integrations:integrations",
            also=tuple(f"integrations:{view}" for view in OF_ONE),
            synonyms="channels carts stores connectors order sources sales channels",
            help=(
                "The stores you are connected to, and how they do. Until an integration is live it reads and "
                "shows, but hands nothing over."
            ),
        ),
        Page(
            "Add Integration",
            "integrations:add",
            also=(
                "integrations:add_flows",
                "integrations:add_way",
                "integrations:add_name",
                "integrations:setup",
                "integrations:next",
                "integrations:invitations",
            ),
            may=May.CONNECT,
            synonyms="new setup connect catalogue invite invitation owner link",
            help=(
                "Pick the platform of your store and connect it. Nothing is handed over to a warehouse before "
                "you press Go live."
            ),
        ),
        Page(
            "Carts",
            "integrations:carts",
            also=("integrations:new_setup", "integrations:new_setup_of", "integrations:new_setup_by"),
            synonyms="new setup channels marketplaces order sources cart setup",
            help=(
                "The same integrations, as carts and marketplaces. New Setup asks everything that a new one needs on "
                "one page; its services are set last, as they turn the connection on."
            ),
        ),
        Page(
            "Runs",
            "integrations:runs",
            also=("integrations:run", "integrations:failed"),
            synonyms="syncs history errors failed records",
            help=(
                "What the flows did: how many records they saw, changed, skipped and could not take, with the reason."
            ),
        ),
    )
    panel.add_pages(
        "orders",
        Page(
            "Where is my order?",
            "integrations:where",
            synonyms="find missing order not imported left out seen search",
            help=(
                "Type the number of any order of any of your stores. You see whether it was seen, why it came in or "
                "was left out, and the setting that decides it. One that nobody has seen yet is asked for in the store."
            ),
        ),
    )
    panel.add_pages(
        "inventory",
        Page(
            "Push preview",
            "integrations:push_preview",
            also=("integrations:stock", "integrations:stock_drift", "integrations:oversold"),
            synonyms="stock sync inventory upload drift oversold what is sent",
            help=(
                "What each store shows of your stock, what it would be told, and how that number is made. Nothing is "
                "sent to a store before somebody has looked here and pressed Send these quantities."
            ),
        ),
    )
    account_settings.register()
    dashboard.register()
    panel.add_waiting(_invited)
    alert_panel.register()
    help_panel.register()
    ledger_panel.register()
    stock_of_product.register()
    mapping_pages.register()
    panel.add_waiting(migrating.questions)
    panel.add_waiting(product_answers.questions)
    search.register()

"""What the integrations app puts into the panel's shell: navigation, chips, health, running syncs."""

from __future__ import annotations

from fcp import panel
from fcp.panel import Chip, Page
from fcp.roles import May
from integrations import alert_panel, dashboard, mapping_pages, search, stock_of_product
from integrations.models.flows import RunState

RUNS = {
    RunState.RUNNING: Chip("Running", "info", "loader-2"),
    RunState.DONE: Chip("Done", "done", "circle-check"),
    RunState.FAILED: Chip("Failed", "bad", "circle-x"),
    RunState.STOPPED: Chip("Stopped", "neutral", "minus"),
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
OF_ONE = (
    "integration", "advanced", "channel", "ship_codes", "all_ship_codes", "skus", "all_skus", "locations",
    "all_locations", "webhooks", "runs_of", "exchanges", "try", "delete", "reconnect", "reconnect_by",
)  # fmt: skip


def register() -> None:
    panel.add_chips("run", RUNS)
    panel.add_chips("health", HEALTH)
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
            also=("integrations:add_way", "integrations:add_name", "integrations:setup"),
            may=May.CONNECT,
            synonyms="new setup connect catalogue",
            help=(
                "Pick the platform of your store and connect it. Nothing is handed over to a warehouse before "
                "you press Go live."
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
    dashboard.register()
    alert_panel.register()
    stock_of_product.register()
    mapping_pages.register()
    search.register()

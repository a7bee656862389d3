"""What the integrations app puts into the panel's shell: navigation, chips, health, running syncs."""

from __future__ import annotations

from fcp import panel
from fcp.panel import Chip, Page
from fcp.roles import May
from integrations import dashboard
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


def register() -> None:
    panel.add_chips("run", RUNS)
    panel.add_chips("health", HEALTH)
    panel.add_pages(
        "integrations",
        Page(
            "View Integrations",
            "integrations:integrations",
            also=("integrations:integration",),
            synonyms="channels carts stores connectors order sources sales channels",
        ),
        Page("Add Integration", "integrations:add", may=May.CONNECT, synonyms="new setup connect catalogue"),
        Page("Runs", "integrations:runs", also=("integrations:run",), synonyms="syncs history errors"),
    )
    dashboard.register()

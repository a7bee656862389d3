"""Settings of how a platform is called: where, and how fast (TECH-33, X22)."""

from __future__ import annotations

from collections.abc import Mapping

from .declaring import Choice, Setting, SettingKind


def api_address(label: str, url: str) -> Setting:
    """`label`: what the platform is called."""
    return Setting(
        key="api_url",
        label="Api URL",
        kind=SettingKind.TEXT,
        help=f"The address that all calls to {label} go to; only the operator's staff can change it, and only to one "
        f"of {label}'s own or to the stand-in store that runs here.",
        default=url,
        staff_only=True,
        required=True,
        tab="channel",
    )


def rates_of(documented: int) -> dict[str, int]:
    """Calls a minute by choice of `throughput`, of a platform that documents so many."""
    return {"standard": documented, "half": documented // 2, "quarter": documented // 4}


def throughput(label: str, rates: Mapping[str, int], shared: str) -> Setting:
    """`shared`: what another program may use too, a token or a key."""
    return Setting(
        key="throughput",
        label="Throughput",
        kind=SettingKind.CHOICE,
        help=f"Your plan at {label}: how fast we call {label}, which sets the speed of order sync and of all other "
        "work for this store.",
        default="standard",
        choices=(
            Choice("standard", f"Every plan: {rates['standard']} calls a minute", f"The limit that {label} documents."),
            Choice("half", f"Half: {rates['half']} calls a minute", f"When another program uses the same {shared}."),
            Choice(
                "quarter", f"Quarter: {rates['quarter']} calls a minute", f"When {label} often asks us to slow down."
            ),
        ),
        required=True,
        tab="channel",
    )

"""What a store says of itself, as columns of its row."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.connectors.shapes import Connected


def facts_of(connected: Connected) -> dict[str, Any]:
    try:
        zone = ZoneInfo(connected.time_zone).key
    except (ValueError, KeyError, OSError):
        zone = "UTC"
    facts = {
        "name": connected.name[:200],
        "currency": connected.currency[:3],
        "time_zone": zone,
        "url": connected.url[:500],
    }
    return facts | ({"install_uid": connected.install_uid[:100]} if connected.install_uid else {})

"""An invented platform, registered as any other is: by one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors import CONNECTORS
from tests.platforms.corner.adapter import CLASS
from tests.platforms.corner.store import CornerShop


@pytest.fixture
def corner(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[CornerShop]:
    """The registry's line, and the one shop of the platform with its till running."""
    monkeypatch.setitem(CONNECTORS, "corner", CLASS)
    with CornerShop() as shop:
        settings.FCP_SANDBOX_PORT = shop.port
        yield shop

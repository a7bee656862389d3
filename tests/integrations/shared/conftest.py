"""Each shop in turn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integrations.shared.adapter import Reached, Shop
from tests.integrations.shared.shops import SHOPS


@pytest.fixture(params=SHOPS, ids=lambda shop: shop.label.replace(" ", "-"))
def shop(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with request.param.running(settings, monkeypatch, dt.timedelta()) as shop:
        yield shop


@pytest.fixture
def store(shop: Shop) -> Reached:
    """The shop as its connector sees it."""
    return shop.reach()

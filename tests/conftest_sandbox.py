"""The stand-in stores as a fixture."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.sandbox.server import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both stand-in stores with a few products and no orders: place what the test needs. No limit of calls.

    Where a test wants another kind (a history of orders, webhooks, the limit): `with Sandbox(orders=200, ...) as box`.
    """
    with Sandbox(orders=0, products=12, rate_limit=0, retries=(0.05, 0.1, 0.2)) as box:
        yield box


@pytest.fixture
def settings_of_sandbox(sandbox: Sandbox, settings: Any) -> None:
    """Calls go to the stand-in stores, as the app that they know."""
    reach_sandbox(sandbox, settings)


def reach_sandbox(box: Sandbox, settings: Any) -> None:
    settings.FCP_SANDBOX_PORT = box.server.server_address[1]
    for platform, info in box.info.items():
        for name in ("app_id", "app_secret", "public_key", "installer_url", "market_url"):
            setattr(settings, f"FCP_{platform.upper()}_{name.upper()}", info.get(name, ""))

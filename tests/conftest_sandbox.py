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
    info = sandbox.info["wix"]
    settings.FCP_SANDBOX_PORT = sandbox.server.server_address[1]
    settings.FCP_WIX_APP_ID = info["app_id"]
    settings.FCP_WIX_APP_SECRET = info["app_secret"]
    settings.FCP_WIX_PUBLIC_KEY = info["public_key"]
    settings.FCP_WIX_INSTALLER_URL = info["installer_url"]
    settings.FCP_WIX_MARKET_URL = info["app_market_url"]

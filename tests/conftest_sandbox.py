"""The stand-in stores as a fixture."""

from collections.abc import Iterator

import pytest

from integrations.sandbox.server import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both stand-in stores with a few products and no orders: place what the test needs. No limit of calls.

    Where a test wants another kind (a history of orders, webhooks, the limit): `with Sandbox(orders=200, ...) as box`.
    """
    with Sandbox(orders=0, products=12, rate_limit=0, retries=(0.05, 0.1, 0.2)) as box:
        yield box

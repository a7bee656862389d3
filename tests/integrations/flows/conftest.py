"""A store that is connected to the sandbox, with its flows on, and a worker that does what is in the queue."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.integrations.flows.world import connect_store, work


@pytest.fixture(autouse=True)
def settings_of_sandbox(sandbox: Sandbox, settings: Any) -> None:
    info = sandbox.info["wix"]
    settings.FCP_SANDBOX_PORT = sandbox.server.server_address[1]
    settings.FCP_WIX_APP_ID = info["app_id"]
    settings.FCP_WIX_APP_SECRET = info["app_secret"]
    settings.FCP_WIX_PUBLIC_KEY = info["public_key"]


@pytest.fixture
def connect(transactional_db: None, sandbox: Sandbox) -> Callable[..., Integration]:
    """`connect("v1")`: that stand-in store by API key, orders and fulfillments on, everything read once."""

    def connect(site: str = "v1", **given: object) -> Integration:
        integration = connect_store(sandbox, site, **given)
        work()
        return integration

    return connect

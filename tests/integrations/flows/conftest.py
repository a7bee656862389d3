"""A store that is connected to the sandbox, with its flows on, and a worker that does what is in the queue."""

from collections.abc import Callable

import pytest

from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.integrations.flows.world import connect_store, work


@pytest.fixture(autouse=True)
def at_the_sandbox(settings_of_sandbox: None) -> None:
    """Every store here is a stand-in."""


@pytest.fixture
def connect(transactional_db: None, sandbox: Sandbox) -> Callable[..., Integration]:
    """`connect("v1")`: that stand-in store by API key, orders and fulfillments on, everything read once."""

    def connect(site: str = "v1", **given: object) -> Integration:
        integration = connect_store(sandbox, site, **given)
        work()
        return integration

    return connect

"""The stand-in Ecwid as a fixture."""

from collections.abc import Iterator

import pytest

from integrations.sandbox.server import Sandbox

from .client import Ecwid


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(platforms=("ecwid",), products=14, rate_limit=0, retries=(0.02, 0.04)) as box:
        yield box


@pytest.fixture
def ecwid(box: Sandbox) -> Ecwid:
    return Ecwid(box)

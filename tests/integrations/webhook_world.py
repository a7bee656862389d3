"""A store that is connected to the sandbox, and an address at which it may announce orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from integrations.addresses import reserve, url_of
from integrations.models import Integration, WebhookAddress
from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix import automations
from tests.integrations.flows.world import change_settings, connect_store, work


@pytest.fixture
def nothing_counted(transactional_db: None) -> Iterator[None]:
    """The counts of refused messages stand in the cache, which a test's end does not empty."""
    cache.clear()
    yield
    cache.clear()


def announcing_store(box: Sandbox, site: str = "v1", **given: Any) -> Integration:
    """Connected by API key, orders on, on webhooks with a safety poll; everything read once."""
    integration = connect_store(box, site, on=(), **given)
    change_settings(integration, flows={"orders": {"mode": "pull"}}, channel_mode="webhooks_poll")
    work()
    return integration


def reserved(integration: Integration, by: str = "Ann") -> WebhookAddress:
    return reserve(integration, "order_placed", by=by, now=timezone.now())


def path_of(address: WebhookAddress) -> str:
    return urlsplit(url_of(address)).path


def message(box: Sandbox, order: dict[str, Any], site: str = "v1", data: str = "all") -> str:
    """What the site's automation posts of an order."""
    return automations.body_of(box.wix.site(site), {"id": "automation-1", "data": data}, order)


def post(address: WebhookAddress | str, body: Any, client: Client | None = None) -> Any:
    path = address if isinstance(address, str) else path_of(address)
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return (client or Client()).post(path, data=text, content_type="application/json")

"""A merchant who is signed in, and the stores he may connect: the stand-in ones."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from fcp.models import Account
from fcp.roles import Role
from integrations.connectors.declaring import FlowKind
from integrations.models import Integration
from integrations.sandbox.server import Sandbox
from tests.build import make_account, make_user
from tests.integrations.flows.world import connect_store


@pytest.fixture(autouse=True)
def at_the_sandbox(settings_of_sandbox: None) -> None:
    """Every store here is a stand-in."""


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")


@pytest.fixture
def client(account: Account) -> Client:
    """The account's owner."""
    return signed_in(make_user(account, first_name="Ann", last_name="Lee"))


@pytest.fixture
def viewer(account: Account) -> Client:
    return signed_in(make_user(account, Role.VIEWER))


@pytest.fixture
def staff(account: Account) -> Client:
    """One of the operator's people, who sees and changes what only they may."""
    return signed_in(make_user(account, is_staff=True))


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shop(account: Account, sandbox: Sandbox) -> Integration:
    """The Catalog V1 store, connected, its flows still off."""
    return connect_store(sandbox, "v1", account=account, on=())


@pytest.fixture
def open_shop(account: Account, sandbox: Sandbox) -> Integration:
    """The same with orders and fulfillments on."""
    return connect_store(sandbox, "v1", account=account, on=(FlowKind.ORDERS, FlowKind.FULFILLMENTS))

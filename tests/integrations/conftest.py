"""The account that connects stores, at the stand-in Wix."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from fcp.models import Account
from tests.build import make_account, make_user


@pytest.fixture
def at_wix(db: None, settings_of_sandbox: None) -> None:
    """Every store is a stand-in, and nobody tried anything before."""
    cache.clear()


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd")


@pytest.fixture
def owner(account: Account) -> Client:
    """Ann Lee, who owns it."""
    client = Client()
    client.force_login(make_user(account, first_name="Ann", last_name="Lee"))
    return client

"""An account with one store, whose warehouse has a list of ship codes."""

from __future__ import annotations

import pytest

from fcp.models import Account, Store
from tests.build import make_account, make_partner, make_store, make_warehouse


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd")


@pytest.fixture
def store(account: Account) -> Store:
    make_warehouse(account, partner=make_partner(), name="New Jersey")
    return make_store(account, name="Main street")

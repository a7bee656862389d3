"""A partner with a warehouse in two accounts, and clients that call the API as real programs do."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from fcp.models import Account, ApiKey, Partner
from fcp.scopes import FOR_ACCOUNT, FOR_PARTNER, Scope
from tests.orders.making import make_partner


@dataclass
class Api:
    """Calls below /api/v1 with one key."""

    text: str
    key: ApiKey

    def get(self, path: str, **query: Any) -> Any:
        return Client().get(f"/api/v1{path}", query, headers=self.headers())

    def post(self, path: str, body: Any, once: str = "") -> Any:
        return self._send("POST", path, body, once)

    def put(self, path: str, body: Any, once: str = "") -> Any:
        return self._send("PUT", path, body, once)

    def _send(self, method: str, path: str, body: Any, once: str) -> Any:
        headers = self.headers() | ({"Idempotency-Key": once} if once else {})
        data = body if isinstance(body, bytes) else json.dumps(body)
        return Client().generic(method, f"/api/v1{path}", data, "application/json", headers=headers)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"}


def partner_api(partner: Partner, *scopes: Scope, **values: Any) -> Api:
    key, text = ApiKey.objects.issue("WMS", list(scopes or FOR_PARTNER), partner=partner, **values)
    return Api(text, key)


def account_api(account: Account, *scopes: Scope, **values: Any) -> Api:
    key, text = ApiKey.objects.issue("ERP", list(scopes or FOR_ACCOUNT), account=account, **values)
    return Api(text, key)


@pytest.fixture
def partner(db: None) -> Partner:
    return make_partner()


@pytest.fixture
def api(partner: Partner) -> Api:
    return partner_api(partner)

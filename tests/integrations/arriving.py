"""What Wix's own pages do with a browser, done by hand: signing `instance`, and leading back from the installer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from django.utils import timezone

from fcp.models import Account
from fcp.roles import Role
from integrations.sandbox.server import Sandbox
from tests.build import make_user

LANDING, RETURN = "/install/wix/", "/install/wix/return/"
GO = "/a/shoes/integrations/add/wix/market/begin/"


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed_instance(box: Sandbox, site: str = "v1", *, secret: str = "", **changed: Any) -> str:
    """As Wix signs it for the site's owner, now. A change to None leaves the field out."""
    info = box.info["wix"]
    data = {
        "instanceId": info[f"instance_{site}"],
        "appDefId": info["app_id"],
        "signDate": timezone.now().isoformat(),
        "permissions": "OWNER",
        "uid": "ab",
        **changed,
    }
    encoded = _plain(json.dumps({name: value for name, value in data.items() if value is not None}).encode())
    key = (secret or info["app_secret"]).encode()
    return f"{_plain(hmac.new(key, encoded.encode(), hashlib.sha256).digest())}.{encoded}"


def open_app(client: Client, box: Sandbox, site: str = "v1", **changed: Any) -> Any:
    """Wix opens our page; where it leads is followed."""
    return client.get(LANDING, {"instance": signed_instance(box, site, **changed)}, follow=True)


def state_in(answer: Any) -> str:
    """The state within a redirect to the installer."""
    back = parse_qs(urlsplit(answer["Location"]).query)["postInstallationUrl"][0]
    return parse_qs(urlsplit(back).query)["state"][0]


def returning(box: Sandbox, state: str, site: str = "v1", **changed: str) -> str:
    """Where the installer sends the browser after the owner agreed."""
    info = box.info["wix"]
    sent = {
        "state": state,
        "appId": info["app_id"],
        "tenantId": info[f"site_id_{site}"],
        "instanceId": info[f"instance_{site}"],
    } | changed
    return f"{RETURN}?{urlencode(sent)}"


def begin(client: Client, url: str = GO) -> str:
    """Press Connect: the state that went along."""
    return state_in(client.get(url))


def save(client: Client, page: Any, account: Account, name: str = "My Shop") -> Any:
    """Save on the page that a store's arrival led to."""
    return client.post(page.request["PATH_INFO"], {"account": account.pk, "name": name})


def member(account: Account, role: Role = Role.OWNER, **values: Any) -> Client:
    client = Client()
    client.force_login(make_user(account, role, **values))
    return client

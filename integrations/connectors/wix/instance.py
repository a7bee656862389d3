"""The parameter `instance`, with which Wix opens a page of ours: it names the installation and is signed for our app.

`<signature>.<data>`, both base64url without padding; the signature is HMAC-SHA256 of the encoded data under the app's
secret. Wix's documentation now prefers asking `oauth2/token-info` about it; what the data holds there is not settled,
so it is checked here, offline, and the store is asked with a token of our own before anything comes of it. Which
fields always stand in the data is not documented either: `instanceId` and `signDate` must, `appDefId` must fit where
it does. Every visitor of a site with the app gets a signed one too: only `permissions` "OWNER" without `aid` (an
anonymous visitor's id) is the owner's.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from typing import Any

import orjson

from fcp.errors import Rejected

from ..shapes import AppSecrets
from .reading import time

# Wix signs when it opens the page, so a good one is seconds old. An older one comes from a history or a log.
OLDEST = dt.timedelta(minutes=10)
CLOCKS_DIFFER = dt.timedelta(minutes=5)
MOST = 8192  # characters

FORGED = "Wix did not send you here for our app. Open the app from the dashboard of your site in Wix."
OLD = "This link from Wix is too old. Open the app again from the dashboard of your site in Wix."
NOT_OWNER = "Only the owner of the Wix site can connect it. Open the app in Wix as the site's owner."


def verified(text: str, app: AppSecrets, now: dt.datetime) -> str:
    """The instance id. Raises Rejected with a sentence when it is forged, old, or shown to somebody but the owner."""
    signature, _, encoded = text.partition(".")
    if not app.client_secret or not encoded or len(text) > MOST:
        raise _refused("no signed instance", "instance_forged", FORGED)
    if not hmac.compare_digest(signature.rstrip("=").encode(), _sign(encoded, app.client_secret)):
        raise _refused("the signature is not ours", "instance_forged", FORGED)
    data = _data(encoded)
    if data.get("appDefId") not in (None, "", app.client_id):
        raise _refused("made for another app", "instance_forged", FORGED)
    signed = time(data.get("signDate"))
    if signed is None or not now - OLDEST <= signed <= now + CLOCKS_DIFFER:
        raise _refused("signed too long ago", "instance_old", OLD)
    if data.get("permissions") != "OWNER" or data.get("aid"):
        raise _refused("not the owner", "not_the_owner", NOT_OWNER)
    found = data.get("instanceId")
    if not isinstance(found, str) or not found:
        raise _refused("signed, but without an instance id", "instance_forged", FORGED)
    return found


def _sign(encoded: str, secret: str) -> bytes:
    digest = hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _data(encoded: str) -> dict[str, Any]:
    try:
        data = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError) as error:
        raise _refused("signed, but not readable", "instance_forged", FORGED) from error
    return data if isinstance(data, dict) else {}


def _refused(detail: str, code: str, sentence: str) -> Rejected:
    return Rejected(detail, code=code, sentence=sentence)

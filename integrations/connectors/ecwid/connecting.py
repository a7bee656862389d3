"""Letting us into an Ecwid store: by a token that its owner copies, or by OAuth through the operator's app.

Ecwid documents no `state`, so ours travels in the query of the return address, which Ecwid keeps. A code works once:
exchanging it a second time takes the token back.
Source: Ecwid API reference, "Get token manually", "Access scopes".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fcp.errors import Refused, Rejected, Unreadable
from fcp.http import Session

from ..shapes import AppSecrets, Arrived, Connected, Credential, Redirect
from . import errors
from .reading import Json, id_text, part_of, text_of
from .words import MORE_SCOPES, SCOPES

CUSTOM_APP, APP = "custom_app", "app"
OAUTH_URL = "https://my.ecwid.com/api/oauth"
STORE_ID = r"^[0-9]{1,15}$"
NO_CONSENT = "The store's owner did not agree at Ecwid, so nothing was connected. Begin again if that was a mistake."
NO_CODE = "Ecwid sent you back without its consent. Nothing was connected; begin again."
NO_APP = "This installation has no Ecwid app of its own. Ask your operator, or connect with the token of a custom app."
PUBLIC_TOKEN = "This is the public token. Copy the secret one, which begins with secret_, from the same page."  # noqa: S105
NO_TOKEN = "The secret token is not complete. It begins with secret_; copy it from Ecwid again."  # noqa: S105
OTHER_STORE = "This token belongs to another Ecwid store than the Store ID names. Check both, and try again."
SUSPENDED = errors.PLAN["STORE_IS_SUSPENDED"]


def consent_page(app: AppSecrets, state: str, return_url: str) -> Redirect:
    """Where the owner reads what the app may do, and agrees."""
    asked = {
        "client_id": app.client_id,
        "redirect_uri": _returns_to(return_url, state),
        "response_type": "code",
        "scope": " ".join((*SCOPES, *MORE_SCOPES)),
    }
    return Redirect(f"{_oauth(app)}/authorize?{urlencode(asked)}")


def _returns_to(return_url: str, state: str) -> str:
    return f"{return_url}?{urlencode({'state': state})}"


def _oauth(app: AppSecrets) -> str:
    return (app.installer_url or OAUTH_URL).rstrip("/")


def arrived(query: Mapping[str, str]) -> Arrived:
    """Nothing here is signed: our state says that somebody here asked, the code that the owner agreed."""
    if query.get("error"):
        raise Rejected(f"returned with {query['error'][:60]!r}", code="consent_refused", sentence=NO_CONSENT)
    code = query.get("code", "")
    if not code or len(code) > 1000:
        raise Rejected("returned without a code", code="no_code", sentence=NO_CODE)
    return Arrived(APP, {"code": code, "state": query.get("state", "")})


def credential_of(way: str, app: AppSecrets, received: Mapping[str, str], session: Session) -> Credential:
    """Raises Refused with what is wrong about what was given."""
    given = {name: value.strip() for name, value in received.items()}
    if way == CUSTOM_APP:
        return Credential(CUSTOM_APP, _typed(given))
    return Credential(APP, _exchanged(app, given, session))


def _typed(given: Mapping[str, str]) -> dict[str, str]:
    if not re.fullmatch(STORE_ID, given.get("store_id", "")):
        raise Refused("store_id format", code="store_id_format", sentence="The Store ID is a number, as in 1003.")
    token = given.get("token", "")
    if token.startswith("public_"):
        raise Refused("a public token", code="token_format", sentence=PUBLIC_TOKEN)
    if not re.fullmatch(r"secret_[!-~]{8,200}", token):
        raise Refused("token format", code="token_format", sentence=NO_TOKEN)
    values = {"store_id": given["store_id"], "token": token}
    return values | ({"client_secret": given["client_secret"]} if given.get("client_secret") else {})


def _exchanged(app: AppSecrets, given: Mapping[str, str], session: Session) -> dict[str, str]:
    """The token for a code. `return_url` is where the browser came back to, as it was given when it left."""
    if not app.client_id or not app.client_secret:
        raise Refused("no app configured", code="no_app", sentence=NO_APP)
    asked = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "code": given.get("code", ""),
        "redirect_uri": _returns_to(given.get("return_url", ""), given.get("state", "")),
        "grant_type": "authorization_code",
    }
    reply = session.call("GET", f"{_oauth(app)}/token", params=asked, errors=errors.FOR_CODE)
    token, store_id = text_of(reply, "access_token", 300), id_text(reply if isinstance(reply, dict) else {}, "store_id")
    if not token or not re.fullmatch(STORE_ID, store_id):
        raise Unreadable("an answer without a token or a store")
    # Who may do what is asked of the store again later on; here it says so before anything is saved.
    if "scope" in reply:
        must_have(text_of(reply, "scope", 4000).replace(",", " ").split())
    return {"store_id": store_id, "token": token}


def must_have(scopes: list[str]) -> None:
    if missing := [scope for scope in SCOPES if scope not in scopes]:
        raise errors.lacking(missing)


# --- what a store says of itself -------------------------------------------------------------------------------------


def connected(profile: Any, credential: Credential) -> Connected:
    """From the store's profile. Raises Refused where it is another store, or a suspended one."""
    general, units = part_of(profile, "generalInfo"), part_of(profile, "formatsAndUnits")
    store_id = id_text(general, "storeId")
    if store_id != credential.values["store_id"]:
        if not store_id:
            raise Unreadable("a profile without a store id")
        raise Refused("the profile of another store", code="other_store", sentence=OTHER_STORE)
    if part_of(profile, "account").get("suspended") is True:
        raise Refused("account.suspended", code=SUSPENDED[0], sentence=SUSPENDED[1])
    return Connected(
        store_uid=store_id,
        name=name_of(profile) or f"Ecwid {store_id}",
        currency=text_of(units, "currency").upper()[:3],
        time_zone=_zone(text_of(units, "timezone")) or "UTC",
        variant="",
        credential=credential,
        install_uid=store_id,
        url=text_of(general, "storeUrl", 500),
    )


def name_of(profile: Any) -> str:
    account: Json = part_of(profile, "account")
    return (
        text_of(part_of(profile, "settings"), "storeName")
        or text_of(account, "accountName")
        or text_of(part_of(profile, "company"), "companyName")
    )


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, KeyError, OSError):
        return ""

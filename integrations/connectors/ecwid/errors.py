"""What Ecwid's error answers mean: by status and `errorCode`, either of which may come without any body.

A dead token is a 403 here. Whoever goes on with one is shut out for long, so everything stops at the first of them.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from fcp.errors import NotFound, Refused, Rejected, SyncError
from fcp.http import ErrorTable, Reply
from fcp.redact import redacted_text

from .words import MORE_SCOPES, SCOPES

NOT_ACCEPTED = "Ecwid does not accept this. What it answered stands in the log of calls."
GONE = {
    "ORDER_NOT_FOUND": ("order_not_found", "Ecwid no longer has this order."),
    "PRODUCT_NOT_FOUND": ("product_not_found", "Ecwid no longer has this product."),
    "COMBINATION_NOT_FOUND": ("variant_not_found", "Ecwid no longer has this variation of the product."),
}
PLAN = {  # of a 402; anything else speaks of the plan too
    "STORE_IS_SUSPENDED": (
        "store_suspended",
        "Ecwid has suspended this store. Once the owner has settled that with Ecwid, everything goes on by itself.",
    ),
}
FREE_PLAN = (
    "free_plan",
    "The plan of this Ecwid store does not let apps in; the free plan never does. Upgrade the plan at Ecwid.",
)
NO_STORE = "Ecwid knows no store with this Store ID. Look it up at the foot of your Ecwid admin, and correct it."
_REVOKED = (
    "Ecwid no longer accepts our token: the app was taken out of the store, or the token was replaced. "
    "Connect the store again."
)
SHUT_OUT = "Ecwid does not let us into this store. Connect it again; if that does not help, ask your operator."


def code_of(reply: Reply) -> tuple[str, str]:
    """(code, message) of an error, each "" where it does not say."""
    body: Any = reply.json_or_none()
    if not isinstance(body, dict):
        return "", ""
    message = body.get("errorMessage") or body.get("error_message") or ""
    return str(body.get("errorCode") or ""), str(message)


def detail_of(reply: Reply) -> str:
    code, message = code_of(reply)
    return redacted_text(f"{reply.status} {code} {message}".strip())[:500]


def table(method: str, path: str) -> ErrorTable:
    """For a call below a store's address."""
    return {
        400: rejected,
        402: plan_refused,
        403: partial(shut_out, method, path),
        404: gone,
        409: rejected,
        415: rejected,
        422: rejected,
    }


def rejected(reply: Reply) -> SyncError:
    return Rejected(detail_of(reply), sentence=NOT_ACCEPTED)


def gone(reply: Reply) -> SyncError:
    code, _ = code_of(reply)
    if code == "STORE_NOT_FOUND":
        return Refused(detail_of(reply), code="store_not_found", sentence=NO_STORE)
    ours, sentence = GONE.get(code, ("record_not_found", "Ecwid no longer has this record."))
    return NotFound(detail_of(reply), code=ours, sentence=sentence)


def plan_refused(reply: Reply) -> SyncError:
    ours, sentence = PLAN.get(code_of(reply)[0], FREE_PLAN)
    return Refused(detail_of(reply), code=ours, sentence=sentence)


# --- who may do what -------------------------------------------------------------------------------------------------


def shut_out(method: str, path: str, reply: Reply) -> SyncError:
    code, message = code_of(reply)
    if code == "INSUFFICIENT_APP_SCOPE":
        return lacking([_named_in(message) or _needed_for(method, path)], detail_of(reply))
    if code == "INVALID_API_TOKEN":
        return Refused(detail_of(reply), code="token_dead", sentence=_REVOKED)
    return Refused(detail_of(reply), sentence=SHUT_OUT)


def lacking(scopes: list[str], detail: str = "") -> Refused:
    """Permissions that the store's owner did not give the app, or that it never asked for."""
    named = [scope for scope in scopes if scope]
    works = " and ".join(dict.fromkeys(SCOPES[scope] for scope in named if scope in SCOPES)) or "do all that it has to"
    what = f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'}" if named else "a permission is"
    return Refused(
        detail or f"lacks {named}",
        code="scopes_missing",
        sentence=f"Our app cannot {works} in this Ecwid store: {what} missing among its permissions. "
        "Add what is missing to the app at Ecwid, then connect the store again.",
    )


def _named_in(message: str) -> str:
    known = {*SCOPES, *MORE_SCOPES}
    return next((word for word in re.findall(r"[a-z]+(?:_[a-z]+)+", message) if word in known), "")


def _needed_for(method: str, path: str) -> str:
    first = path.strip("/").split("/")[0]
    if first == "products" and method == "POST" and path.strip("/") == "products":
        return "create_catalog"
    read = method == "GET"
    return {
        "orders": "read_orders" if read else "update_orders",
        "products": "read_catalog" if read else "update_catalog",
        "profile": "read_store_profile",
    }.get(first, "")


# --- the token of an app ---------------------------------------------------------------------------------------------

CODE_USED = (
    "Ecwid's consent works once, and for a few minutes only. It was used already or is too old; nothing was connected. "
    "Begin again."
)
APP_UNKNOWN = "Ecwid does not know our app, or its secret is wrong. Ask your operator."


def no_token(reply: Reply) -> SyncError:
    """What the body of this refusal holds is not documented: a word of OAuth is looked for."""
    body: Any = reply.json_or_none()
    word = str(body.get("error") or "") if isinstance(body, dict) else ""
    if "client" in word or reply.status == 401:
        return Refused(f"{reply.status} {word[:60]}", code="app_unknown", sentence=APP_UNKNOWN)
    return Refused(f"{reply.status} {word[:60]}", code="code_used", sentence=CODE_USED)


FOR_CODE: ErrorTable = dict.fromkeys((400, 401, 403, 404), no_token)

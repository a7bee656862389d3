"""What a log may keep of a store's answer: no secret, no person."""

from __future__ import annotations

import re
from typing import Any

import orjson

HIDDEN = "[removed]"

# Compared in lower case, letters and digits only. A field of one of these names is hidden with all that is in it.
_FIELDS = """
    accesstoken refreshtoken token clientsecret secret appsecret apikey authorization password code state signature
    publickey instance cookie
    buyerinfo billinginfo recipientinfo shippingdestination pickupdetails contactdetails address billingaddress
    shippingperson billingperson ordercomments privateadminnotes orderextrafields selectedoptions
    shippingaddress contact customer buyer recipient person ownerinfo
    name firstname lastname fullname company companyname email buyeremail phone fax vatid
    addressline addressline1 addressline2 street streetaddress formattedaddress city postalcode postcode zip
    buyernote note instructions customtextfields customfields descriptionlines ipaddress ip
"""
_NAMES = frozenset(_FIELDS.split())

# An error's own code is what one looks for in a log; everywhere else a "code" may be an authorization code.
_KEPT = {("error", "code"), ("applicationerror", "code"), ("data", "code")}

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_PHONE = re.compile(r"\+\d[\d ()./-]{6,}\d")
_LONG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{22,}[A-Za-z0-9_-]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def redacted_body(body: bytes, most: int = 4096) -> str:
    """A body as text of at most `most` characters. What is not JSON is only cleaned of what looks like a secret."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body[: most * 4].decode("utf-8", "replace").replace("\x00", "").strip()
        return "[broken JSON]" if text.startswith(("{", "[")) else redacted_text(text)[:most]
    return orjson.dumps(redacted(value)).decode().replace("\\u0000", "")[:most]


def redacted(value: Any, parent: str = "", depth: int = 0) -> Any:
    """The same JSON without secrets and persons."""
    if depth > 40:
        return HIDDEN
    if isinstance(value, dict):
        return {key: _below(key, item, parent, depth) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item, parent, depth + 1) for item in value]
    return redacted_text(value) if isinstance(value, str) else value


def _below(key: str, item: Any, parent: str, depth: int) -> Any:
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    if plain in _NAMES and (parent, plain) not in _KEPT and item not in (None, "", [], {}):
        return HIDDEN
    return redacted(item, plain, depth + 1)


def redacted_text(text: str) -> str:
    """Free text without e-mail addresses, telephone numbers with a country code, and what looks like a token."""
    text = _BEARER.sub(HIDDEN, text)
    text = _EMAIL.sub(HIDDEN, text)
    text = _PHONE.sub(HIDDEN, text)
    return _LONG.sub(_unless_harmless, text)


def _unless_harmless(found: re.Match[str]) -> str:
    """Ids and plain words stay: a secret mixes letters and digits, and is no UUID."""
    text = found.group()
    if _UUID.fullmatch(text) or not re.search(r"\d", text) or not re.search(r"[A-Za-z]", text):
        return text
    return HIDDEN

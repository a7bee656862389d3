"""Tracking numbers as the carriers make them, check digits included; each comes from a text, always the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable


def digits_of(text: str, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return f"{number % 10**count:0{count}d}"


def ups(seed: str) -> str:
    """1Z, six signs of the shipper, two of the service, seven of the parcel, check digit."""
    body = f"FC4P60{digits_of(seed, 1)}3{digits_of(seed, 7)}"
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in body]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return f"1Z{body}{-total % 10}"


def usps(seed: str) -> str:
    """22 digits; the last makes three times the odd places (from the right) and the others a multiple of ten."""
    return _with_mod_10(f"9400{digits_of(seed, 17)}")


def dhl(seed: str) -> str:
    """20 digits: application identifier 00 and an SSCC."""
    return f"00{_with_mod_10('34043' + digits_of(seed, 12))}"


def fedex(seed: str) -> str:
    """12 digits, the last by weights 3, 1, 7 modulo 11."""
    body = f"7{digits_of(seed, 10)}"
    total = sum(int(sign) * (3, 1, 7)[place % 3] for place, sign in enumerate(body))
    return f"{body}{total % 11 % 10}"


def post(seed: str) -> str:
    """13 signs as every post numbers parcels (UPU S10): the check digit by weights 8 6 4 2 3 5 9 7 modulo 11."""
    body = digits_of(seed, 8)
    rest = 11 - sum(int(sign) * weight for sign, weight in zip(body, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(rest, rest)
    return f"RR{body}{check}SE"


def _with_mod_10(body: str) -> str:
    total = sum(int(sign) * (3 if place % 2 == 0 else 1) for place, sign in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


CARRIERS: dict[str, tuple[str, Callable[[str], str]]] = {  # a word in the order's carrier or ship code -> name, maker
    "ups": ("UPS", ups),
    "usps": ("USPS", usps),
    "fedex": ("FedEx", fedex),
    "dhl": ("DHL", dhl),
}


def carrier_of(carrier: str, ship_code: str, country: str) -> tuple[str, Callable[[str], str]]:
    """Who takes it, and how that carrier numbers: who is named in the request, else who is usual in the country."""
    words = f"{carrier} {ship_code}".lower()
    named = next((key for key in CARRIERS if key in words), "")
    if carrier and not named:
        return carrier, post
    return CARRIERS[named or ("ups" if country in {"US", "CA", "MX"} else "dhl")]

"""How often somebody may be wrong before nobody looks any more: returns and links that were refused, by address.

allauth's own limits leave out what is asked by GET, which all of these are.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

MOST, SECONDS = 30, 60
IPV6_NETWORK = 64  # bits: what one subscriber has


def too_many(request: HttpRequest) -> bool:
    return int(cache.get(_name(request), 0)) >= MOST


def note_refusal(request: HttpRequest) -> None:
    name = _name(request)
    if not cache.add(name, 1, SECONDS):
        with suppress(ValueError):  # it ran out at this moment
            cache.incr(name)


def _name(request: HttpRequest) -> str:
    """The client's address, behind as many proxies as the operator trusts."""
    found = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if found.version == 6:
        found = ipaddress.ip_network(f"{found}/{IPV6_NETWORK}", strict=False).network_address
    return f"refused-installs:{found}"

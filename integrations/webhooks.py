"""What stores tell us: checked, noted, answered at once; the flow reads the object itself from the store.

/hooks/<platform>/           the address of the operator's app at a platform, for all stores that have it; signed
/hooks/<platform>/<token>/   an address of one integration (`integrations.addresses`); the secret in it vouches
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fcp.errors import Rejected
from integrations import noting
from integrations.addresses import Found, find
from integrations.connectors import CONNECTORS, connector_class
from integrations.connectors.shapes import Hint as Told
from integrations.models import Integration
from integrations.noting import Place
from integrations.reach import app_secrets, own_app_of
from integrations.runs import app_removed, unblock

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
LOGGED = 200  # characters of what is wrong with a message: it may quote what anybody wrote there
COUNTED_FOR = 2 * 24 * 3600  # seconds that a day's counter of refused messages is kept: today's and yesterday's show
NO_ADDRESS = "There is no such address."
# Asked with every message; making the ORM's form of the question takes ten times as long as answering it.
STORE_SQL = """
    SELECT store.id, flow.id, integration.id FROM fcp_store store
    JOIN integrations_integration integration ON integration.store_id = store.id
    JOIN integrations_flow flow ON flow.integration_id = integration.id AND flow.kind = 'orders'
    WHERE store.platform = %s AND store.install_uid = %s AND store.connected
"""
REFUSED = {"other_store": 403}  # what is wrong with a message -> status; else 400


@csrf_exempt
@login_not_required
@require_POST
def app_webhook(request: HttpRequest, platform: str) -> HttpResponse:
    """200 for what is genuine, known or not; 403 for what the platform did not sign."""
    if platform not in CONNECTORS:
        raise Http404
    now = timezone.now()
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return _forged(platform, now, "too long")
    try:
        install_uid, hints = _verified(platform, request, now)
    except Rejected as error:
        return _forged(platform, now, error.detail)
    if hints:
        note(platform, install_uid, hints, now)
    return HttpResponse(status=200)


def _verified(platform: str, request: HttpRequest, now: dt.datetime) -> tuple[str, list[Told]]:
    """By the operator's app, else by the store's own. Raises Rejected."""
    connector, headers = connector_class(platform), dict(request.headers)
    try:
        return connector.verify(request.body, headers, app_secrets(platform), now)
    except Rejected:
        claimed = connector.claimed(request.body)
        own = own_app_of(platform, claimed) if claimed else None
        if own is None:
            raise
    return connector.verify(request.body, headers, own, now)


def note(platform: str, install_uid: str, hints: Sequence[Told], now: dt.datetime) -> None:
    """Keep the hints for the store's flow and ring it. A repeated delivery changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(STORE_SQL, [platform, install_uid])
        found = cursor.fetchone()
    if found is None:
        log.info("A webhook of a %s store that is not connected here", platform)
        return
    store_id, flow_id, integration_id = found
    noting.note(Place(store_id, flow_id), hints, now)
    if any(hint.kind == "installed" for hint in hints):
        unblock(Integration.objects.get(pk=integration_id), now)
    elif any(hint.kind == "removed" for hint in hints):
        app_removed(Integration.objects.select_related("store").get(pk=integration_id), now)


# --- addresses of one integration ------------------------------------------------------------------------------------


@csrf_exempt
@login_not_required
def address_webhook(request: HttpRequest, platform: str, token: str) -> HttpResponse:
    """Plain JSON that a merchant lets the store post. 404 for an unknown address, 410 for one that was revoked."""
    if request.method != "POST":
        response: HttpResponse = HttpResponseNotAllowed(["POST"])
    else:
        try:
            response = _at_address(request, platform, token, timezone.now())
        except Exception as error:
            # Whatever it is, not raised further: what breaks a request is logged with its path, which is a secret here.
            log.error("A message of a %s store was not kept: %r", platform, error)
            response = _said("Not kept. Send it again later.", 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # by Django, which would log the path as well
    return response


def _at_address(request: HttpRequest, platform: str, token: str, now: dt.datetime) -> HttpResponse:
    if platform not in CONNECTORS:
        return _said(NO_ADDRESS, 404)
    found = find(platform, token, now)
    if found is None:
        _count(forged_key(platform, now.date()))
        return _said(NO_ADDRESS, 404)
    if found.refuses:
        return _said("This address was revoked. Take it out of the store, or put a new one there.", 410)
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return _refused(found, now, "too long", "This message is too long.", 413)
    try:
        hints = connector_class(platform).announced(request.body, found.store_uid)
    except Rejected as error:
        return _refused(found, now, error.detail, error.sentence, REFUSED.get(error.code, 400))
    named = [replace(hint, event_id=f"{found.pk}.{int(now.timestamp()) // 60}.{hint.event_id}") for hint in hints]
    noting.note(Place(found.store_id, found.orders_flow_id, found.pk), named, now)
    return HttpResponse(status=200)


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _refused(found: Found, now: dt.datetime, detail: str, sentence: str, status: int) -> HttpResponse:
    log.warning("Refused a message at an address of integration %s: %s", found.integration_id, detail[:LOGGED])
    _count(refused_key(found.integration_id, now.date()))
    return _said(sentence, status)


# --- refused ones leave a count, and no row --------------------------------------------------------------------------


def _forged(platform: str, now: dt.datetime, detail: str) -> HttpResponse:
    log.warning("Refused a webhook for %s: %s", platform, detail[:LOGGED])
    _count(forged_key(platform, now.date()))
    return _said("This message was not signed by the platform.", 403)


def _count(key: str) -> None:
    if not cache.add(key, 1, COUNTED_FOR):
        with suppress(ValueError):  # it was thrown out at this moment
            cache.incr(key)


def forged_key(platform: str, day: dt.date) -> str:
    return f"forged-webhooks:{platform}:{day.isoformat()}"


def refused_key(integration_id: int, day: dt.date) -> str:
    return f"refused-webhooks:{integration_id}:{day.isoformat()}"


def forged_on(platform: str, day: dt.date) -> int:
    """How many messages nobody vouched for on a day: unsigned, or at an address that there is not."""
    return int(cache.get(forged_key(platform, day), 0))


def refused_on(integration_id: int, day: dt.date) -> int:
    """How many messages at this integration's own addresses were refused on a day."""
    return int(cache.get(refused_key(integration_id, day), 0))

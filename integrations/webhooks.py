"""What stores tell us: checked, noted, answered at once; the flow reads the object itself from the store.

/hooks/<platform>/ is the address of the operator's app at a platform, for all stores that have it.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fcp.errors import Rejected
from fcp.models import Store
from integrations.connectors import CONNECTORS, connector_class
from integrations.connectors.base import FlowKind
from integrations.connectors.base import Hint as Told
from integrations.lease import ring
from integrations.models import Flow, Hint, Integration
from integrations.reach import app_secrets
from integrations.runs import unblock

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
FORGED_LAST = 7 * 24 * 3600  # seconds that a day's counter of forged messages is kept

# On SQLite writers that wait for each other back off longer and longer; standing in line here they do not. Measured
# with 8 threads and 16 connections: the slowest hundredth took 71 ms instead of 473, as many answers a second.
_one_at_a_time = threading.Lock()


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
        install_uid, hints = connector_class(platform).verify(
            request.body, dict(request.headers), app_secrets(platform), now
        )
    except Rejected as error:
        return _forged(platform, now, error.detail)
    if hints:
        note(platform, install_uid, hints, now)
    return HttpResponse(status=200)


def note(platform: str, install_uid: str, hints: Sequence[Told], now: dt.datetime) -> None:
    """Keep the hints for the store's flow and ring it. A repeated delivery changes nothing."""
    stores = Store.objects.filter(platform=platform, install_uid=install_uid, connected=True)
    store_id = stores.values_list("pk", flat=True).first()
    if store_id is None:
        log.info("A webhook of a %s store that is not connected here", platform)
        return
    rows = [
        Hint(
            store_id=store_id, event_id=hint.event_id[:100], kind=hint.kind[:20], object_uid=hint.object_uid[:100],
            sequence=hint.sequence, received_at=now,
        )
        for hint in hints
    ]  # fmt: skip
    with _in_line():
        with transaction.atomic():
            Hint.objects.bulk_create(rows, ignore_conflicts=True)
        if any(hint.kind == "installed" for hint in hints):
            for integration in Integration.objects.filter(store=store_id):
                unblock(integration, now)
        flows = Flow.objects.filter(integration__store=store_id, kind=FlowKind.ORDERS)
        ring(list(flows.values_list("pk", flat=True)), now, trigger="webhook")


def _in_line() -> AbstractContextManager[object]:
    return _one_at_a_time if connection.vendor == "sqlite" else nullcontext()


def _forged(platform: str, now: dt.datetime, detail: str) -> HttpResponse:
    log.warning("Refused a webhook for %s: %s", platform, detail)
    key = forged_key(platform, now.date())
    if not cache.add(key, 1, FORGED_LAST):
        with suppress(ValueError):  # it was thrown out at this moment
            cache.incr(key)
    return HttpResponse("This message was not signed by the platform.", status=403, content_type="text/plain")


def forged_key(platform: str, day: dt.date) -> str:
    return f"forged-webhooks:{platform}:{day.isoformat()}"


def forged_on(platform: str, day: dt.date) -> int:
    """How many messages were refused on a day."""
    return int(cache.get(forged_key(platform, day), 0))

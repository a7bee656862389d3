"""A write with an Idempotency-Key happens once: its reply is stored in the transaction of its effect.

The key is claimed first, in a transaction of its own, so that a second request with it is refused at once instead of
waiting. A claim that a dead process left is taken over after a minute; should its owner come back to life, it finds its
claim gone and rolls back. Only effects are remembered: a refused request is judged anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiError
from fcp.models import IdempotentReply

HEADER = "Idempotency-Key"
FORM = re.compile(r"[\x21-\x7e]{1,200}")
ABANDONED_AFTER = dt.timedelta(minutes=1)
IN_FLIGHT = 0  # the status of a claim that has no reply yet


Body = Any


def same(body: Body) -> Body:
    return body


def once(
    request: Request,
    effect: Callable[[], Response],
    *,
    kept: Callable[[Body], Body] = same,
    shown: Callable[[Body], Body] = same,
) -> Response:
    """The reply of `effect`, run in one transaction; with the header, the stored reply of the first time.

    A reply that names a person is `kept` without, and `shown` again with the person as he stands elsewhere then.
    """
    name = request.headers.get(HEADER)
    if name is None:
        with transaction.atomic():
            return effect()
    if not FORM.fullmatch(name):
        sentence = f"{HEADER} must be 1 to 200 visible ASCII characters."
        raise ApiError(status.HTTP_400_BAD_REQUEST, "idempotency_key_invalid", sentence)
    claim = _claim(request, name, timezone.now())
    if claim.status != IN_FLIGHT:
        return Response(shown(claim.body), status=claim.status, headers={"Idempotent-Replayed": "true"})
    mine = IdempotentReply.objects.filter(pk=claim.pk, status=IN_FLIGHT, created_at=claim.created_at)
    try:
        with transaction.atomic():
            response = effect()
            if not mine.update(status=response.status_code, body=kept(response.data)):
                raise _in_flight()
    except BaseException:
        mine.delete()
        raise
    return response


def _claim(request: Request, name: str, now: dt.datetime) -> IdempotentReply:
    """The claim; ours if it is still without a reply. ApiError when the key is in use, or was used for another."""
    content = "\0".join([str(request.method), request.get_full_path()]).encode() + b"\0" + request._request.body
    digest = hashlib.sha256(content).hexdigest()
    api_key: Any = request.auth  # an ApiKey, by fcp.api_keys
    claim, made = IdempotentReply.objects.get_or_create(
        api_key=api_key, key=name, defaults={"request_hash": digest, "status": IN_FLIGHT, "body": {}}
    )
    if claim.request_hash != digest:
        sentence = f"This {HEADER} was used for another request. Use a new one for each."
        raise ApiError(status.HTTP_422_UNPROCESSABLE_ENTITY, "idempotency_key_reused", sentence)
    if made or claim.status != IN_FLIGHT:
        return claim
    abandoned = claim.created_at < now - ABANDONED_AFTER
    theirs = IdempotentReply.objects.filter(pk=claim.pk, status=IN_FLIGHT, created_at=claim.created_at)
    if not abandoned or not theirs.update(created_at=now):
        raise _in_flight()
    claim.created_at = now
    return claim


def _in_flight() -> ApiError:
    sentence = f"A request with this {HEADER} is still being worked on. Ask again in a moment."
    return ApiError(status.HTTP_409_CONFLICT, "in_flight", sentence)

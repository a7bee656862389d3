"""Public addresses for outside monitors: /healthz (this process answers) and /readyz (the installation works)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fcp.models import Heartbeat
from fcp.tasks import SLOW_WORKER, WORKER

# Every 15 s the supervisor puts a heartbeat in each queue; a worker and the database work when one came back lately.
# One task of the slow queue may take minutes, and there may be one worker only. Heartbeat -> (queue in words, oldest).
BEATS = {
    WORKER: ("a worker", dt.timedelta(minutes=2)),
    SLOW_WORKER: ("a worker of the slow queue", dt.timedelta(minutes=10)),
}

Check = Callable[[dt.datetime], str]
_checks: dict[str, Check] = {}


def register_check(name: str, check: Check) -> None:
    """For apps to the left, in `ready()`: a check returns what is wrong, or nothing."""
    _checks[name] = check


class AnyHostMiddleware:
    """First of all: a load balancer asks by the machine's address, which is none of ALLOWED_HOSTS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = {"/healthz": alive, "/readyz": ready}.get(request.path_info, self.get_response)
        return view(request)


@login_not_required
@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200, or 503 with what is wrong. No numbers of any account."""
    now = timezone.now()
    problems = {name: problem for name, check in _all_checks().items() if (problem := _run(check, now))}
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def _all_checks() -> dict[str, Check]:
    beats = {name: partial(_beat, name) for name in BEATS}
    return {"database": _database, "migrations": _migrations, **beats, **_checks}


def _run(check: Check, now: dt.datetime) -> str:
    try:
        return check(now)
    except DatabaseError:
        return "The database does not answer."


def _database(now: dt.datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations(now: dt.datetime) -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations were not applied." if missing else ""


def _beat(name: str, now: dt.datetime) -> str:
    who, oldest = BEATS[name]
    beat = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    if beat is None:
        return f"There was no sign of life of {who} yet."
    age = now - beat
    return f"The last sign of life of {who} is {int(age.total_seconds())} seconds old." if age > oldest else ""

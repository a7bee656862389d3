"""What django-q runs for the installation itself."""

import contextlib
import os
import time
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from fcp.models import Heartbeat

WORKER = "worker"  # the beat of the default queue
SLOW_WORKER = "worker_slow"
SHOW_EVERY = 15  # seconds

_shown = {WORKER: float("-inf"), SLOW_WORKER: float("-inf")}  # by this process, on its monotonic clock


def heartbeat(name: str) -> None:
    """Proof that enqueueing, a worker and the database work together: the health address reads it."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


def show_queue(**signal: Any) -> None:
    """Receiver of django-q's signal: a task that a worker takes is a beat, too. In a busy queue the real one waits."""
    cluster = os.environ.get("Q_CLUSTER_NAME")  # set by who starts it (fcp/programs.py)
    name = SLOW_WORKER if cluster == "slow" else WORKER
    now = time.monotonic()
    if cluster and now - _shown[name] >= SHOW_EVERY:
        _shown[name] = now
        with contextlib.suppress(DatabaseError):  # a sign that is missed is no reason to lose the task
            heartbeat(name)

"""Rows that we put in django-q's table ourselves: a real cluster takes them, each once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from fcp.models import Heartbeat
from integrations.lease import claim, free
from integrations.models import Flow
from integrations.queue import Queue, enqueue, oldest_waiting, waiting
from tests.integrations.flows.flows import make_flow


@contextmanager
def cluster(environment: dict[str, str], queue: str = "") -> Iterator[None]:
    """django-q as in real life, in a session of its own."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    name = {"Q_CLUSTER_NAME": queue} if queue else {}
    process = subprocess.Popen(command, env=environment | name, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def eventually(question: Callable[[], bool], seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < ends, "It did not come true in time"
        time.sleep(0.05)


def test_a_real_cluster_runs_each_claimed_flow_once(child_environment):
    flows = [make_flow("locations", due_at=timezone.now()) for _ in range(20)]
    claim(free(Flow.objects.all()), timezone.now())

    with cluster(child_environment):
        eventually(lambda: not OrmQ.objects.exists())

    # These have no key, so each run ends by saying so.
    assert set(Flow.objects.values_list("pk", "gen", "failures", "problem_code")) == {
        (flow.pk, 1, 1, "no_key") for flow in flows
    }


def test_the_slow_queue_has_its_own_cluster(child_environment):
    enqueue(Queue.SLOW, "fcp.tasks.heartbeat", [("slow one",)], timezone.now())
    enqueue(Queue.DEFAULT, "fcp.tasks.heartbeat", [("quick one",)], timezone.now())

    with cluster(child_environment, "slow"):
        eventually(lambda: Heartbeat.objects.filter(name="slow one").exists())

    assert not Heartbeat.objects.filter(name="quick one").exists()


@pytest.mark.django_db(transaction=True)
def test_a_task_is_there_with_its_transaction_or_not_at_all():
    with transaction.atomic():
        enqueue(Queue.DEFAULT, "fcp.tasks.heartbeat", [("x",)], timezone.now())
        transaction.set_rollback(True)

    assert waiting(Queue.DEFAULT, timezone.now()) == 0


@pytest.mark.django_db(transaction=True)
def test_the_queue_says_how_many_wait_and_since_when():
    now = timezone.now()
    enqueue(Queue.DEFAULT, "fcp.tasks.heartbeat", [("a",), ("b",)], now)
    later = now + timezone.timedelta(seconds=30)
    enqueue(Queue.DEFAULT, "fcp.tasks.heartbeat", [("c",)], later)

    assert waiting(Queue.DEFAULT, now) == 2
    assert oldest_waiting(Queue.DEFAULT, later) == now
    assert waiting(Queue.SLOW, now) == 0

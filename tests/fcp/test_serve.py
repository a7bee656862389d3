"""`make run` and the worker command with the real programs, on the database of the test."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
import uuid
from datetime import timedelta

import psutil
import pytest
from django.conf import settings
from django.utils import timezone

from fcp.models import Heartbeat
from fcp.programs import manage
from fcp.tasks import SLOW_WORKER, WORKER
from tests.processes import processes_with, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(child_environment, tmp_path):
    """Start a management command; at the end nothing of it may be left."""
    mark = uuid.uuid4().hex
    environment = child_environment | {"MARK": mark, "FCP_SANDBOX": "false", "FCP_DATA_DIR": str(tmp_path)}
    environment["FCP_PORT"] = str(free_port())
    environment["FCP_WORKERS"] = "2"

    def start(*command, **more):
        process = subprocess.Popen(
            manage(*command), env=environment | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        process.mark, process.port = mark, (environment | more)["FCP_PORT"]
        return process

    yield start
    left = processes_with("MARK", mark)
    for process in left:
        process.kill()
    assert not left


def output_until(process, words):
    """What it printed, up to the line with these words or to its end."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


def clusters(mark):
    """The main process of each running cluster: the leader of its session."""
    return [p for p in processes_with("MARK", mark) if "qcluster" in p.cmdline() and os.getsid(p.pid) == p.pid]


@pytest.mark.slow
def test_serve_answers_beats_and_leaves_nothing_behind(start):
    process = start("serve")

    welcome = f"The panel runs at http://127.0.0.1:{process.port}/"
    assert welcome in output_until(process, welcome)
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/accounts/login/") as reply:
        assert reply.status == 200
    assert wait_until(lambda: Heartbeat.objects.filter(name__in=[WORKER, SLOW_WORKER]).count() == 2, seconds=30)
    process.send_signal(signal.SIGINT)
    assert "Stopped" in output_until(process, "Stopped")
    assert process.wait(30) == 0
    assert not processes_with("MARK", process.mark)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["main", "sentinel"])
def test_a_cluster_whose_head_was_killed_works_again(start, victim):
    process = start("worker", "--queue", "default")
    assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER).exists(), seconds=30)
    (main,) = clusters(process.mark)
    family = [main, *main.children(recursive=True)]

    (main if victim == "main" else main.children()[0]).kill()
    killed_at = timezone.now()

    assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=killed_at).exists(), seconds=30)
    assert not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family)
    process.terminate()
    assert process.wait(30) == 0


WATCHED = """
import sys, django
django.setup()
from fcp.programs import cluster
from fcp.supervisor import Supervisor
program = cluster("default")
program.pulse.beat_every, program.pulse.silent_after = 1, 5
with Supervisor(stop_within=5) as supervisor:
    supervisor.add(program)
    supervisor.run()
"""


@pytest.mark.slow
def test_a_cluster_left_deaf_by_the_death_of_its_workers_works_again(child_environment, tmp_path):
    """django-q issue 23: the killed worker that waited on the queue takes the queue's lock with it."""
    mark = uuid.uuid4().hex
    environment = child_environment | {"MARK": mark, "FCP_DATA_DIR": str(tmp_path), "FCP_WORKERS": "2"}
    process = subprocess.Popen([sys.executable, "-c", WATCHED], env=environment, cwd=settings.BASE_DIR)
    try:
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER).exists(), seconds=30)
        (main,) = clusters(mark)
        living_long = timezone.now() + timedelta(seconds=7)
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=living_long).exists(), seconds=30)
        assert clusters(mark) == [main]  # one that answers is left alone
        (sentinel,) = main.children()
        for worker in sorted(sentinel.children(), key=lambda child: child.pid)[:2]:
            worker.kill()
        killed_at = timezone.now()

        assert wait_until(lambda: not main.is_running() or main.status() == psutil.STATUS_ZOMBIE, seconds=30)
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=killed_at).exists(), seconds=30)
    finally:
        process.terminate()
        process.wait(30)
    assert not processes_with("MARK", mark)


def test_a_taken_port_is_told_in_one_sentence(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        process = start("serve", FCP_PORT=port)
        output, _ = process.communicate(timeout=30)

    assert process.returncode != 0
    assert output.splitlines() == [
        f"CommandError: Port {port} is taken by another program. Stop it, or set FCP_PORT to a free port."
    ]


def test_an_unreachable_database_is_told_in_one_sentence(start):
    address = f"postgres://user:very-secret@127.0.0.1:{free_port()}/fcp"
    process = start("serve", DATABASE_URL=address)
    output, _ = process.communicate(timeout=30)

    assert process.returncode != 0
    assert len(output.splitlines()) == 1
    assert "The database cannot be reached" in output
    assert "DATABASE_URL" in output
    assert "very-secret" not in output

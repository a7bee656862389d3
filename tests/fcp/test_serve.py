"""`make run` and the worker command with the real programs, on the database of the test."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import uuid
from datetime import timedelta

import psutil
import pytest
import requests
from django.conf import settings
from django.db import connection
from django.utils import timezone

from fcp.models import Heartbeat
from fcp.programs import cluster, manage, web_command
from fcp.tasks import WORKER
from tests.processes import processes_with, still_there, wait_until
from tests.running import Panel


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

    def start(*command, output=subprocess.PIPE, **more):
        """`output`: where it goes, of one that nobody listens to while it runs: a pipe would fill up and stop it."""
        process = subprocess.Popen(
            manage(*command), env=environment | more, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        process.mark, process.port = mark, (environment | more)["FCP_PORT"]
        return process

    yield start
    left = still_there("MARK", mark)
    for process in left:
        process.kill()
    assert not left


@pytest.fixture
def empty(child_environment, tmp_path):
    """The address of another database of the same kind, with nothing in it."""
    here = str(connection.settings_dict["NAME"])
    on_sqlite = connection.vendor == "sqlite"
    there = str(tmp_path / "empty.sqlite3") if on_sqlite else f"{here}_begun"
    if not on_sqlite:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {there}")
    yield child_environment["DATABASE_URL"].removesuffix(here) + there
    if not on_sqlite:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {there} WITH (FORCE)")


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
def test_serve_answers_beats_and_leaves_nothing_behind(empty, start):
    process = start("serve", DATABASE_URL=empty)

    address = f"http://127.0.0.1:{process.port}"
    assert address in output_until(process, f"The panel runs at {address}/")
    assert requests.get(f"{address}/accounts/login/", timeout=60).status_code == 200
    assert wait_until(lambda: requests.get(f"{address}/readyz", timeout=60).ok, seconds=300)
    process.send_signal(signal.SIGINT)
    assert "Stopped" in output_until(process, "Stopped")
    assert process.wait(120) == 0
    assert not still_there("MARK", process.mark)


def lines_of_production():
    """The management commands that the README has an operator type."""
    readme = (settings.BASE_DIR / "README.md").read_text()
    block = re.search(r"## Production\n.*?```sh\n(.*?)```", readme, re.DOTALL)[1]
    typed = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [words[2:] for words in typed if words[:2] == [".venv/bin/python", "manage.py"]]


@pytest.mark.slow
def test_the_lines_of_the_readme_make_a_production_of_an_empty_database(empty, start, tmp_path):
    migrate, web, worker, *_ = lines_of_production()
    assert (migrate, web, worker) == (["migrate"], ["web"], ["worker"])
    production = {"FCP_MODE": "production", "DATABASE_URL": empty, "ALLOWED_HOSTS": "panel.example.com"}

    output, _ = start(*migrate, **production).communicate(timeout=600)
    log = tmp_path / "log"
    with log.open("w") as file:
        serving, working = (start(*command, output=file, **production) for command in (web, worker))

    address = f"http://127.0.0.1:{serving.port}"
    proxy = {"Host": "panel.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}

    def ask(path, **more):
        headers = proxy | more.pop("headers", {})
        return requests.request(
            more.pop("method", "GET"), address + path, headers=headers, timeout=60, allow_redirects=False, **more
        )

    assert wait_until(lambda: _listens(serving.port), seconds=300), output + log.read_text()
    page = ask("/accounts/login/")
    assert page.status_code == 200, log.read_text()
    style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
    assert ask(style).status_code == 200
    answer = ask(
        "/accounts/login/",
        method="POST",
        headers={"Referer": "https://panel.example.com/", "Cookie": f"csrftoken={page.cookies['csrftoken']}"},
        data={
            "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1],
            "login": "nobody@example.com",
            "password": "wrong",
        },
    )
    assert (answer.status_code, "not correct" in answer.text) == (200, True)
    assert wait_until(lambda: ask("/readyz").ok, seconds=300), ask("/readyz").text
    for process in (serving, working):
        process.terminate()
        process.wait(timeout=120)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


@pytest.fixture
def panel(tmp_path):
    panel = Panel(tmp_path)
    yield panel
    panel.stop()
    assert not still_there("FCP_TEST_MARK", panel.mark)


@pytest.mark.slow
def test_ctrl_c_while_the_demo_is_made_ends_without_a_fuss_and_later_starts_keep_what_is_there(panel, tmp_path):
    def making_the_demo():
        return any("demo" in process.cmdline() for process in processes_with("FCP_TEST_MARK", panel.mark))

    assert wait_until(making_the_demo, 600), panel.said()
    os.killpg(panel.process.pid, signal.SIGINT)  # as a terminal does: everybody in the group gets it
    assert panel.process.wait(120) == 0
    assert panel.said() == "Making the demo ...\nStopped.\n"

    panel.start()
    assert wait_until(panel.answers, 600), panel.said()
    panel.stop()
    kept = [(tmp_path / name).read_bytes() for name in ("demo.txt", "warehouse.key")]

    # Whatever else this machine has to do: one of three is not disturbed.
    assert any(_start_again(panel) < 30 for _ in range(3))
    assert kept == [(tmp_path / name).read_bytes() for name in ("demo.txt", "warehouse.key")]


def _start_again(panel):
    """Seconds until it says that it runs; it has what it had."""
    begun = time.monotonic()
    panel.start()
    assert wait_until(lambda: "The panel runs at" in panel.said(), 300), panel.said()
    seconds = time.monotonic() - begun
    assert "Making the demo" not in panel.said()
    assert panel.at_the_warehouse() > 0  # whose key it still knows
    panel.stop()
    return seconds


def test_stores_that_hang_do_not_make_a_cluster_look_dead(settings):
    """An answer may take the whole time to begin, and the whole time again to end."""
    settings.FCP_STORE_TIMEOUT = 60
    assert cluster("default").pulse.silent_after > 2 * 60

    settings.FCP_STORE_TIMEOUT = 1
    assert cluster("default").pulse.silent_after == 75


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["main", "sentinel"])
def test_a_cluster_whose_head_was_killed_works_again(start, victim):
    process = start("worker", "--queue", "default")
    assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER).exists(), seconds=300)
    (main,) = clusters(process.mark)
    family = [main, *main.children(recursive=True)]

    (main if victim == "main" else main.children()[0]).kill()
    killed_at = timezone.now()

    assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=killed_at).exists(), seconds=300)
    assert not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family)
    process.terminate()
    assert process.wait(120) == 0


WATCHED = """
import sys, django
django.setup()
from fcp.programs import cluster
from fcp.supervisor import Supervisor
program = cluster("default")
program.pulse.beat_every, program.pulse.silent_after = 1, 10
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
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER).exists(), seconds=300)
        (main,) = clusters(mark)
        living_long = timezone.now() + timedelta(seconds=12)
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=living_long).exists(), seconds=300)
        assert clusters(mark) == [main]  # one that answers is left alone
        (sentinel,) = main.children()
        for worker in sorted(sentinel.children(), key=lambda child: child.pid)[:2]:
            worker.kill()
        killed_at = timezone.now()

        assert wait_until(lambda: not main.is_running() or main.status() == psutil.STATUS_ZOMBIE, seconds=300)
        assert wait_until(lambda: Heartbeat.objects.filter(name=WORKER, at__gt=killed_at).exists(), seconds=300)
    finally:
        process.terminate()
        process.wait(120)
    assert not still_there("MARK", mark)


def test_a_taken_port_is_told_in_one_sentence(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        process = start("serve", FCP_PORT=port)
        output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert output.splitlines() == [
        f"CommandError: Port {port} is taken by another program. Stop it, or set FCP_PORT to a free port."
    ]


def test_an_address_of_another_machine_is_told_in_one_sentence(start):
    output, _ = start("serve", FCP_BIND="203.0.113.7").communicate(timeout=120)

    assert output.splitlines() == ["CommandError: FCP_BIND is 203.0.113.7, which is no address of this machine."]


def test_an_ipv6_address_is_served(settings):
    settings.FCP_BIND = "::1"

    assert f"[::1]:{settings.FCP_PORT}" in web_command()


def test_a_data_directory_that_cannot_be_written_is_told_in_one_sentence(start, tmp_path):
    (tmp_path / "file").touch()
    process = start("web", FCP_DATA_DIR=str(tmp_path / "file"))
    output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert len(output.splitlines()) == 1
    assert "Check FCP_DATA_DIR" in output


def test_an_unreachable_database_is_told_in_one_sentence(start):
    address = f"postgres://user:very-secret@127.0.0.1:{free_port()}/fcp"
    process = start("serve", DATABASE_URL=address)
    output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert len(output.splitlines()) == 1
    assert "The database cannot be reached" in output
    assert "DATABASE_URL" in output
    assert "very-secret" not in output

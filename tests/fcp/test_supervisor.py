"""The supervisor with small programs of ours; tests/fcp/test_serve.py runs it with the real ones."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid

import pytest

from fcp.supervisor import Program, Pulse, Supervisor
from tests.processes import is_gone, processes_with, still_there, wait_until

POLITE = "import time\ntime.sleep(60)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)"
# A leader with a deaf child, as a cluster has whose sentinel was killed.
PARENT = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {DEAF!r}])\ntime.sleep(60)"


@pytest.fixture
def mark():
    """Stands in the environment of every process that this test starts, whoever starts it."""
    mark = uuid.uuid4().hex
    yield mark
    left = still_there("MARK", mark)
    for process in left:
        with contextlib.suppress(Exception):
            process.kill()
    assert not left


@pytest.fixture
def supervisor(mark):  # mark: looks after the supervisor has stopped
    supervisor = Supervisor(stop_within=1, back_off=[0, 0.1])
    yield supervisor
    supervisor.stop()


def program(code, mark, **options):
    return Program("The program", [sys.executable, "-c", code], {"MARK": mark}, **options)


@pytest.mark.parametrize("code", [0, 3])
def test_a_program_that_ends_is_started_again_whatever_its_status(supervisor, mark, tmp_path, code):
    starts = tmp_path / "starts"
    supervisor.add(program(f"print('x', file=open({str(starts)!r}, 'a'), flush=True); raise SystemExit({code})", mark))

    assert supervisor.wait_for(lambda: starts.exists() and len(starts.read_text().split()) >= 3, seconds=60)


def test_what_a_dead_leader_leaves_behind_is_killed_before_the_next_start(supervisor, mark):
    leader = program(PARENT, mark)
    supervisor.add(leader)
    assert supervisor.wait_for(lambda: len(processes_with("MARK", mark)) == 2, seconds=60)
    first = processes_with("MARK", mark)

    os.kill(leader.process.pid, signal.SIGKILL)

    assert supervisor.wait_for(lambda: not any(process.is_running() for process in first), seconds=60)
    assert supervisor.wait_for(lambda: len(processes_with("MARK", mark)) == 2, seconds=60)


def test_a_stop_asks_the_leader_only_and_then_kills_its_group(supervisor, mark):
    supervisor.add(program(PARENT, mark))
    assert supervisor.wait_for(lambda: len(processes_with("MARK", mark)) == 2, seconds=60)

    supervisor.stop()

    assert wait_until(lambda: not processes_with("MARK", mark))


def test_a_program_that_does_not_end_in_time_is_killed(supervisor, mark):
    supervisor.add(program(DEAF, mark))

    supervisor.stop()

    assert not processes_with("MARK", mark)


def test_nothing_survives_a_supervisor_that_is_killed(mark):
    code = f"""
import sys
from fcp.supervisor import Program, Supervisor
with Supervisor() as supervisor:
    supervisor.add(Program("one", [sys.executable, "-c", {PARENT!r}]))
    supervisor.add(Program("two", [sys.executable, "-c", {DEAF!r}]))
    print("started", flush=True)
    supervisor.run()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"MARK": mark}, stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    # the supervisor, its leash, two leaders, one child
    assert wait_until(lambda: len(processes_with("MARK", mark)) == 5, seconds=60)

    process.kill()
    process.communicate()

    assert wait_until(lambda: not processes_with("MARK", mark), seconds=15)


def test_one_that_ends_by_itself_is_waited_for_and_not_started_again(supervisor, mark, tmp_path):
    starts = tmp_path / "starts"
    once = f"print('x', file=open({str(starts)!r}, 'a'), flush=True); raise SystemExit"

    assert supervisor.run_once(program(f"{once}(0)", mark), seconds=60)
    assert not supervisor.run_once(program(f"{once}(1)", mark), seconds=60)

    assert starts.read_text().split() == ["x", "x"]


def test_a_stop_ends_one_that_would_end_by_itself_later(supervisor, mark):
    threading.Timer(0.3, lambda: setattr(supervisor, "stopping", True)).start()

    assert not supervisor.run_once(program(PARENT, mark), seconds=60)

    assert wait_until(lambda: not processes_with("MARK", mark))


class Beats:
    """A queue of one's own: counts what was enqueued, and fails like a database that is away."""

    def __init__(self):
        self.count = 0
        self.database_answers = True

    def __call__(self):
        if not self.database_answers:
            raise ConnectionError("away")
        self.count += 1


def watched(mark, tmp_path, code, beats):
    pulse = Pulse(tmp_path / "pulse", beats, beat_every=0.1, hurry_after=0.5, silent_after=2)
    return program(code, mark, pulse=pulse)


def test_a_cluster_that_answers_no_beat_is_started_again(supervisor, mark, tmp_path):
    cluster = watched(mark, tmp_path, POLITE, Beats())
    supervisor.add(cluster)
    first = cluster.process.pid

    assert supervisor.wait_for(lambda: cluster.process and cluster.process.pid != first, seconds=60)
    assert is_gone(first)


def test_a_cluster_that_shows_life_is_left_alone(supervisor, mark, tmp_path):
    beats, alive = Beats(), tmp_path / "alive"
    beats.database_answers = False  # until it has started, which takes its time on a busy machine
    living = f"""
import pathlib, time
from fcp.pulse import show_life
pathlib.Path({str(alive)!r}).touch()
while True: show_life(); time.sleep(0.05)
"""
    cluster = watched(mark, tmp_path, living, beats)
    supervisor.add(cluster)
    first = cluster.process.pid
    assert supervisor.wait_for(alive.exists, seconds=60)

    beats.database_answers = True

    assert supervisor.wait_for(lambda: beats.count > 20, seconds=60)  # in four seconds: it may be silent for two
    assert cluster.process.pid == first


def test_silence_does_not_count_while_the_database_is_away(supervisor, mark, tmp_path):
    beats = Beats()
    beats.database_answers = False
    cluster = watched(mark, tmp_path, POLITE, beats)
    supervisor.add(cluster)
    first = cluster.process.pid

    assert not supervisor.wait_for(lambda: cluster.process is None or cluster.process.pid != first, seconds=4)


def test_a_cluster_whose_file_was_tidied_away_is_watched_on(supervisor, mark, tmp_path):
    beats = Beats()
    cluster = program(POLITE, mark, pulse=Pulse(tmp_path / "pulse", beats, beat_every=0.1))
    supervisor.add(cluster)

    cluster.pulse.file.unlink()

    assert supervisor.wait_for(lambda: beats.count > 3, seconds=60)
    assert cluster.pulse.file.exists()


def test_a_cluster_runs_unwatched_where_its_file_cannot_be_written(supervisor, mark, tmp_path):
    (tmp_path / "file").touch()
    beats = Beats()
    pulse = Pulse(tmp_path / "file" / "pulse", beats, beat_every=0.1, hurry_after=0.5, silent_after=1)
    cluster = program(POLITE, mark, pulse=pulse)
    supervisor.add(cluster)
    first = cluster.process.pid

    assert supervisor.wait_for(lambda: beats.count > 10, seconds=60)  # the last ones every half second
    assert cluster.process.pid == first

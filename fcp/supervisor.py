"""Starts the programs of an installation, keeps them running, and leaves none behind.

Each program leads a session of its own. To stop, only the leader is asked (django-q hangs for ever when its whole
group gets SIGTERM), then the group is killed. When a leader exits, for whatever reason, what is left of its group
is killed and it is started again. A cluster that shows no sign of life although it has a beat to answer is killed
and started again: several deaths inside a cluster leave it standing, but deaf.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parent.parent
CHECK_EVERY = 0.2  # seconds
BACK_OFF = (1, 2, 5, 10, 30, 60)  # seconds before each further start of a program that keeps exiting
STEADY = 60  # seconds after which a program counts as well started


@dataclass
class Pulse:
    """How a cluster is watched. `beat` enqueues a task for it, and raises when the database does not answer."""

    file: Path
    beat: Callable[[], None]
    beat_every: float = 15  # seconds
    hurry_after: float = 30  # seconds unanswered, after which beats come every half second: other clusters take some
    silent_after: float = 75  # seconds unanswered, after which the cluster is taken for dead
    next_beat: float = 0
    unanswered_since: float | None = None

    def begin(self) -> None:
        """Without its file, on a disk that cannot be written, the cluster runs all the same: unwatched."""
        self.next_beat, self.unanswered_since = 0, None
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.touch()
        except OSError as error:
            logger.error("%s cannot be written (%s): a cluster that hangs is not noticed", self.file, error.strerror)

    def quiet_for(self) -> float:
        """Seconds since the last sign of life; none where the file went away, which says nothing of the cluster."""
        try:
            return time.time() - self.file.stat().st_mtime
        except OSError:
            with contextlib.suppress(OSError):
                self.file.touch()
            return 0

    def can_be_given(self) -> bool:
        """Whether a sign of life could be written at all: not on a disk that became read-only."""
        try:
            status = self.file.stat()
            os.utime(self.file, ns=(status.st_atime_ns, status.st_mtime_ns))
        except OSError:
            return False
        return True


@dataclass
class Program:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    pulse: Pulse | None = None
    stop_last: bool = False  # the others may still be speaking to it
    quiet: bool = False  # what it prints, errors aside, is for those who start it alone
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    start_at: float = 0
    failures: int = 0


class Supervisor:
    """`stop_within`: seconds that the programs have for ending by themselves."""

    def __init__(self, stop_within: float = 30, back_off: Sequence[float] = BACK_OFF) -> None:
        self.programs: list[Program] = []
        self._passing: Program | None = None
        self.stop_within = stop_within
        self.back_off = back_off
        self.stopping = False
        self._hurry = False
        self._leash: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._hurry = self.stopping  # asked a second time
        self.stopping = True

    def add(self, program: Program) -> None:
        self.programs.append(program)
        self._start(program)

    def run_once(self, program: Program, seconds: float) -> bool:
        """One that ends by itself, while the others are kept running; True when it ended well. A stop kills it."""
        self._start(program)
        self._passing = program
        assert program.process
        process = program.process
        self.wait_for(lambda: process.returncode is not None, seconds)
        self._end_group(program)
        self._passing = None
        return process.returncode == 0

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Keep the programs running until `ready`; False when that took too long or a stop was asked for."""
        deadline = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < deadline:
            self._look_after()
            if ready():
                return True
            time.sleep(CHECK_EVERY)
        return False

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        while not self.stopping:
            self._look_after()
            time.sleep(CHECK_EVERY)

    def stop(self) -> None:
        """A second Ctrl-C, or the end of `stop_within`, kills what has not ended yet."""
        self.stopping = True
        for last in (False, True):
            asked = [program for program in self.programs if program.stop_last is last and program.process]
            for program in asked:
                assert program.process
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program.process.pid, signal.SIGTERM)
            deadline = time.monotonic() + self.stop_within
            while time.monotonic() < deadline and not self._hurry:
                self._reap()
                if all(program.process and program.process.returncode is not None for program in asked):
                    break
                time.sleep(CHECK_EVERY / 4)
            for program in asked:
                self._end_group(program)
        for program in self.programs:
            if program.pulse:
                with contextlib.suppress(OSError):
                    program.pulse.file.unlink(missing_ok=True)
        if self._leash:
            assert self._leash.stdin
            with contextlib.suppress(OSError):
                self._leash.stdin.close()
            self._leash.wait()
            self._leash = None

    def _start(self, program: Program) -> None:
        environment = {**os.environ, **program.environment}
        if program.pulse:
            program.pulse.begin()
            environment["FCP_PULSE_FILE"] = str(program.pulse.file)
        program.process = subprocess.Popen(
            program.command,
            env=environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if program.quiet else None,
            start_new_session=True,
        )
        program.started_at = time.monotonic()
        self._tell_leash(f"+{program.process.pid}")

    def _look_after(self) -> None:
        self._reap()
        for program in self.programs:
            if program.process is None:
                if time.monotonic() >= program.start_at:
                    self._start(program)
            elif program.process.returncode is not None:
                self._start_later(program)
            elif program.pulse and self._is_silent(program.process, program.pulse):
                logger.error("%s shows no sign of life; starting it again", program.name)
                self._end_group(program)
                program.start_at = 0

    def _reap(self) -> None:
        known = [*self.programs, self._passing] if self._passing else self.programs
        processes = [program.process for program in known if program.process]
        if os.getpid() == 1:  # of a container: collect what others left behind, too
            _collect_all(processes)
        for process in processes:
            process.poll()

    def _start_later(self, program: Program) -> None:
        assert program.process
        steady = time.monotonic() - program.started_at >= STEADY
        program.failures = 0 if steady else program.failures + 1
        wait = self.back_off[min(program.failures, len(self.back_off) - 1)]
        logger.error(
            "%s has ended (status %s); starting it again in %s s", program.name, program.process.returncode, wait
        )
        self._end_group(program)
        program.start_at = time.monotonic() + wait

    def _end_group(self, program: Program) -> None:
        if program.process is None:
            return
        group = program.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        if program.process.returncode is None:
            program.process.wait()
        program.process = None
        self._tell_leash(f"-{group}")

    def _is_silent(self, process: "subprocess.Popen[bytes]", pulse: Pulse) -> bool:
        now = time.monotonic()
        if pulse.unanswered_since is not None and pulse.quiet_for() < now - pulse.unanswered_since:
            pulse.unanswered_since = None
        waited = 0 if pulse.unanswered_since is None else now - pulse.unanswered_since
        if now >= pulse.next_beat:
            pulse.next_beat = now + (0.5 if waited > pulse.hurry_after else pulse.beat_every)
            try:
                pulse.beat()
            except Exception as error:  # whatever the database says: while it does not answer, no cluster can
                logger.warning("The database does not answer: %s", error)
                pulse.unanswered_since = None
                return False
            if pulse.unanswered_since is None:
                pulse.unanswered_since = now
        return waited > pulse.silent_after and pulse.can_be_given()

    def _tell_leash(self, line: str) -> None:
        if self._leash is None or self._leash.poll() is not None:
            self._leash = subprocess.Popen(
                [sys.executable, "-m", "fcp.leash"], cwd=PROJECT, stdin=subprocess.PIPE, start_new_session=True
            )
            known = [*self.programs, self._passing] if self._passing else self.programs
            running = [program.process.pid for program in known if program.process]
            line = "".join(f"+{pid}\n" for pid in running) + line
        assert self._leash.stdin
        with contextlib.suppress(BrokenPipeError):  # the next line starts another one
            self._leash.stdin.write(line.encode() + b"\n")
            self._leash.stdin.flush()


def _collect_all(known: "list[subprocess.Popen[bytes]]") -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            for process in known:
                if process.pid == found[0]:
                    process.returncode = os.waitstatus_to_exitcode(found[1])


def try_port(address: str, port: int) -> None:
    """Raises OSError when nothing could listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True

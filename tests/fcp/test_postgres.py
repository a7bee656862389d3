import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.postgres import start_postgres


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_stopped_server_leaves_neither_process_nor_directory():
    server = start_postgres()

    server.stop()

    assert gone(server.process.pid)
    assert not server.directory.exists()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_with_the_process_that_started_it(by):
    starter = subprocess.Popen(
        [sys.executable, "-c", "from tests.postgres import *; s = start_postgres(); print(s.process.pid, s.directory, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE, text=True,
    )
    pid, directory = starter.stdout.readline().split()

    starter.send_signal(by)
    starter.wait()

    assert gone(int(pid))
    subprocess.run(["rm", "-rf", directory], check=True)

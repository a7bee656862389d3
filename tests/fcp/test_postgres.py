import shutil
import signal
import subprocess
import sys

import pytest

from tests.postgres import start_postgres
from tests.processes import is_gone

STARTER = """
import time
from tests.postgres import start_postgres
server = start_postgres()
print(server.process.pid, server.directory, flush=True)
time.sleep(60)
"""


def test_a_stopped_server_leaves_neither_process_nor_directory():
    server = start_postgres()

    server.stop()

    assert is_gone(server.process.pid)
    assert not server.directory.exists()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_with_the_process_that_started_it(by):
    starter = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True)
    pid, directory = starter.stdout.readline().split()

    starter.send_signal(by)
    starter.communicate()

    assert is_gone(int(pid))
    shutil.rmtree(directory)

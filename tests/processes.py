"""Looking at processes that a test has started."""

import time
from collections.abc import Callable

import psutil


def wait_until(condition: Callable[[], object], seconds: float = 30, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_gone(pid: int, seconds: float = 30) -> bool:
    return wait_until(lambda: not is_running(pid), seconds)


def still_there(name: str, value: str) -> list[psutil.Process]:
    """Those of them that do not go away: what was killed takes a moment to be gone."""
    wait_until(lambda: not processes_with(name, value))
    return processes_with(name, value)


def processes_with(name: str, value: str) -> list[psutil.Process]:
    """Those whose environment says so: also grandchildren that nobody else knows of."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found

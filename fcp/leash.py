"""Ends what a supervisor started when the supervisor itself is gone, even by kill -9.

Run as `python -m fcp.leash` with a pipe as standard input. The supervisor writes "+GROUP" for each process group
it starts and "-GROUP" for each that has ended; the end of the pipe is the end of the supervisor. Its own session:
Ctrl-C does not reach it.
"""

import contextlib
import os
import signal
import sys
import time

GRACE = 5  # seconds between asking and killing


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.kill(group, signal.SIGTERM)  # the leader only: django-q hangs when all of its processes get it
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and any(_lives(group) for group in groups):
        time.sleep(0.1)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()

"""Two measurements at the same time, on both databases: they prepare together, and are timed one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Turns:
    """For so many threads, each of which comes to `alone` once."""

    def __init__(self, threads: int) -> None:
        self._all_here = threading.Barrier(threads)
        self._one = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """What is inside runs while the others wait: from when all have come here until all have been in it."""
        self._meet()
        with self._one:
            yield
        self._meet()

    def _meet(self) -> None:
        with suppress(threading.BrokenBarrierError):  # another one broke off: go on without it
            self._all_here.wait()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Who breaks off does not keep the others waiting."""
        try:
            yield
        except BaseException:
            self._all_here.abort()
            raise

"""Things that happen at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

Kinds = type[Exception] | tuple[type[Exception], ...]


def at_once(*works: Callable[[], Any], expected: Kinds = ()) -> list[Any]:
    """Run these in threads of their own that begin together; their results, or the `expected` exceptions they ended
    with. Any other is raised here.
    """
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, expected):
            raise result
    return results


def until_somebody_waits(seconds: float = 10) -> None:
    """Until another transaction waits for what this one wrote. SQLite has one writer at a time: nothing to wait for."""
    ends = time.monotonic() + seconds
    while connection.vendor == "postgresql" and time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)

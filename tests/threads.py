"""Things that happen at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

Kinds = type[Exception] | tuple[type[Exception], ...]
# Of this test's database: what other workers of the suite wait for, on the same server, is theirs.
WAITING_SQL = """
    SELECT COUNT(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks
        WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


def at_once(*works: Callable[[], Any], expected: Kinds = ()) -> list[Any]:
    """Run these in threads of their own that begin together; their results, or the `expected` exceptions they ended
    with. Any other is raised here.
    """
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait(30)
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, expected):
            raise result
    return results


def until_somebody_waits(seconds: float = 30) -> None:
    """Until another transaction waits for what this one wrote. SQLite has one writer at a time: nothing to wait for."""
    ends = time.monotonic() + seconds
    while connection.vendor == "postgresql" and time.monotonic() < ends:
        if waiting_for_locks():
            return
        time.sleep(0.01)


def waiting_for_locks() -> int:
    """How many transactions wait for what others wrote. PostgreSQL only."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING_SQL)
        return int(cursor.fetchone()[0])

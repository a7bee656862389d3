"""Keeping what stores announce, and ringing the flow that looks at it.

Requests that come at one moment are written together: whoever is first in line takes along all that wait behind him.
One by one, each would wait for the disk, and on SQLite for writers that back off longer and longer.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import OperationalError, connection

from integrations.connectors.shapes import Hint as Told
from integrations.lease import ring, to_ring

INSERT_SQL = """
    INSERT INTO integrations_hint (store_id, event_id, kind, object_uid, sequence, address_id, at, received_at)
    VALUES {rows} ON CONFLICT (store_id, event_id) DO NOTHING
"""
ROW_SQL = "(%s, %s, %s, %s, %s, %s, %s, %s)"


class Place(NamedTuple):
    """Whose announcement it is, and where it came in."""

    store_id: int
    orders_flow_id: int
    address_id: int | None = None


@dataclass(slots=True)
class _Entry:
    rows: list[tuple[Any, ...]]
    flow_id: int
    error: Exception | None = None
    written: bool = False
    rings: bool = False  # whoever this is has to ring


class _Line:
    """The line of one process."""

    def __init__(self) -> None:
        self._turn, self._joining = threading.Lock(), threading.Lock()
        self._waiting: list[_Entry] = []

    def write(self, entry: _Entry, now: dt.datetime) -> None:
        """Returns when the rows are in the database; raises what kept them out of it."""
        with self._joining:
            self._waiting.append(entry)
        with self._turn:
            if not entry.written:
                with self._joining:
                    together, self._waiting = self._waiting, []
                _write(together, now)
        if entry.error:
            raise entry.error


_line = _Line()


def note(place: Place, hints: Sequence[Told], now: dt.datetime) -> None:
    """Keep the hints, then ring. A repeated announcement changes nothing. When it raises, the store must repeat it."""
    when = connection.ops.adapt_datetimefield_value(now)
    entry = _Entry([_row(place, hint, when) for hint in hints], place.orders_flow_id)
    _line.write(entry, now)
    if entry.rings:  # outside of the line: it may have to wait for a run that is storing a page
        _soon(lambda: ring([place.orders_flow_id], now, trigger="webhook"))


def _row(place: Place, hint: Told, when: Any) -> tuple[Any, ...]:
    return (
        place.store_id, hint.event_id[:100], hint.kind[:20], hint.object_uid[:100], hint.sequence, place.address_id,
        hint.at and connection.ops.adapt_datetimefield_value(hint.at), when,
    )  # fmt: skip


def _write(entries: list[_Entry], now: dt.datetime) -> None:
    try:
        _soon(lambda: _insert([row for entry in entries for row in entry.rows]))
        first = {entry.flow_id: entry for entry in reversed(entries)}
        for flow_id in to_ring(first, now):
            first[flow_id].rings = True
    except Exception as error:  # raised again in the thread of each whose rows it is about
        if len(entries) > 1:
            for entry in entries:  # what one of them cannot is no fault of the others
                _write([entry], now)
            return
        entries[0].error = error
    for entry in entries:
        entry.written = True


def _insert(rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement, which is a transaction of its own; the ORM's form of it takes three round trips."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT_SQL.format(rows=", ".join([ROW_SQL] * len(rows))), [v for row in rows for v in row])


def _soon(work: Callable[[], None]) -> None:
    """Write in the first gap that there is.

    On SQLite a writer that waits looks less and less often, in the end ten times a second; where an intake stores page
    after page it would miss the short gaps between them for seconds. So we look again and again by ourselves.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return work()
    seconds = connection.settings_dict["OPTIONS"].get("timeout", 5)
    ends = time.monotonic() + seconds
    _be_patient(0)
    try:
        while True:
            try:
                return work()
            except OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > ends:
                    raise
            time.sleep(0.002)
    finally:
        _be_patient(seconds)


def _be_patient(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

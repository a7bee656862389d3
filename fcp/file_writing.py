"""Writing a file that a person sent, in batches behind the page.

Each batch moves the import's position in its own transaction, so that whoever goes on after a crash begins where it
ended, and of two that write at once each batch is written by one.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from .models import FileImport, ImportState
from .models.imports import RUNNING

LISTED = 500  # rows that were refused while they were written
QUIET = dt.timedelta(minutes=1)
AFTER = {ImportState.IMPORTING: ImportState.DONE, ImportState.UNDOING: ImportState.UNDONE}

R = TypeVar("R")
Write = Callable[[Sequence[R], dict[str, Any], dt.datetime], None]


def begin(found: FileImport, *, now: dt.datetime) -> bool:
    """Say that it is to be written; False when somebody said so before."""
    return _move(found, ImportState.PREVIEW, ImportState.IMPORTING, now)


def begin_back(found: FileImport, *, now: dt.datetime) -> bool:
    """Say that what was written is to be taken back; False when somebody said so before."""
    return _move(found, ImportState.DONE, ImportState.UNDOING, now)


def _move(found: FileImport, before: ImportState, after: ImportState, now: dt.datetime) -> bool:
    waiting = type(found)._default_manager.filter(pk=found.pk, state=before)
    return bool(waiting.update(state=after, position=0, touched_at=now))


def unfinished(model: type[FileImport], now: dt.datetime) -> list[int]:
    """Imports that nobody has gone on with for a minute."""
    quiet = model._default_manager.filter(state__in=RUNNING, touched_at__lt=now - QUIET)
    return list(quiet.values_list("pk", flat=True)[:100])


def write_on(
    found: FileImport, rows: Sequence[R], end_of: Callable[[int], int], write: Write[R], *, seconds: float
) -> bool:
    """Write batches for so long; False where the time was over first. Safe to call from several places at once.

    `end_of` says where the batch that begins at a position ends; `write` stores one, and notes in the dictionary it
    gets what became of its rows.
    """
    ends = time.monotonic() + seconds
    state, position = ImportState(found.state), found.position
    mine = type(found)._default_manager.filter(pk=found.pk, state=state)
    while position < len(rows):
        end = end_of(position)
        with transaction.atomic():
            now = timezone.now()
            if not mine.filter(position=position).update(position=end, touched_at=now):
                return True  # somebody else has it
            results = mine.values_list("results", flat=True).get()
            write(rows[position:end], results, now)
            mine.update(results=results)
        position = end
        if time.monotonic() >= ends:
            break
    if position >= len(rows):
        mine.filter(position=position).update(state=AFTER[state])
    return position >= len(rows)


def note(results: dict[str, Any], code: str, refused: list[Any] | None = None) -> None:
    """One more row with this outcome; of those that were refused the first are kept with the reason."""
    results[code] = results.get(code, 0) + 1
    if refused is not None and len(results.setdefault("rows", [])) < LISTED:
        results["rows"].append(refused)

"""What can go wrong with a store, as classes that know what to tell the merchant and what happens next.

Plain Python, no Django: connectors and pure modules raise these, flows act on them.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """How far an error reaches: try this call again later, leave this record aside, or wait for the merchant."""

    CALL = "call"
    RECORD = "record"
    STORE = "store"


class SyncError(Exception):
    """One failure in talking to a store.

    `detail` goes to the log only (secrets removed before it is given); `sentence` is what the merchant reads: the
    `cause` and what we do about it, unless a connector knows better. `maybe_done`: the call was to change something,
    and the store may have done it: read back first.
    """

    code = "sync_error"
    cause = "Something went wrong while talking to the store."
    sentence = f"{cause} We try again by ourselves."
    scope = Scope.CALL

    def __init__(
        self, detail: str = "", *, sentence: str = "", code: str = "", maybe_done: bool = False, **params: Any
    ) -> None:
        super().__init__(detail or sentence or self.sentence)
        self.detail = detail
        self.maybe_done = maybe_done
        self.params = params
        if sentence:
            self.sentence = sentence
        if code:
            self.code = code


class Busy(SyncError):
    """The store asks us to slow down; `until` is when the next call makes sense (aware, UTC), or None."""

    code = "store_busy"
    cause = "The store asks us to slow down."
    sentence = f"{cause} We go on by ourselves in a moment."

    def __init__(self, detail: str = "", *, until: dt.datetime | None = None, **kw: Any) -> None:
        super().__init__(detail, **kw)
        self.until = until


class Unreachable(SyncError):
    """No answer, or one that says the store itself has a fault."""

    code = "store_unreachable"
    cause = "The store does not answer."
    sentence = f"{cause} We try again by ourselves."


class Refused(SyncError):
    """The store no longer accepts our key, plan or permission: only the merchant can mend it."""

    code = "credentials_refused"
    sentence = "The store no longer accepts our key. Reconnect the integration."
    scope = Scope.STORE


class Rejected(SyncError):
    """The store understood this one record and will not have it."""

    code = "record_rejected"
    sentence = "The store does not accept this record."
    scope = Scope.RECORD


class NotFound(Rejected):
    """The store does not know this record (any more)."""

    code = "record_not_found"
    sentence = "The store no longer has this record."


class Stale(SyncError):
    """The record changed in the store since we read it; `current` is its current revision, if the store said so."""

    code = "record_stale"
    cause = "The record changed in the store meanwhile."
    sentence = f"{cause} We read it again."
    scope = Scope.RECORD

    def __init__(self, detail: str = "", *, current: str | None = None, **kw: Any) -> None:
        super().__init__(detail, **kw)
        self.current = current


class Unreadable(SyncError):
    """The answer, or one record of it, is not what the store's own documentation promises."""

    code = "answer_unreadable"
    cause = "The store sent something we cannot read."
    sentence = f"{cause} We keep it and try again."

"""What a sandbox keeps over restarts: one SQLite file, written as things change, so that even a kill loses nothing."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TABLE = """
CREATE TABLE IF NOT EXISTS kept (site TEXT, kind TEXT, id TEXT, body BLOB, PRIMARY KEY (site, kind, id))
"""


class State:
    """Rows of (site, kind, id) with a body of JSON text. Without a path nothing is kept."""

    def __init__(self, path: str | None):
        self.depth = 0
        self.lock = threading.RLock()  # several platforms' stand-ins keep theirs here, each with a lock of its own
        self.db: sqlite3.Connection | None = None
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute(TABLE)

    def save(self, site: str, kind: str, uid: str, body: bytes) -> None:
        if self.db is not None:
            self.db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", (site, kind, uid, body))

    def load(self, site: str) -> list[tuple[str, str, bytes]]:
        if self.db is None:
            return []
        return self.db.execute("SELECT kind, id, body FROM kept WHERE site = ? ORDER BY rowid", (site,)).fetchall()

    def once(self, name: str, make: Callable[[], str]) -> str:
        """A text made once and kept."""
        for _, uid, body in self.load(""):
            if uid == name:
                return body.decode()
        made = make()
        self.save("", "once", name, made.encode())
        return made

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is saved within is kept together, also when the process is killed. Others wait meanwhile."""
        with self.lock:
            self.depth += 1
            if self.db is not None and self.depth == 1:
                self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.depth -= 1
                if self.db is not None and self.depth == 0:
                    self.db.execute("COMMIT")

    def close(self) -> None:
        if self.db is not None:
            self.db.close()
            self.db = None

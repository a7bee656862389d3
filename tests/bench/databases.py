"""The databases a figure is measured on: a fresh SQLite file and a fresh PostgreSQL, each thrown away afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from tests.postgres import start_postgres

ROOT = Path(__file__).resolve().parents[2]
# The stand-in store of this measurement; two may be going on in two threads.
SANDBOX_PORT: ContextVar[str] = ContextVar("SANDBOX_PORT", default="8021")


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty, migrated database. PostgreSQL waits for the disk, as in real life."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="fcp-bench-") as directory:
            url = f"sqlite:///{directory}/bench.sqlite3"
            migrate(url)
            yield url
        return
    server = start_postgres(durable=True)
    try:
        migrate(server.url)
        yield server.url
    finally:
        server.stop()


def environment(url: str) -> dict[str, str]:
    from cryptography.fernet import Fernet

    given = {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "fcp.settings",
        "FCP_ENV_FILE": "",
        "FCP_DATA_DIR": str(Path(tempfile.gettempdir()) / f"fcp-bench-{os.getuid()}"),
        "SECRET_KEY": "bench " * 10,
        "FCP_FIELD_KEYS": os.environ.get("FCP_FIELD_KEYS") or Fernet.generate_key().decode(),
        "FCP_SANDBOX": "true",
        "FCP_SANDBOX_PORT": SANDBOX_PORT.get(),
        "DEBUG": "false",
        "PYTHONPATH": str(ROOT),
    }
    os.environ["FCP_FIELD_KEYS"] = given["FCP_FIELD_KEYS"]
    return os.environ | given


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment(url), check=True
    )

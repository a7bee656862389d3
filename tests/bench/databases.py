"""The databases a figure is measured on: a fresh SQLite file and a fresh PostgreSQL, each thrown away afterwards.

A run migrates once; every database is a copy of that. PostgreSQL waits for the disk, as in real life.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg

from tests.postgres import start_postgres

ROOT = Path(__file__).resolve().parents[2]
# The stand-in store of this measurement; two may be going on in two threads.
SANDBOX_PORT: ContextVar[str] = ContextVar("SANDBOX_PORT", default="8021")
_migrated: dict[str, str] = {}  # by kind, the URL of a migrated database
_number = itertools.count(1)
T = TypeVar("T")
R = TypeVar("R")


def prepare(kinds: Sequence[str]) -> None:
    """Call it in the main thread: a server lives as long as the thread that started it."""
    if "sqlite" in kinds:
        directory = tempfile.mkdtemp(prefix="fcp-bench-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        _migrated["sqlite"] = f"sqlite:///{directory}/migrated.sqlite3"
    if "postgres" in kinds:
        server = start_postgres(durable=True)
        atexit.register(server.stop)
        _migrated["postgres"] = server.url
    environment("")  # the keys, before two threads each make some
    at_once(migrate, list(_migrated.values()))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty, migrated database."""
    with copy_of(_migrated[kind]) as url:
        yield url


@contextmanager
def copy_of(url: str) -> Iterator[str]:
    """The URL of a database like this one, which nobody may be connected to meanwhile."""
    name = f"copy{next(_number)}"
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = Path(parts.path).with_name(f"{name}.sqlite3")
        with closing(sqlite3.connect(parts.path)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = WAL")
        try:
            yield f"sqlite:///{path}"
        finally:
            for file in path.parent.glob(f"{name}.sqlite3*"):
                file.unlink()
        return
    source_name = parts.path.lstrip("/")
    with psycopg.connect(url.removesuffix(source_name) + "template1", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source_name} STRATEGY file_copy")
    try:
        yield url.removesuffix(source_name) + name
    finally:
        with psycopg.connect(url.removesuffix(source_name) + "template1", autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def at_once(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """In threads of their own, each of which knows of the stand-in store that was started before."""
    with ThreadPoolExecutor(max(len(items), 1)) as pool:
        return [done.result() for done in [pool.submit(copy_context().run, work, item) for item in items]]


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


def hurried(url: str) -> dict[str, str]:
    """The environment of what is not timed: PostgreSQL is not waited for at each commit."""
    return environment(url) | {"PGOPTIONS": "-c synchronous_commit=off"}


def migrate(url: str) -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=hurried(url), check=True)

"""The environment of a test run: a directory, keys and a database of its own, shared by all its processes.

FCP_TEST_DB is sqlite (default) or postgres. PostgreSQL is the server of DATABASE_URL if that names one, else one
that is started here on loopback and thrown away at the end.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from tests.postgres import start_postgres


def prepare() -> None:
    """Set os.environ before fcp.settings reads it. Safe to call again, in the same process or in a worker's."""
    env = os.environ
    env["FCP_ENV_FILE"] = ""  # a developer's .env does not reach the tests
    env["FCP_MODE"] = "development"
    env["FCP_SANDBOX"] = "true"
    env["DEBUG"] = "false"
    env["CACHE_URL"] = "dbcache://fcp_cache"
    env["EMAIL_URL"] = "consolemail://"
    env["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in the thread of the tests
    env.setdefault("SECRET_KEY", "the secret key of the tests, which protects nothing at all")
    env.setdefault("FCP_FIELD_KEYS", Fernet.generate_key().decode())
    if "FCP_TEST_DIR" not in env:  # the first process of this run; workers inherit what it sets
        env["FCP_TEST_DIR"] = tempfile.mkdtemp(prefix="fcp-test-")
        atexit.register(shutil.rmtree, env["FCP_TEST_DIR"], ignore_errors=True)
        env["DATABASE_URL"] = _database_url()
    env["FCP_DATA_DIR"] = env["FCP_TEST_DIR"]
    Path(env["FCP_TEST_DIR"], "static").mkdir(exist_ok=True)


def _database_url() -> str:
    wanted = os.environ.get("FCP_TEST_DB", "sqlite")
    if wanted == "sqlite":
        return f"sqlite:///{os.environ['FCP_TEST_DIR']}/fcp.sqlite3"
    if wanted != "postgres":
        raise SystemExit(f"FCP_TEST_DB is {wanted!r}; it must be sqlite or postgres.")
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        return given
    server = start_postgres()
    atexit.register(server.stop)
    return server.url

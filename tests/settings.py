"""Settings of the tests: the project's own, read in the environment of a test run."""

from tests.environment import prepare

prepare()

from fcp.settings import *  # noqa: E402, F403
from fcp.settings import DATABASES, FCP_DATA_DIR, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in real life: threads and other processes see it too.
    DATABASES["default"]["TEST"] = {"NAME": FCP_DATA_DIR / "test.sqlite3"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

"""Collects the static files again only when one of them changed."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command


def collect_if_changed() -> bool:
    """True when there was something to collect. Web servers that start at once take turns."""
    directory = Path(settings.STATIC_ROOT)
    stamp = directory / "stamp"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with directory.with_name("static.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            wanted = _fingerprint()
            if stamp.is_file() and stamp.read_text() == wanted:
                return False
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            stamp.write_text(wanted)
            return True
    except OSError as error:
        raise CommandError(f"{directory} cannot be written ({error.strerror}). Check FCP_DATA_DIR.") from error


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()

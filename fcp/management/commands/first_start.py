import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

ENV_FILE = """\
# Made by the first start; every value is described in fcp/settings.py.
# Keep a copy: without FCP_FIELD_KEYS the stored credentials of the stores cannot be read.
SECRET_KEY={secret_key}
FCP_FIELD_KEYS={field_key}
FCP_SANDBOX=true
"""


class Command(BaseCommand):
    help = "Writes .env with random keys and makes the data directory, where they do not exist yet."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", default=settings.BASE_DIR / ".env", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        settings.FCP_DATA_DIR.mkdir(parents=True, exist_ok=True)
        path: Path = options["file"]
        if settings.PRODUCTION or path.exists():
            return
        text = ENV_FILE.format(
            secret_key=secrets.token_urlsafe(50),
            field_key=Fernet.generate_key().decode(),
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self.stdout.write(f"Wrote new keys to {path.name}.")

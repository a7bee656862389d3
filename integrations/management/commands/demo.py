import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from fcp.errors import SyncError
from fcp.models import Account
from fcp.sign_in import DEMO_FILE
from integrations.demo import make_demo


class Command(BaseCommand):
    help = "Fills an empty panel with the demo: stand-in stores that are live, a warehouse, two sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.FCP_SANDBOX:
            raise CommandError("The demo needs the stand-in stores: set FCP_SANDBOX=true.")
        if Account.objects.exists():
            raise CommandError("There are accounts here already; the demo is made in an empty panel only.")
        data = Path(settings.FCP_DATA_DIR)
        try:
            info = json.loads((data / "sandbox.info.json").read_text())
        except FileNotFoundError:
            raise CommandError("The stand-in stores do not run yet. Start them with `make run`.") from None
        try:
            with transaction.atomic():  # half a demo would never be finished
                demo = make_demo(info)
                write(data / "warehouse.key", demo.warehouse_key + "\n")
                write(data / DEMO_FILE, "".join("\t".join(line) + "\n" for line in demo.sign_ins))
        except SyncError as error:
            raise CommandError(f"The stand-in stores do not answer: {error.sentence}") from None


def write(path: Path, text: str) -> None:
    """Readable by its owner only, and whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)

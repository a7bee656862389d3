import datetime as dt
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.sandbox.warehouse import Wait, Warehouse


class Command(BaseCommand):
    help = "Runs the stand-in warehouse: it takes, ships and answers through the partner API, until it is stopped."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.FCP_PORT}/api/v1", help="Address of the API.")
        parser.add_argument("--key-file", type=Path, required=True, help="File with the partner's API key.")
        parser.add_argument("--seed", type=int, default=1, help="What ships in parts, and the tracking numbers.")
        parser.add_argument("--every", type=float, default=1, help="Seconds between two rounds.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.FCP_SANDBOX:
            raise CommandError("The stand-in warehouse runs with FCP_SANDBOX=true only.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        warehouse, said = Warehouse(options["url"], options["key_file"], options["seed"]), ""
        pause = 0.0
        while not stop.wait(pause):
            try:
                warehouse.work(dt.datetime.now(dt.UTC))
            except Wait as wait:
                if str(wait) != said:  # once, not every second
                    self.stderr.write(f"Stand-in warehouse: {wait}")
                said, pause = str(wait), wait.seconds
            else:
                said, pause = "", options["every"]

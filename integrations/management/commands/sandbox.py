"""Runs the stand-in stores by themselves, until SIGTERM or Ctrl-C."""

import gc
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.sandbox.server import Sandbox


class Command(BaseCommand):
    help = "Runs the stand-in stores on 127.0.0.1. Their control page is at /control/."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8021, help="default 8021; 0 takes a free one")
        parser.add_argument("--info", help="file that gets addresses and credentials, as JSON, once all is ready")
        parser.add_argument("--orders", type=int, default=400, help="orders per store at the first start; default 400")
        parser.add_argument("--products", type=int, default=120, help="products per store; default 120")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same shops; default 1")
        parser.add_argument("--state", help="file that keeps everything over restarts; made at the first start")
        parser.add_argument(
            "--webhook-url",
            action="append",
            default=[],
            help="where signed events go, with {platform} for the platform's key; can be repeated",
        )
        parser.add_argument("--panel", default="", help="address of the panel, to which installing leads back")
        parser.add_argument(
            "--rate-limit",
            type=int,
            default=200,
            help="calls per minute and store, instead of each platform's own; 0: no limit",
        )
        parser.add_argument("--odd", type=float, default=0, help="share of odd orders, 0 to 1; default 0")
        parser.add_argument("--plain", action="store_true", help="only paid, waiting orders of three lines")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            box = Sandbox(
                orders=options["orders"],
                products=options["products"],
                seed=options["seed"],
                port=options["port"],
                state=options["state"],
                webhook_urls=tuple(options["webhook_url"]),
                panel_url=options["panel"].rstrip("/"),
                rate_limit=options["rate_limit"],
                odd=options["odd"],
                plain=options["plain"],
            )
        except OSError as problem:
            raise CommandError(f"The stand-in stores cannot use port {options['port']}: {problem.strerror}.") from None
        gc.freeze()  # 100,000 orders need not be looked through again and again
        with box:
            if options["info"]:
                box.write_info(options["info"])
            self.stdout.write(f"Stand-in stores: {box.url}/control/")
            stop.wait()

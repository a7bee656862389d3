from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from fcp.programs import HEARTBEATS, cluster
from fcp.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs the queues' workers, watched; any number of machines may. Ends with SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", choices=[*HEARTBEATS, "both"], default="both")

    def handle(self, *args: Any, **options: Any) -> None:
        queues = list(HEARTBEATS) if options["queue"] == "both" else [options["queue"]]
        with Supervisor(stop_within=settings.FCP_STOP_SECONDS) as supervisor:
            for queue in queues:
                supervisor.add(cluster(queue))
            supervisor.run()

import errno
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from fcp.models import Account
from fcp.programs import HEARTBEATS, cluster, demo, sandbox, warehouse, web
from fcp.static_files import collect_if_changed
from fcp.supervisor import Supervisor, answers, try_port


class Command(BaseCommand):
    help = "Runs the whole panel: database, web server, workers and, with FCP_SANDBOX, the demo. Ends with Ctrl-C."
    requires_system_checks: list[str] = []  # they take a second of each start; `make test` runs them

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_ports()
        self.prepare_database()
        collect_if_changed()
        with Supervisor(stop_within=settings.FCP_STOP_SECONDS) as supervisor:
            if settings.FCP_SANDBOX and "sandbox" in get_commands():
                supervisor.add(sandbox())
                if "demo" in get_commands() and not Account.objects.exists():
                    self.make_demo(supervisor)
            if not supervisor.stopping:
                supervisor.add(web())
                for queue in HEARTBEATS:
                    supervisor.add(cluster(queue))
                if settings.FCP_SANDBOX and "warehouse" in get_commands():
                    supervisor.add(warehouse())
            if supervisor.wait_for(lambda: answers(settings.FCP_BIND, settings.FCP_PORT), seconds=300):
                self.welcome()
            supervisor.run()
        self.stdout.write("Stopped.")

    def check_ports(self) -> None:
        wanted = [("FCP_PORT", settings.FCP_BIND, settings.FCP_PORT)]
        if settings.FCP_SANDBOX:
            wanted.append(("FCP_SANDBOX_PORT", "127.0.0.1", settings.FCP_SANDBOX_PORT))
        for name, address, port in wanted:
            try:
                try_port(address, port)
            except OSError as error:
                raise CommandError(_why_not(error, name, address, port)) from error

    def prepare_database(self) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise CommandError(f"The database cannot be reached ({reason}). Check DATABASE_URL.") from error
        call_command("migrate", interactive=False, verbosity=0)

    def make_demo(self, supervisor: Supervisor) -> None:
        self.stdout.write("Making the demo ...")
        if not supervisor.wait_for(lambda: answers("127.0.0.1", settings.FCP_SANDBOX_PORT), seconds=300):
            return
        if not supervisor.run_once(demo(), seconds=600) and not supervisor.stopping:
            self.stderr.write("The demo was not made; `python manage.py demo` tells why.")

    def welcome(self) -> None:
        demo: Path = settings.FCP_DATA_DIR / "demo.txt"
        self.stdout.write(f"\nThe panel runs at {settings.FCP_PUBLIC_URL}/\n")
        if settings.FCP_SANDBOX and demo.is_file():
            self.stdout.write(demo.read_text())
        self.stdout.write("Ctrl-C stops it.")
        sys.stdout.flush()


def _why_not(error: OSError, name: str, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop it, or set {name} to a free port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"FCP_BIND is {address}, which is no address of this machine."
    return f"Port {port} cannot be used here ({error.strerror}). Set {name} to another port."

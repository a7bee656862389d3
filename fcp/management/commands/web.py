import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fcp.programs import web_command
from fcp.static_files import collect_if_changed


class Command(BaseCommand):
    help = "Runs the web server in this process: FCP_BIND, FCP_PORT, FCP_WEB_WORKERS, FCP_WEB_THREADS."

    def handle(self, *args: Any, **options: Any) -> None:
        collect_if_changed()
        command = web_command()
        os.chdir(settings.BASE_DIR)  # gunicorn looks there for our modules, wherever this was started
        os.execv(command[0], command)  # noqa: S606  # a fixed command

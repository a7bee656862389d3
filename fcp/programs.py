"""The programs of an installation, as the supervisor starts them."""

import os
import sys
from socket import gethostname

from django.conf import settings
from django.db import close_old_connections
from django_q.tasks import async_task

from fcp import tasks
from fcp.supervisor import Program, Pulse

HEARTBEATS = {"default": tasks.WORKER, "slow": tasks.SLOW_WORKER}  # queue -> name of its heartbeat


def manage(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), name, *arguments]


def web_command() -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "fcp.wsgi"),
        *("--bind", f"{_in_address(settings.FCP_BIND)}:{settings.FCP_PORT}"),
        *("--worker-class", "gthread"),
        *("--workers", str(settings.FCP_WEB_WORKERS)),
        *("--threads", str(settings.FCP_WEB_THREADS)),
        *("--timeout", "60", "--graceful-timeout", "10", "--keep-alive", "5"),
        *("--log-level", "warning", "--no-control-socket"),
        *(("--logger-class", "fcp.web_logs.JsonLogger") if settings.PRODUCTION else ()),
    ]


def _in_address(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def _on_this_machine() -> str:
    """Where the stand-ins find the panel."""
    ip = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.FCP_BIND, settings.FCP_BIND)  # noqa: S104  # no binding
    return f"http://{_in_address(ip)}:{settings.FCP_PORT}"


def web() -> Program:
    return Program("The web server", web_command())


def cluster(queue: str) -> Program:
    """`queue` is default or slow. Watched: see fcp/supervisor.py."""
    name = settings.Q_CLUSTER["name"] if queue == "default" else queue

    def beat() -> None:
        close_old_connections()
        async_task("fcp.tasks.heartbeat", HEARTBEATS[queue], cluster=name)

    return Program(
        f"The {queue} queue",
        manage("qcluster", "--skip-checks"),
        environment={"Q_CLUSTER_NAME": name},
        pulse=Pulse(
            file=settings.FCP_DATA_DIR / "pulse" / f"{queue}-{gethostname()}-{os.getpid()}",
            beat=beat,
            silent_after=_silent_after(),
        ),
    )


def _silent_after() -> float:
    """Workers that all wait for stores show no life: an answer may take its time to begin, and as long again to end."""
    return max(75, 2 * settings.FCP_STORE_TIMEOUT + 15)


def demo() -> Program:
    return Program("The demo", manage("demo"))


def sandbox() -> Program:
    command = manage(
        "sandbox",
        *("--port", str(settings.FCP_SANDBOX_PORT)),
        *("--state", str(settings.FCP_DATA_DIR / "sandbox.sqlite3")),
        *("--info", str(settings.FCP_DATA_DIR / "sandbox.info.json")),
        *("--webhook-url", f"{_on_this_machine()}/hooks/{{platform}}/"),
        *("--panel", settings.FCP_PUBLIC_URL),
    )
    return Program("The sandbox", command, stop_last=True, quiet=True)


def warehouse() -> Program:
    command = manage(
        "warehouse",
        *("--url", f"{_on_this_machine()}/api/v1"),
        *("--key-file", str(settings.FCP_DATA_DIR / "warehouse.key")),
    )
    return Program("The stand-in warehouse", command, quiet=True)

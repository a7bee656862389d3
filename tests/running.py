"""A panel of its own with the demo in it, started as `make run` starts it."""

import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import requests
from cryptography.fernet import Fernet

from tests.postgres import free_port
from tests.processes import is_gone

ROOT = Path(__file__).parents[1]


class Panel:
    """`database` is a URL; empty: SQLite in the directory, which holds all that the panel keeps."""

    def __init__(self, directory: Path, database: str = "") -> None:
        self.directory = directory
        self.port, self.store_port = free_port(), free_port()
        self.mark = secrets.token_hex(8)
        self.environment = os.environ | {
            "FCP_ENV_FILE": "",
            "FCP_DATA_DIR": str(directory),
            "DATABASE_URL": database or f"sqlite:///{directory}/fcp.sqlite3",
            "FCP_SANDBOX": "true",
            "FCP_PORT": str(self.port),
            "FCP_SANDBOX_PORT": str(self.store_port),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FCP_FIELD_KEYS": Fernet.generate_key().decode(),
            "DJANGO_SETTINGS_MODULE": "fcp.settings",
            "FCP_TEST_MARK": self.mark,
        }
        self.start()

    def start(self) -> None:
        """Again, after `stop`: with what it kept."""
        self.log = (self.directory / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok and (self.directory / "demo.txt").exists()
        except requests.RequestException:
            return False

    def said(self) -> str:
        return (self.directory / "log").read_text()

    def store(self) -> dict[str, str]:
        return dict(json.loads((self.directory / "sandbox.info.json").read_text())["wix"])

    def waiting_order(self) -> str:
        """The id of one of the store's orders that are shipped by std-eu."""
        body = {"search": {"filter": {"fulfillmentStatus": "NOT_FULFILLED"}, "cursorPaging": {"limit": 100}}}
        orders = self._ask("/ecom/v1/orders/search", body)["orders"]
        return str(next(o["id"] for o in orders if o.get("shippingInfo", {}).get("title") == "std-eu"))

    def told(self, order: str) -> list[str]:
        """Tracking numbers that the store itself shows, asked at its control page, where calls are free."""
        address = f"http://127.0.0.1:{self.store_port}/control/api/orders/{order}"
        reply = requests.get(address, params={"site": "v1"}, timeout=20)
        reply.raise_for_status()
        shown = [f.get("trackingInfo") or {} for f in reply.json()["fulfillments"]]
        return [tracking["trackingNumber"] for tracking in shown if tracking.get("trackingNumber")]

    def in_store(self, sku: str) -> int | None:
        """How many the first store shows of it."""
        reply = requests.get(f"http://127.0.0.1:{self.store_port}/control/api/stock", params={"site": "v1"}, timeout=20)
        reply.raise_for_status()
        quantity: int | None = reply.json()["stock"][sku]
        return quantity

    def at_the_warehouse(self) -> int:
        """How many orders the warehouse has in hand or is offered; a page of them at most."""
        key = (self.directory / "warehouse.key").read_text().strip()
        asked = {"Authorization": f"Bearer {key}"}
        address = f"{self.url}/api/v1/shipping-requests"
        return sum(
            len(requests.get(address, params={"state": state}, headers=asked, timeout=20).json()["results"])
            for state in ("offered", "acknowledged", "partly_shipped")
        )

    def _ask(self, path: str, body: dict[str, object]) -> dict[str, list[dict]]:
        info = self.store()
        headers = {"Authorization": info["api_key"], "wix-site-id": info["site_id_v1"]}
        reply = requests.post(f"{info['base_url']}{path}", json=body, headers=headers, timeout=20)
        reply.raise_for_status()
        return dict(reply.json())

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert is_gone(self.process.pid, 120), self.said()
        self.log.close()

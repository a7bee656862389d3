"""The first minute of `make run`, as a newcomer walks it: the real programs, the real browser, three clicks."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet
from playwright.sync_api import Browser, Page, expect

from tests.postgres import free_port
from tests.processes import is_gone, processes_with, wait_until

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Panel:
    """A panel of its own with the demo in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.store_port = free_port(), free_port()
        self.mark = secrets.token_hex(8)
        environment = {
            "FCP_ENV_FILE": "",
            "FCP_DATA_DIR": str(directory),
            "DATABASE_URL": f"sqlite:///{directory}/fcp.sqlite3",
            "FCP_SANDBOX": "true",
            "FCP_PORT": str(self.port),
            "FCP_SANDBOX_PORT": str(self.store_port),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FCP_FIELD_KEYS": Fernet.generate_key().decode(),
            "DJANGO_SETTINGS_MODULE": "fcp.settings",
            "FCP_TEST_MARK": self.mark,
        }
        self.log = (directory / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=os.environ | environment,
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
        """Tracking numbers that the store itself shows for the order."""
        answer = self._ask("/ecom/v1/fulfillments/list-by-ids", {"orderIds": [order]})
        shown = [f for one in answer["ordersWithFulfillments"] for f in one["fulfillments"]]
        return [f["trackingInfo"]["trackingNumber"] for f in shown if f.get("trackingInfo")]

    def _ask(self, path: str, body: dict[str, object]) -> dict[str, list[dict]]:
        info = self.store()
        headers = {"Authorization": info["api_key"], "wix-site-id": info["site_id_v1"]}
        reply = requests.post(f"{info['base_url']}{path}", json=body, headers=headers, timeout=20)
        reply.raise_for_status()
        return dict(reply.json())

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert is_gone(self.process.pid, 60), self.said()
        self.log.close()


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    panel = Panel(tmp_path)
    try:
        assert wait_until(panel.answers, 180), panel.said()
        yield panel
    finally:
        panel.stop()
    left = processes_with("FCP_TEST_MARK", panel.mark)
    assert not left, f"left behind: {[' '.join(p.cmdline()) for p in left]}"


@pytest.fixture
def visitor(browser: Browser, panel: Panel) -> Iterator[Page]:
    context = browser.new_context(base_url=panel.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_three_clicks_lead_from_the_first_page_to_the_first_tracking_number_in_the_store(
    panel: Panel, visitor: Page
) -> None:
    order = panel.waiting_order()
    assert panel.told(order) == []

    visitor.goto("/")
    visitor.locator(".demo button").first.click()  # 1: come in as the merchant

    alarm = visitor.get_by_text(re.compile(r"37 orders wait for one missing ship code, std-eu on MyShop, oldest 3 h"))
    expect(alarm).to_be_visible()
    expect(visitor.get_by_text("Last orders").first.or_(visitor.get_by_text("Orders running").first)).to_be_visible()
    visitor.get_by_role("link", name="Map it").first.click()  # 2: to the group, its fix in place

    group = visitor.locator("section, article, .card").filter(has_text="Ship code missing: std-eu").first
    expect(group).to_contain_text("37 orders go")
    expect(group).to_contain_text("say the same: standard and EU")
    group.get_by_role("button", name="Map it").click()  # 3: all of them go

    expect(visitor.get_by_text("Ship code missing: std-eu")).to_have_count(0)
    assert wait_until(lambda: panel.told(order), 90), panel.said()
    (number,) = panel.told(order)

    visitor.goto("/a/demo/orders/?q=" + number)
    visitor.get_by_role("link").filter(has_text=re.compile(r"^\s*1\d{4}\s*$")).first.click()
    expect(visitor.get_by_text(number).first).to_be_visible()
    with visitor.context.expect_page() as opened:
        visitor.get_by_role("link", name="Open in the store").click()
    expect(opened.value.get_by_text(number).first).to_be_visible()

    visitor.goto("/a/demo/")
    closing = visitor.locator("#card-demo")
    for words in ("Place an order yourself", "Break the store", "Connect a real store", "The API in four lines"):
        expect(closing).to_contain_text(words)

"""What stays: over restarts, and from one run to the next."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from integrations.sandbox.server import Sandbox
from integrations.sandbox.state import State
from tests.threads import at_once

from .client import Wix

ROOT = Path(__file__).resolve().parents[3]


def kept(box: Sandbox) -> dict[str, str]:
    """What its info says, but for the addresses, whose port is another one each time."""
    return {name: value for name, value in box.info["wix"].items() if not name.endswith("_url")}


def test_a_seed_gives_the_same_shops_and_keys_to_them():
    boxes = [Sandbox(orders=30, products=12, seed=seed) for seed in (5, 5, 6)]
    first, same, other = ([row.id for row in box.wix.site("v1").orders] for box in boxes)
    keys = [kept(box) for box in boxes]
    for box in boxes:
        box.stop()

    assert first == same
    assert keys[0] == keys[1]
    assert first != other
    assert keys[0]["app_secret"] != keys[2]["app_secret"]


def test_everything_is_there_after_a_restart(tmp_path):
    state = str(tmp_path / "sandbox.sqlite3")
    with Sandbox(orders=20, products=12, state=state) as box:
        order = box.wix.place_order("v1", shipping="std-eu")
        Wix(box).fulfill(order, trackingInfo={"trackingNumber": "1Z5", "shippingProvider": "ups"})
        box.wix.misbehave("revoked", "v3")
        before = kept(box), box.wix.received, [row.load() for row in box.wix.site("v1").orders]

    with Sandbox(orders=0, products=0, state=state) as box:
        after = kept(box), box.wix.received, [row.load() for row in box.wix.site("v1").orders]
        told = box.wix.told("v1", order["number"])
        newer = box.wix.place_order("v1")

    assert before == after
    assert told[0]["trackingInfo"]["trackingNumber"] == "1Z5"
    assert box.wix.site("v3").installed is False
    assert int(newer["number"]) == int(order["number"]) + 1
    assert newer["id"] not in {row["id"] for row in after[2]}
    assert newer["createdDate"] > order["createdDate"]


def start(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], dict]:
    info = tmp_path / "info.json"
    info.unlink(missing_ok=True)
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--info", str(info), *more]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "fcp.settings"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
    for _ in range(900):
        if info.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    return process, json.loads(info.read_text())["wix"]


def test_the_command_writes_its_addresses_and_keeps_all_through_stop_and_kill(tmp_path):
    options = ("--orders", "3", "--products", "2", "--state", str(tmp_path / "state.sqlite3"))
    first, info = start(tmp_path, *options)
    control = info["base_url"].replace("/wix", "/control/api/orders")
    request = urllib.request.Request(control, b'{"site": "v1"}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        number = json.load(answer)["order"]["number"]
    first.send_signal(signal.SIGKILL)
    first.communicate()

    second, again = start(tmp_path, *options)
    with urllib.request.urlopen(again["base_url"].replace("/wix", f"/control/api/orders/{number}")) as answer:
        found = json.load(answer)["order"]["number"]
    second.send_signal(signal.SIGTERM)
    output, _ = second.communicate(timeout=60)

    assert set(info) == {
        *("base_url", "app_id", "app_secret", "public_key", "api_key"),
        *(f"{name}_{site}" for name in ("instance", "site_id") for site in ("v1", "v3", "new", "empty")),
        *("dashboard_url", "market_url", "installer_url"),
    }
    assert found == number == "10004"
    assert again["instance_v1"] == info["instance_v1"]
    assert second.returncode == 0
    assert "/control/" in output


def test_what_two_platforms_keep_at_once_is_kept_one_after_the_other(tmp_path):
    state, inside, done = State(str(tmp_path / "state.sqlite3")), threading.Event(), []

    def keep_slowly() -> None:
        with state.transaction():
            inside.set()
            time.sleep(0.1)
            state.save("wix", "order", "1", b"{}")
            done.append("wix")

    def keep() -> None:
        inside.wait(10)
        with state.transaction():
            state.save("ecwid", "order", "1", b"{}")
            done.append("ecwid")

    at_once(keep_slowly, keep)

    assert done == ["wix", "ecwid"]
    assert [state.load(name) for name in done] == [[("order", "1", b"{}")]] * 2
    state.close()

"""Webhooks against an empty view of the same web process, each sent the same requests by the same sender.

Closed loop over 16 connections, an even 200 a second for half a minute, and a burst of 500 over 50 connections while
another process writes pages of orders of the same store. The messages are signed as Wix signs them; those at an address
of one integration are what an automation posts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import requests

from tests.bench.databases import ROOT, database, environment
from tests.bench.figures import Figure, work
from tests.bench.webhooks_load import Outcome, closed, opened, request_of
from tests.postgres import free_port

ROUNDS = 3
CLOSED, RATE, SECONDS, BURST = 1500, 200, 30, 500
SLOWEST = 1250.0  # ms; later than this Wix counts a message as not taken


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    stand_in = StandIn()
    bodies = stand_in.signed(RATE * SECONDS), stand_in.posted(CLOSED)
    for kind in kinds:
        yield from _measured(kind, stand_in, *bodies)


def _measured(kind: str, stand_in: StandIn, signed_bodies: list[bytes], posted_bodies: list[bytes]) -> list[Figure]:
    with database(kind) as url:
        told = work("webhooks_worker", url, "prepare", json.dumps(stand_in.told))
        with panel(url, stand_in) as base, resetting(url) as reset:
            signed = [request_of(f"{base}/hooks/wix/", body) for body in signed_bodies]
            posted = [request_of(f"{base}{told['address']}", body, "application/json") for body in posted_bodies]
            empty = [request_of(f"{base}/empty/", body) for body in signed_bodies]
            closed(base, empty[:200])
            closed(base, signed[:200])
            rounds = [_round(reset, base, empty, signed, posted) for _ in range(ROUNDS)]
            reset()
            # A third of the time shows what the empty view takes.
            steady = [opened(base, some, RATE) for some in (empty[: len(empty) // 3], signed)]
            reset()
            bursts = [_burst(url, reset, base, signed[n * BURST : (n + 1) * BURST]) for n in range(ROUNDS)]
    return [*_closed(kind, rounds), *_opened(kind, steady), *_bursts(kind, bursts)]


Reset = Callable[[], int]


@contextmanager
def resetting(url: str) -> Iterator[Reset]:
    """As if nothing had been announced; how many hints there were. In a process that lives as long."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.webhooks_worker", "resets"],
        cwd=ROOT, env=environment(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    asked, said = process.stdin, process.stdout
    assert asked
    assert said

    def reset() -> int:
        asked.write("\n")
        asked.flush()
        return int(json.loads(said.readline())["kept"])

    try:
        yield reset
    finally:
        asked.close()
        process.wait(20)


class StandIn:
    """Signs events of a stand-in store; nothing of it runs."""

    def __init__(self) -> None:
        from integrations.sandbox.server import Sandbox

        self.box = Sandbox(products=12, platforms=("wix",), sites=("v1",))
        self.orders = [self.box.wix.place_order("v1") for _ in range(20)]
        self.box.server.server_close()
        info = self.box.info["wix"]
        self.told = {"site": info["site_id_v1"], "instance": info["instance_v1"]}
        self.app = {"FCP_WIX_APP_ID": info["app_id"], "FCP_WIX_APP_SECRET": info["app_secret"]}
        self.app["FCP_WIX_PUBLIC_KEY"] = info["public_key"]

    def signed(self, count: int) -> list[bytes]:
        some = self.orders
        return [self.box.wix.signed_order_event("v1", some[n % len(some)]["id"]).encode() for n in range(count)]

    def posted(self, count: int) -> list[bytes]:
        """Each of another automation, so that none is a repeat."""
        from integrations.sandbox.wix import automations

        site, some = self.box.wix.site("v1"), self.orders
        bodies = (
            automations.body_of(site, {"id": f"automation-{n}", "data": "all"}, some[n % len(some)])
            for n in range(count)
        )
        return [body.encode() for body in bodies]


@contextmanager
def panel(url: str, stand_in: StandIn) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.webhooks_worker", "serve"],
        cwd=ROOT,
        env=environment(url) | stand_in.app | {"FCP_PORT": str(port)},
    )
    base = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + 60
        while not _answers(base):
            assert process.poll() is None, "the panel ended"
            assert time.monotonic() < ends, "the panel does not answer"
            time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def _answers(base: str) -> bool:
    try:
        return requests.post(f"{base}/empty/", timeout=2).ok
    except requests.RequestException:
        return False


def _round(
    reset: Reset, base: str, empty: Sequence[bytes], signed: Sequence[bytes], posted: Sequence[bytes]
) -> tuple[Outcome, Outcome, Outcome]:
    reset()
    floor = closed(base, empty[:CLOSED])
    by_app = closed(base, signed[:CLOSED])
    assert reset() == CLOSED
    at_address = closed(base, posted)
    assert reset() == CLOSED
    for outcome in (floor, by_app, at_address):
        assert outcome.good == CLOSED, outcome.good
    return floor, by_app, at_address


def _burst(url: str, reset: Reset, base: str, some: Sequence[bytes]) -> tuple[Outcome, int, int]:
    """What became of it, how many rows there are, how many pages were written meanwhile."""
    reset()
    intake = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.webhooks_worker", "intake"],
        cwd=ROOT, env=environment(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert intake.stdin
    assert intake.stdout
    try:
        assert intake.stdout.readline() == "started\n"
        time.sleep(0.5)
        outcome = closed(base, some, connections=50)
    finally:
        intake.stdin.close()
        said = intake.stdout.read()
        intake.wait(30)
    kept = reset()
    return outcome, kept, json.loads(said.strip().splitlines()[-1])["pages"]


def _closed(kind: str, rounds: Sequence[tuple[Outcome, Outcome, Outcome]]) -> list[Figure]:
    found = []
    for place, name in ((1, "of the app"), (2, "at an address")):
        slower = median(one[place].at(0.99) / one[0].at(0.99) for one in rounds)
        fewer = median(one[0].rate / one[place].rate for one in rounds)
        p99, rate = (
            median(values) for values in zip(*((o[place].at(0.99), o[place].rate) for o in rounds), strict=True)
        )
        note = f"{p99:.0f} ms, empty {median(one[0].at(0.99) for one in rounds):.0f}"
        found.append(Figure(f"webhooks {name}: p99 / empty view, 16 connections", kind, slower, 5.0, 3.0, note=note))
        note = f"{rate:.0f} a second, empty {median(one[0].rate for one in rounds):.0f}"
        found.append(Figure(f"webhooks {name}: empty view's rate / ours", kind, fewer, 1 / 0.3, 2.5, note=note))
    return found


def _opened(kind: str, steady: Sequence[Outcome]) -> list[Figure]:
    empty, ours = steady
    assert ours.good == RATE * SECONDS, ours.good
    note = f"{ours.at(0.99):.1f} ms, empty {empty.at(0.99):.1f}; slowest {max(ours.took):.0f}"
    slower = ours.at(0.99) / empty.at(0.99)
    return [Figure(f"webhooks: p99 / empty view, {RATE} a second for {SECONDS} s", kind, slower, 5.0, 3.0, note=note)]


def _bursts(kind: str, bursts: Sequence[tuple[Outcome, int, int]]) -> list[Figure]:
    slowest = max(max(outcome.took) for outcome, _, _ in bursts)
    missing = max(abs(BURST - kept) + BURST - outcome.good for outcome, kept, _ in bursts)
    note = f"{sum(pages for _, _, pages in bursts)} pages of orders written meanwhile"
    return [
        Figure(f"webhooks: slowest of {BURST} at once, 50 connections", kind, slowest, SLOWEST, 600, "ms", note),
        Figure("webhooks: rows missing after them", kind, missing, 0, 0, "rows"),
    ]

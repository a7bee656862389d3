"""Lists of panel and API over HTTP: 300,000 orders against 1,000, for one account and among 3,000.

Both panels run at the same time and are asked in turns, so that a noisy moment of the machine meets both.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

import requests

from tests.bench.databases import ROOT, database, environment
from tests.bench.figures import Figure

LARGE, SMALL = 300_000, 1_000
ROUNDS = 9  # and one before them that does not count
SESSION_COOKIE = "sessionid"


def measure(kind: str) -> list[Figure]:
    found = []
    with panels(kind, [(SMALL, 1), (LARGE, 1), (SMALL, 3), (LARGE, 3_000)]) as running:
        taken = [(1, *measured(*running[:2])), (3_000, *measured(*running[2:]))]
    for accounts, small, large in taken:
        for name in large:
            print(f"          {name:35} {small[name]:7.1f} {large[name]:7.1f} ms", file=sys.stderr)
        growth = {name: large[name] / small[name] for name in large}
        worst, slowest = max(growth, key=growth.__getitem__), max(large, key=large.__getitem__)
        of = "1 account" if accounts == 1 else f"{accounts:,} accounts"
        found += [
            Figure(f"list request, {of}: 300,000 / 1,000", kind, growth[worst], 2.0, 1.3, note=worst),
            Figure(f"list request, {of}: slowest", kind, large[slowest], 100, 100, "ms", slowest),
        ]
    return found


@dataclass(frozen=True)
class Panel:
    """One that is running: what may be asked for by name, and with what."""

    base: str
    addresses: dict[str, str]
    person: requests.Session
    partner: requests.Session

    def ask(self, name: str) -> float:
        """The milliseconds of one request."""
        session = self.partner if name.startswith("api") else self.person
        started = time.perf_counter()
        reply = session.get(self.base + self.addresses[name], timeout=60, allow_redirects=False)
        took = (time.perf_counter() - started) * 1000
        assert reply.status_code == 200, (name, reply.status_code, re.sub(r"\s+", " ", reply.text[:500]))
        return took


@contextmanager
def panels(kind: str, wanted: Sequence[tuple[int, int]]) -> Iterator[list[Panel]]:
    """All at once, since filling a database takes longer than asking it; but the first alone: it collects the files."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        opened = [panel(kind, orders, accounts) for orders, accounts in wanted]
        first = stack.enter_context(opened[0])
        others = list(pool.map(lambda one: one.__enter__(), opened[1:]))
        for one in opened[1:]:
            stack.push(one)
        yield [first, *others]


@contextmanager
def panel(kind: str, orders: int, accounts: int) -> Iterator[Panel]:
    with database(kind) as url:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.lists_worker", str(orders), str(accounts)],
            cwd=ROOT,
            env=environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert worker.stdin
        assert worker.stdout
        try:
            told = json.loads(worker.stdout.readline())
            person, partner = requests.Session(), requests.Session()
            person.cookies.set(SESSION_COOKIE, told["cookie"])
            partner.headers["Authorization"] = f"Bearer {told['key']}"
            yield Panel(told["base"], told["addresses"], person, partner)
        finally:
            worker.stdin.close()
            worker.wait(60)


def measured(few: Panel, many: Panel) -> tuple[dict[str, float], dict[str, float]]:
    for one in (few, many):
        _wait_for(one)
    took: list[dict[str, list[float]]] = [{name: [] for name in many.addresses} for _ in (few, many)]
    for _ in range(ROUNDS + 1):
        for name in many.addresses:
            for of, one in zip(took, (few, many), strict=True):
                of[name].append(one.ask(name))
    small, large = ({name: median(values[1:]) for name, values in of.items()} for of in took)
    return small, large


def _wait_for(one: Panel) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            one.ask("panel: all")
            return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)

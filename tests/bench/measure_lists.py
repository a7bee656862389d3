"""Lists of panel and API over HTTP: 300,000 orders against 1,000, for one account and among 3,000; then the database's
part of dashboard, search and held groups.

The panels of both sizes run at the same time and are asked in turns, so that a noisy moment of the machine meets both.
Filling takes longer than asking: both databases are filled at once, and only once; the others are made from that one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

import requests

from tests.bench.databases import ROOT, at_once, copy_of, database, environment
from tests.bench.figures import Figure, work

LARGE, SMALL, ACCOUNTS, GROUPS = 300_000, 1_000, 3_000, 2_000
ROUNDS = 7  # and one before them that does not count
FIRST = 3  # rounds of first requests
HELD_ROUNDS = 60  # of two pages each
SESSION_COOKIE = "sessionid"
HOME = "/a/account-0/"
SEARCHES = [f"{HOME}search/?q={text}" for text in ("1002", "buyer12", "SKU-12", "nothing")]


def measure_all(kinds: Sequence[str]) -> Iterator[Figure]:
    with ExitStack() as stack:
        opened = [filled(kind) for kind in kinds]
        all_sizes = at_once(lambda one: one.__enter__(), opened)
        for one in opened:
            stack.push(one)
        for kind, sizes in zip(kinds, all_sizes, strict=True):
            yield from _grown(kind, "1 account", sizes.few, sizes.many)
            yield from _grown(kind, f"{ACCOUNTS:,} accounts", sizes.few_of_three, sizes.many_accounts)
            yield from _first_requests(kind, sizes)
            yield _held_page(kind, sizes.held)


@dataclass(frozen=True)
class Sizes:
    """Databases with few and many orders: of one account, of three accounts and 3,000, all held."""

    few: str
    many: str
    few_of_three: str
    many_accounts: str
    held: str


@contextmanager
def filled(kind: str) -> Iterator[Sizes]:
    with database(kind) as few, database(kind) as few_of_three, database(kind) as many:
        work("lists_worker", few, "fill", str(SMALL), "1", timed=False)
        work("lists_worker", few_of_three, "fill", str(SMALL), "3", timed=False)
        work("lists_worker", many, "fill", str(LARGE), "1", timed=False)
        with copy_of(many) as many_accounts, copy_of(many) as held:
            work("lists_worker", many_accounts, "spread", str(ACCOUNTS - 1), timed=False)
            work("lists_worker", held, "hold", str(GROUPS), timed=False)
            yield Sizes(few, many, few_of_three, many_accounts, held)


def _grown(kind: str, of: str, few: str, many: str) -> Iterator[Figure]:
    work("lists_worker", few, "collect")  # no two panels may do this at once
    with panel(few) as one, panel(many) as other:
        small, large = measured(one, other)
    for name in large:
        print(f"          {name:35} {small[name]:7.1f} {large[name]:7.1f} ms", file=sys.stderr)
    growth = {name: large[name] / small[name] for name in large}
    worst, slowest = max(growth, key=growth.__getitem__), max(large, key=large.__getitem__)
    yield Figure(f"list request, {of}: 300,000 / 1,000", kind, growth[worst], 2.0, 1.3, note=worst)
    yield Figure(f"list request, {of}: slowest", kind, large[slowest], 100, 100, "ms", slowest)


def _first_requests(kind: str, sizes: Sizes) -> Iterator[Figure]:
    usual = [work("lists_worker", sizes.many, "ask", HOME, *SEARCHES) for _ in range(FIRST)]
    held = [work("lists_worker", sizes.held, "ask", f"{HOME}held/") for _ in range(FIRST)]

    def taken(rounds: Sequence[dict[str, float]], *addresses: str) -> float:
        return max(median(one[address] for one in rounds) for address in addresses)

    yield Figure("dashboard: database part", kind, taken(usual, HOME), 50, 10, "ms")
    name = f"held, {LARGE:,} in {GROUPS:,} groups: database part"
    yield Figure(name, kind, taken(held, f"{HOME}held/"), 150, 20, "ms")
    yield Figure("search: database part", kind, taken(usual, *SEARCHES), 100, 20, "ms")


def _held_page(kind: str, held: str) -> Figure:
    """Over HTTP, its first page and a late one in turns."""
    with panel(held, "held") as one:
        _wait_for(one)
        took = [one.ask(name) for _ in range(HELD_ROUNDS) for name in ("first", "late")]
    took = sorted(took[2:])  # the first of each does not count
    name = f"held page, {LARGE:,} in {GROUPS:,} groups: p95"
    return Figure(name, kind, took[int(len(took) * 0.95)], 200, 60, "ms", f"median {median(took):.0f} ms")


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
def panel(url: str, *what: str) -> Iterator[Panel]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.lists_worker", "serve", *what],
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

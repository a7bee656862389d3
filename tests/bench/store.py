"""A stand-in store with many plain orders, in a process of its own; lives until its standard input ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.bench.databases import ROOT, SANDBOX_PORT


@contextmanager
def store(orders: int, **how: object) -> Iterator[dict[str, str]]:
    """Where the store is, and its keys: the "wix" part of the sandbox's info. `how` as in `sandbox.setup.Setup`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.store", str(orders), json.dumps(how)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        info = json.loads(process.stdout.readline())
        # The product speaks to loopback at the sandbox's own port only; workers inherit this.
        SANDBOX_PORT.set(str(urlsplit(info["base_url"]).port))
        yield info
    finally:
        process.stdin.close()
        process.wait(30)


def main() -> None:
    from integrations.sandbox.server import Sandbox

    how = {"products": 60, "plain": True, "rate_limit": 0} | json.loads(sys.argv[2])
    with Sandbox(orders=int(sys.argv[1]), **how) as box:
        print(json.dumps(box.info["wix"]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

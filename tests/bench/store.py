"""A stand-in store with many plain orders, in a process of its own; lives until its standard input ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.bench.databases import ROOT, SANDBOX_PORT
from tests.bench.shops import Shop


@contextmanager
def store(orders: int, *shops: Shop, **how: object) -> Iterator[dict[str, str]]:
    """Where the stores are, and their keys: the part of their platform in the sandbox's info.

    The shops are of one platform, and the only ones that are filled. `how` as in `sandbox.setup.Setup`.
    """
    [platform] = {shop.platform for shop in shops}
    filled = {"platforms": [platform], "sites": [shop.site for shop in shops]}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.store", str(orders), json.dumps(filled | how)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        # The product speaks to loopback at the sandbox's own port only; workers inherit this.
        SANDBOX_PORT.set(str(urlsplit(told["url"]).port))
        yield told["info"][platform] | {"sandbox_url": told["url"]}
    finally:
        process.stdin.close()
        process.wait(30)


def calls_of(info: dict[str, str]) -> list[str]:
    """What the stores were asked since the last time, as they heard it: method and path."""
    with urlopen(info["sandbox_url"] + "/bench/calls", timeout=30) as reply:
        return list(json.loads(reply.read()))


def main() -> None:
    from integrations.sandbox.server import Sandbox
    from integrations.sandbox.wire import Reply, Request

    class Counting(Sandbox):
        """One that notes each call of its stores."""

        def __init__(self, **options: Any):
            self.heard: list[str] = []
            super().__init__(**options)

        def answer(self, request: Request) -> Reply:
            if request.path == "/bench/calls":
                heard, self.heard = self.heard, []
                return Reply(200, json.dumps(heard).encode())
            if not request.path.startswith("/control/"):
                self.heard.append(f"{request.method} {request.path}")
            return super().answer(request)

    how = {"products": 60, "plain": True, "rate_limit": 0} | json.loads(sys.argv[2])
    how |= {name: tuple(how[name]) for name in ("platforms", "sites")}
    with Counting(orders=int(sys.argv[1]), **how) as box:
        print(json.dumps({"url": box.url, "info": box.info}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

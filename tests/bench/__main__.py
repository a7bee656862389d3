"""python -m tests.bench [--all | --only intake tick ...] [--database sqlite postgres]"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterator
from importlib import import_module

from tests.bench.databases import prepare
from tests.bench.figures import Figure, table

ORDERS = ["calls", "intake", "memory", "lists", "tick", "loop", "levels", "holds", "rules"]
GOODS = ["stock", "products", "webhooks"]  # asked for by --all: with them it takes half an hour
SUBJECTS = [*ORDERS, *GOODS]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--all", action="store_const", dest="only", const=SUBJECTS, default=ORDERS)
    chosen.add_argument("--only", nargs="+", choices=SUBJECTS, default=ORDERS)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    options = parser.parse_args()
    started, figures = time.monotonic(), []
    prepare(options.database)
    for subject in options.only:
        print(f"{time.monotonic() - started:6.0f} s  {subject} ...", file=sys.stderr, flush=True)
        for figure in _measured(subject, options.database):
            print("          " + " | ".join(figure.row()), file=sys.stderr, flush=True)
            figures.append(figure)
    print(table(figures))
    print(f"\nTook {(time.monotonic() - started) / 60:.1f} minutes.")
    return 1 if any(figure.verdict == "FAILED" for figure in figures) else 0


def _measured(subject: str, databases: list[str]) -> Iterator[Figure]:
    """A subject takes all databases, where it can do some of its work for them at once, or else each for itself."""
    module = import_module(f"tests.bench.measure_{subject}")
    for given in [databases] if hasattr(module, "measure_all") else databases:
        try:
            yield from module.measure_all(given) if isinstance(given, list) else module.measure(given)
        except Exception:  # the other figures are worth having
            traceback.print_exc()
            kind = " ".join(given) if isinstance(given, list) else given
            yield Figure(f"{subject}: broke off", kind, 1, 0, 0, "times")


if __name__ == "__main__":
    sys.exit(main())

"""python -m tests.bench [--only intake tick ...] [--database sqlite postgres]"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

from tests.bench.figures import Figure, table

SUBJECTS = ["intake", "memory", "lists", "holds", "tick", "loop", "levels", "stock", "products", "webhooks"]
AT_ONCE = {"memory"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=SUBJECTS)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    options = parser.parse_args()
    started, figures = time.monotonic(), []
    for subject in options.only:
        # What counts bytes and not seconds is taken on both databases at the same time.
        with ThreadPoolExecutor(2 if subject in AT_ONCE else 1) as pool:
            for found in pool.map(partial(_measured, subject, started), options.database):
                for figure in found:
                    print("          " + " | ".join(figure.row()), file=sys.stderr, flush=True)
                figures += found
    print(table(figures))
    print(f"\nTook {(time.monotonic() - started) / 60:.1f} minutes.")
    return 1 if any(figure.verdict == "FAILED" for figure in figures) else 0


def _measured(subject: str, started: float, database: str) -> list[Figure]:
    print(f"{time.monotonic() - started:6.0f} s  {subject} on {database} ...", file=sys.stderr, flush=True)
    try:
        found: list[Figure] = import_module(f"tests.bench.measure_{subject}").measure(database)
    except Exception:  # the other figures are worth having
        traceback.print_exc()
        return [Figure(f"{subject}: broke off", database, 1, 0, 0, "times")]
    return found


if __name__ == "__main__":
    sys.exit(main())

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
from tests.bench.turns import Turns

SUBJECTS = ["intake", "memory", "lists", "holds", "tick", "loop", "levels", "stock", "products", "webhooks"]
# What counts bytes and not seconds is taken on both databases at the same time; what takes turns for its seconds, too.
AT_ONCE = {"memory", "tick"}
TAKES_TURNS = {"tick"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=SUBJECTS)
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"])
    options = parser.parse_args()
    started, figures = time.monotonic(), []
    for subject in options.only:
        at_once = len(options.database) if subject in AT_ONCE else 1
        with ThreadPoolExecutor(at_once) as pool:
            for found in pool.map(partial(_measured, subject, started, Turns(at_once)), options.database):
                for figure in found:
                    print("          " + " | ".join(figure.row()), file=sys.stderr, flush=True)
                figures += found
    print(table(figures))
    print(f"\nTook {(time.monotonic() - started) / 60:.1f} minutes.")
    return 1 if any(figure.verdict == "FAILED" for figure in figures) else 0


def _measured(subject: str, started: float, turns: Turns, database: str) -> list[Figure]:
    print(f"{time.monotonic() - started:6.0f} s  {subject} on {database} ...", file=sys.stderr, flush=True)
    try:
        measure = import_module(f"tests.bench.measure_{subject}").measure
        found: list[Figure] = measure(database, turns) if subject in TAKES_TURNS else measure(database)
    except Exception:  # the other figures are worth having
        traceback.print_exc()
        turns.leave()
        return [Figure(f"{subject}: broke off", database, 1, 0, 0, "times")]
    return found


if __name__ == "__main__":
    sys.exit(main())

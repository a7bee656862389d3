"""What is measured, and what it must reach. A figure is a number with a bound; smaller is better for all of them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.bench.databases import ROOT, environment, hurried


@dataclass(frozen=True)
class Figure:
    name: str
    database: str
    value: float
    must: float
    aim: float
    unit: str = ""  # empty: a ratio
    note: str = ""

    @property
    def verdict(self) -> str:
        return "aim" if self.value <= self.aim else "ok" if self.value <= self.must else "FAILED"

    def row(self) -> list[str]:
        def text(value: float) -> str:
            return (
                f"{value:.2f}"
                if not self.unit
                else f"{value:g} {self.unit}"
                if value >= 100
                else f"{value:.3g} {self.unit}"
            )

        return [self.name, self.database, text(self.value), text(self.must), text(self.aim), self.verdict, self.note]


HEAD = ["figure", "database", "measured", "must", "aim", "verdict", "note"]


def table(figures: list[Figure]) -> str:
    rows = [HEAD, *(figure.row() for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])


def median(values: list[float]) -> float:
    return statistics.median(values)


def work(module: str, url: str, *arguments: str, timeout: float = 900, timed: bool = True) -> dict[str, Any]:
    """Run one measurement in a fresh process; its last line is JSON. Whatever else it prints goes to stderr.

    Not `timed`: it need not wait for the disk.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        cwd=ROOT,
        env=environment(url) if timed else hurried(url),
        stdout=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=True,
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))

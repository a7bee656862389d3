"""Ecwid's JSON: how it writes numbers and times, and how it reads times."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?(?:\.\d+)?\s*(Z|[+-]?\d{4})?$")


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def num(value: Decimal | float) -> int | float:
    """An amount as Ecwid writes it: 10, 9.09."""
    rounded = round(Decimal(value), 2)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def read_time(text: str) -> int:
    """UNIX seconds from UNIX seconds, or from a date with or without time and zone (UTC where none is given).

    A plus sign that nobody encoded arrives as a blank. ValueError for anything else.
    """
    text = text.strip()
    if text.isdecimal() and text.isascii():
        return int(text)
    match = TIME.match(text)
    if match is None:
        raise ValueError(f"not a time: {text}")
    day, clock, zone = match.groups()
    offset = "+0000" if zone in (None, "Z") else zone if zone[0] in "+-" else f"+{zone}"
    return int(datetime.strptime(f"{day} {clock or '00:00:00'} {offset}", "%Y-%m-%d %H:%M:%S %z").timestamp())

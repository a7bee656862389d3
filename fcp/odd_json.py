"""JSON that is not quite JSON: read anyway, so that one odd text does not cost a whole page of orders."""

from __future__ import annotations

import json
from typing import Any


def read_odd_json(body: bytes) -> Any:
    """Lone surrogates and broken UTF-8 become U+FFFD, numbers beyond 64 bits floats. Raises ValueError for the rest."""
    try:
        value = json.loads(body.decode("utf-8", "replace"), parse_int=_number, parse_constant=_no_number)
        return _mended(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _number(text: str) -> int | float:
    return int(text) if len(text) <= 18 else float(text)


def _no_number(text: str) -> None:
    """NaN and Infinity are no values."""


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value

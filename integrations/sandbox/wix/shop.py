"""What the two demo shops sell, how they ship, and who buys there (data/). Invented; no person is real."""

import json
from pathlib import Path
from typing import Any


def read(name: str) -> Any:
    return json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text(encoding="utf-8"))


SHOPS: dict[str, dict[str, Any]] = read("shops")
PEOPLE: list[dict[str, Any]] = read("people")
FIELDS: dict[str, list[str]] = read("fields")  # what the calls filter and sort by
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "SEK": "kr "}

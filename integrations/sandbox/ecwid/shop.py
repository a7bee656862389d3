"""What the shop sells, how it ships and who buys there (data/). Invented; no person is real."""

import json
from pathlib import Path
from typing import Any


def read(name: str) -> Any:
    return json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text(encoding="utf-8"))


SHOP: dict[str, Any] = read("shop")
PEOPLE: list[dict[str, Any]] = read("people")

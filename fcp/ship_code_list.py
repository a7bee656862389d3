"""A warehouse's list of ship codes, as people write it: one code a line, in a form that checks it line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

COLUMNS = {"code": 60, "label": 120, "carrier": 60, "service": 60}  # the longest of each, as the API takes them
MOST = 1000
HELP = (
    "One code a line: code | name | carrier | service. Only the code and its name are needed. Lines pasted from a "
    "spreadsheet do as well."
)


def written(codes: Sequence[Mapping[str, Any]]) -> str:
    """The list as lines that `read` takes back."""
    rows = ([str(row.get(name) or "").replace("|", "/") for name in COLUMNS] for row in codes)
    return "\n".join(" | ".join(row).rstrip(" |") for row in rows)


def read(text: str) -> list[dict[str, str]]:
    """The codes that these lines give. Raises ValidationError with a sentence for every line that cannot be used."""
    codes, errors, seen = [], [], {}  # type: ignore[var-annotated]
    for number, line in enumerate(text.replace("\x00", "").splitlines(), start=1):
        cells = [cell.strip() for cell in re.split(r"\t|\|", line)]
        if not any(cells):
            continue
        row = dict(zip(COLUMNS, [*cells, "", "", ""][: len(COLUMNS)], strict=True))
        row["label"] = row["label"] or row["code"]
        if said := _wrong(row, len(cells), seen.get(row["code"])):
            errors.append(f"Line {number}: {said}")
        seen.setdefault(row["code"], number)
        codes.append(row)
    if len(codes) > MOST:
        errors.append(f"A warehouse has at most {MOST:,} ship codes; these are {len(codes):,}.")
    if errors:
        raise ValidationError([ValidationError(one, code="line") for one in errors[:20]])
    return codes


def _wrong(row: Mapping[str, str], cells: int, before: int | None) -> str:
    if cells > len(COLUMNS):
        return f"it has {cells} parts; four are code, name, carrier and service."
    if not row["code"]:
        return "the code is missing."
    for name, longest in COLUMNS.items():
        if len(row[name]) > longest:
            return f"the {'name' if name == 'label' else name} has {len(row[name])} characters; {longest} fit."
    return f"the code {row['code']} stands in line {before} already." if before else ""


class ShipCodesField(forms.CharField):
    """Shows a list of codes as lines, and gives it back as the list."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}))
        kwargs.setdefault("help_text", HELP)
        super().__init__(**{"required": False, "strip": False, "label": "Ship codes", **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> list[dict[str, str]]:
        return read(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return read(data or "") != [{name: str(row.get(name) or "") for name in COLUMNS} for row in initial or []]
        except ValidationError:
            return True

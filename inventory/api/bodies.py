"""What the API takes about stock. An item that cannot be read fails alone: it is answered in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.settings import api_settings

from fcp.api_shapes import Paged, Shape

MANY = 1000  # levels or adjustments in one call
TOO_MANY = "At most {max_length} in one call; send the rest in another."


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that cannot be read, and why. `id` and `sku` as far as they are texts."""

    id: str
    sku: str
    why: str


class Items(serializers.ListField):
    """A list of which each item is read for itself: dicts, and Unread in place of what is none."""

    def __init__(self, child: Shape, **kwargs: Any) -> None:
        super().__init__(
            child=child, allow_empty=False, max_length=MANY, error_messages={"max_length": TOO_MANY}, **kwargs
        )

    def run_child_validation(self, data: list[Any]) -> list[dict[str, Any] | Unread]:
        if len(data) > MANY:  # the validator of the length says so; do not read a million first
            return data
        return [self._read(row) for row in data]

    def _read(self, row: Any) -> dict[str, Any] | Unread:
        try:
            values: dict[str, Any] = self.child.run_validation(row)
            return values
        except serializers.ValidationError as error:
            given = row if isinstance(row, dict) else {}
            return Unread(shown(given.get("id")), shown(given.get("sku")), " ".join(_sentences(error.detail)))


def _sentences(detail: Any) -> Iterator[str]:
    by_field = detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
    for name, found in by_field.items():
        about = "" if name == api_settings.NON_FIELD_ERRORS_KEY else f"{name}: "
        yield from (f"{about}{one}" for one in found)


def shown(value: Any) -> str:
    """A text to be told back: without what neither JSON nor the database can carry."""
    text = value[:100] if isinstance(value, str) else ""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


@extend_schema_field({"type": "integer"})
class Pieces(serializers.Field[Any, Any, Any, Any]):
    """Whatever stands there, but for texts; inventory.levels says what is a quantity."""

    def to_internal_value(self, data: Any) -> Any:
        return None if isinstance(data, str) else data


def _sku() -> serializers.CharField:
    return serializers.CharField(max_length=100, trim_whitespace=False)


class OneLevel(Shape):
    sku = _sku()
    quantity = Pieces(allow_null=True, help_text="Pieces, 0 or more: the level itself, not a change.")
    taken_at = serializers.DateTimeField(required=False, help_text="When it was counted, if not with the others.")


class LevelsBody(Shape):
    warehouse = serializers.CharField(max_length=30, help_text="The warehouse's id.")
    taken_at = serializers.DateTimeField(
        required=False, help_text="When the levels were taken: what moved later is counted on top of them."
    )
    levels = Items(OneLevel())

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "taken_at" not in values and any(
            isinstance(row, dict) and "taken_at" not in row for row in values["levels"]
        ):
            raise serializers.ValidationError({"taken_at": ["Say when the levels were taken, here or in each."]})
        return values


class OneAdjustment(Shape):
    id = serializers.CharField(max_length=100, help_text="Your own id of it; sent twice, it is one.")
    sku = _sku()
    change = Pieces(allow_null=True, help_text="Pieces that came (or, below 0, went).")
    at = serializers.DateTimeField(required=False, help_text="When; empty: now.")
    reason = serializers.CharField(max_length=200, help_text="One sentence; the merchant reads it.")


class AdjustmentsBody(Shape):
    warehouse = serializers.CharField(max_length=30, help_text="The warehouse's id.")
    adjustments = Items(OneAdjustment())


def _warehouse(**given: Any) -> serializers.CharField:
    return serializers.CharField(help_text="A warehouse's id.", **given)


def _sku_listed() -> serializers.CharField:
    return serializers.CharField(required=False, help_text="A product's SKU; upper and lower case are the same.")


class LevelsListed(Paged):
    warehouse = _warehouse(required=False)
    sku = _sku_listed()
    changed_since = serializers.DateTimeField(
        required=False, help_text="Changed at this time or later. Ask again from a minute before your last answer."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        return _bounded(values)


class ProductsListed(Paged):
    warehouse = _warehouse(required=False)
    sku = _sku_listed()


class MovementsListed(Paged):
    warehouse = _warehouse()
    sku = _sku_listed()


def _bounded(values: dict[str, Any]) -> dict[str, Any]:
    if "warehouse" not in values and "sku" not in values:
        raise serializers.ValidationError({"warehouse": ["Name a warehouse, an SKU, or both."]})
    return values

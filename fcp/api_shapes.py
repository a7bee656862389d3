"""What queries, bodies and replies of all apps are made of. Ids are texts; times are ISO 8601 with a zone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from fcp.keyset import is_token


class Shape(serializers.Serializer[Any]):
    """Plain fields only."""


class Named(Shape):
    id = serializers.CharField()
    name = serializers.CharField()


class Paged(Shape):
    after = serializers.CharField(required=False, help_text="The `next` of the page before.")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


def checked(shape: type[Shape], given: Any) -> dict[str, Any]:
    """The values of a query or body; 400 with what is wrong, by field."""
    form = shape(data=given)
    form.is_valid(raise_exception=True)
    values: dict[str, Any] = form.validated_data
    return values


def check_after(model: Any, order: tuple[str, ...], after: str) -> None:
    if after and not is_token(model, order, after):
        raise ValidationError({"after": ["This is not the `next` of a page."]})


def time_text(value: dt.datetime | None) -> str | None:
    return value.isoformat() if value else None

"""What the API takes: queries and bodies, checked before anything is looked up."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fcp.api_shapes import Shape
from fcp.partner_fields import KINDS, wrong_in
from orders.models.shipping import RequestState

MANY = 100  # acknowledgements or parcels in one call
MANY_LINES = 500
REQUEST_STATES = [state.value for state in RequestState]


class Listed(Shape):
    """What a list of shipping requests may be narrowed by."""

    state = serializers.CharField(
        default=RequestState.OFFERED.value,
        help_text=f"One or several, separated by commas, of: {', '.join(REQUEST_STATES)}.",
    )
    warehouse = serializers.CharField(required=False, help_text="A warehouse's id.")
    changed_since = serializers.DateTimeField(
        required=False, help_text="Changed at this time or later. Ask again from a minute before your last answer."
    )
    change_asked = serializers.BooleanField(
        required=False,
        default=False,
        help_text="True: only those of which something changed after you took them, and that wait for "
        "your change-answer. Then `state` counts only if you give it.",
    )
    after = serializers.CharField(required=False, help_text="The `next` of the page before.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100)

    def validate_state(self, value: str) -> list[str]:
        states = list(dict.fromkeys(value.split(",")))
        unknown = [state for state in states if state not in REQUEST_STATES]
        if unknown:
            raise serializers.ValidationError(f"There is no state “{unknown[0][:40]}”.")
        return states


def _revision() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="The revision you read.")


def _reference() -> serializers.CharField:
    return serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text="Your own number for it."
    )


class AcknowledgeBody(Shape):
    revision = _revision()
    reference = _reference()


class OneAcknowledgement(AcknowledgeBody):
    id = serializers.CharField(max_length=30)


class AcknowledgeManyBody(Shape):
    requests = serializers.ListField(child=OneAcknowledgement(), allow_empty=False, max_length=MANY)

    def validate_requests(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _each_once(rows, "shipping request")


class RejectBody(Shape):
    reason = serializers.CharField(max_length=500, help_text="One sentence; the merchant reads it.")


class CancelAnswerBody(Shape):
    stopped = serializers.BooleanField(help_text="False: it was too late.")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["stopped"] and not values["reason"]:
            raise serializers.ValidationError({"reason": ["Say why it was too late; the merchant reads it."]})
        return values


class ChangeAnswerBody(Shape):
    accepted = serializers.BooleanField(help_text="True: it ships with the change. False: it is too late for that.")
    revision = _revision()
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["accepted"] and not values["reason"]:
            raise serializers.ValidationError({"reason": ["Say why it is too late; the merchant reads it."]})
        return values


class LineLeft(Shape):
    id = serializers.CharField(max_length=30, help_text="The line's id in the shipping request.")
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class ParcelBody(Shape):
    tracking_number = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    url = serializers.URLField(
        max_length=500, required=False, allow_blank=True, default="", help_text="Empty: the carrier's own page."
    )


class FulfillmentBody(Shape):
    id = serializers.CharField(max_length=100, help_text="Your own id of this shipment; sent twice, it is one.")
    lines = serializers.ListField(child=LineLeft(), allow_empty=False, max_length=MANY_LINES)
    carrier = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    service = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    parcels = serializers.ListField(child=ParcelBody(), required=False, max_length=MANY)
    shipped_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Empty: now.")

    def validate_lines(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _each_once(rows, "line")


def _each_once(rows: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    if len(set(ids)) < len(ids):
        raise serializers.ValidationError(f"Name each {what} once.")
    return rows


class ShipCode(Shape):
    code = serializers.CharField(max_length=60)
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field's own label is never asked for
    carrier = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    service = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


class ShipCodes(Shape):
    ship_codes = serializers.ListField(child=ShipCode(), max_length=1000)

    def validate_ship_codes(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        codes = [row["code"] for row in rows]
        if len(set(codes)) < len(codes):
            raise serializers.ValidationError("Each code may stand here once.")
        return rows


class NeededFieldBody(Shape):
    """One value that you want with each shipping request; who connects a store is asked for it."""

    key = serializers.CharField(max_length=40, help_text="Small letters, digits and _; under it you get the value.")
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field's own label is never asked for
    help = serializers.CharField(
        max_length=300, required=False, allow_blank=True, default="", help_text="What it is for, and where to find it."
    )
    required = serializers.BooleanField(  # type: ignore[assignment]  # as above
        required=False, default=False, help_text="True: settings cannot be saved without it."
    )
    kind = serializers.ChoiceField(choices=KINDS, required=False, default="text")
    platforms = serializers.ListField(
        child=serializers.CharField(max_length=30), required=False, default=list, max_length=50,
        help_text="Only for stores of these platforms (wix, ecwid, ...); empty: for all.",
    )  # fmt: skip


class PartnerBody(Shape):
    """What you say of your own system. The whole of it: what is left out is empty."""

    guide_url = serializers.URLField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Your guide for setting up a store."
    )
    alias_download = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Whether product aliases can be read from you."
    )
    fields_needed = serializers.ListField(child=NeededFieldBody(), required=False, default=list, max_length=50)

    def validate_guide_url(self, value: str) -> str:
        if value and not value.lower().startswith(("https://", "http://")):
            raise serializers.ValidationError("Give an address that begins with https://.")
        return value

    def validate_fields_needed(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if wrong := wrong_in(rows):
            raise serializers.ValidationError(wrong)
        return rows

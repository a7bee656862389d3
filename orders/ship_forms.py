"""What a warehouse's person fills in about one shipping request."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from .forms import ParcelsForm
from .packing import Slip, SlipLine

USUAL_CARRIERS = ["DHL", "DPD", "FedEx", "GLS", "Hermes", "Post", "Royal Mail", "UPS", "USPS"]


class ShipForm(ParcelsForm):
    """What left now. `ref` makes a form that is sent twice one shipment; `revision` is what the person was shown."""

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    ref = forms.RegexField(r"^panel-[0-9a-f]{32}$", widget=forms.HiddenInput)

    field_order = ["carrier", "service", "parcels"]

    def __init__(self, slip: Slip, data: Any = None) -> None:
        shown = slip.request.snapshot
        initial = {
            "carrier": shown["carrier"],
            "service": shown["service"],
            "revision": slip.request.revision,
            "ref": f"panel-{uuid.uuid4().hex}",
        }
        super().__init__(data, initial=initial)
        self.slip = slip
        self.fields["carrier"].widget.attrs |= {"list": "carriers", "autocomplete": "off"}
        for line in slip.lines:
            self.fields[_name(line)] = forms.IntegerField(
                label=f"How many {line.title} left",
                required=False,
                min_value=0,
                max_value=line.left,
                initial=line.left,
                widget=forms.NumberInput(
                    attrs={"class": "form-control quantity", "aria-label": f"How many {line.title}"}
                ),
                error_messages={"max_value": f"Only {line.left} {'is' if line.left == 1 else 'are'} left to ship."},
            )

    @property
    def rows(self) -> list[tuple[SlipLine, forms.BoundField]]:
        """Each line with the field of its quantity."""
        return [(line, self[_name(line)]) for line in self.slip.lines]

    @property
    def left(self) -> dict[int, int]:
        """Order line id to the pieces that left, as typed."""
        pieces = {line.id: self.cleaned_data[_name(line)] or 0 for line in self.slip.lines}
        return {line_id: quantity for line_id, quantity in pieces.items() if quantity}

    def shown_again(self, revision: int) -> None:
        """The same form, with what was typed, for the revision that is in force now."""
        self.data = {**dict(self.data.items()), "revision": str(revision)}


def _name(line: SlipLine) -> str:
    return f"line_{line.id}"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="One sentence; the merchant reads it.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why in one sentence; the merchant reads it."},
    )

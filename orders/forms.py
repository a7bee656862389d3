"""What a person fills in about one order, or about several."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.http import QueryDict

from fcp.models import Account
from fcp.roles import May
from inventory.forms import countries
from inventory.models import Warehouse
from mappings.errors import MappingError
from mappings.ship_codes import ShipCode, as_listed, left_its_list, ship_codes_of

from .fulfilling import Tracking
from .holding import MAPPED
from .holds import BY_HAND, HoldKind
from .models import Fulfillment, Order, OrderParty
from .release import PARTY_FIELDS

LINK = re.compile(r"https?://")
REASONS = {
    HoldKind.CLIENT: "Another reason",
    HoldKind.ADDRESS_CHECK: "Check the address",
    HoldKind.PAYMENT_CHECK: "Check the payment",
    HoldKind.FRAUD: "Fraud check",
    HoldKind.OPERATOR: "The operator asks",
}


class HoldFields(forms.Form):
    """Why orders are held by hand, and until when. Only kinds that the person may place are offered."""

    kind = forms.ChoiceField(label="Why", choices=[(kind.value, REASONS[kind]) for kind in BY_HAND])
    note = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Say why, so that the next person knows when it may go.",
        error_messages={"required": "Say why the order is held, so that the next person knows."},
    )
    until_day = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It lifts itself when that day begins. Empty: it waits until somebody lifts it.",
    )
    until_time = forms.TimeField(
        label="At",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In the account's time zone. Empty: when the day begins.",
    )

    def __init__(self, account: Account, rights: Collection[May], now: dt.datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone, self.now = account.zone, now
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(one.value, REASONS[one]) for one in BY_HAND if one.needs in rights]
        self.others = [f"“{REASONS[one]}”: {one.who}" for one in BY_HAND if one.needs not in rights]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        day, time = data.get("until_day"), data.get("until_time")
        data["until"] = None
        if time and not day and "until_day" not in self.errors:
            self.add_error("until_day", "Say on which day.")
        elif day:
            local = dt.datetime.combine(day, time or dt.time(), tzinfo=self.zone)
            try:
                data["until"] = local.astimezone(dt.UTC)
            except OverflowError:  # at either end of the calendar
                self.add_error("until_day", "Choose another day.")
            else:
                if data["until"] <= self.now:
                    self.add_error("until_day", "That moment has passed. Choose a later one.")
        return data


class HoldForm(HoldFields):
    """Of one order."""

    prefix = "hold"


class AddressForm(forms.Form):
    """Who gets the parcel. What is set here stands: the store's address does not overwrite it."""

    name = forms.CharField(required=False)
    company = forms.CharField(required=False)
    street1 = forms.CharField(label="Street", required=False)
    street2 = forms.CharField(label="More of the street", required=False)
    postcode = forms.CharField(required=False)
    city = forms.CharField(required=False)
    region = forms.CharField(label="State or province", required=False)
    country = forms.ChoiceField(choices=countries, required=False)
    phone = forms.CharField(required=False)
    email = forms.EmailField(label="E-mail", required=False)

    def __init__(self, party: OrderParty | None, sent: QueryDict | None = None) -> None:
        initial = {name: getattr(party, name) for name in PARTY_FIELDS} if party else {}
        super().__init__(sent, initial=initial, prefix="address")
        for name in PARTY_FIELDS:
            length = OrderParty._meta.get_field(name).max_length  # type: ignore[union-attr]
            field = self.fields[name]
            if name != "country" and length:
                field.max_length = length  # type: ignore[attr-defined]
                field.validators.append(forms.CharField(max_length=length).validators[0])
                field.widget.attrs["maxlength"] = length
        known = dict(countries())
        if initial.get("country") and initial["country"] not in known:  # as the store sent it
            country = self.fields["country"]
            assert isinstance(country, forms.ChoiceField)
            country.choices = [*known.items(), (initial["country"], initial["country"])]

    @property
    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in PARTY_FIELDS}


def clean_code(typed: str, codes: Collection[ShipCode], kept: str = "") -> str:
    """`mappings.ship_codes.as_listed`, for a form."""
    try:
        return as_listed(typed, codes, kept)
    except MappingError as error:
        raise forms.ValidationError(str(error), code=error.code) from error


def code_help(code: str, codes: Collection[ShipCode]) -> str:
    gone = f"{code} is no longer listed. " if left_its_list(code, codes) else ""
    return f"{gone}Choose one of the list." if codes else "Type the warehouse's code."


class DetailsForm(forms.Form):
    """How it ships, from where, and what the warehouse should know. What is emptied is as mapped again."""

    ship_code = forms.CharField(max_length=100, required=False)
    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), required=False, empty_label="As mapped")
    note = forms.CharField(
        label="Note for the warehouse", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, order: Order, sent: QueryDict | None = None) -> None:
        initial = {"ship_code": order.ship_code, "warehouse": order.warehouse_id, "note": order.note}
        super().__init__(sent, initial=initial, prefix="details")
        self.order = order
        warehouse = self.fields["warehouse"]
        assert isinstance(warehouse, forms.ModelChoiceField)
        warehouse.queryset = Warehouse.objects.for_account(order.account)
        if order.warehouse_id and "warehouse" not in order.edited:
            warehouse.empty_label = None
        self.codes = ship_codes_of(order.account)
        code = self.fields["ship_code"]
        code.widget.attrs |= {"list": "ship-codes", "autocomplete": "off"}
        code.help_text = code_help(order.ship_code, self.codes)
        if "ship_code" in order.edited:
            code.help_text += " Empty: as mapped."

    def clean_ship_code(self) -> str:
        code = clean_code(self.cleaned_data["ship_code"], self.codes, self.order.ship_code)
        if self.order.ship_code and not code and "ship_code" not in self.order.edited:
            raise forms.ValidationError("Choose a ship code: the warehouse must know how to send it.")
        return code

    @property
    def changes(self) -> dict[str, Any]:
        """What `orders.holding.edit_order` is to change; what was left as it was is left out."""
        emptied = [name for name in self.changed_data if name in self.order.edited and not self.cleaned_data[name]]
        back = [name for name in emptied if name in MAPPED]
        values = {name: self.cleaned_data[name] for name in self.changed_data if name not in back}
        values = {name: value for name, value in values.items() if value is not None}
        return values | ({"as_mapped": back} if back else {})


class ParcelsForm(forms.Form):
    """Who carries it, and the parcels, one a line."""

    carrier = forms.CharField(max_length=60, required=False)
    service = forms.CharField(max_length=60, required=False)
    parcels = forms.CharField(
        label="Tracking numbers",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        help_text="One a line. A link of its own may follow after a space.",
    )

    def clean_parcels(self) -> tuple[Tracking, ...]:
        parcels = []
        for line in self.cleaned_data["parcels"].splitlines():
            *words, last = line.split() or [""]
            link = last if LINK.match(last) else ""
            number = " ".join(words if link else [*words, last])
            if len(number) > 100:
                raise forms.ValidationError(f"“{number[:30]}…” is too long for a tracking number.")
            if number or link:
                parcels.append(Tracking(number, link))
        return tuple(parcels)


class CorrectForm(ParcelsForm):
    """Carrier and tracking of a shipment that was recorded wrongly."""

    def __init__(self, fulfillment: Fulfillment, sent: QueryDict | None = None) -> None:
        lines = [
            f"{parcel.tracking} {parcel.url if LINK.match(parcel.url) else ''}".strip()
            for parcel in fulfillment.parcels.all()
        ]
        initial = {"carrier": fulfillment.carrier, "service": fulfillment.service, "parcels": "\n".join(lines)}
        super().__init__(sent, initial=initial, prefix=f"f{fulfillment.pk}")


class BulkHoldForm(HoldFields):
    """Of several orders."""

    note = forms.CharField(
        max_length=500, error_messages={"required": "Say why the orders are held, so that the next person knows."}
    )
    kind = forms.ChoiceField(required=False)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or HoldKind.CLIENT.value


class BulkForm(forms.Form):
    """The fields of the bar below the list; which of them counts depends on the button."""

    ship_code = forms.CharField(max_length=100, required=False)
    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), required=False)

    def __init__(self, account: Account, sent: QueryDict) -> None:
        super().__init__(sent)
        self.account = account
        warehouse = self.fields["warehouse"]
        assert isinstance(warehouse, forms.ModelChoiceField)
        warehouse.queryset = Warehouse.objects.for_account(account)

    def clean_ship_code(self) -> str:
        code: str = self.cleaned_data["ship_code"]
        return clean_code(code, ship_codes_of(self.account)) if code else ""

"""Forms of the quick actions: Sync, and trying with one order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from fcp.models import Account
from integrations.connectors.declaring import FlowKind
from integrations.settings_document import moment

OLDEST = dt.timedelta(days=3653)  # orders may be asked for so far back


class TryForm(forms.Form):
    number = forms.CharField(
        label="Order number",
        max_length=60,
        error_messages={"required": "Give the number of an order of this store."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "10042"}),
    )


class SyncForm(forms.Form):
    """Which flows to run now, and since when. Those that are off cannot be chosen."""

    flows = forms.MultipleChoiceField(
        label="What to sync", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose what to sync."}
    )
    since = forms.CharField(
        label="Orders placed since",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Every order placed since that day is read again, whatever its status. Empty reads what changed.",
    )
    products = forms.ChoiceField(
        label="Products",
        required=False,
        choices=[("changes", "What changed since the last look"), ("all", "All of them, from the first to the last")],
        widget=forms.RadioSelect,
        initial="changes",
    )

    def __init__(self, kinds: Sequence[FlowKind], *args: Any, account: Account, now: dt.datetime, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.account, self.now = account, now
        field = self.fields["flows"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(kind.value, kind.label) for kind in kinds]
        if FlowKind.ORDERS not in kinds:
            del self.fields["since"]
        if FlowKind.PRODUCTS not in kinds:
            del self.fields["products"]

    def clean_since(self) -> dt.datetime | None:
        text = self.cleaned_data["since"].strip()
        if not text:
            return None
        try:
            time = moment(text, self.account)
        except (ValueError, OverflowError):
            raise forms.ValidationError("Give a date, like 2026-03-31.") from None
        if not self.now - OLDEST <= time <= self.now:
            raise forms.ValidationError("Give a day of the last ten years.")
        return time

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and FlowKind.ORDERS.value not in data.get("flows", ()):
            self.add_error("since", "Tick Orders as well to read them since a day.")
        return data

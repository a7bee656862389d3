"""Who in an account hears of alerts: the form of Settings > Alerts, and saving it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from fcp.models import Account, AuditEntry
from integrations.models import AlertSettings

MOST = 20  # recipients

AT_ONCE, DAILY = "at_once", "daily"


def _hours(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=8760, required=False, help_text=help_text)


class AlertForm(forms.Form):
    """What is saved is the row of the account; without one nobody is told."""

    recipients = forms.CharField(
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text="E-mail addresses, one on each line. They need no account here. Empty: nobody is told by e-mail.",
    )
    delivery = forms.ChoiceField(
        label="When",
        choices=[
            (AT_ONCE, "At once, and again when it is over"),
            (DAILY, "Once a day, with everything that is open"),
        ],
        widget=forms.RadioSelect,
        help_text="What comes and goes within an hour is told once. A day without alerts brings no mail.",
    )
    digest_hour = forms.TypedChoiceField(
        label="Hour of the daily mail",
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
    )
    stale = forms.BooleanField(
        label="A flow is late",
        required=False,
        help_text="Orders, stock, tracking, products or locations are older than promised: two intervals and "
        "10 minutes. The flow goes on trying; it never switches itself off.",
    )
    refused = forms.BooleanField(
        label="A store refuses our key",
        required=False,
        help_text="The key was taken back, or our app was removed from the store.",
    )
    held_hours = _hours(
        "Orders wait for one cause",
        "A group of held orders whose oldest waits longer than this, in a live store; orders that wait for their "
        "payment are not meant. Empty: never.",
    )
    untaken_hours = _hours(
        "A warehouse has not taken orders",
        "Orders were offered to a warehouse and not taken for longer than this. Empty: never.",
    )
    untold_hours = _hours(
        "A store was not told of shipments",
        "Goods left, and the store does not know it for longer than this. Empty: never.",
    )
    gap_hours = _hours(
        "The ledger shows a difference",
        "An order is in a store and not here, or here and no longer in the store, and nobody has answered for longer "
        "than this. Empty: never.",
    )

    def __init__(self, account: Account, row: AlertSettings, data: Any = None, *, proposed: str = "") -> None:
        initial = {
            "recipients": "\n".join(row.recipients) if row.pk else proposed,
            "delivery": DAILY if row.digest else AT_ONCE,
            **{name: getattr(row, name) for name in FIELDS},
        }
        super().__init__(data, initial=initial)
        self.fields["digest_hour"].help_text = f"In the account's time zone, {account.time_zone.replace('_', ' ')}."
        for name, default in (("held_hours", 24), ("untaken_hours", 24), ("untold_hours", 4), ("gap_hours", 12)):
            self.fields[name].unit = "hours"  # type: ignore[attr-defined]
            self.fields[name].named_default = f"{default} hours"  # type: ignore[attr-defined]

    def clean_recipients(self) -> list[str]:
        found: dict[str, None] = {}
        for address in re.split(r"[\s,;]+", self.cleaned_data["recipients"].strip()):
            if not address:
                continue
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(f"“{address[:80]}” is no e-mail address.") from None
            found[address.lower()] = None
        if len(found) > MOST:
            raise ValidationError(f"At most {MOST} addresses. Use a mailing list for more.")
        return list(found)


FIELDS = ("digest_hour", "stale", "refused", "held_hours", "untaken_hours", "untold_hours", "gap_hours")


def save(account: Account, form: AlertForm, *, by: str, now: dt.datetime) -> None:
    """Store what was chosen, with an audit entry that names no address."""
    data = form.cleaned_data
    values: dict[str, Any] = {name: data[name] for name in FIELDS}
    values |= {"recipients": data["recipients"], "digest": data["delivery"] == DAILY}
    with transaction.atomic():
        row, _ = AlertSettings.objects.get_or_create(account=account)
        here = now.astimezone(account.zone)
        if values["digest"] and not row.digest and here.hour >= values["digest_hour"]:
            values["digest_on"] = here.date()  # today's hour is past: the first one goes tomorrow
        # By columns, so that a claim on mailing that somebody holds stays.
        AlertSettings.objects.filter(pk=row.pk).update(**values)
        told = {name: values[name] for name in (*FIELDS, "digest")} | {"recipients": len(values["recipients"])}
        AuditEntry.objects.create(account=account, at=now, actor=by[:120], code="alerts_changed", params=told)

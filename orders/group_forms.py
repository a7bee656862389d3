"""What a person notes of a group of holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from fcp.models import Account, User

MORNING = dt.time(8)
SNOOZES = [("", "No"), ("tomorrow", "Until tomorrow"), ("week", "Until next week"), ("day", "Until a day")]


def members_of(account: Account) -> list[User]:
    """Who can take care of a group."""
    return list(User.objects.filter(memberships__account=account).order_by("first_name", "last_name", "email"))


class GroupForm(forms.Form):
    """`until` is a word of the list, or a day of its own."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False)
    note = forms.CharField(max_length=500, required=False)
    snooze = forms.ChoiceField(required=False, choices=SNOOZES)
    day = forms.DateField(required=False)

    def __init__(self, account: Account, now: dt.datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.localtime(now)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.filter(memberships__account=account)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["until"] = None
        today = self.now.date()
        match data.get("snooze"):
            case "tomorrow":
                data["until"] = self._morning(today + dt.timedelta(days=1))
            case "week":
                data["until"] = self._morning(today + dt.timedelta(days=7 - today.weekday()))
            case "day":
                day = data.get("day")
                if day is None or day <= today:
                    self.add_error("day", "Choose a day after today, on which the group comes back.")
                else:
                    data["until"] = self._morning(day)
        return data

    def _morning(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, MORNING, tzinfo=timezone.get_current_timezone())

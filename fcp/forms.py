"""How forms look: one renderer for all of them, and what the panel's own forms ask."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import Any, TypeVar

from babel import Locale
from django import forms
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

from fcp.models import Account
from fcp.panel import ACCOUNT_SETTINGS, PanelRequest
from fcp.roles import May

CLASSES = {
    "select.html": "form-select",
    "checkbox.html": "form-check-input",
    "checkbox_option.html": "form-check-input",
    "radio_option.html": "form-check-input",
    "checkbox_select.html": "",  # the box around several
    "radio.html": "",
    "multiple_input.html": "",
    "hidden.html": "",
}


class PanelRenderer(TemplatesSetting):
    """Gives every widget Tabler's class and every field the layout of parts/field.html.

    A field may carry `named_default` ("30 minutes"): what it holds when nobody changed it; shown beside it.
    """

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        widget = context.get("widget")
        if widget and template_name.startswith("django/forms/widgets/"):
            name = CLASSES.get(template_name.rpartition("/")[2], "form-control")
            given = widget["attrs"].get("class", "")
            if name and name not in given.split():
                widget["attrs"]["class"] = f"{given} {name}".strip()
        return super().render(template_name, context, request)


AnyForm = TypeVar("AnyForm", bound=forms.BaseForm)


def read_only_without(right: May, request: PanelRequest, form: AnyForm) -> AnyForm:
    """Whoever may not change what the form shows sees it all the same."""
    if right not in request.rights:
        for field in form.fields.values():
            field.disabled = True
    return form


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, str]]:
    odd = ("Etc/", "posix/", "right/", "SystemV/", "US/")
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(odd))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


@lru_cache(maxsize=1)
def currencies() -> list[tuple[str, str]]:
    """The common ones first, then every currency in use, by its code."""
    names = Locale("en").currencies
    common = ["EUR", "USD", "GBP", "CHF", "CAD", "AUD", "PLN", "SEK", "DKK", "NOK", "JPY"]
    in_use = [code for code in sorted(names) if len(code) == 3 and code not in common and "(" not in names[code]]
    return [(code, f"{code} · {names[code]}") for code in (*common, *in_use)]


class AccountForm(forms.ModelForm):
    """What an account is called and how it reads times and money.

    The page sends back what it showed, and only what this person changed is saved: another tab may have saved since.
    """

    time_zone = forms.ChoiceField(
        choices=time_zones, help_text="Times are shown, and dates that you type are read, in this zone."
    )
    currency = forms.ChoiceField(
        choices=currencies,
        help_text="Proposed for what has no currency of its own; an order keeps its store's currency.",
    )

    class Meta:
        model = Account
        fields = ["name", "time_zone", "currency"]
        help_texts = {"name": "Shown at the top of every page, so that you always see where you are."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, setting in ACCOUNT_SETTINGS.items():
            choices = list(setting.choices(self.instance))
            field = forms.ChoiceField(label=setting.label, choices=choices, help_text=setting.help, required=False)
            field.named_default = choices[0][1]  # type: ignore[attr-defined]
            self.fields[key] = field
            self.initial[key] = self.instance.settings.get(key) or choices[0][0]
        for one in self.fields.values():
            one.show_hidden_initial = True

    def cards(self) -> list[tuple[str, list[Any]]]:
        """The fields under their headings: the account's own, then those of the apps."""
        own = [self[name] for name in self.fields if name not in ACCOUNT_SETTINGS]
        headings = dict.fromkeys(setting.card for setting in ACCOUNT_SETTINGS.values())
        return [
            ("", own),
            *((card, [self[key] for key, one in ACCOUNT_SETTINGS.items() if one.card == card]) for card in headings),
        ]

    def clean(self) -> dict[str, Any]:
        """What was not changed is as it is now, not as an older page showed it."""
        data = super().clean() or {}
        for name in data.keys() - set(self.changed_data):
            data[name] = self.initial[name]
        return data

    @property
    def changed_values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def save(self, commit: bool = True) -> Any:
        """Only the columns that were changed. In the caller's transaction."""
        changed = self.changed_values
        own = {name: value for name, value in changed.items() if name not in ACCOUNT_SETTINGS}
        stored = Account.objects.select_for_update(no_key=True).get(pk=self.instance.pk)
        settings = stored.settings | {name: value for name, value in changed.items() if name in ACCOUNT_SETTINGS}
        if changed:
            Account.objects.filter(pk=stored.pk).update(**own, settings=settings)
        self.instance.refresh_from_db()
        return self.instance

"""Forms of connecting a store: what a way in asks for, what the store is called, whose it is, whom to ask for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import QuerySet

from fcp.models import Account
from integrations.connectors import platforms
from integrations.connectors.declaring import Platform, WayIn
from integrations.setting_fields import field_of
from integrations.settings_document import validate

FEW = 6  # accounts that are shown as a list rather than in a menu


class WayForm(forms.Form):
    """What one way in asks for. Secrets are typed again after a mistake: they never go back to the browser."""

    def __init__(
        self, account: Account, platform: Platform, way: WayIn, *args: Any, staff: bool = False, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.account, self.platform, self.way, self.staff = account, platform, way, staff
        for setting in way.fields:
            self.fields[setting.key] = field_of(setting, account)
            self.fields[setting.key].named_default = ""  # type: ignore[attr-defined]
        address = next((s for s in platform.settings if s.key == "api_url"), None)
        if staff and address:
            self.fields["api_url"] = field_of(address, account)
            self.initial.setdefault("api_url", address.default)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        address = [s for s in self.platform.settings if s.key == "api_url"]
        asked = replace(self.platform, settings=(*self.way.fields, *address), flows=())
        checked = validate(asked, {key: data.get(key, "") for key in self.fields}, {}, self.account, staff=self.staff)
        for key, sentence in checked.errors.items():
            self.add_error(key, sentence)
        self.received = {s.key: checked.document[s.key] or "" for s in self.way.fields if s.key in checked.document}
        self.api_url: str = checked.document.get("api_url") or "" if self.staff else ""
        return data


class NameForm(forms.Form):
    """Step 1 of connecting ends with this: what the integration is called."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="What you call this store. Its one-word nickname is made from it; you can change both later.",
        error_messages={"required": "Give it a name."},
    )


class StoreForm(NameForm):
    """The same for a store that came by itself: one of the accounts where this person may connect stores (TECH-11)."""

    field_order = ("account", "name")

    def __init__(self, accounts: QuerySet[Account], *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        few = accounts[: FEW + 1].count() <= FEW
        self.fields["account"] = forms.ModelChoiceField(
            accounts,
            label="Account",
            empty_label=None if few else "Choose an account",
            widget=forms.RadioSelect if few else forms.Select,
            help_text="The sales channel account that this store will belong to.",
            error_messages={"required": "Choose the account.", "invalid_choice": "Choose one of these accounts."},
        )
        self.order_fields(self.field_order)


class InviteForm(forms.Form):
    """Whom to ask to connect his store."""

    platform = forms.ChoiceField(label="Platform")
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="Of the person who owns the store. The mail has a link; nothing has to be sent back.",
        error_messages={"required": "Give the address of the store's owner."},
    )
    name = forms.CharField(
        label="Name",
        max_length=120,
        required=False,
        help_text="What you want to call this store. Empty: the store's own name.",
    )

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        field = self.fields["platform"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(cls.platform.key, cls.platform.label) for cls in platforms()]

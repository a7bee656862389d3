"""The field of each setting and flow, made from its declaration: label, explanation, default, unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.utils.html import format_html

from fcp.models import Account
from fcp.panel import panel_url
from integrations.connectors.common import FROM_NOW_ON
from integrations.connectors.declaring import Choice, FlowKind, FlowOffer, Mode, Platform, Setting, SettingKind
from integrations.settings_document import moment
from inventory.models import AliasType, Warehouse

# The same services as other products name them (EIM-9..11); people search for these words.
SERVICES = {
    FlowKind.ORDERS: "Order Download",
    FlowKind.FULFILLMENTS: "Shipment Upload",
    FlowKind.INVENTORY: "Inventory Upload",
}


class Several(forms.MultipleChoiceField):
    """Ticks. What may be chosen together is for `validate` to say."""

    widget = forms.CheckboxSelectMultiple

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or ()) != sorted(data or ())


def field_of(setting: Setting, account: Account) -> forms.Field:
    """The field of one setting, with its explanation, default and unit."""
    field = _MAKERS[setting.kind](setting, account)
    field.label, field.help_text, field.required = setting.label, setting.help, False
    if setting.kind is SettingKind.WAREHOUSE and len(field.choices) == 1:  # type: ignore[attr-defined]
        field.help_text = f"{setting.help} This account has no warehouse yet: add one under Inventory."
    if setting.kind is SettingKind.ALIAS:
        products = panel_url(account, "inventory:products")
        link = '{} Each <a href="{}">product\'s page</a> lists its aliases, and makes new types of them.'
        field.help_text = format_html(link, setting.help, products)
    field.unit = setting.unit  # type: ignore[attr-defined]  # parts/field.html shows these two
    field.named_default = default_in_words(setting)  # type: ignore[attr-defined]
    if setting.read_only:
        field.disabled = True
    return field


def default_in_words(setting: Setting) -> str:
    """How the default is named beside the field; empty where there is none to speak of."""
    labels = {choice.value: choice.label for choice in setting.choices}
    if setting.read_only or setting.secret:
        return ""
    if isinstance(setting.default, bool):
        return labels.get(str(setting.default).lower(), "Yes" if setting.default else "No")
    if isinstance(setting.default, tuple | list):
        return ", ".join(labels.get(value, str(value)) for value in setting.default)
    if setting.default in (None, ""):
        return setting.empty_label or ("" if setting.required else "empty")
    text = labels.get(str(setting.default), str(setting.default))
    return f"{text} {setting.unit}".strip()


def labels_of(choices: Iterable[Choice]) -> list[tuple[str, Any]]:
    """Each value with its sentence beside it."""
    explained = '<span class="choice">{} <span class="soft">{}</span></span>'
    return [(c.value, format_html(explained, c.label, c.help) if c.help else c.label) for c in choices]


def _choice(setting: Setting, account: Account) -> forms.Field:
    return forms.ChoiceField(choices=labels_of(setting.choices), widget=forms.RadioSelect)


def _several(setting: Setting, account: Account) -> forms.Field:
    return Several(choices=labels_of(setting.choices))


def _boolean(setting: Setting, account: Account) -> forms.Field:
    pairs = labels_of(setting.choices) or [("true", "Yes"), ("false", "No")]
    return forms.ChoiceField(choices=pairs, widget=forms.RadioSelect)


def _number(setting: Setting, account: Account) -> forms.Field:
    attrs = {"min": setting.minimum, "max": setting.maximum, "inputmode": "numeric"}
    return forms.CharField(widget=forms.NumberInput(attrs={k: v for k, v in attrs.items() if v is not None}))


def _date(setting: Setting, account: Account) -> forms.Field:
    return forms.CharField(widget=forms.DateInput(attrs={"type": "date"}))


def _text(setting: Setting, account: Account) -> forms.Field:
    if setting.secret:
        hidden = {"autocomplete": "off", "spellcheck": "false"}
        return forms.CharField(widget=forms.PasswordInput(attrs=hidden))
    return forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))


def _warehouse(setting: Setting, account: Account) -> forms.Field:
    pairs = [(str(one.pk), f"{one.name} ({one.code})") for one in Warehouse.objects.for_account(account)]
    return forms.ChoiceField(choices=[("", setting.empty_label or "None"), *pairs])


def _alias(setting: Setting, account: Account) -> forms.Field:
    pairs = [(str(one.pk), one.name) for one in AliasType.objects.for_account(account)]
    return forms.ChoiceField(choices=[("", setting.empty_label), *pairs])


_MAKERS = {
    SettingKind.CHOICES: _several,
    SettingKind.CHOICE: _choice,
    SettingKind.INTEGER: _number,
    SettingKind.MINUTES: _number,
    SettingKind.DATE: _date,
    SettingKind.BOOLEAN: _boolean,
    SettingKind.TEXT: _text,
    SettingKind.WAREHOUSE: _warehouse,
    SettingKind.ALIAS: _alias,
}


def as_typed(setting: Setting, value: Any, account: Account) -> Any:
    """A stored value as the field shows it."""
    if value is None:
        return ""
    if setting.kind is SettingKind.DATE:
        return moment(value, account).astimezone(account.zone).date().isoformat()
    if setting.kind is SettingKind.BOOLEAN:
        return "true" if value else "false"
    return value if isinstance(value, list) else str(value)


def exact_note(setting: Setting, value: Any, account: Account) -> str:
    """A date that a program set may begin within a day, which its field does not show."""
    if setting.kind is not SettingKind.DATE or not value:
        return ""
    local = moment(value, account).astimezone(account.zone)
    return "" if local.time() == dt.time(0) else f" At present it begins at {local:%H:%M} of that day."


def mode_label(offer: FlowOffer, mode: Mode, platform: Platform) -> str:
    """ "Pull orders from Wix", "Push to Wix", "Disabled"."""
    if mode is Mode.DISABLED:
        return "Disabled"
    if mode is Mode.PUSH:
        return f"Push to {platform.label}"
    if mode is Mode.BOTH:
        return f"Pull from and push to {platform.label}"
    what = " orders" if offer.kind is FlowKind.ORDERS else ""
    return f"Pull{what} from {platform.label}"


def interval_field(offer: FlowOffer) -> forms.Field:
    field = forms.CharField(
        label=offer.interval_label,
        required=False,
        help_text=f"{offer.interval_help} Empty switches it off.",
        widget=forms.NumberInput(attrs={"min": 1, "max": 1440, "inputmode": "numeric"}),
    )
    if offer.always_on:
        field.help_text = offer.interval_help
    field.unit = "minutes"  # type: ignore[attr-defined]
    field.named_default = f"every {offer.interval} minutes"  # type: ignore[attr-defined]
    return field


def mode_field(offer: FlowOffer, platform: Platform) -> forms.Field:
    modes = [*offer.modes] if offer.always_on else [Mode.DISABLED, *offer.modes]
    service = SERVICES.get(offer.kind)
    label = f"{offer.kind.label} ({service})" if service else offer.kind.label
    field = forms.ChoiceField(
        label=label,
        required=False,
        choices=[(mode.value, mode_label(offer, mode, platform)) for mode in modes],
        help_text=offer.help,
    )
    field.disabled = offer.always_on
    field.named_default = "" if offer.always_on else "Disabled"  # type: ignore[attr-defined]
    return field


# --- each mode with its own sentence --------------------------------------------------------------------------------

# {store} is the platform's name. A pull or push that begins with all there is says so (`_begins_with_all`).
SENTENCES = {
    (FlowKind.ORDERS, Mode.PULL): "Orders placed from the moment of connecting come in and are followed until they are "
    "closed. None goes to a warehouse before you go live.",
    (FlowKind.ORDERS, Mode.DISABLED): "No order comes in.",
    (FlowKind.PRODUCTS, Mode.PULL): "What is added or changed in {store} from then on comes into your catalogue; the "
    "list of what it sells is read once in full.",
    (FlowKind.PRODUCTS, Mode.PUSH): "Changes of your products from then on go to {store}, once you have seen what "
    "would change there.",
    (FlowKind.PRODUCTS, Mode.BOTH): "Each field goes the way of its owner, which the account names.",
    (FlowKind.PRODUCTS, Mode.DISABLED): "Your catalogue is neither filled nor written to {store}.",
    (FlowKind.INVENTORY, Mode.PUSH): "Changes of your stock from then on go to {store}, once you have looked at the "
    "first push.",
    (FlowKind.INVENTORY, Mode.DISABLED): "No stock is sent; {store} keeps its own quantities.",
    (FlowKind.FULFILLMENTS, Mode.PUSH): "Tracking numbers of what ships from then on go to {store}, which tells the "
    "buyer.",
    (FlowKind.FULFILLMENTS, Mode.DISABLED): "{store} is told of no shipment.",
    (FlowKind.LOCATIONS, Mode.PULL): "The store's locations are read, now and once a day.",
}
WITH_ALL = {
    (FlowKind.PRODUCTS, Mode.PULL): "All that {store} sells comes into your catalogue, then what is added or changed "
    "there.",
    (FlowKind.INVENTORY, Mode.PUSH): "Your stock goes to {store} wherever it differs, once you have looked at the "
    "first push; then each change.",
}
BEGINS = {FlowKind.PRODUCTS: "first_pull", FlowKind.INVENTORY: "first_push"}  # the setting that says with how much


def mode_sentence(offer: FlowOffer, mode: Mode, platform: Platform) -> str:
    """What one mode of a flow does, in one sentence."""
    key = (offer.kind, mode)
    sentence = WITH_ALL[key] if key in WITH_ALL and _begins_with_all(offer.kind, platform) else SENTENCES.get(key, "")
    return sentence.replace("{store}", platform.label)


def _begins_with_all(kind: FlowKind, platform: Platform) -> bool:
    defaults = {setting.key: setting.default for setting in platform.settings}
    return defaults.get(BEGINS[kind]) != FROM_NOW_ON


def explained_mode_field(offer: FlowOffer, platform: Platform, *, without: Collection[Mode] = ()) -> forms.Field:
    """The same choice as `mode_field`, each mode with its sentence. One that is always on is shown, and fixed."""
    modes = [*offer.modes] if offer.always_on else [*offer.modes, Mode.DISABLED]
    choices = [
        Choice(mode.value, mode_label(offer, mode, platform), mode_sentence(offer, mode, platform))
        for mode in modes
        if mode not in without
    ]
    field = forms.ChoiceField(
        label=offer.kind.label,
        required=False,
        choices=labels_of(choices),
        widget=forms.RadioSelect,
        help_text=offer.help if offer.always_on else "",
    )
    field.disabled = offer.always_on
    field.named_default = ""  # type: ignore[attr-defined]
    return field

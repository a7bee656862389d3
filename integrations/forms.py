"""Forms of an integration, made from its platform's declaration.

They only bring what was typed to `settings_document.validate`, which checks every value, for the API too, and whose
sentences come back as the errors of the fields. Only what a person changed is given to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from fcp.models import Account, Partner
from integrations.connectors.common import STOCK
from integrations.connectors.declaring import FlowKind, Mode, Platform, StockOffer
from integrations.errors import IntegrationError
from integrations.models import Integration
from integrations.nicknames import check_nickname
from integrations.setting_fields import (
    as_typed,
    exact_note,
    explained_mode_field,
    field_of,
    interval_field,
    mode_field,
)
from integrations.settings_document import FLOWS, Document, defaults, master_of, validate
from integrations.ways import Chosen
from integrations.wms_settings import WMS, Needed, needed_for

INSTALL = ("payment_status", "fulfillment_status", "history", "orders_interval", "inventory_interval")
ON_INSTALL = (FlowKind.ORDERS, FlowKind.INVENTORY)
STOCK_TEXT = "What the store is told of your stock. Push preview shows what comes of it for each listing."
OTHER_STORE = (
    "This integration is connected to the store {store}. To work with another one, press Add Integration; the orders "
    "that are here stay with theirs."
)
WMS_TEXT = "{partner} ships for the chosen warehouse and asks for these; it gets them with each shipping request."
NO_QUANTITY = "This store takes no available quantity, so there is nothing to compare it with."


@dataclass(frozen=True, slots=True)
class CardOfFields:
    """Fields that stand together. `fields` are bound fields, in their order."""

    title: str
    fields: list[Any]
    text: str = ""
    partner: Partner | None = None  # who asks for them


# --- the settings of an integration -----------------------------------------------------------------------------


class DocumentForm(forms.Form):
    """Part of a document of settings. `keys` are settings of the platform, `flows` those whose mode or interval shows.

    With `wms` it also asks what the partner of the chosen warehouse wants to know. After `is_valid()`, `given` is what
    was changed, as typed, and `document` the whole document with that put in.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        account: Account,
        platform: Platform,
        before: Document,
        keys: Sequence[str],
        *args: Any,
        modes: Sequence[FlowKind] = (),
        intervals: Sequence[FlowKind] = (),
        staff: bool = False,
        install: bool = False,
        wms: bool = False,
        number: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.account, self.platform, self.before, self.staff = account, platform, before, staff
        self.document: Document = before
        self.settings = {s.key: s for s in platform.settings if s.key in keys}
        self.offers = {offer.kind: offer for offer in platform.flows}
        self.initial["version"] = number
        for key, setting in self.settings.items():
            self.fields[key] = field_of(setting, account)
            if install and setting.install_label:
                self.fields[key].label = setting.install_label
            if setting.staff_only and not staff:
                self.fields[key].disabled = True
            self.initial.setdefault(key, as_typed(setting, before.get(key), account))
            self.fields[key].help_text += exact_note(setting, before.get(key), account)
        for kind in modes:
            if kind in self.offers:
                self.fields[f"{kind.value}_mode"] = mode_field(self.offers[kind], platform)
                self.initial[f"{kind.value}_mode"] = before[FLOWS][kind.value]["mode"]
        for kind in intervals:
            if kind in self.offers:
                self.fields[f"{kind.value}_interval"] = interval_field(self.offers[kind])
                self.initial.setdefault(f"{kind.value}_interval", self.shown_interval(kind, install))
        self.needed = self._needed() if wms else Needed(None, ())
        for setting in self.needed.settings:
            self.fields[wms_name(setting.key)] = field_of(setting, account)
            known = self.needed.values_in(before).get(setting.key)
            self.initial.setdefault(wms_name(setting.key), as_typed(setting, known, account))
        self.asks_wms = wms

    def _needed(self) -> Needed:
        """Of the warehouse that the page shows as chosen, saved or not."""
        shown = self.data if self.is_bound and "warehouse" in self.data else self.initial
        chosen = shown.get("warehouse")
        return needed_for(self.account, self.platform.key, chosen)

    def only_with_quantity(self, offers: Iterable[StockOffer | None]) -> None:
        """What needs a store that takes an available quantity is disabled where none of these does (EIM-31)."""
        if any(offer and offer.quantity for offer in offers):
            return
        for key, setting in self.settings.items():
            if setting.needs_quantity:
                self.fields[key].disabled = True
                self.fields[key].help_text = f"{setting.help} {NO_QUANTITY}"

    def saved_values(self) -> dict[str, list[str]]:
        """What the browser would send if nobody had typed anything: against this it counts unsaved changes."""
        found = {}
        for name, field in self.fields.items():
            if not field.disabled and not field.widget.is_hidden:
                value = self.get_initial_for_field(field, name)
                found[name] = [str(one) for one in (value if isinstance(value, list) else [value])]
        return found

    def shown_interval(self, kind: FlowKind, install: bool) -> str:
        """Empty for a flow that is off: a service without an interval is off."""
        flow = self.before[FLOWS][kind.value]
        on = flow["mode"] != Mode.DISABLED or install
        interval = flow["interval"] or (self.offers[kind].interval if install else None)
        return str(interval) if on and interval else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given: dict[str, Any] = {key: data[key] for key in self.settings if key in self.changed_data and key in data}
        if flows := self._given_flows(data):
            given[FLOWS] = flows
        if self.asks_wms:
            given[WMS] = {one.key: data.get(wms_name(one.key), "") for one in self.needed.settings}
        self.given = given
        checked = validate(self.platform, given, self.before, self.account, staff=self.staff)
        for key, sentence in checked.errors.items():
            name = "_".join(key.split(".")[1:]) if key.startswith(f"{FLOWS}.") else key.replace(".", "_")
            self.add_error(name if name in self.fields else None, sentence)
        self.document = checked.document
        return data

    def _given_flows(self, data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {kind.value: given for kind in self.offers if (given := self._given_flow(kind, data))}

    def _given_flow(self, kind: FlowKind, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Mode and interval are two ways to say on or off; whichever the person changed counts.

        An interval set for a flow that was off switches it on; one taken away switches it off.
        """
        offer, before = self.offers[kind], self.before[FLOWS][kind.value]
        by_mode, by_interval = f"{kind.value}_mode", f"{kind.value}_interval"
        if not {by_mode, by_interval} & set(self.changed_data):
            return None
        mode = data.get(by_mode) or before["mode"]
        interval = data.get(by_interval, self.initial.get(by_interval, before["interval"]))
        if by_mode in self.changed_data:
            if mode != Mode.DISABLED:
                interval = interval or before["interval"] or offer.interval
        elif mode == Mode.DISABLED and interval:
            mode = offer.modes[0].value
        if mode == Mode.DISABLED and not offer.always_on:
            return {"mode": Mode.DISABLED.value, "interval": None}
        return {"mode": mode, "interval": interval}


def wms_name(key: str) -> str:
    """The name of a partner's field in a form."""
    return f"{WMS}_{key}"


class MainForm(DocumentForm):
    """Main settings: the six of the edit screen first, then the rest (EFS-27, TECH-26).

    Name and nickname have no version: the page sends back what it showed, and only what was typed over it counts.
    """

    nickname = forms.CharField(
        label="Store Nickname",
        required=False,
        show_hidden_initial=True,
        help_text="Tells your integrations apart in every list: one word of letters and digits.",
    )
    name = forms.CharField(
        label="Name", required=False, max_length=120, help_text="Free text, for people.", show_hidden_initial=True
    )
    field_order = ()

    SIX = ("history", "payment_status", "fulfillment_status", "orders_interval", "inventory_interval", "nickname")

    def __init__(
        self, integration: Integration, platform: Platform, before: Document, *args: Any, **kwargs: Any
    ) -> None:
        self.integration = integration
        keys = [setting.key for setting in platform.settings if setting.tab == "main"]
        kinds = [offer.kind for offer in platform.flows]
        super().__init__(
            integration.account, platform, before, keys, *args,
            modes=kinds, intervals=kinds, wms=True, number=integration.settings_version, **kwargs,
        )  # fmt: skip
        self.initial.update(nickname=integration.nickname, name=integration.name)
        self.only_with_quantity([platform.stock.get(integration.variant)])
        self.fields["nickname"].named_default = "made from the name"  # type: ignore[attr-defined]
        self.fields["name"].named_default = "the store's own name"  # type: ignore[attr-defined]

    def clean_nickname(self) -> str:
        if "nickname" not in self.changed_data:
            return self.integration.nickname
        try:
            return check_nickname(self.account, self.cleaned_data["nickname"], self.integration)
        except IntegrationError as error:
            raise forms.ValidationError(error.sentence, code=error.code) from None

    def clean_name(self) -> str:
        if "name" not in self.changed_data:
            return self.integration.name
        name: str = self.cleaned_data["name"].strip()
        if not name:
            raise forms.ValidationError("Give it a name.", code="required")
        return name

    def cards(self) -> list[CardOfFields]:
        flows = [f"{kind.value}_{part}" for kind in self.offers for part in ("mode", "interval")]
        load = ("reject_unmapped", "earliest_order_date")
        stock = [setting.key for setting in self.platform.settings if setting.card == STOCK]
        made = [
            self._card("", self.SIX),
            self._card("The store", ("name", "channel_mode", "order_status")),
            self._card(
                "Flows", [*(name for name in flows if name not in self.SIX), "first_pull"],
                "What goes between the store and us, and how often. A flow without an interval is off; setting one "
                "switches it on. Switched on again, it asks from when it counts.",
            ),
            self._card("To the warehouse", ("release", "later_changes", "warehouse", "customs")),
            self._card("Stock", stock, STOCK_TEXT),
            self._card("Order Load Options", load, "The same for every store, whatever its platform."),
            self.wms_card(),
        ]  # fmt: skip
        used = {field.name for card in made for field in card.fields} | {"version"}
        rest = self._card("More", [name for name in self.fields if name not in used])
        return [card for card in (*made, rest) if card.fields]

    def wms_card(self) -> CardOfFields:
        fields = [self[wms_name(setting.key)] for setting in self.needed.settings]
        return CardOfFields("WMS settings", fields, WMS_TEXT.format(partner=self.needed.partner), self.needed.partner)

    def _card(self, title: str, names: Iterable[str], text: str = "") -> CardOfFields:
        return CardOfFields(title, [self[name] for name in names if name in self.fields], text)


class TabForm(DocumentForm):
    """The settings of another tab: advanced or channel."""

    def __init__(
        self, integration: Integration, platform: Platform, before: Document, tab: str, *args: Any, **kwargs: Any
    ) -> None:
        keys = [setting.key for setting in platform.settings if setting.tab == tab]
        super().__init__(
            integration.account, platform, before, keys, *args, number=integration.settings_version, **kwargs
        )
        self.store_uid = integration.store.uid
        self.naming = [s.key for s in self.settings.values() if s.said == "store_uid" and not s.read_only]
        for key in self.naming:
            self.fields[key].named_default = "the connected store"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What names the store that the orders here belong to: another one is another integration."""
        data = super().clean()
        for key in self.naming:
            given = str(data.get(key) or "")
            if key in self.errors or not given:
                continue
            if given.lower() != self.store_uid.lower():
                self.add_error(key, OTHER_STORE.format(store=self.store_uid))
            self.document = self.document | {key: self.store_uid}
        return data


class InstallForm(DocumentForm):
    """The initial configuration: exactly five settings, in this order (EFS-8)."""

    def __init__(
        self, integration: Integration, platform: Platform, before: Document, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(
            integration.account, platform, before, INSTALL, *args,
            intervals=ON_INSTALL, install=True, number=integration.settings_version, **kwargs,
        )  # fmt: skip
        self.order_fields(INSTALL)

    def _given_flow(self, kind: FlowKind, data: Mapping[str, Any]) -> dict[str, Any] | None:
        if kind not in ON_INSTALL:
            return None
        interval = data.get(f"{kind.value}_interval")
        mode = self.offers[kind].modes[0] if interval else Mode.DISABLED
        return {"mode": mode.value, "interval": interval or None}


class FlowsForm(DocumentForm):
    """Connection Flow Settings: the flows, each off at first, and what the store will be called (P17-6).

    After `is_valid()`, `modes` are those of every flow. A store pulls and pushes products only where the account says
    who owns their fields (X9), so until then that is not offered.
    """

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=120,
        help_text="What you want to call this store. Empty: the store's own name. It can be changed later.",
    )

    def __init__(
        self, account: Account, platform: Platform, *args: Any, chosen: Chosen | None = None, **kw: Any
    ) -> None:
        kinds = [offer.kind for offer in platform.flows]
        super().__init__(account, platform, defaults(platform), (), *args, modes=kinds, **kw)
        without = () if master_of(account) else (Mode.BOTH,)
        for kind, offer in self.offers.items():
            self.fields[f"{kind.value}_mode"] = explained_mode_field(offer, platform, without=without)
            if chosen and not offer.always_on:
                self.initial[f"{kind.value}_mode"] = chosen.modes.get(kind.value, Mode.DISABLED)
        self.initial["name"] = chosen.name if chosen else ""

    def _given_flow(self, kind: FlowKind, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Whatever was shown, also what was chosen before: nothing of this is in force yet."""
        mode = data.get(f"{kind.value}_mode")
        return {"mode": mode} if mode and not self.offers[kind].always_on else None

    @property
    def flows(self) -> list[forms.BoundField]:
        return [self[f"{kind.value}_mode"] for kind in self.offers]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.modes = {kind.value: self.document[FLOWS][kind.value]["mode"] for kind in self.offers}
        return data

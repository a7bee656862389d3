"""The form of New Setup (EIM): a new integration's settings in the order of that page, over the fields of every other.

Its services stand on the page twice, folded where one begins and open as the last step; both copies carry one name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django import forms

from fcp.models import Account
from integrations.connecting import first_defaults
from integrations.connectors.common import ORDER_SETTINGS, STOCK
from integrations.connectors.declaring import FlowKind, Platform, Setting
from integrations.forms import DocumentForm, wms_name
from integrations.setting_fields import SERVICES, as_typed
from integrations.settings_document import FLOWS, Document
from integrations.since_enabled import EARLIEST
from integrations.wms_settings import WMS, needed_for

# The same for every platform (EIM-16), in this order.
FIRST, LAST = ("reject_unmapped", EARLIEST), ("stock_warehouse", "stock_alias", "stock_minimum")
ELSEWHERE = ("channel_mode", "first_pull")  # on the integration's own pages, once it is known what the store can do
LOAD_OPTIONS = (*dict.fromkeys((*FIRST, *(s.key for s in ORDER_SETTINGS if s.key not in ELSEWHERE))), *LAST)
PICK_A_DATE = "Pick the day from which on orders are loaded."
ASKED = "integrations/parts/field_asked.html"


def cart_keys(platform: Platform) -> list[str]:
    """The platform's own settings: which orders it downloads, how it is called."""
    return [s.key for s in platform.settings if s.tab in ("main", "channel") and _is_of_the_cart(s)]


def _is_of_the_cart(setting: Setting) -> bool:
    shared = setting.key in (*LOAD_OPTIONS, *ELSEWHERE) or setting.card == STOCK
    return not (shared or setting.said or setting.read_only or setting.staff_only)


class Twice(forms.NumberInput):
    """A field that stands on the page twice: the last copy counts, unless it is empty."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        values = data.getlist(name) if hasattr(data, "getlist") else [data.get(name)]
        return next((value for value in reversed(values) if value not in (None, "")), "" if values else None)


class CartForm(DocumentForm):
    """Everything that New Setup asks beside the key. `given` and `document` are those of a new integration."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=120,
        help_text="What you want to call this store. Empty: the store's own name. It can be changed later.",
    )

    def __init__(self, account: Account, platform: Platform, *args: Any, **kwargs: Any) -> None:
        self.of_the_cart = cart_keys(platform)
        keys = [*self.of_the_cart, *LOAD_OPTIONS]
        super().__init__(
            account, platform, first_defaults(platform, account), keys, *args,
            intervals=tuple(SERVICES), wms=True, **kwargs,
        )  # fmt: skip
        self.only_with_quantity(platform.stock.values())
        self._label_services()
        for field in self.fields.values():
            field.template_name = ASKED  # type: ignore[attr-defined]  # newer than its types
        if "warehouse" in self.fields:  # the only one is chosen already
            self.fields["warehouse"].named_default = ""  # type: ignore[attr-defined]
        if EARLIEST in self.fields:
            self.fields[EARLIEST].required = True
            self.fields[EARLIEST].error_messages["required"] = PICK_A_DATE
            self.fields[EARLIEST].named_default = ""  # type: ignore[attr-defined]

    def _label_services(self) -> None:
        for name, kind in self._services.items():
            offer, field = self.offers[kind], self.fields[name]
            field.label = SERVICES[kind]
            field.help_text = f"{offer.interval_help} Empty: this service is off; {offer.interval} minutes are usual."
            field.named_default = "off"  # type: ignore[attr-defined]
            field.widget = Twice({**field.widget.attrs, "data-twin": name})

    @property
    def _services(self) -> dict[str, FlowKind]:
        return {f"{kind.value}_interval": kind for kind in SERVICES if kind in self.offers}

    # --- its parts, in the order of the page ---

    @property
    def services(self) -> list[forms.BoundField]:
        return [self[name] for name in self._services]

    @property
    def services_folded(self) -> list[forms.BoundField]:
        """The same fields once more, with other ids."""
        early = copy.copy(self)
        early.auto_id, early._bound_fields_cache = "early_%s", {}  # type: ignore[attr-defined]  # Django's own
        return [early[name] for name in self._services]

    @property
    def cart(self) -> list[forms.BoundField]:
        return [self["name"], *(self[key] for key in self.of_the_cart if key in self.fields)]

    @property
    def load_options(self) -> list[forms.BoundField]:
        return [self[key] for key in LOAD_OPTIONS if key in self.fields]

    @property
    def wms(self) -> list[forms.BoundField]:
        return [self[wms_name(setting.key)] for setting in self.needed.settings]

    @property
    def modes(self) -> dict[str, str]:
        """After `is_valid()`: each flow's mode."""
        return {kind: flow["mode"] for kind, flow in self.document[FLOWS].items()}

    # --- what the page shows before anything is saved ---

    def typed(self) -> dict[str, Any]:
        """What was sent, right or wrong, as the initial values of a page that is shown again."""
        return {name: self[name].data for name in self.fields if self[name].data is not None}


def typed_of_given(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`CartForm.given`, as the initial values of a page that somebody comes back to."""
    typed = {key: value for key, value in given.items() if key not in (FLOWS, WMS)}
    typed |= {wms_name(key): value for key, value in given.get(WMS, {}).items()}
    typed |= {f"{kind}_interval": flow["interval"] or "" for kind, flow in given.get(FLOWS, {}).items()}
    return typed | {"name": name}


def copied_from(form: CartForm, other: Document) -> tuple[dict[str, Any], Document]:
    """The settings of another integration: as initial values, and as the document that they make of the defaults.

    Never its key, nor which store it is; its services stay off until they are set, and its Earliest Order Date is its
    own.
    """
    account, platform = form.account, form.platform
    keys = [key for key in form.settings if key != EARLIEST and key in other]
    document = form.before | {key: other[key] for key in keys} | {WMS: other[WMS]}
    needed = needed_for(account, platform.key, other.get("warehouse"))
    values = needed.values_in(other)
    typed = {key: as_typed(form.settings[key], other[key], account) for key in keys}
    typed |= {wms_name(s.key): as_typed(s, values.get(s.key), account) for s in needed.settings}
    return typed, document

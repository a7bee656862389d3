"""Settings, their values and the conditions that come from them, as a person reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babel.dates import format_date

from fcp.models import Account
from integrations.connectors.declaring import ANY, FlowOffer, Mode, Platform, Setting, SettingKind
from integrations.settings_document import moment
from inventory.models import AliasType, Warehouse
from orders.decide import Condition


def setting_of(platform: Platform, key: str) -> Setting | None:
    return next((setting for setting in platform.settings if setting.key == key), None)


def value_in_words(setting: Setting, value: Any, account: Account) -> str:
    """ "Paid, Unpaid", "30 days", "Main warehouse", "1 Nov 2026", "empty"."""
    labels = {choice.value: choice.label for choice in setting.choices}
    if setting.kind is SettingKind.BOOLEAN:
        return labels.get(str(bool(value)).lower(), "Yes" if value else "No")
    if isinstance(value, list):
        return ", ".join(labels.get(one, str(one)) for one in value) or "none"
    if value in (None, ""):
        return setting.empty_label or "empty"
    if setting.kind is SettingKind.DATE:
        return since_in_words(moment(str(value), account), account)
    if setting.kind is SettingKind.WAREHOUSE:
        return _name(Warehouse.objects.for_account(account), value, "a warehouse that is gone")
    if setting.kind is SettingKind.ALIAS:
        return _name(AliasType.objects.for_account(account), value, "an alias type that is gone")
    return f"{labels.get(str(value), str(value))} {setting.unit}".strip()


def _name(rows: Any, pk: Any, gone: str) -> str:
    found = rows.filter(pk=pk).values_list("name", flat=True).first()
    return str(found) if found else gone


def flow_in_words(offer: FlowOffer, flow: dict[str, Any]) -> str:
    """ "Push, every 60 minutes", "off"."""
    if flow.get("mode") in (None, Mode.DISABLED):
        return "off"
    return f"{Mode(flow['mode']).label}, every {flow['interval']} minutes"


def since_in_words(time: dt.datetime, account: Account) -> str:
    """ "1 Nov 2026" for the beginning of a day, else "1 Nov 2026, 14:03"."""
    local = time.astimezone(account.zone)
    return day_in_words(time, account) + ("" if local.time() == dt.time(0) else f", {local:%H:%M}")


def day_in_words(time: dt.datetime, account: Account) -> str:
    return format_date(time.astimezone(account.zone).date(), "d MMM yyyy", locale="en")


# --- why an order comes in, or does not ------------------------------------------------------------------------------


def condition_in_words(condition: Condition, platform: Platform, account: Account) -> str:
    """ "Payment Status is Pending; asked for is Paid"."""
    setting = setting_of(platform, condition.setting)
    label = setting.label if setting else condition.code.capitalize()
    if condition.code in {"age", "earliest"}:
        placed, bound = (dt.datetime.fromisoformat(text) for text in (condition.found, condition.wanted))
        to_the_minute = condition.code == "earliest" and bound.astimezone(account.zone).time() != dt.time(0)
        in_words = since_in_words if to_the_minute else day_in_words
        return f"Placed {in_words(placed, account)}; {label} reaches back to {in_words(bound, account)}"
    if condition.code == "pickup":
        how = "picks it up" if condition.found == "pickup" else "has it delivered"
        return f"The buyer {how}; {label} is {'No' if condition.wanted == 'delivery' else 'Yes'}"
    known = {choice.value: choice.label for choice in (*platform.statuses, *platform.payments, *platform.fulfillments)}
    wanted = [known.get(word, word) for word in condition.wanted.split(",") if word != ANY]
    status = "Order status" if condition.code == "status" else label
    found = known.get(condition.found, condition.found)
    return f"{status} is {found}" + (f"; asked for is {' or '.join(wanted)}" if wanted and not condition.met else "")

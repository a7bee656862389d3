"""The settings of an integration as one document, by the declaration of its platform: defaults, checking, meaning.

A document is JSON: the key of each setting with its value, under "flows" for each flow its mode and interval (minutes),
and under "wms" what partners ask to be told (`integrations.wms_settings`). It is stored as an immutable SettingsVersion
(`integrations.settings_saving`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fcp.http import is_sandbox
from fcp.models import Account
from integrations.connectors import connector_class
from integrations.connectors.declaring import ANY, FlowOffer, Mode, Platform, Setting, SettingKind
from integrations.models import Integration, SettingsVersion
from integrations.rates import with_profiles
from integrations.wms_settings import WMS, needed_for, values_for
from inventory.models import AliasType, Warehouse
from orders.settings import ImportRules, LaterChanges, OrderRules, Release
from orders.shapes import Payment, Status, StoreFulfillment

Document = dict[str, Any]

FLOWS = "flows"
SHORTEST, LONGEST = 1, 1440  # minutes between runs
LONGEST_TEXT = 500


class Wrong(ValueError):
    """A value that cannot be taken; the text is for the person who typed it."""


@dataclass(slots=True)
class Checked:
    """`errors` by key of the setting, or "flows.orders.interval"; the document is good only when there are none."""

    document: Document
    errors: dict[str, str] = field(default_factory=dict)


# --- the document in force -----------------------------------------------------------------------------------------


def defaults(platform: Platform) -> Document:
    """What a new integration starts with: every flow off but those that are always on."""
    document: Document = {s.key: _as_json(s.default) for s in platform.settings}
    document[FLOWS] = {
        offer.kind.value: {
            "mode": offer.modes[0].value if offer.always_on else Mode.DISABLED.value,
            "interval": offer.interval,
        }
        for offer in platform.flows
    }
    document[WMS] = {}
    return document


def document_of(integration: Integration) -> Document:
    """The document in force; a setting that is newer than it stands at its default."""
    stored = SettingsVersion.objects.get(store=integration.store_id, number=integration.settings_version).document
    return completed(connector_class(integration.store.platform).platform, stored)


def completed(platform: Platform, stored: Mapping[str, Any]) -> Document:
    document = defaults(platform)
    document |= {key: value for key, value in stored.items() if key in document and key != FLOWS}
    document[FLOWS] |= {kind: value for kind, value in stored.get(FLOWS, {}).items() if kind in document[FLOWS]}
    return document


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# --- what it means -------------------------------------------------------------------------------------------------


def rules_of(document: Mapping[str, Any], version: int, account: Account) -> OrderRules:
    """The part that decides about orders. A day without a time begins at midnight in the account's zone."""
    earliest = document.get("earliest_order_date")
    return OrderRules(
        version=version,
        imports=ImportRules(
            statuses=_chosen(document, "order_status", Status),
            payments=_chosen(document, "payment_status", Payment),
            fulfillments=_chosen(document, "fulfillment_status", StoreFulfillment),
            age_days=document.get("history"),
            earliest=moment(earliest, account) if earliest else None,
            pickup=bool(document.get("process_pickup", False)),
        ),
        release=Release(document.get("release", Release.PAID)),
        later_changes=LaterChanges(document.get("later_changes", LaterChanges.ASK_AFTER_RELEASE)),
        reject_unmapped=bool(document.get("reject_unmapped", True)),
        warehouse_id=document.get("warehouse"),
        suppress_persons=bool(document.get("suppress_persons", False)),
        customs=bool(document.get("customs", False)),
        zone=account.zone,
    )


def rules_in_force(store_id: int) -> OrderRules:
    """The rules of a store's integration; of a store that has none any more, those that it had last."""
    versions = SettingsVersion.objects.filter(store=store_id).select_related("account", "store")
    current = Integration.objects.filter(store=store_id).values_list("settings_version", flat=True).first()
    version = versions.get(number=current) if current else versions.latest("number")
    document = completed(connector_class(version.store.platform).platform, version.document)
    return rules_of(document, version.number, version.account)


def told_in_force(store_id: int) -> dict[int, dict[str, Any]]:
    """What each partner is told with the shipping requests of a store; nothing without an integration."""
    current = Integration.objects.filter(store=store_id).values_list("settings_version", flat=True).first()
    if current is None:
        return {}
    found = SettingsVersion.objects.filter(store=store_id, number=current).values_list("document", flat=True).first()
    return values_for(found or {})


def _chosen(document: Mapping[str, Any], key: str, words: Callable[[str], Any]) -> frozenset[Any] | None:
    values = document.get(key)
    return None if values is None or ANY in values else frozenset(words(value) for value in values)


def moment(value: str, account: Account) -> dt.datetime:
    """ "2026-11-01" or an ISO time with its zone, in UTC. ValueError for anything else."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        day = dt.date.fromisoformat(value)
        return dt.datetime(day.year, day.month, day.day, tzinfo=account.zone).astimezone(dt.UTC)
    time = dt.datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time.astimezone(dt.UTC)


NO_MASTER = (
    "To pull and push products, first say under Account settings which side is their master, so that each field has "
    "one owner."
)


def master_of(account: Account) -> str:
    """Which side owns the fields of products (X9): "panel", "store:<its id>", or "" while nobody said."""
    return str(account.settings.get("master_products") or "")


def owns_products(integration: Integration) -> bool:
    """Whether this integration's store is the declared master of its account's products."""
    return master_of(integration.account) == f"store:{integration.store_id}"


def flow_is_on(document: Mapping[str, Any], kind: str) -> bool:
    return bool(document[FLOWS].get(kind, {}).get("mode", Mode.DISABLED) != Mode.DISABLED)


# --- checking what a person gave -----------------------------------------------------------------------------------


def validate(
    platform: Platform, given: Mapping[str, Any], before: Mapping[str, Any], account: Account, *, staff: bool = False
) -> Checked:
    """`before` with what was given put in. Keys that are not given, or not theirs to change, stay as they were."""
    checked = Checked(completed(platform, before))
    for setting in with_profiles(platform).settings:
        if setting.key not in given or setting.read_only or (setting.staff_only and not staff):
            continue
        try:
            checked.document[setting.key] = _value(platform, setting, given[setting.key], account)
        except Wrong as error:
            checked.errors[setting.key] = str(error)
    for offer in platform.flows:
        if offer.kind.value in given.get(FLOWS, {}):
            _check_flow(offer, given[FLOWS][offer.kind.value], checked, account)
    if WMS in given or "warehouse" in given:
        _check_wms(platform, given.get(WMS), checked, account)
    return checked


def _check_wms(platform: Platform, given: Mapping[str, Any] | None, checked: Checked, account: Account) -> None:
    """What the partner of the chosen warehouse asks for; `given` None: what was given before must do.

    What it asks for no more is forgotten; what other partners were told stays.
    """
    needed = needed_for(account, platform.key, checked.document.get("warehouse"))
    known = needed.values_in(checked.document)
    given, values = known if given is None else given, {}
    for setting in needed.settings:
        typed = given.get(setting.key)
        if typed in (None, ""):
            if setting.required:
                sentence = f"{needed.partner} needs {setting.label} to ship for this store."
                checked.errors[f"{WMS}.{setting.key}"] = sentence
            continue
        try:
            values[setting.key] = _value(platform, setting, typed, account)
        except Wrong as error:
            checked.errors[f"{WMS}.{setting.key}"] = str(error)
    if values != known:
        checked.document[WMS] = checked.document[WMS] | {needed.key: values}


def _check_flow(offer: FlowOffer, given: Mapping[str, Any], checked: Checked, account: Account) -> None:
    """A flow without an interval is off. `given` may name the mode, the interval, or both."""
    kind = offer.kind.value
    before = checked.document[FLOWS][kind]
    mode, interval = given.get("mode", before["mode"]), given.get("interval", before["interval"])
    if mode != Mode.DISABLED and mode not in offer.modes:
        checked.errors[f"flows.{kind}.mode"] = "Choose one of the offered values."
        return
    if mode == Mode.BOTH and mode != before["mode"] and not master_of(account):
        checked.errors[f"flows.{kind}.mode"] = NO_MASTER
        return
    if interval in (None, ""):
        mode, interval = Mode.DISABLED.value, None
    else:
        try:
            interval = _whole(interval, SHORTEST, LONGEST, "minutes")
        except Wrong as error:
            checked.errors[f"flows.{kind}.interval"] = str(error)
            return
    if mode == Mode.DISABLED and offer.always_on:
        checked.errors[f"flows.{kind}.mode"] = f"{offer.kind.label} cannot be turned off. {offer.help}".strip()
        return
    checked.document[FLOWS][kind] = {"mode": str(mode), "interval": interval}


def _value(platform: Platform, setting: Setting, given: Any, account: Account) -> Any:
    if setting.kind is not SettingKind.CHOICES and given in (None, ""):
        if setting.required:
            raise Wrong("Fill this in.")
        return "" if setting.kind is SettingKind.TEXT else None
    value = CHECKS[setting.kind](setting, given, account)
    if setting.key == "api_url":
        _check_address(platform, value)
    return value


def _choices(setting: Setting, given: Any, account: Account) -> list[str]:
    known = [choice.value for choice in setting.choices]
    values = [given] if isinstance(given, str) else list(given or ())
    if unknown := [value for value in values if value not in known]:
        raise Wrong(f"“{unknown[0]}” is not one of the values.")
    if not values:
        raise Wrong("Choose at least one value, or Any." if ANY in known else "Choose at least one value.")
    return [ANY] if ANY in values else [value for value in known if value in values]


def _choice(setting: Setting, given: Any, account: Account) -> str:
    if given not in [choice.value for choice in setting.choices]:
        raise Wrong("Choose one of the offered values.")
    return str(given)


def _integer(setting: Setting, given: Any, account: Account) -> int:
    return _whole(given, setting.minimum, setting.maximum, setting.unit)


def _whole(given: Any, least: int | None, most: int | None, unit: str) -> int:
    least, most = least if least is not None else 0, most if most is not None else 2**31 - 1
    try:
        number = int(str(given).strip())
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise Wrong(f"Give a whole number from {least} to {most}{f' ({unit})' if unit else ''}.")
    return number


def _date(setting: Setting, given: Any, account: Account) -> str:
    text = given.isoformat() if isinstance(given, dt.date) else str(given).strip()
    try:
        return moment(text, account).isoformat()
    except (ValueError, OverflowError):
        raise Wrong("Give a date, like 2026-03-31.") from None


def _boolean(setting: Setting, given: Any, account: Account) -> bool:
    text = str(given).strip().lower()
    if text not in {"true", "false"}:
        raise Wrong("Choose one of the offered values.")
    return text == "true"


def _text(setting: Setting, given: Any, account: Account) -> str:
    text = str(given).replace("\x00", "").strip()
    if len(text) > LONGEST_TEXT:
        raise Wrong(f"Use at most {LONGEST_TEXT} characters.")
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        raise Wrong(setting.pattern_help or "This does not look right.")
    return text


def _warehouse(setting: Setting, given: Any, account: Account) -> int:
    pk = str(given.pk if isinstance(given, Warehouse) else given)
    if not pk.isdecimal() or len(pk) > 18 or not Warehouse.objects.for_account(account).filter(pk=int(pk)).exists():
        raise Wrong("Choose one of this account's warehouses.")
    return int(pk)


def _alias(setting: Setting, given: Any, account: Account) -> int:
    pk = str(given.pk if isinstance(given, AliasType) else given)
    if not pk.isdecimal() or len(pk) > 18 or not AliasType.objects.for_account(account).filter(pk=int(pk)).exists():
        raise Wrong("Choose Master SKU or one of this account's alias types.")
    return int(pk)


CHECKS: dict[SettingKind, Callable[[Setting, Any, Account], Any]] = {
    SettingKind.CHOICES: _choices,
    SettingKind.CHOICE: _choice,
    SettingKind.INTEGER: _integer,
    SettingKind.MINUTES: _integer,
    SettingKind.DATE: _date,
    SettingKind.BOOLEAN: _boolean,
    SettingKind.TEXT: _text,
    SettingKind.WAREHOUSE: _warehouse,
    SettingKind.ALIAS: _alias,
}


def _check_address(platform: Platform, address: str) -> None:
    """Our calls carry the operator's and the merchant's keys: they go to the platform's own hosts only."""
    try:
        parts = urlsplit(address)
        theirs = parts.scheme == "https" and parts.hostname in platform.hosts and parts.port in (None, 443)
        allowed = theirs or is_sandbox(parts)
    except ValueError:
        allowed = False
    if not allowed:
        raise Wrong(f"This is not an address that {platform.label} uses.")

"""The saved versions of a store's settings: what differs between two of them, and going back to one.

Going back makes a new version, checked like what a person types; what an old version names and is not there any more
stands at its default, with a sentence that says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fcp.models import Account
from fcp.versions import Line, Version, with_changes
from integrations.connectors.declaring import Platform, Setting
from integrations.errors import IntegrationError
from integrations.models import Integration, SettingsVersion
from integrations.rates import with_profiles
from integrations.setting_words import flow_in_words, value_in_words
from integrations.settings_document import FLOWS, Document, completed, defaults, document_of, validate
from integrations.settings_saving import save
from integrations.since_enabled import Choices
from integrations.wms_settings import WMS, wms_in_words

LISTED = 20


def versions_of(integration: Integration, platform: Platform, most: int = LISTED) -> list[Version[SettingsVersion]]:
    """The last saved states, newest first, each with what it changed."""

    def changed(old: SettingsVersion, new: SettingsVersion) -> list[Line]:
        return compare(platform, integration.account, old.document, new.document)

    rows = list(SettingsVersion.objects.filter(store=integration.store_id).order_by("-number")[: most + 1])
    return with_changes(rows, integration.settings_version, changed)[:most]


def version_of(integration: Integration, number: int) -> SettingsVersion | None:
    return SettingsVersion.objects.filter(store=integration.store_id, number=number).first()


def compare(platform: Platform, account: Account, before: Document, after: Document) -> list[Line]:
    """What differs, in the order of the screens. A setting that only one of them knows came with a later release:
    the other one stands at its default.
    """
    before, after = completed(platform, before), completed(platform, after)
    lines = [
        Line(s.label, value_in_words(s, before[s.key], account), value_in_words(s, after[s.key], account))
        for s in platform.settings
        if before[s.key] != after[s.key]
    ]
    for offer in platform.flows:
        was, becomes = before[FLOWS][offer.kind.value], after[FLOWS][offer.kind.value]
        if was != becomes:
            lines.append(Line(f"{offer.kind.label} flow", flow_in_words(offer, was), flow_in_words(offer, becomes)))
    if before[WMS] != after[WMS]:
        lines.append(Line("WMS settings", wms_in_words(before), wms_in_words(after)))
    return lines


@dataclass(frozen=True, slots=True)
class Restored:
    """The document that going back would put in force. `notes`: what of the version cannot come back, and why."""

    document: Document
    notes: list[str]


def restored(integration: Integration, platform: Platform, version: SettingsVersion, *, staff: bool) -> Restored:
    """What only the store or the operator's staff say stays as it is."""
    platform, account = with_profiles(platform), integration.account
    now_in_force, standard = document_of(integration), defaults(platform)
    given = completed(platform, version.document)
    # Which store it is never comes out of an old version.
    changed = [setting for setting in platform.settings if not setting.read_only and not setting.said]
    theirs = {setting.key: setting for setting in changed if staff or not setting.staff_only}
    asked = {key: given[key] for key in (*theirs, FLOWS)}
    checked = validate(platform, asked, now_in_force | {WMS: given[WMS]}, account, staff=staff)
    checked.document[WMS] = given[WMS]
    notes = [f"{key.replace('_', ' ').capitalize()} is no longer a setting." for key in _unknown(platform, version)]
    for key, why in checked.errors.items():
        if key in theirs:
            notes.append(_set_to_default(checked.document, theirs[key], standard, given, account))
        elif key.startswith(f"{WMS}."):
            notes.append(why)
        else:
            notes.append(f"{key.split('.')[1].capitalize()} flow stays as it is: {why}")
    notes += [
        f"{s.label} is newer than version {version.number} and is set to its default, "
        f"{value_in_words(s, checked.document[key], account)}."
        for key, s in theirs.items()
        if key not in version.document and now_in_force[key] != checked.document[key]
    ]
    return Restored(checked.document, notes)


def _unknown(platform: Platform, version: SettingsVersion) -> list[str]:
    known = {setting.key for setting in platform.settings} | {FLOWS, WMS}
    return sorted(key for key in version.document if key not in known)


def _set_to_default(
    document: Document, setting: Setting, standard: Document, given: Mapping[str, Any], account: Account
) -> str:
    document[setting.key] = standard[setting.key]
    lost = value_in_words(setting, given[setting.key], account)
    default = value_in_words(setting, standard[setting.key], account)
    return f"{setting.label} was {lost}, which cannot be chosen any more; it is set to its default, {default}."


def roll_back(
    integration: Integration,
    number: int,
    document: Document,
    *,
    by: str,
    now: dt.datetime,
    again: Choices | None = None,
) -> bool:
    """Put a restored document in force, as a new version. False when it says what is in force already.

    Flows that it switches on again count as `again` says (`since_enabled`), not as they did then. Raises
    IntegrationError when there is no such version, or somebody else saved meanwhile.
    """
    if version_of(integration, number) is None:
        raise IntegrationError(f"There is no version {number} of these settings.", "no_version")
    based_on = integration.settings_version
    why = f"rolled back to {number}"
    return save(integration, document, by=by, now=now, why=why, based_on=based_on, again=again)

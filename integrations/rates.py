"""How fast a store is called: the values of the setting Throughput, and what each of them means (decision X22).

A platform declares its own; the operator adds others in the admin, or changes one by giving his the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.connectors.declaring import Choice, Platform, Setting
from integrations.models import RateProfile

THROUGHPUT = "throughput"


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a minute, and how many orders a page asks for."""

    calls_per_minute: int
    page: int


def rate_of(platform: Platform, document: Mapping[str, Any]) -> Rate:
    """What an integration's settings mean; a profile that is there no longer means what the platform documents."""
    key = str(document.get(THROUGHPUT) or "")
    own = RateProfile.objects.filter(platform=platform.key, key=key).first() if key else None
    if own is None:
        return Rate(platform.rates.get(key, platform.calls_per_minute), platform.page)
    return Rate(own.calls_per_minute, min(own.page or platform.page, platform.page))


def with_profiles(platform: Platform) -> Platform:
    """The platform with the operator's profiles among the values of Throughput."""
    if all(setting.key != THROUGHPUT for setting in platform.settings):
        return platform
    own = {one.key: one for one in RateProfile.objects.filter(platform=platform.key)}
    if not own:
        return platform
    settings = tuple(_offering(s, own) if s.key == THROUGHPUT else s for s in platform.settings)
    rates = {**platform.rates, **{key: one.calls_per_minute for key, one in own.items()}}
    return replace(platform, settings=settings, rates=rates)


def _offering(setting: Setting, own: Mapping[str, RateProfile]) -> Setting:
    declared = [choice.value for choice in setting.choices]
    theirs = tuple(_choice(own[c.value]) if c.value in own else c for c in setting.choices)
    added = tuple(_choice(one) for key, one in own.items() if key not in declared)
    return replace(setting, choices=(*theirs, *added))


def _choice(profile: RateProfile) -> Choice:
    calls = f"{profile.calls_per_minute} calls a minute"
    said = [profile.help or ("" if calls in profile.label else f"{calls[0].upper()}{calls[1:]}.")]
    if profile.page:
        said.append(f"{profile.page} orders a page.")
    return Choice(profile.key, profile.label, " ".join(filter(None, said)))

"""What a person chose on the page Connection Flow Settings, as the first settings of an integration.

The page is one of three orders of the same steps (X20): here the flows come first, then the way in, and the store is
connected as soon as it has answered. Everything that was not chosen is off; the locations are always on.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fcp.models import Account
from integrations.connecting import make_integration
from integrations.connectors import connector_class
from integrations.connectors.declaring import Mode, Platform
from integrations.connectors.shapes import Connected
from integrations.models import Integration
from integrations.setting_fields import mode_label
from integrations.settings_document import FLOWS
from integrations.since_enabled import EARLIEST, this_moment
from integrations.ways import Chosen


def connect_as_chosen(
    account: Account, chosen: Chosen, connected: Connected, *, by: str, now: dt.datetime, api_url: str = ""
) -> Integration:
    """Not live, as every new integration; what was chosen runs at once. Raises IntegrationError."""
    given = first_settings(connector_class(chosen.platform).platform, chosen, now)
    return make_integration(
        account, chosen.platform, connected, by=by, now=now, name=chosen.name, given=given, api_url=api_url
    )


def first_settings(platform: Platform, chosen: Chosen, now: dt.datetime) -> dict[str, Any]:
    """Orders count from the moment of connecting (X3), also when they are switched on later; not from midnight.

    Whoever came by New Setup picked the date himself, and the rest with it.
    """
    if chosen.given:
        return dict(chosen.given)
    given: dict[str, Any] = {FLOWS: {kind: {"mode": mode} for kind, mode in chosen.modes.items()}}
    if any(setting.key == EARLIEST for setting in platform.settings):
        given[EARLIEST] = this_moment(now)
    return given


def flows_in_words(platform: Platform, chosen: Chosen) -> list[tuple[str, str]]:
    """Each flow with what was chosen for it: ("Orders", "Disabled")."""
    return [
        (offer.kind.label, mode_label(offer, Mode(chosen.modes.get(offer.kind.value, Mode.DISABLED)), platform))
        for offer in platform.flows
    ]

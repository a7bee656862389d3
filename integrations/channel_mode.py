"""Whether a store is heard the way its Channel Mode says, in sentences (TECH-31, TECH-45, decisions X6 and X8)."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.connectors import connector_class
from integrations.connectors.common import CHANNEL_MODE
from integrations.connectors.declaring import FlowKind, Platform
from integrations.errors import IntegrationError
from integrations.models import Integration, WebhookAddress
from integrations.reach import app_secrets
from integrations.runs import by_app
from integrations.settings_document import FLOWS, Document, document_of, flow_is_on

RECURRING, WEBHOOKS, WITH_POLL = (choice.value for choice in CHANNEL_MODE.choices)


@dataclass(frozen=True, slots=True)
class Notice:
    """`view` of the integrations app, at the field `setting`, is where it is changed."""

    tone: str
    title: str
    text: str
    view: str = ""
    setting: str = ""
    action: str = ""


def check(integration: Integration, before: Document, document: Document) -> None:
    """Raises IntegrationError when webhooks alone are chosen where none could be told to belong to the store."""
    site = _platform(integration).announced_site
    touched = any(before.get(key) != document.get(key) for key in (CHANNEL_MODE.key, site) if key)
    alone = document.get(CHANNEL_MODE.key) == WEBHOOKS and not by_app(integration)
    if touched and alone and _no_site(integration, document):
        sentence = (
            f"Webhooks work only with the {_site_label(integration)}, which says that a message belongs to this store. "
            "Fill it in under Channel settings first."
        )
        changed = CHANNEL_MODE.key if before.get(CHANNEL_MODE.key) != WEBHOOKS else site
        raise IntegrationError(sentence, "no_site", changed)


def warnings_of(integration: Integration) -> list[str]:
    """After a save: what does not fit together, though it was taken."""
    document = document_of(integration)
    if document.get(CHANNEL_MODE.key, RECURRING) == RECURRING:
        return []
    found = [*_of_site(integration, document), _of_mode(integration, document)]
    return [f"{notice.title} {notice.text}" for notice in found if notice.tone == "warn"]


def notices_of(integration: Integration) -> list[Notice]:
    """What the tab Webhooks says first."""
    document = document_of(integration)
    found = _of_site(integration, document)
    if not flow_is_on(document, FlowKind.ORDERS):
        text = "What the store tells us is kept, and looked at as soon as Orders is switched on."
        found.append(Notice("warn", "Orders are off.", text, "integration", "orders_mode", "Main settings"))
    return [*found, _of_mode(integration, document)]


def _of_site(integration: Integration, document: Document) -> list[Notice]:
    if by_app(integration) or not _no_site(integration, document):
        return []
    label, site = _site_label(integration), _platform(integration).announced_site
    text = f"Webhooks work only with the {label}."
    return [Notice("warn", f"The {label} is missing.", text, "channel", site, f"Fill in the {label}")]


def _of_mode(integration: Integration, document: Document) -> Notice:
    mode = document.get(CHANNEL_MODE.key, RECURRING)
    label = next((choice.label for choice in CHANNEL_MODE.choices if choice.value == mode), "")
    title = f"Channel Mode is {label}."
    place = ("integration", CHANNEL_MODE.key, "Main settings")
    minutes = document[FLOWS][FlowKind.ORDERS.value]["interval"]
    every = f"every {minutes} minutes" if minutes else "as soon as Orders is switched on"
    if mode == RECURRING:
        text = (
            f"To work with webhooks, set it to Webhooks in Main settings. Until then we ask the store {every}; "
            "what it announces is taken at once all the same."
        )
        return Notice("info", title, text, *place)
    if not is_announced(integration):
        how_often = "once a day" if mode == WEBHOOKS else every
        text = (
            "But nothing tells us of orders yet: create a webhook and put its URL into the store. "
            f"Until then we ask the store {how_often}."
        )
        return Notice("warn", title, text, *place)
    if mode == WEBHOOKS:
        text = "We look at an order as soon as the store announces it, and once a day for what it failed to announce."
    else:
        text = f"We look at an order as soon as the store announces it, and ask {every} as well."
    return Notice("good", title, text, *place)


def is_announced(integration: Integration) -> bool:
    """Whether anything would tell us of a new order: the operator's app, or an address in force."""
    if by_app(integration) and app_secrets(integration.store.platform).public_key:
        return True
    return WebhookAddress.objects.filter(integration=integration, revoked_at=None).exists()


def _no_site(integration: Integration, document: Document) -> bool:
    site = _platform(integration).announced_site
    return bool(site) and not document.get(site)


def _site_label(integration: Integration) -> str:
    platform = _platform(integration)
    return next((one.label for one in platform.settings if one.key == platform.announced_site), "site")


def _platform(integration: Integration) -> Platform:
    return connector_class(integration.store.platform).platform

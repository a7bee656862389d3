"""Help made from the declarations: what each platform supports, and the set-up guides with this panel's addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.http import HttpRequest

from fcp.models import Account
from fcp.panel import HelpLink, Hit, panel_url
from integrations.connectors import CONNECTORS, connector_class, platforms
from integrations.connectors.base import Connector
from integrations.connectors.declaring import FlowKind, Guide, Platform, Step
from integrations.models import Integration
from integrations.reach import app_secrets

# --- guides ----------------------------------------------------------------------------------------------------------


def places(platform: Platform) -> dict[str, str]:
    """The addresses that a guide may name; empty where this installation has none."""
    panel = settings.FCP_PUBLIC_URL.rstrip("/")
    return {
        "panel": panel,
        "hooks": f"{panel}/hooks/{platform.key}/",
        "landing": f"{panel}/install/{platform.key}/",
        "return": f"{panel}/install/{platform.key}/return/",
        "market": app_secrets(platform.key).market_url,
    }


def guide_of(platform: Platform, key: str) -> Guide | None:
    """One guide with this installation's addresses in it; a step that names one which is not set is left out."""
    found = next((guide for guide in platform.guides if guide.key == key), None)
    if found is None:
        return None
    here = places(platform)
    steps = [step for step in found.steps if all(here[name] for name in _named(step, here))]
    needs = tuple(_filled(text, here) for text in found.needs)
    return replace(found, steps=tuple(_step(step, here) for step in steps), needs=needs)


def _named(step: Step, here: dict[str, str]) -> list[str]:
    return [name for name in here if f"{{{name}}}" in f"{step.text} {step.url} {step.code}"]


def _step(step: Step, here: dict[str, str]) -> Step:
    return replace(step, text=_filled(step.text, here), url=_filled(step.url, here), code=_filled(step.code, here))


def _filled(text: str, here: dict[str, str]) -> str:
    for name, address in here.items():
        text = text.replace(f"{{{name}}}", address)
    return text


def missing_app(platform: Platform, guide: Guide) -> bool:
    """The guide is about a way in that needs the operator's app, and there is none."""
    way = next((way for way in platform.ways_in if way.key == guide.way), None)
    return bool(way and way.needs_app and not app_secrets(platform.key).client_id)


def url_of(account: Account, platform: Platform, guide: Guide) -> str:
    return panel_url(account, "integrations:guide", platform=platform.key, guide=guide.key)


def guide_to_begin_with(platform: Platform, way: str, variant: str = "") -> Guide | None:
    """The set-up guide of a way in or of a variant, else the platform's first one."""
    guides = [guide for guide in platform.guides if not guide.operator]
    fits = (guide for guide in guides if (way and guide.way == way) or (variant and guide.variant == variant))
    return next(fits, guides[0] if guides else None)


def guide_to_go_on_with(platform: Platform, variant: str = "") -> Guide | None:
    """Of a store that is connected: how its orders, stock and tracking are set up, not how one gets its key."""
    guides = [guide for guide in platform.guides if not guide.operator]
    of_variant = (guide for guide in guides if variant and guide.variant == variant)
    after = (guide for guide in guides if SETUP in guide.tabs)
    return next(of_variant, None) or next(after, None) or guide_to_begin_with(platform, "", variant)


# --- the question mark -----------------------------------------------------------------------------------------------

WAY_PAGES = ("add_way", "add_name", "reconnect", "reconnect_by")
NEW_SETUP = ("new_setup_of", "new_setup_by")
SETUP = "setup"
LISTS = ("add", "integrations", "invitations", "carts", "new_setup")  # pages of no one platform


def help_of(request: HttpRequest) -> Sequence[HelpLink]:
    """Guides for the page that a person looks at. Where the page is what a guide is about, that one is `own`."""
    account, match = getattr(request, "account", None), request.resolver_match
    if account is None or match is None or match.namespace != "integrations":
        return []
    name, given = match.url_name or "", match.kwargs
    if name in LISTS:
        every = [(one.platform, guide) for one in platforms() for guide in one.platform.guides if not guide.operator]
        about = [(platform, guide) for platform, guide in every if name in guide.tabs]
        return [replace(_link(account, platform, guide), own=about == [(platform, guide)]) for platform, guide in every]
    if given.get("platform") in CONNECTORS:
        return _of_page(account, connector_class(given["platform"]).platform, name, given.get("way", ""), "")
    if match.route.endswith("runs/<int:pk>/") or "integrations/<int:pk>/" not in match.route:
        return []
    one = Integration.objects.for_account(account).filter(pk=given["pk"]).values_list("store__platform", "variant")
    for key, variant in one:
        return _of_page(account, connector_class(key).platform, name, given.get("way", ""), variant)
    return []


def _of_page(account: Account, platform: Platform, name: str, way: str, variant: str) -> list[HelpLink]:
    about = [guide for guide in platform.guides if name in guide.tabs]
    if name in NEW_SETUP:
        best = guide_to_begin_with(platform, way)
        about = [best] if best else []
    elif name in WAY_PAGES and way:
        about = [guide for guide in platform.guides if guide.way == way]
    of_variant = [guide for guide in platform.guides if variant and guide.variant == variant]
    if name == SETUP:
        about = of_variant
    links = [_link(account, platform, guide) for guide in dict.fromkeys([*about, *of_variant])]
    return [replace(links[0], own=True), *links[1:]] if about else links


def _link(account: Account, platform: Platform, guide: Guide) -> HelpLink:
    return HelpLink(guide.title, url_of(account, platform, guide))


def find_help(account: Account, text: str, limit: int) -> list[Hit]:
    """For the search field: guides, each typed word of which begins a word of theirs."""
    typed = text.casefold().split()
    hits = []
    for cls in platforms():
        for guide in cls.platform.guides:
            words = f"{guide.title} {guide.intro} {cls.platform.label} set-up guide help".casefold().split()
            if all(any(word.strip("().,:?").startswith(one) for word in words) for one in typed):
                hits.append(Hit(guide.title, url_of(account, cls.platform, guide), f"Guide, {cls.platform.label}"))
    return hits[:limit]


# --- what each platform supports -------------------------------------------------------------------------------------

FLOWS = {
    FlowKind.ORDERS: "Orders",
    FlowKind.PRODUCTS: "Products",
    FlowKind.INVENTORY: "Stock",
    FlowKind.FULFILLMENTS: "Tracking",
    FlowKind.LOCATIONS: "Locations",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One feature of one kind of store: whether it is there, and how, in a few words."""

    label: str
    there: bool
    how: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of store: a variant of a platform, or a platform that has none."""

    platform: Platform
    variant: str
    label: str
    guide: Guide | None
    cells: list[Cell]


def channels() -> list[Channel]:
    """Every kind of store that can be connected, as its declaration says."""
    return [
        Channel(cls.platform, key, label, _guide_of_variant(cls.platform, key), _cells(cls, key))
        for cls in platforms()
        for key, label in _variants(cls.platform)
    ]


def _variants(platform: Platform) -> list[tuple[str, str]]:
    return [(key, f"{platform.label}, {label}") for key, label in platform.variants.items()] or [("", platform.label)]


def _guide_of_variant(platform: Platform, variant: str) -> Guide | None:
    of_variant = (guide for guide in platform.guides if guide.variant == variant)
    return next(of_variant, platform.guides[0] if platform.guides else None)


def _cells(cls: type[Connector], variant: str) -> list[Cell]:
    platform = cls.platform
    flows = {offer.kind: offer for offer in platform.flows}
    cells = []
    for kind, label in FLOWS.items():
        offer = flows.get(kind)
        there = offer is not None and (kind is not FlowKind.INVENTORY or variant in platform.stock)
        cells.append(Cell(label, there, _how(platform, variant, kind) if there else ""))
    keys = {setting.key for setting in platform.settings}
    ways = [way.label for way in platform.ways_in if not way.staff_only]
    return [
        *cells,
        _announces(cls),
        Cell("Pickup orders", "process_pickup" in keys, "left out or taken in, by a setting"),
        Cell("Ways in", bool(ways), ", ".join(ways)),
    ]


def _how(platform: Platform, variant: str, kind: FlowKind) -> str:
    offer = next(offer for offer in platform.flows if offer.kind is kind)
    modes = [mode.label.lower() for mode in offer.modes]
    how = " or ".join([", ".join(modes[:-1]), modes[-1]] if len(modes) > 1 else modes)
    stock = platform.stock.get(variant)
    if kind is FlowKind.INVENTORY and stock:
        what = "how many" if stock.quantity else "only whether there are any"
        how += f"; {what}, {'each location for itself' if stock.located else 'one number for the whole store'}"
    if kind is FlowKind.FULFILLMENTS and platform.carriers:
        how += f"; links to {', '.join(carrier.label for carrier in platform.carriers)}"
    if offer.always_on:
        how += "; always on"
    return how


def _announces(cls: type[Connector]) -> Cell:
    """Whether the store tells us of changes: to an app whose webhooks the connector can verify, or by an automation."""
    ways = ["each change, to the app"] if cls.signs() else []
    ways += [f"{one.label.lower()}, by an automation of the store" for one in cls.platform.announcements]
    return Cell("Tells us at once", bool(ways), "; ".join(ways))

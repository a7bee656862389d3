"""What an integration's settings and mapped locations mean for its stock. Screens and the flow ask here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum

from integrations.connectors import connector_class
from integrations.connectors.declaring import StockOffer
from integrations.models import Integration
from integrations.settings_document import document_of
from inventory.availability import House, Place, StockRules
from inventory.models import Reports
from mappings.models import Location

Key = int | None  # a location of the store; None for a store that counts the whole

# What an integration's settings rest on; see `stamp_of`.
Stamp = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StockSettings:
    """`places` are those whose stock is sent; `shared` locations whose warehouse another one sends already.

    `uids` are what the store calls the places. `alias_type` None means the master SKU. `zeroing_share` is in percent,
    `oldest_hours` None means that nobody is asked.
    """

    offer: StockOffer
    variant: str
    rules: StockRules
    places: Sequence[Place[Key]] = ()
    shared: frozenset[Key] = frozenset()
    uids: Mapping[Key, str] = field(default_factory=dict)
    alias_type: int | None = None
    zeroing_share: int = 20
    oldest_hours: int | None = None

    @property
    def keys(self) -> list[Key]:
        """Where each listing has a row: the store's mapped locations, or the store as a whole."""
        located = [place.key for place in self.places if place.key is not None] + sorted(k for k in self.shared if k)
        return [*located] or [None]

    @property
    def houses(self) -> list[House]:
        return [house for place in self.places for house in place.houses]

    @property
    def basis(self) -> dict[str, Any]:
        """All that every listing's quantity rests on, as JSON: when it changes, every listing is looked at again."""
        rules = self.rules
        return {
            "variant": self.variant,
            "rules": [rules.reserve, rules.minimum, rules.cap, rules.count_unpaid, self.offer.most],
            "places": [[p.key, [[h.pk, h.code, h.knows_acknowledged] for h in p.houses]] for p in self.places],
            "keys": self.keys,
            "shared": sorted(k for k in self.shared if k),
            "alias": self.alias_type,
        }


def stock_settings(integration: Integration) -> StockSettings | None:
    """As they stand now, read anew; None where the platform's variant takes no stock."""
    integration.refresh_from_db(fields=["settings_version", "variant", "live"])
    offer = connector_class(integration.store.platform).platform.stock.get(integration.variant)
    if offer is None:
        return None
    document = document_of(integration)
    places, shared, uids = _places(integration.store_id, offer.located, document.get("stock_warehouse"))
    return StockSettings(
        offer=offer,
        variant=integration.variant,
        rules=_rules(document, offer),
        places=places,
        shared=shared,
        uids=uids,
        alias_type=document.get("stock_alias"),
        zeroing_share=document.get("stock_zeroing") or 100,
        oldest_hours=document.get("stock_old"),
    )


def stamp_of(integration: Integration) -> Stamp | None:
    """Two cheap questions whose answers change with the settings, the mapped locations and going live."""
    row = Integration.objects.filter(pk=integration.pk).values_list("settings_version", "variant", "live").first()
    places = Location.objects.filter(store=integration.store_id).aggregate(changes=Sum("version"))
    return (*row, places["changes"]) if row else None


def _rules(document: Mapping[str, Any], offer: StockOffer) -> StockRules:
    return StockRules(
        reserve=document.get("stock_reserve") or 0,
        minimum=(document.get("stock_minimum") or 0) if offer.quantity else 0,
        cap=document.get("stock_cap") if offer.quantity else None,
        count_unpaid=bool(document.get("stock_unpaid", True)),
    )


def _places(
    store_id: int, located: bool, chosen: int | None
) -> tuple[list[Place[Key]], frozenset[Key], dict[Key, str]]:
    """Of the warehouses that are both mapped and chosen (X10), each counted once."""
    mapped = Location.objects.filter(store=store_id, warehouse__isnull=False).select_related("warehouse")
    houses: dict[int, House] = {}
    first: dict[int, Location] = {}
    shared: list[Location] = []
    for location in mapped.order_by("pk"):
        warehouse = location.warehouse
        if warehouse is None or (chosen and warehouse.pk != chosen):
            continue
        if warehouse.pk in first:
            shared.append(location)
            continue
        first[warehouse.pk] = location
        houses[warehouse.pk] = House(warehouse.pk, warehouse.code, warehouse.reports == Reports.AVAILABLE)
    if not located:
        everywhere: list[Place[Key]] = [Place(None, tuple(houses.values()))] if houses else []
        return everywhere, frozenset(), {None: ""}
    places: list[Place[Key]] = [Place(location.pk, (houses[pk],)) for pk, location in first.items()]
    uids: dict[Key, str] = {location.pk: location.uid for location in (*first.values(), *shared)}
    return places, frozenset(location.pk for location in shared), uids

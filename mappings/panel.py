"""What the mappings app puts into the panel's shell."""

from __future__ import annotations

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Page, Step
from mappings.models import Listing, Location, ShipMethod


def unmapped_ship_codes(account: Account) -> int:
    return up_to(ShipMethod.objects.for_account(account).unmapped())


def unmapped_listings(account: Account) -> int:
    return up_to(Listing.objects.for_account(account).unmapped())


def unmapped_locations(account: Account) -> int:
    return up_to(Location.objects.for_account(account).unmapped())


def mapped_any(account: Account) -> bool:
    return ShipMethod.objects.for_account(account).exclude(target="").exists()


def register() -> None:
    panel.add_pages(
        "mappings",
        Page("Ship codes", "mappings:ship_codes", count=unmapped_ship_codes, urgent=True, synonyms="shipping methods"),
        Page("Carriers", "mappings:carriers", synonyms="tracking links"),
        Page("SKUs", "mappings:skus", count=unmapped_listings, synonyms="listings products aliases"),
        Page("Locations", "mappings:locations", count=unmapped_locations, synonyms="warehouses"),
    )
    panel.add_checklist(
        Step(
            "Map the first ship code",
            "Say which of the warehouse's ship codes each shipping option of your store means.",
            "mappings:ship_codes",
            mapped_any,
            order=20,
        )
    )

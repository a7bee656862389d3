"""What the mappings app puts into the panel's shell."""

from __future__ import annotations

from collections.abc import Sequence

from fcp import panel
from fcp.keyset import up_to
from fcp.models import Account
from fcp.panel import Chip, Page, Step, Waiting, panel_url
from mappings.models import Listing, Location, ShipMethod
from mappings.word_rows import Found

FILE_ROWS = {
    Found.ADDED: Chip("Added", "info", "plus"),
    Found.AHEAD: Chip("Prepared ahead", "info", "clock"),
    Found.CHANGED: Chip("Changed", "work", "pencil"),
    Found.UNCHANGED: Chip("Unchanged", "neutral", "check"),
    Found.REFUSED: Chip("Refused", "bad", "circle-x"),
    Found.EMPTY: Chip("Left out", "neutral", "minus"),
}


def unmapped_ship_codes(account: Account) -> int:
    return up_to(ShipMethod.objects.for_account(account).unmapped())


def unmapped_listings(account: Account) -> int:
    return up_to(Listing.objects.for_account(account).unmapped())


def unmapped_locations(account: Account) -> int:
    return up_to(Location.objects.for_account(account).unmapped())


def changed_skus(account: Account) -> Sequence[Waiting]:
    """Listings whose SKU changed in the store: is it the same product? By the partial index of those that ask."""
    asked = up_to(Listing.objects.for_account(account).exclude(sku_was=""))
    if not asked:
        return []
    changed = "1 SKU changed" if asked == 1 else f"{asked:,} SKUs changed"
    url = f"{panel_url(account, 'mappings:all_skus')}?changed=1"
    return [Waiting(f"{changed} in the store: the same product?", url, "Answer", "Until then it counts as the same")]


def mapped_any(account: Account) -> bool:
    return ShipMethod.objects.for_account(account).exclude(target="").exists()


def register() -> None:
    panel.add_chips("word_row", FILE_ROWS)
    panel.add_pages(
        "mappings",
        Page(
            "Ship codes",
            "mappings:ship_codes",
            count=unmapped_ship_codes,
            urgent=True,
            also=(
                "mappings:all_ship_codes",
                "mappings:ship_code",
                "mappings:many_ship_codes",
                "mappings:suggest_ship_codes",
                "mappings:warehouse_codes",
                "mappings:own_codes",
                "mappings:ship_codes_files",
                "orders:late_ship_code",
            ),
            synonyms="shipping methods",
            help=(
                "Which of the warehouse's ship codes each shipping option of your stores means. Map each one "
                "once; the orders that wait for it go on at once."
            ),
        ),
        Page(
            "Carriers",
            "mappings:carriers",
            also=(
                "mappings:all_carriers",
                "mappings:add_carrier",
                "mappings:carrier",
                "mappings:many_carriers",
                "mappings:suggest_carriers",
                "mappings:carriers_files",
            ),
            synonyms="tracking links",
            help=(
                "What a store calls a carrier when we tell it a shipment. Without a row the carrier's name "
                "goes out unchanged."
            ),
        ),
        Page(
            "SKUs",
            "mappings:skus",
            count=unmapped_listings,
            also=(
                "mappings:all_skus",
                "mappings:sku",
                "mappings:many_skus",
                "mappings:suggest_skus",
                "mappings:skus_files",
                "orders:late_sku",
            ),
            synonyms="listings products",
            help=(
                "Which of your products each listing of a store means. Orders with a listing that means "
                "nothing yet are held."
            ),
        ),
        Page(
            "Aliases",
            "mappings:aliases",
            also=("mappings:add_alias", "mappings:alias", "mappings:aliases_files"),
            synonyms="barcodes other SKUs codes packs boxes units",
            help=(
                "Other codes of your products, by type, and how many of a product each one is: a marketplace's number, "
                "an old SKU, a box of six. A store can be matched by a type of them."
            ),
        ),
        Page(
            "Locations",
            "mappings:locations",
            count=unmapped_locations,
            also=(
                "mappings:all_locations",
                "mappings:location",
                "mappings:many_locations",
                "mappings:suggest_locations",
                "mappings:locations_files",
                "orders:late_location",
            ),
            synonyms="warehouses",
            help=(
                "Which of your warehouses each location of a store means. Orders that name no location go to "
                "the integration's warehouse."
            ),
        ),
        Page(
            "Changes",
            "mappings:changes",
            also=(
                "mappings:change",
                "mappings:then",
                "mappings:changes_back",
                "orders:decided",
                "orders:remapping",
                "orders:late_many",
            ),
            synonyms="history versions roll back mapping changes",
            help=(
                "Who changed what a store's word means, when and why. Compare two versions, take a change or a whole "
                "file back, and see which orders were decided under each."
            ),
        ),
    )
    panel.add_waiting(changed_skus)
    panel.add_checklist(
        Step(
            "Map the first ship code",
            "Say which of the warehouse's ship codes each shipping option of your store means.",
            "mappings:ship_codes",
            mapped_any,
            order=20,
        )
    )

"""Why a listing's stock is not sent, in words, and where that is mended."""

from __future__ import annotations

from dataclasses import dataclass

from fcp.models import Account
from fcp.panel import panel_url
from mappings.models import Why


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why nothing is sent of a listing. `url` leads to the place where it is mended; empty: only the store can."""

    why: Why
    sentence: str
    action: str = ""
    url: str = ""


SENTENCES = {
    Why.UNMAPPED: "It means none of your products yet.",
    Why.NO_ALIAS: "Its product has no code of the alias type that the settings choose.",
    Why.NO_LEVEL: "No warehouse that counts here ever reported a level of it. That is not zero, so nothing is said.",
    Why.UNTRACKED: "The store does not count its stock. We never switch that on; do it in the store.",
    Why.NO_WAREHOUSE: "None of the store's locations is bound to a warehouse that the settings choose.",
    Why.SHARED: "Another location of the store sends the stock of this warehouse.",
    Why.REFUSED: "The store refused it.",
    Why.INHERITED: "It has no SKU of its own in the store, so it is sold from its product's stock, which is sent.",
}


def left_out(
    why: str, account: Account, integration: int, listing: int, product: int | None, said: str = ""
) -> LeftOut:
    """`said`: what the store answered when it refused."""
    reason = Why(why)
    mapping = "Link it", panel_url(account, "mappings:sku", pk=listing)
    places = "Map warehouses", panel_url(account, "integrations:locations", pk=integration)
    of_product = ("Open the product", panel_url(account, "inventory:product", pk=product)) if product else mapping
    action, url = {
        Why.UNMAPPED: mapping,
        Why.NO_ALIAS: of_product,
        Why.NO_LEVEL: of_product,
        Why.UNTRACKED: ("", ""),
        Why.NO_WAREHOUSE: places,
        Why.SHARED: places,
        Why.REFUSED: ("", ""),
        Why.INHERITED: ("", ""),
    }[reason]
    return LeftOut(reason, f"{SENTENCES[reason]} {said}".strip(), action, url)

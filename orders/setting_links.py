"""Why such a thing is held, and where its switch is: the app that owns the settings registers their addresses here."""

from __future__ import annotations

from collections.abc import Callable

from fcp.models import Account

from .holds import HoldKind

# (store id or 0 for any, key of the setting) -> address of its field, or "" where there is none
Links = Callable[[int, str], str]
_provider: Callable[[Account], Links] | None = None


def provide_setting_links(provider: Callable[[Account], Links]) -> None:
    """Called once, in `ready()` of the app that owns the settings."""
    global _provider
    _provider = provider


def setting_links(account: Account) -> Links:
    return _provider(account) if _provider else lambda store_id, key: ""


# What the merchant reads under "Why is this a hold?", and the key of the setting that decides it (or none).
WHY: dict[HoldKind, tuple[str, str]] = {
    HoldKind.SHIP_CODE: (
        "The warehouse must know how to send each order. With the setting Reject Unmapped Shipping Codes switched off, "
        "the store's own words go to the warehouse instead.",
        "reject_unmapped",
    ),
    HoldKind.SKU: (
        "The warehouse picks by product, so each line must be linked to one. "
        "A listing with the SKU of a product is linked by itself.",
        "",
    ),
    HoldKind.LOCATION: (
        "The order names a place of the store to ship from. Say once which warehouse that is. "
        "Orders that name no place go to the integration's warehouse.",
        "warehouse",
    ),
    HoldKind.NO_WAREHOUSE: (
        "Nobody said from which warehouse this store's orders ship. Choose it in the integration's settings.",
        "warehouse",
    ),
    HoldKind.ADDRESS: (
        "A carrier sends back what lacks these. Only what the country's post asks for counts; "
        "a missing phone never holds.",
        "",
    ),
    HoldKind.PAYMENT: (
        "The setting Release to the warehouse says at which payment an order may go. It goes on by itself once paid.",
        "release",
    ),
    HoldKind.REFUND: ("Part of the money went back to the buyer. Only a person knows whether the goods still go.", ""),
    HoldKind.CANCELED_IN_STORE: (
        "The warehouse had it already when the store canceled it. It was asked to stop; its answer settles this.",
        "",
    ),
    HoldKind.CHANGED_AFTER_RELEASE: (
        "The warehouse works from what it took. What it has is never changed behind its back; the setting "
        "Later changes in the store says when you are asked.",
        "later_changes",
    ),
    HoldKind.REJECTED_BY_WAREHOUSE: ("The warehouse said that it will not ship it. Lifting offers it anew.", ""),
    HoldKind.PREORDER: (
        "A product in it is sold ahead: its page says until which day. The whole order waits for it. Lift the hold to "
        "send the order before that.",
        "",
    ),
    HoldKind.CUSTOMS: (
        "A parcel that leaves the customs area needs a code and a country of origin for each product; without them it "
        "is stopped at the border. Both stand on the product's page.",
        "customs",
    ),
    HoldKind.SHIP_METHOD: (
        "Under Ship codes this shipping option is marked to be looked at. Each order is lifted once somebody has seen "
        "it.",
        "",
    ),
    HoldKind.RULE: ("One of the account's own rules says so. It is listed under Settings, Rules.", ""),
    HoldKind.ADDRESS_CHECK: ("Somebody wants the address checked first. The note says why.", ""),
    HoldKind.PAYMENT_CHECK: ("Somebody wants the payment checked first. The note says why.", ""),
    HoldKind.OPERATOR: ("Somebody of the operator holds it. The note says why.", ""),
    HoldKind.CLIENT: ("Somebody holds it by hand. The note says why.", ""),
    HoldKind.FRAUD: ("Somebody wants to be sure of the buyer first. The note says why.", ""),
}

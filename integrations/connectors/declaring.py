"""What a platform declares of itself: settings, ways in, flows, limits, help. No code of it runs to know this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class FlowKind(StrEnum):
    ORDERS = "orders"
    PRODUCTS = "products"
    INVENTORY = "inventory"
    FULFILLMENTS = "fulfillments"
    LOCATIONS = "locations"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Mode(StrEnum):
    DISABLED = "disabled"
    PULL = "pull"
    PUSH = "push"
    BOTH = "both"  # products only, where the account says which side owns their fields (X9)

    @property
    def label(self) -> str:
        return "Pull and push" if self is Mode.BOTH else self.value.capitalize()

    @property
    def pulls(self) -> bool:
        return self in (Mode.PULL, Mode.BOTH)

    @property
    def pushes(self) -> bool:
        return self in (Mode.PUSH, Mode.BOTH)


ANY = "any"  # the explicit choice of a CHOICES setting that filters nothing; stands alone


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a setting. `value` is our word (`orders.shapes`) or the platform's; `help` one sentence."""

    value: str
    label: str
    help: str = ""


class SettingKind(StrEnum):
    CHOICES = "choices"  # several of `choices`, at least one; the value "any" (`ANY`), where offered, means any
    CHOICE = "choice"
    INTEGER = "integer"
    MINUTES = "minutes"
    DATE = "date"
    BOOLEAN = "boolean"  # shown as Yes / No or as `choices`
    TEXT = "text"
    WAREHOUSE = "warehouse"
    ALIAS = "alias"  # one of the account's alias types


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an integration. `help` says its effect in one sentence; forms name the default beside it.

    `install_label` is its label on the initial configuration page, where that differs. A `secret` is never shown again.
    `empty_label` names what no value means where one of the account's own things is chosen. `needs_quantity`: it is
    offered only where the platform takes an available quantity (`StockOffer.quantity`).
    `said` names what the store itself says of it when it is connected ("store_uid", "install_uid"): it is filled in
    from there, and is no secret.
    """

    key: str
    label: str
    kind: SettingKind
    help: str
    default: Any = None
    choices: tuple[Choice, ...] = ()
    tab: str = "main"  # main, advanced, channel
    card: str = ""
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    pattern_help: str = ""
    staff_only: bool = False
    read_only: bool = False
    required: bool = False
    install_label: str = ""
    secret: bool = False
    empty_label: str = ""
    needs_quantity: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class FlowOffer:
    """One flow that a platform supports, its modes beside Disabled, and what it starts with (EFS-19: minutes)."""

    kind: FlowKind
    modes: tuple[Mode, ...]
    interval: int  # minutes, proposed
    always_on: bool = False
    help: str = ""
    interval_label: str = ""
    interval_help: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a set-up guide. `in_store`: done on the platform's own pages, which change without notice.

    `url` is where it is done, `code` something to copy. In a `Guide`'s steps words in braces ({panel}, {market}) stand
    for addresses of this installation (`integrations.guides`); a step that names one which is not set is left out.
    """

    text: str
    in_store: bool = False
    url: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """A page of help on setting up a store, in our own words. `needs` is said before the steps.

    `twin` is the guide that its first line leads to, with the question `twin_asks`. `way` is the way in that it is
    about, `variant` the variant, `tabs` the views whose question mark opens it. `operator`: it is for whoever runs the
    installation.
    """

    key: str
    title: str
    intro: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    twin: str = ""
    twin_asks: str = ""
    way: str = ""
    variant: str = ""
    tabs: tuple[str, ...] = ()
    operator: bool = False


@dataclass(frozen=True, slots=True)
class WayIn:
    """One way of connecting a store. `fields` are what `finish` asks for; `redirect`: the store's own page comes first.

    `needs_app`: offered only where the operator has an app of his own at the platform. `staff_only`: only the
    operator's own people may go it. `kind` is that of the credential it brings, where it is not named like the way.
    `from_store`: what a store's owner does who begins there, and whom the store then leads to us.
    """

    key: str
    label: str
    help: str
    fields: tuple[Setting, ...] = ()
    redirect: bool = False
    needs_app: bool = False
    steps: tuple[Step, ...] = ()
    staff_only: bool = False
    kind: str = ""
    from_store: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class StockOffer:
    """How a variant of a platform takes stock. `per_call` counts items, or products where `whole_products`.

    `located`: the store counts each of its locations for itself; else one number for the whole store. `most` is the
    largest quantity it takes; below zero none does. `read_first`: an item is set by the store's own id and revision of
    it, so it is read before it is set the first time. `seen_first`: so is one that the store never showed, since an
    order alone does not say whether it is counted. `later_from`: a call of so many items or more is answered later, by
    a ticket, and one of fewer at once; 0 where the store does not tell them apart. `quantity`: it takes how many there
    are, not only whether there are any. `notes` are said where warehouses are mapped.
    """

    per_call: int
    whole_products: bool = False
    located: bool = False
    most: int = 99_999
    read_first: bool = False
    seen_first: bool = False
    later_from: int = 0
    quantity: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductOffer:
    """How a variant of a platform takes products: so many in one go, and what it takes of each.

    `cartesian`: a product with options has a variant for every combination of their choices; those that we do not have
    are made without a SKU and hidden. A field that is not offered is never compared or sent.
    """

    per_call: int
    most_variants: int
    most_options: int = 6
    most_choices: int = 100
    name: int = 80
    sku: int = 40
    description: int = 8000
    barcode: bool = False
    weight: bool = False
    cartesian: bool = True
    most_price: Decimal = Decimal("999999999.99")


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything the rest of the product knows of a platform: catalogue entry, forms, limits, help."""

    key: str
    label: str
    summary: str
    variants: Mapping[str, str]  # key -> label: {"v1": "Catalog V1"}; empty where all its stores are alike
    ways_in: tuple[WayIn, ...]
    flows: tuple[FlowOffer, ...]
    settings: tuple[Setting, ...]
    hosts: tuple[str, ...]
    api_url: str
    statuses: tuple[Choice, ...]
    payments: tuple[Choice, ...]
    fulfillments: tuple[Choice, ...]
    calls_per_minute: int
    page: int  # orders a page, at most
    shipments_per_call: int
    carriers: tuple[Choice, ...] = ()  # names the store makes tracking links for
    order_page: str = ""  # address of an order in the store's own pages; {store} and {order} stand for the ids
    shipments_named: bool = True  # each has an id there; else an order is one picture, which may be written again
    shipments_note: str = ""  # what the store can show of several parcels
    stock: Mapping[str, StockOffer] = field(default_factory=dict)  # by variant; one that is missing takes no stock
    rates: Mapping[str, int] = field(default_factory=dict)  # values of the setting "throughput" -> calls per minute
    products: Mapping[str, ProductOffer] = field(default_factory=dict)  # by variant; one that is missing takes none
    product_notes: tuple[str, ...] = ()  # said wherever products are pushed
    listing_changes: bool = False  # `Connector.listings` can be asked for what changed since a time
    announcements: tuple[Choice, ...] = ()  # what a store can be told to post to an address of ours, unsigned
    announced_site: str = ""  # the setting that says which store such a message must be about
    announcement_steps: tuple[Step, ...] = ()  # how a person sets it up in the store
    variant_help: str = ""  # how a person finds out which variant his store is
    installer_url: str = ""  # where a store's owner lets the operator's app in; the operator can set another
    guides: tuple[Guide, ...] = ()  # the first one of a way in or a variant is the one that is opened
    logo: str = "building-store"  # a sign of the sprite
    flows_first: bool = False  # Add opens the page Connection Flow Settings; else the way in, and the flows come last

    def offers(self, kind: FlowKind) -> bool:
        return any(offer.kind is kind for offer in self.flows)

"""What a connector is. Plain Python: no model, clock, retry, log or database; a bound session does the calls.

A platform is one folder here (declaration, connector, help), its stand-in under `sandbox/`, and one line in
`integrations/connectors/__init__.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fcp.errors import Rejected, SyncError
from orders.shapes import IncomingOrder, RawOrder, ShipWord, StoreShipment

if TYPE_CHECKING:
    from fcp.http import Session

T = TypeVar("T")


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


# --- declaration -----------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class StockOffer:
    """How a variant of a platform takes stock. `per_call` counts items, or products where `whole_products`.

    `located`: the store counts each of its locations for itself; else one number for the whole store. `most` is the
    largest quantity it takes; below zero none does. `read_first`: an item is set by the store's own id and revision of
    it, so it is read before it is set the first time. `quantity`: it takes how many there are, not only whether there
    are any. `notes` are said where warehouses are mapped.
    """

    per_call: int
    whole_products: bool = False
    located: bool = False
    most: int = 99_999
    read_first: bool = False
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
    variants: Mapping[str, str]  # key -> label: {"v1": "Catalog V1"}
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
    guides: tuple[Guide, ...] = ()  # the first one of a way in or a variant is the one that is opened


# --- what a connector gives back --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot even be told apart from others (no id): `packed` is its JSON."""

    sentence: str
    detail: str
    packed: bytes
    key: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page. `next` is an opaque, storable token, None on the last page; `high_water` the latest change on it."""

    items: Sequence[T]
    bad: Sequence[Bad] = ()
    next: str | None = None
    high_water: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which orders are asked for: changed since `since`, or (backfill) created in [created_from, created_to)."""

    since: dt.datetime | None = None
    created_from: dt.datetime | None = None
    created_to: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AppSecrets:
    """The operator's own app at the platform; empty where a way in does not need it."""

    client_id: str = ""
    client_secret: str = ""
    public_key: str = ""
    installer_url: str = ""  # the platform's page where a store's owner lets it in


@dataclass(frozen=True, slots=True)
class Credential:
    """What a store's calls are signed with. `values` is kept encrypted, never shown; `expires_at` is when to renew."""

    kind: str
    values: Mapping[str, str]
    expires_at: dt.datetime | None = None

    def __repr__(self) -> str:
        return f"Credential({self.kind})"


@dataclass(frozen=True, slots=True)
class Redirect:
    """The store's own page comes first: the person's browser goes there, and comes back to our return address."""

    url: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The way's fields are all it takes: nothing happens at the store before `finish`."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came with a browser that the store's own page sent to us. `received` is what `finish` gets.

    `signed`: the platform itself vouches, with the app's secret, that this store's owner sits at the browser. Without
    it only our own state says that somebody here asked for this.
    """

    way: str
    received: Mapping[str, str]
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Connected:
    """A store that answered: who it is, and what we reach it with."""

    store_uid: str
    name: str
    currency: str
    time_zone: str
    variant: str
    credential: Credential
    install_uid: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class IncomingListing:
    """One sellable variant as the store shows it. `tracked` None where the store does not say.

    `options` are the names of the product's options with this variant's choices, and `name` the product's own name,
    where it has variants. `description` is plain text; `currency` is empty where it is the store's own.
    """

    product_uid: str
    variant_uid: str
    sku: str
    title: str
    tracked: bool | None = None
    barcode: str = ""
    weight_grams: int | None = None
    visible: bool = True
    name: str = ""
    options: tuple[tuple[str, str], ...] = ()
    price: Decimal | None = None
    currency: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class IncomingLocation:
    uid: str
    name: str
    default: bool = False


@dataclass(frozen=True, slots=True)
class ParcelToTell:
    number: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentToTell:
    """One fulfillment the store shall know. `key` is ours, to match the answer; `store_ref` the store's id, if any.

    `action` is "create", "change" (tracking only) or "retract". `carrier` is the name for the store, translated.
    """

    key: str
    order_uid: str
    action: str
    lines: tuple[tuple[str, int], ...]
    carrier: str = ""
    parcels: tuple[ParcelToTell, ...] = ()
    store_ref: str = ""


@dataclass(frozen=True, slots=True)
class StoreVariant:
    """One variant of a product in the store. `choices` in the order of the product's options.

    `price` None: the store does not say, or it is on sale there; then it is left alone. `own` is what the connector
    needs to write it back as it was.
    """

    uid: str
    sku: str
    choices: tuple[str, ...] = ()
    price: Decimal | None = None
    barcode: str = ""
    weight_grams: int | None = None
    visible: bool = True
    own: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StoreProduct:
    """A product as the store shows it, or as it shall. `options` are pairs of a name and its choices.

    `goods`: a thing that ships; of others nothing is changed. `loose` names options that make no variants. `revision`
    and `own` are the store's and the connector's.
    """

    uid: str
    name: str
    description: str
    options: tuple[tuple[str, tuple[str, ...]], ...]
    variants: tuple[StoreVariant, ...]
    goods: bool = True
    loose: tuple[str, ...] = ()
    revision: str = field(default="", compare=False)
    own: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ProductToPush:
    """`before` is what the store shows now (None: it is to be made), `after` what it shall show.

    A variant of `after` without a uid is new. `key` is ours, to match the answer.
    """

    key: str
    before: StoreProduct | None
    after: StoreProduct


@dataclass(frozen=True, slots=True)
class StockToSet:
    """A quantity the store shall show. `key` is ours, to match the answer.

    `location_uid` is empty where the store counts no locations. `item_uid` and `revision` are what the store last said
    of the stock item, empty where it was never read or needs none.
    """

    key: str
    product_uid: str
    variant_uid: str
    quantity: int
    location_uid: str = ""
    item_uid: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class StoreStock:
    """What the store itself says of one stock item. `quantity` None where it does not count it.

    `item_uid` may also be a connector's own word for an item that the store is still to make; an answer to pushing it
    brings the real one as `store_ref`. Keep both it and `revision` as they come.
    """

    product_uid: str
    variant_uid: str
    quantity: int | None
    tracked: bool
    location_uid: str = ""
    item_uid: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store said to one item of a push: its id there (and the item's new revision), or the error."""

    key: str
    store_ref: str = ""
    error: SyncError | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Later:
    """The store works on it; `poll(ticket)` asks again."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified webhook says: look at this object. `kind` is "order", "removed", ...; `event_id` for repeats.

    `at`: when the object changed, by the same clock as its own time of change; None where the store does not say.
    """

    event_id: str
    kind: str
    object_uid: str
    sequence: int = 0
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """What a connector works with: the session, which variant the store is, the credential, the operator's app."""

    session: Session
    variant: str
    credential: Credential
    app: AppSecrets = field(default_factory=AppSecrets)
    api_url: str = ""


class Connector:
    """One store, reached through a bound session. Every method raises `fcp.errors.SyncError` only."""

    platform: Platform

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.session = bound.session

    # connecting: no integration yet
    @classmethod
    def begin(cls, way: str, app: AppSecrets, fields: Mapping[str, str], state: str, return_url: str) -> Redirect | Ask:
        """What comes first on this way. The store's page shall bring `state` back to `return_url`, as it is."""
        return Ask()

    @classmethod
    def arrived(cls, query: Mapping[str, str], app: AppSecrets, now: dt.datetime) -> Arrived:
        """Read what the store's own page sent along in the address. Raises Rejected for what nobody can believe."""
        raise Rejected("no such way in", sentence="This address belongs to no way of connecting a store.")

    @classmethod
    def finish(
        cls, way: str, app: AppSecrets, received: Mapping[str, str], session: Session, api_url: str, now: dt.datetime
    ) -> Connected:
        """Check what the person gave (or the store sent back) by calling the store, and say which store it is."""
        raise NotImplementedError

    def renew(self, now: dt.datetime) -> Credential:
        """A credential that works from `now` on; the old one where nothing expires."""
        raise NotImplementedError

    def check(self) -> Connected:
        """Ask the store who it is, which variant, and whether our permissions still stand."""
        raise NotImplementedError

    def variant_now(self) -> str:
        """Which of the platform's variants the store is at this moment; a call at most."""
        return self.bound.variant

    # webhooks of the operator's app
    @classmethod
    def verify(
        cls, body: bytes, headers: Mapping[str, str], app: AppSecrets, now: dt.datetime
    ) -> tuple[str, list[Hint]]:
        """(install uid, hints) of a delivery that is genuine; raises Rejected for a forged or expired one."""
        raise NotImplementedError

    # messages that a merchant lets the store post to an address of one integration (`Platform.announcements`)
    @classmethod
    def announced(cls, body: bytes, store_uid: str) -> list[Hint]:
        """What such a message is about; the secret in the address has vouched for it, so nothing of it is believed.

        A hint's kind is "order", or "order_number" where only the number is known. Raises Rejected: code "other_store"
        when it is about another store, "unreadable" when it names no order.
        """
        raise NotImplementedError

    # orders
    def orders(self, window: Window, token: str | None, limit: int | None = None) -> Page[RawOrder]:
        """One page of every order in the window, in every status the store can return, oldest change first.

        An order that stands on the page twice is given once, as it was changed last. `limit` is at most the platform's
        page. Raises Stale when the token is no longer good: begin anew at the watermark.
        """
        raise NotImplementedError

    def order(self, uid: str) -> RawOrder:
        """One order. Raises NotFound when the store has no such order."""
        raise NotImplementedError

    def orders_of(self, uids: Sequence[str]) -> list[RawOrder]:
        """Those of these orders, a page at most, that the store lists, in one call. The others are asked for singly."""
        return []

    def order_by_number(self, number: str) -> RawOrder | None:
        """The order that the store's people know by this number, in whatever status; None when there is none.

        Of several with one number, the one that was placed last. A store may hide some orders from every search
        (Wix: those that were never finished), so None does not prove that there is no such order.
        """
        raise NotImplementedError

    def shape_order(self, raw: RawOrder) -> IncomingOrder:
        """The order in our words. Raises Unreadable with a sentence that names what is odd."""
        raise NotImplementedError

    # words
    def listings(self, token: str | None, since: dt.datetime | None = None) -> Page[IncomingListing]:
        """A page of everything the store sells; with `since`, of the products that changed at or after that time.

        All variants of a changed product come, also those that did not change.
        """
        raise NotImplementedError

    def descriptions(self, token: str | None) -> Page[tuple[str, str]]:
        """A page of (product uid, description) where they do not come with the whole of the listings; else none."""
        return Page(())

    def locations(self) -> list[IncomingLocation]:
        raise NotImplementedError

    def ship_words(self, orders: Iterable[IncomingOrder]) -> list[ShipWord]:
        """The shipping options these orders use, each once."""
        words = {o.ship_word.key: o.ship_word for o in orders if o.ship_word}
        return list(words.values())

    # shipments
    def push_shipments(self, shipments: Sequence[ShipmentToTell]) -> Done | Later:
        """Tell the store; one answer for each. Raises Unreachable(maybe_done=True) when an answer was lost."""
        raise NotImplementedError

    def told_shipments(self, order_uids: Sequence[str]) -> dict[str, list[StoreShipment] | None]:
        """What the store itself lists, by order uid; one that it does not list is missing.

        None stands for a list that cannot be read: that is not an order with nothing shipped.
        """
        raise NotImplementedError

    def same_shipment(self, told: StoreShipment, ours: ShipmentToTell) -> bool:
        """Whether what the store lists is what we told it, by lines and tracking. For reading back a lost answer."""
        numbers = ", ".join(parcel.number for parcel in ours.parcels if parcel.number)
        return sorted(told.lines) == sorted(ours.lines) and told.tracking == numbers

    # stock
    def push_stock(self, rows: Sequence[StockToSet]) -> Done | Later:
        """Set these quantities, in one call; at most what `StockOffer.per_call` allows. One answer for each row.

        An answer's error is Stale where the item changed since it was read (read it again), Rejected with the code
        "untracked" where the store does not count the item: it is never switched on. Raises SyncError for the call.
        """
        raise NotImplementedError

    def stock(self, token: str | None) -> Page[StoreStock]:
        """A page of everything the store counts."""
        raise NotImplementedError

    def stock_of(self, listings: Sequence[tuple[str, str]]) -> list[StoreStock]:
        """What the store says now of these (product uid, variant uid), with as few calls as it takes.

        At least one row for each: what the store does not know (any more), it does not count. Where it knows several
        locations, one row for each of them, the default location's first.
        """
        raise NotImplementedError

    # products
    def products_of(self, uids: Sequence[str]) -> list[StoreProduct]:
        """What the store shows now of these products, at most a hundred; one that it does not have is missing."""
        raise NotImplementedError

    def push_products(self, rows: Sequence[ProductToPush]) -> Done:
        """Make or change these products, in as few calls as it takes; at most `ProductOffer.per_call`.

        An answer's `store_ref` is the product's uid there, also of one that was made and then not finished. Its error
        is Stale where the product changed since it was read, Busy where it was not sent at all. Raises SyncError for
        the whole, `maybe_done` where an answer was lost.
        """
        raise NotImplementedError

    def poll(self, ticket: str) -> Done | Later:
        raise NotImplementedError


ConnectorFactory = Callable[[Bound], Connector]

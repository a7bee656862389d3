"""What goes into a connector and comes out of it, in our words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from fcp.errors import SyncError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot even be told apart from others (no id): `packed` is its JSON.

    `number` is what people know it by, as far as it can be read.
    """

    sentence: str
    detail: str
    packed: bytes
    key: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page. `next` is an opaque, storable token, None on the last page; `high_water` the latest change on it.

    `in_order` False: the store does not promise the oldest change first, so nothing is known of a window before its
    last page.
    """

    items: Sequence[T]
    bad: Sequence[Bad] = ()
    next: str | None = None
    high_water: dt.datetime | None = None
    in_order: bool = True


@dataclass(frozen=True, slots=True)
class Deleted:
    """An order that the store no longer has, and when it went, where it says so."""

    uid: str
    at: dt.datetime | None = None


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
    client_secret: str = field(default="", repr=False)
    public_key: str = ""
    installer_url: str = ""  # the platform's page where a store's owner lets it in
    market_url: str = ""  # its own page in the platform's market


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
    """Who came with a browser that the store's own page sent to us.

    `received` is what `finish` gets, and with it `return_url`: where the browser came back to, as `begin` had it.
    `signed`: the platform itself vouches, with the app's secret, that this store's owner sits at the browser. Without
    it only our own state says that somebody here asked for this.
    """

    way: str
    received: Mapping[str, str] = field(repr=False)
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
    `shares_stock`: it has no stock of its own and is sold from the product's, whose listing has no variant uid.
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
    shares_stock: bool = False


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
    For stores that know one shipment of an order only: `others` are the parcels of its other shipments that stand, and
    `complete` says that with all of them everything of the order that ships has shipped.
    """

    key: str
    order_uid: str
    action: str
    lines: tuple[tuple[str, int], ...]
    carrier: str = ""
    parcels: tuple[ParcelToTell, ...] = ()
    store_ref: str = ""
    others: tuple[ParcelToTell, ...] = ()
    complete: bool = False


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

    `goods`: a thing that ships; of others nothing is changed. `loose` names options that make no variants. `problem`:
    why it cannot be brought into the shape of ours, as a sentence. `itself`: it has a listing of its own, without a
    variant uid, also where it has variants. `revision` and `own` are the store's and the connector's.
    """

    uid: str
    name: str
    description: str
    options: tuple[tuple[str, tuple[str, ...]], ...]
    variants: tuple[StoreVariant, ...]
    goods: bool = True
    loose: tuple[str, ...] = ()
    problem: str = ""
    itself: bool = field(default=False, compare=False)
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
    of the stock item, empty where it was never read or needs none. `telling` names the call, as a UUID, where it is
    answered later: the same call once more after a crash has the same name, and no other has it.
    """

    key: str
    product_uid: str
    variant_uid: str
    quantity: int
    location_uid: str = ""
    item_uid: str = ""
    revision: str = ""
    telling: str = ""


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
    """What a verified webhook says: look at this object. `event_id` is for repeats.

    `kind`: "order", "fulfillments" or "deleted" are about an order, "installed" and "removed" about our app.

    `at`: when the object changed, by the same clock as its own time of change; None where the store does not say.
    """

    event_id: str
    kind: str
    object_uid: str
    sequence: int = 0
    at: dt.datetime | None = None

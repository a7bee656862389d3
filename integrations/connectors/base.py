"""What a connector is. Plain Python: no model, clock, retry, log or database; a bound session does the calls.

A platform is one folder here (declaration, connector, help), its stand-in under `sandbox/`, and one line in
`integrations/connectors/__init__.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fcp.errors import Rejected
from orders.shapes import IncomingOrder, RawOrder, ShipWord, StoreShipment

from .declaring import Platform
from .shapes import (
    AppSecrets,
    Arrived,
    Ask,
    Connected,
    Credential,
    Deleted,
    Done,
    Hint,
    IncomingListing,
    IncomingLocation,
    Later,
    Page,
    ProductToPush,
    Redirect,
    ShipmentToTell,
    StockToSet,
    StoreProduct,
    StoreStock,
    Window,
)

if TYPE_CHECKING:
    from fcp.http import Session


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
        raise Rejected("this platform sends no webhooks", code="webhook_refused")

    @classmethod
    def tells_of_changes(cls) -> bool:
        """Whether the store can tell us that something changed: signed, or as a merchant lets it."""
        return cls.signs() or bool(cls.platform.announcements)

    @classmethod
    def signs(cls) -> bool:
        return cls.verify.__func__ is not Connector.verify.__func__  # type: ignore[attr-defined]

    @classmethod
    def claimed(cls, body: bytes) -> str:
        """The install uid that a delivery names, unproven; "" where only the operator's app signs.

        A store may have an app of its own, whose secret came with its key (`values["client_secret"]` of its
        credential): what the operator's app did not sign is then verified with that.
        """
        return ""

    # messages that a merchant lets the store post to an address of one integration (`Platform.announcements`)
    @classmethod
    def announced(cls, body: bytes, store_uid: str) -> list[Hint]:
        """What such a message is about; the secret in the address has vouched for it, so nothing of it is believed.

        A hint's kind is "order", or "order_number" where only the number is known. Raises Rejected: code "other_store"
        when it is about another store, "unreadable" when it names no order.
        """
        raise Rejected("this platform announces nothing", code="unreadable")

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

    def deleted(self, since: dt.datetime, token: str | None) -> Page[Deleted]:
        """A page of the orders that were deleted in the store at or after that time; none where nobody can."""
        return Page(())

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

    @classmethod
    def ship_word_ahead(cls, title: str, code: str, carrier: str) -> ShipWord | None:
        """The word that an order with this shipping option will say; None where that cannot be told before one does."""
        return None

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
        """What became of what the store works on. Raises NotFound for a ticket that it does not know (any more)."""
        raise NotImplementedError

    def give_up(self, ticket: str) -> None:
        """Ask the store to leave what it has not begun of this; without effect where it knows no such thing."""

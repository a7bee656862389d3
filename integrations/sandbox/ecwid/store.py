"""One stand-in Ecwid store: what it has, and what it remembers. Ids come from its seed, times from its clock."""

import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.sandbox.faults import Fault
from integrations.sandbox.tables import Table

from .wire import dump, stamp

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"  # of order ids
FIRST_NUMBER = 500_000_001  # the internal number of the first order
FIRST_LINE = 1_700_000_001
FIRST_PRODUCT = 600_000_001
FIRST_COMBINATION = 420_000_001
SEARCHES = 8  # results kept while nothing changes, so that paging goes through the orders once

Saver = Callable[[str, str, str, bytes], None]
Body = bytes | tuple[bytes, list[str]]


def forget(site: str, kind: str, uid: str, body: bytes) -> None:
    """Instead of a state file."""


class OrderRow:
    """An order as the bytes that go over the wire, beside the few columns searched by.

    `body` is either those bytes, or a template and what fills its blanks: of 100,000 orders most are copies of some
    hundred, made only when they are served.
    """

    __slots__ = ("body", "created", "email", "fulfillment", "id", "number", "payment", "updated")

    def __init__(self, order: dict, body: Body | None = None):
        self.id, self.number = order["id"], order["internalId"]
        self.created, self.updated = order["createTimestamp"], order["updateTimestamp"]
        self.payment, self.fulfillment = order["paymentStatus"], order["fulfillmentStatus"]
        self.email = order.get("email", "")
        self.body: Body = dump(order) if body is None else body

    def wire(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        template, names = self.body
        return template % tuple(BLANKS[name](self) for name in names)

    def load(self) -> dict:
        return json.loads(self.wire())


BLANKS: dict[str, Callable[[OrderRow], bytes]] = {  # what differs from copy to copy
    "id": lambda row: dump(row.id),
    "vendorOrderNumber": lambda row: dump(row.id),
    "publicUid": lambda row: dump(row.id),
    "internalId": lambda row: b"%d" % row.number,
    "orderNumber": lambda row: b"%d" % row.number,
    "createDate": lambda row: dump(stamp(row.created)),
    "updateDate": lambda row: dump(stamp(row.updated)),
    "createTimestamp": lambda row: b"%d" % row.created,
    "updateTimestamp": lambda row: b"%d" % row.updated,
}


@dataclass
class Store:
    key: str  # by which control page, tests and state name it
    name: str
    store_id: int
    seed: str
    clock: Callable[[], datetime]
    save: Saver = forget
    orders: Table = field(default_factory=lambda: Table(getattr))
    products: Table = field(default_factory=Table)
    deleted_orders: list[dict] = field(default_factory=list)
    deleted_products: list[dict] = field(default_factory=list)
    told: dict[str, list[dict]] = field(default_factory=dict)  # order id -> what the other side wrote about shipping
    taken: dict[str, list[list[int]]] = field(default_factory=dict)  # order id -> product, combination, pieces
    mails: list[dict] = field(default_factory=list)  # "order shipped" mails to buyers
    received: list[dict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: dict[str, deque] = field(default_factory=dict)  # token -> when it called, for the limit
    oversold: dict[str, int] = field(default_factory=dict)  # SKU -> pieces sold that were not there
    prefix: str = ""  # of order ids
    suffix: str = ""
    next_number: int = FIRST_NUMBER
    next_line: int = FIRST_LINE
    next_product: int = FIRST_PRODUCT
    next_combination: int = FIRST_COMBINATION
    installed: bool = True  # whether our app is in the store
    revoked: bool = False  # taken out as misbehaviour, until it behaves again
    plan: str = "paid"  # or "free", "suspended"
    allowed: list[str] | None = None  # the scopes that the store's tokens have; None: those that they were given
    same_skus: bool = False  # whether several products may have one SKU
    pos_linked: bool = False  # whether a cash register keeps the stock, by place
    newest_first: bool = True  # how orders are listed; undocumented, so no caller may rely on it
    statuses: dict[str, str] = field(default_factory=dict)  # custom status -> the name the merchant gave it
    switched_off: list[str] = field(default_factory=list)  # titles of ways of shipping that are offered no more
    drawers: dict[str, dict] = field(default_factory=dict)  # see drawers.py
    search_lag: int = 0  # seconds until the search shows a new order
    starts: int = 1
    total_calls: int = 0
    last_page: bytes = b""  # of orders, for misbehaviour
    raise_event: Callable[..., None] = lambda *what, **more: None

    def __post_init__(self) -> None:
        self.random = random.Random()  # for what is sold and bought
        self.other = random.Random()  # for what happens at times that nobody can foresee: events, batches, tokens
        self.draw_anew()
        self.latest = 0
        self.numbers: dict[str, str] = {}  # internal number -> id
        self.searches: dict[tuple, list[OrderRow]] = {}
        self.skus: dict[str, dict[tuple[int, int], None]] = {}  # SKU -> product and combination (0: none), in order
        self.named: dict[int, list[str]] = {}  # product -> the SKUs that it has there

    def draw_anew(self) -> None:
        """Nothing that is drawn after a start was drawn before."""
        self.random.seed(f"{self.seed}/{self.key}/{self.starts}")
        self.other.seed(f"{self.seed}/{self.key}/other/{self.starts}")

    @property
    def url(self) -> str:
        return f"https://{self.name.lower()}.company.example"

    def now(self) -> int:
        """Seconds, as Ecwid counts them: two changes may have the same."""
        self.latest = max(self.latest, int(self.clock().timestamp()))
        return self.latest

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.other.getrandbits(128), version=4))

    def new_text(self, length: int, letters: str) -> str:
        return "".join(self.other.choices(letters, k=length))

    def new_order_id(self) -> str:
        while True:
            made = self.prefix + "".join(self.random.choices(LETTERS, k=5)) + self.suffix
            if made not in self.orders.rows and not made.isdecimal():
                return made

    def count_on(self, name: str, least: int = 1) -> int:
        """The next number of a kind."""
        number: int = getattr(self, name)
        self.set_meta(name, number + least)
        return number

    # Writing through to the state file.

    def put_order(self, order: dict, body: Body | None = None) -> OrderRow:
        row = OrderRow(order, body)
        self.orders.put(row.id, row)
        self.numbers[str(row.number)] = row.id
        self.searches.clear()
        if self.save is not forget:
            self.save(self.key, "order", row.id, row.wire())
        return row

    def drop_order(self, row: OrderRow) -> None:
        self.orders.delete(row.id)
        self.numbers.pop(str(row.number), None)
        self.searches.clear()
        self.save(self.key, "order", row.id, b"null")
        gone = {"id": row.number, "orderId": row.id, "date": stamp(self.now())}
        self.keep(self.deleted_orders, "deleted_order", gone)

    def put_product(self, product: dict) -> None:
        uid = product["id"]
        self.products.put(str(uid), product)
        names = names_of(product)
        if self.named.get(uid) != names:
            self._forget_names(uid)
            self.named[uid] = names
            for sku, combination in zip(names, [0, *(one["id"] for one in product["combinations"])], strict=True):
                if sku:
                    self.skus.setdefault(sku, {})[uid, combination] = None
        if self.save is not forget:
            self.save(self.key, "product", str(uid), dump(product))

    def drop_product(self, product: dict) -> None:
        self._forget_names(product["id"])
        self.products.delete(str(product["id"]))
        self.save(self.key, "product", str(product["id"]), b"null")
        self.keep(self.deleted_products, "deleted_product", {"id": product["id"], "date": stamp(self.now())})

    def _forget_names(self, uid: int) -> None:
        for sku in self.named.pop(uid, ()):
            for place in [place for place in self.skus.get(sku, ()) if place[0] == uid]:
                del self.skus[sku][place]

    def keep(self, rows: list[dict], kind: str, entry: dict) -> None:
        """Add to one of the lists."""
        rows.append(entry)
        self.save(self.key, kind, f"{len(rows):09d}", dump(entry))

    def keep_of(self, table: dict[str, Any], kind: str, uid: str, value: Any) -> None:
        """Set in one of the dictionaries."""
        table[uid] = value
        self.save(self.key, kind, uid, dump(value))

    def set_meta(self, name: str, value: Any) -> None:
        setattr(self, name, value)
        self.save(self.key, "meta", name, dump(value))

    def note(self, call: str, **what: Any) -> None:
        """Remember a write of the other side, by a name and by what does not change from run to run."""
        entry = {"at": len(self.received), "site": self.key, "name": call, **what}
        self.keep(self.received, "received", entry)

    def restore(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Take back what was saved."""
        lists = {
            "deleted_order": self.deleted_orders,
            "deleted_product": self.deleted_products,
            "mail": self.mails,
            "received": self.received,
        }
        tables: dict[str, dict[str, Any]] = {"told": self.told, "taken": self.taken}
        for kind, uid, body in rows:
            value = json.loads(body)
            if kind == "order" and value is not None:
                row = OrderRow(value, body)
                self.orders.put(uid, row)
                self.numbers[str(row.number)] = uid
                self.latest = max(self.latest, row.updated)
            elif kind == "product" and value is not None:
                self.put_product(value)
            elif kind in lists:
                lists[kind].append(value)
            elif kind in tables:
                tables[kind][uid] = value
            elif kind == "meta":
                setattr(self, uid, value)

    # Finding.

    def find_order(self, name: str) -> OrderRow | None:
        """By id, or by the internal number."""
        return self.orders.rows.get(name) or self.orders.rows.get(self.numbers.get(name, ""))

    def find_variant(self, sku: str) -> tuple[dict, dict | None]:
        """A product and its combination (None: the product itself), by SKU or by the id of either."""
        for uid, combination in self.skus.get(sku, ()):
            product = self.products.rows[str(uid)]
            return product, next((one for one in product["combinations"] if one["id"] == combination), None)
        if sku in self.products.rows:
            return self.products.rows[sku], None
        for product in self.products:
            for one in product["combinations"]:
                if str(one["id"]) == sku:
                    return product, one
        raise KeyError(f"no product with SKU {sku}")


def names_of(product: dict) -> list[str]:
    """The SKU of a product, and those of its combinations; '' where one has none of its own."""
    return [product.get("sku", ""), *(one.get("sku", "") for one in product["combinations"])]


def name_of(product: dict, combination: dict | None) -> str:
    """What a thing that is sold goes by where people deal with it: its own SKU, or an id that only it has."""
    if combination is None:
        return product.get("sku") or str(product["id"])
    return combination.get("sku") or str(combination["id"])

"""One Wix site in memory: its orders, products, stock, places, and what it was told."""

import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.sandbox.faults import Fault
from integrations.sandbox.tables import Table, at_path

ORDER_COLUMNS = {
    "id": "id",
    "number": "number",
    "createdDate": "created",
    "updatedDate": "updated",
    "purchasedDate": "created",
    "status": "status",
    "paymentStatus": "payment",
    "fulfillmentStatus": "fulfillment",
    "archived": "archived",
}


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


Body = bytes | tuple[bytes, list[str]]


class OrderRow:
    """An order as the bytes that go over the wire, beside the few columns searched by.

    `body` is either those bytes, or a template and the columns that fill its blanks: of 100,000 orders most are
    copies of some hundred, made only when they are served.
    """

    __slots__ = ("archived", "body", "created", "fulfillment", "id", "number", "payment", "status", "updated")

    def __init__(self, order: dict, body: Body | None = None):
        self.id, self.number = order["id"], order["number"]
        self.created, self.updated = order["createdDate"], order["updatedDate"]
        self.status, self.payment = order["status"], order["paymentStatus"]
        self.fulfillment, self.archived = order["fulfillmentStatus"], order["archived"]
        self.body: Body = dump(order) if body is None else body

    def wire(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        template, columns = self.body
        return template % tuple(getattr(self, column).encode() for column in columns)

    def load(self) -> dict:
        return json.loads(self.wire())


def order_field(row: OrderRow, path: str) -> Any:
    column = ORDER_COLUMNS.get(path)
    return getattr(row, column) if column else at_path(row.load(), path)


def name_of(product: dict, variant: dict) -> str:
    """What a variant goes by where people deal with it: its SKU, or an id that only it has."""
    return variant["sku"] or (variant["id"] if product["options"] else product["id"])


def forget(site: str, kind: str, uid: str, body: bytes) -> None:
    """Instead of a state file."""


@dataclass
class Site:
    """Times and ids come from the site, so that a seed gives the same shop each time."""

    key: str  # by which control page, tests and state name it; see data/shops.json
    catalog: str  # "v1", "v3"; "" for a site without Wix Stores
    name: str
    currency: str
    language: str
    country: str
    time_zone: str
    seed: str
    clock: Callable[[], datetime]
    save: Callable[[str, str, str, bytes], None] = forget
    orders: Table = field(default_factory=lambda: Table(order_field))
    products: Table = field(default_factory=Table)
    items: Table = field(default_factory=Table)  # stock of a V3 site, one row per variant and place
    item_ids: dict[tuple[str, str], str] = field(default_factory=dict)  # (variant, Stores location) -> its row there
    oversold: dict[str, int] = field(default_factory=dict)  # SKU (or variant) -> pieces sold that were not there
    told: dict[str, list[dict]] = field(default_factory=dict)  # order id -> its fulfillments
    locations: list[dict] = field(default_factory=list)
    stores_locations: list[dict] = field(default_factory=list)
    shipping: list[dict] = field(default_factory=list)
    received: list[dict] = field(default_factory=list)
    automations: list[dict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: deque = field(default_factory=deque)
    next_number: int = 10001
    installed: bool = True  # whether our app is on the site
    revoked: bool = False  # taken off as misbehaviour, until it behaves again
    tokens_from: float = 0.0
    sequence: int = 0
    total_calls: int = 0
    last_page: bytes = b""  # of orders, for misbehaviour
    variants: Table | None = None  # see catalog_v3.variants_of
    skus: dict[str, tuple[str, int]] | None = None  # see find_variant
    raise_event: Callable[[str, dict], None] = lambda event_type, event: None

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed}/{self.key}")
        self.latest = ""
        self.instance_id, self.site_id, self.owner_id, self.account_id = (self.new_id() for _ in range(4))

    @property
    def v3(self) -> bool:
        return self.catalog == "v3"

    @property
    def url(self) -> str:
        return f"https://{self.name.lower()}.example"

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def now(self) -> str:
        """The time of a change: never the same twice, and never earlier than the change before."""
        moment = self.clock()
        if iso(moment) <= self.latest:
            moment = datetime.fromisoformat(self.latest.replace("Z", "+00:00")) + timedelta(milliseconds=1)
        self.latest = iso(moment)
        return self.latest

    def next_sequence(self) -> int:
        self.set_meta("sequence", self.sequence + 1)
        return self.sequence

    def activity(self, kind: str, at: str = "", **more: Any) -> dict[str, Any]:
        """An entry of an order's history."""
        return {"id": self.new_id(), "createdDate": at or self.now(), "type": kind, "activityType": kind, **more}

    # Writing through to the state file.

    def put_order(self, order: dict, body: Body | None = None) -> OrderRow:
        row = OrderRow(order, body)
        self.orders.put(row.id, row)
        if self.save is not forget:
            self.save(self.key, "order", row.id, row.wire())
        return row

    def put_told(self, order_id: str, fulfillments: list[dict]) -> None:
        self.told[order_id] = fulfillments
        self.save(self.key, "told", order_id, dump(fulfillments))

    def put_product(self, product: dict, stock_only: bool = False) -> None:
        self.products.put(product["id"], product)
        if not stock_only:
            self.variants = self.skus = None
        if self.save is not forget:
            self.save(self.key, "product", product["id"], dump(product))

    def put_item(self, item: dict) -> None:
        self.items.put(item["id"], item)
        self.item_ids[item["variantId"], item["locationId"]] = item["id"]
        if self.save is not forget:
            self.save(self.key, "item", item["id"], dump(item))

    def drop_item(self, item: dict) -> None:
        """Stock of a variant that is no more."""
        self.items.delete(item["id"])
        self.item_ids.pop((item["variantId"], item["locationId"]), None)
        self.save(self.key, "item", item["id"], b"null")

    def find_variant(self, sku: str) -> tuple[dict, dict]:
        """By SKU, or by the id of the variant or of the product; the first product that has it."""
        if self.skus is None:
            self.skus = {}
            for product in self.products:
                for position, variant in enumerate(product["variants"]):
                    for name in (variant["sku"], variant["id"], product["id"]):
                        self.skus.setdefault(name, (product["id"], position))
        if not sku or sku not in self.skus:
            raise KeyError(f"no product with SKU {sku}")
        uid, position = self.skus[sku]
        product = self.products.rows[uid]
        return product, product["variants"][position]

    def note(self, name: str, **what: Any) -> None:
        """Remember a write of the other side, by a name and by what does not change from run to run."""
        entry = {"at": self.now(), "site": self.key, "name": name, **what}
        self.received.append(entry)
        self.save(self.key, "received", f"{len(self.received):09d}", dump(entry))

    def restore(self, rows: Iterator[tuple[str, str, bytes]]) -> None:
        """Take back what was saved."""
        for kind, uid, body in rows:
            value = json.loads(body)
            if kind == "order":
                row = OrderRow(value, body)
                self.orders.put(uid, row)
                self.latest = max(self.latest, row.updated)
            elif kind == "told":
                self.told[uid] = value
            elif kind == "product" and value is None:
                self.products.rows.pop(uid, None)
            elif kind == "product":
                self.products.put(uid, value)
            elif kind == "item" and value is not None:
                self.items.put(uid, value)
                self.item_ids[value["variantId"], value["locationId"]] = uid
            elif kind == "received":
                self.received.append(value)
            elif kind == "meta":
                setattr(self, uid, value)

    def set_meta(self, name: str, value: Any) -> None:
        setattr(self, name, value)
        self.save(self.key, "meta", name, dump(value))

    def find_order(self, order: str) -> OrderRow | None:
        """By id, or else by number."""
        if order in self.orders.rows:
            return self.orders.rows[order]
        return next((row for row in self.orders if row.number == order), None)

"""The stand-in stores that are measured beside each other: how each is connected, read by a bare session, and in how
many calls its platform lets the same work be done at best."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Info = Mapping[str, str]  # a platform's part of the sandbox's info file
Json = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """How much there is to do. `changed` listings are of `touched` products."""

    orders: int = 0
    products: int = 0
    listings: int = 0
    changed: int = 0
    touched: int = 0
    shipments: int = 0  # each of another order


@dataclass(frozen=True)
class Asked:
    """One call for a page of orders."""

    method: str
    path: str
    body: Json | None = None


class Pages(Protocol):
    """How a platform gives its orders: the first question, and the one after an answer, or None after the last."""

    def first(self) -> Asked: ...
    def following(self, asked: Asked, answer: Json) -> Asked | None: ...
    def orders(self, answer: Json) -> list[Json]: ...


@dataclass(frozen=True, eq=False)  # each is one, and is looked up by itself
class Shop:
    """`site` names it where a platform has several; `keys` are the fields of its way in, by their name in the info.

    `least` gives by kind of work the least number of calls, whatever they are for.
    """

    name: str
    platform: str
    site: str
    way: str
    keys: Mapping[str, str]
    address: str  # the name of the API's address in the info
    headers: Callable[[Info], dict[str, str]]
    pages: Callable[[Info], Pages]
    least: Mapping[str, Callable[[Work], int]]

    def received(self, info: Info) -> dict[str, str]:
        return {field: info[name] for field, name in self.keys.items()}

    def base(self, info: Info) -> str:
        return info[self.address]


def pages_of(rows: int, page: int) -> int:
    return -(-rows // page)


# --- Wix ----------------------------------------------------------------------------------------------------------

WIX_STATUSES = ["APPROVED", "CANCELED", "PENDING", "REJECTED"]


@dataclass(frozen=True)
class WixPages:
    info: Info
    path: str = "/ecom/v1/orders/search"

    def first(self) -> Asked:
        search = {
            "filter": {"status": {"$in": WIX_STATUSES}, "updatedDate": {"$gte": "2000-01-01T00:00:00.000Z"}},
            "sort": [{"fieldName": "updatedDate", "order": "ASC"}],
            "cursorPaging": {"limit": 100},
        }
        return Asked("POST", self.path, {"search": search})

    def following(self, asked: Asked, answer: Json) -> Asked | None:
        metadata = answer["metadata"]
        if not metadata.get("hasNext"):
            return None
        paging = {"limit": 100, "cursor": metadata["cursors"]["next"]}
        return Asked("POST", self.path, {"search": {"cursorPaging": paging}})

    def orders(self, answer: Json) -> list[Json]:
        return list(answer["orders"])


def _wix(site: str, least: Mapping[str, Callable[[Work], int]]) -> Shop:
    return Shop(
        name=f"wix {site}",
        platform="wix",
        site=site,
        way="api_key",
        keys={"api_key": "api_key", "site_id": f"site_id_{site}"},
        address="base_url",
        headers=lambda info: {"Authorization": info["api_key"], "wix-site-id": info[f"site_id_{site}"]},
        pages=WixPages,
        least={
            # An answer says whether a page follows, so none is asked for in vain.
            "orders": lambda w: pages_of(w.orders, 100),
            "orders again": lambda w: 1,
            # One call tells a shipment each of up to 100 orders.
            "fulfillments": lambda w: pages_of(w.shipments, 100),
            **least,
        },
    )


# Not counted with any of these: once an hour a flow asks Wix which catalogue the site has by now (one call).
WIX_V1 = _wix(
    "v1",
    {
        # Products come with their variants, 100 a page; a full last page is followed by an empty one.
        "products": lambda w: w.products // 100 + 1,
        # One call sets all variants of one product, and there is none for several products.
        "stock": lambda w: w.touched,
    },
)
WIX_V3 = _wix(
    "v3",
    {
        # Variants with their product, 1000 a page; the product's text only with the product, 100 a page.
        "products": lambda w: pages_of(w.listings, 1000) + pages_of(w.products, 100),
        "stock": lambda w: pages_of(w.changed, 1000),
    },
)

# --- Ecwid --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EcwidPages:
    info: Info

    def first(self) -> Asked:
        return Asked("GET", f"/{self.info['store_id']}/orders?updatedFrom=946684800&limit=100&offset=0")

    def following(self, asked: Asked, answer: Json) -> Asked | None:
        end = answer["offset"] + answer["count"]
        return Asked("GET", asked.path.rpartition("=")[0] + f"={end}") if end < answer["total"] else None

    def orders(self, answer: Json) -> list[Json]:
        return list(answer["items"])


def _overlapping(rows: int) -> int:
    """Pages of a hundred that each begin with the last row of the page before: Ecwid's pages are cut by offset alone,
    and a row that left the list meanwhile would make another one slip between two of them."""
    return 1 + pages_of(max(rows - 100, 0), 99)


ECWID = Shop(
    name="ecwid",
    platform="ecwid",
    site="ecwid",
    way="custom_app",
    keys={"store_id": "store_id", "token": "token"},
    address="api_base_url",
    headers=lambda info: {"Authorization": f"Bearer {info['token']}"},
    pages=EcwidPages,
    least={
        # And the profile, as an order names no currency; and orders that nobody finished, listed only when asked for.
        "orders": lambda w: _overlapping(w.orders) + 2,
        "orders again": lambda w: 1 + 2,
        # And the unit of weight.
        "products": lambda w: _overlapping(w.products) + 1,
        # A batch of up to 500, and the question what became of it.
        "stock": lambda w: 2 * pages_of(w.changed, 500),
        "fulfillments": lambda w: 2 * pages_of(w.shipments, 500),
    },
)

SHOPS = {shop.name: shop for shop in (WIX_V1, WIX_V3, ECWID)}
INTAKE = (WIX_V1, ECWID)  # at Wix orders are the same on either catalogue


def shop_of(name: str) -> Shop:
    return SHOPS[name]


def as_json(answer: bytes) -> Json:
    return dict(json.loads(answer))

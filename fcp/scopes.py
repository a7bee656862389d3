"""What an API key may do: the one table that keys, API and the page of keys ask."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    READ_REQUESTS = "requests:read"
    WRITE_REQUESTS = "requests:write"
    WRITE_FULFILLMENTS = "fulfillments:write"
    READ_ORDERS = "orders:read"
    READ_WAREHOUSES = "warehouses:read"
    READ_PRODUCTS = "products:read"
    WRITE_ALIASES = "aliases:write"
    READ_STOCK = "stock:read"
    WRITE_STOCK = "stock:write"
    READ_SHIP_CODES = "ship_codes:read"
    WRITE_SHIP_CODES = "ship_codes:write"
    READ_PARTNER = "partner:read"
    WRITE_PARTNER = "partner:write"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Scope.READ_REQUESTS: "See what is to be shipped, with names and addresses",
    Scope.WRITE_REQUESTS: "Acknowledge, reject, and answer requests to stop",
    Scope.WRITE_FULFILLMENTS: "Report what has shipped",
    Scope.READ_ORDERS: "See orders and how far they are",
    Scope.READ_WAREHOUSES: "See the warehouses",
    Scope.READ_PRODUCTS: "See products with their SKUs",
    Scope.WRITE_ALIASES: "Report other codes of products",
    Scope.READ_STOCK: "See stock levels and what moved them",
    Scope.WRITE_STOCK: "Report stock levels and adjustments",
    Scope.READ_SHIP_CODES: "See the warehouse's own ship codes",
    Scope.WRITE_SHIP_CODES: "Change the warehouse's own ship codes",
    Scope.READ_PARTNER: "See what the warehouse's system says of itself",
    Scope.WRITE_PARTNER: "Change what the warehouse's system says of itself",
}

# A partner serves warehouses of many accounts and speaks for its own system; an account has its orders.
FOR_PARTNER = frozenset(Scope)
OF_A_PARTNER = {Scope.READ_SHIP_CODES, Scope.WRITE_SHIP_CODES, Scope.READ_PARTNER, Scope.WRITE_PARTNER}
FOR_ACCOUNT = FOR_PARTNER - OF_A_PARTNER

"""Reading: what is to be shipped, orders, and a partner's ship codes."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiView, Caller, key_of, not_found
from fcp.api_docs import documented
from fcp.api_shapes import check_after, checked
from fcp.idempotency import once
from fcp.keyset import page_of
from fcp.models import Partner
from fcp.scopes import Scope
from fcp.short_lists import ShortLists
from inventory.api.reach import one_warehouse
from orders.asking import ANSWERABLE
from orders.models import Fulfillment, Order, ShippingRequest
from orders.models.shipping import CHANGE_ASKED
from orders.packing import shipped_of

from . import bodies, replies

ORDER = ("changed_at", "id")


def requests_of(caller: Caller) -> QuerySet[ShippingRequest]:
    """What this key may see: a partner's work in all accounts that it serves, an account's own."""
    rows = ShippingRequest.objects.all()
    key = caller.key
    return rows.for_partner(key.partner) if key.partner else rows.filter(account=key.account_id)


def one_request(caller: Caller, pk: str) -> ShippingRequest:
    what = "shipping request"
    request = requests_of(caller).select_related("account", "warehouse").filter(pk=key_of(pk, what)).first()
    if request is None:
        raise not_found(what)
    return request


def shown(requests: list[ShippingRequest]) -> list[dict[str, Any]]:
    """The requests as the API shows them; at most one more statement, whatever their number."""
    shipped = shipped_of(requests)
    return [replies.request_shape(request, shipped.get(request.pk, {})) for request in requests]


class RequestList(ApiView):
    scopes = {"GET": Scope.READ_REQUESTS}

    @documented(
        "What is to be shipped",
        Scope.READ_REQUESTS,
        {200: replies.RequestPage},
        parameters=(bodies.Listed,),
        description="Offered requests stay listed until you acknowledge or reject them. Oldest change first.",
        tag="Shipping requests",
        name="list_shipping_requests",
    )
    def get(self, request: Request) -> Response:
        asked = checked(bodies.Listed, request.query_params)
        rows = requests_of(self.caller)
        if "warehouse" in asked:
            rows = rows.filter(warehouse=one_warehouse(self.caller, asked["warehouse"]))
        if "changed_since" in asked:
            rows = rows.filter(changed_at__gte=asked["changed_since"])
        after = asked.get("after", "")
        check_after(ShippingRequest, ORDER, after)
        rows = rows.prefetch_related("account", "warehouse")  # a join would lead SQLite away from the list's index
        if asked["change_asked"]:
            rows = rows.filter(CHANGE_ASKED)
            if "state" not in request.query_params:
                asked["state"] = [state.value for state in ANSWERABLE]
        states = [Q(state=state) for state in asked["state"]]
        listed: Any = rows.filter(states[0]) if len(states) == 1 else ShortLists(rows, states)
        page = page_of(listed, ORDER, after, asked["limit"])
        return Response({"results": shown(page.rows), "next": page.older or None})


class RequestDetail(ApiView):
    scopes = {"GET": Scope.READ_REQUESTS}

    @documented(
        "One shipping request", Scope.READ_REQUESTS, {200: replies.RequestShape}, tag="Shipping requests",
        name="get_shipping_request",
    )  # fmt: skip
    def get(self, request: Request, pk: str) -> Response:
        return Response(shown([one_request(self.caller, pk)])[0])


class OrderDetail(ApiView):
    scopes = {"GET": Scope.READ_ORDERS}

    @documented(
        "How far an order is",
        Scope.READ_ORDERS,
        {200: replies.OrderShape},
        description="A partner sees the requests and shipments of its own warehouses only.",
        tag="Orders",
        name="get_order",
    )
    def get(self, request: Request, pk: str) -> Response:
        key, mine = key_of(pk, "order"), requests_of(self.caller)
        orders = Order.objects.select_related("store").prefetch_related("lines")
        if self.caller.key.partner:
            orders = orders.filter(Exists(mine.filter(order=OuterRef("pk"))))
        else:
            orders = orders.filter(account=self.caller.key.account_id)
        order = orders.filter(pk=key).first()
        if order is None:
            raise not_found("order")
        requests = list(mine.filter(order=order).order_by("pk"))
        fulfillments = Fulfillment.objects.filter(order=order).prefetch_related("lines", "parcels").order_by("pk")
        if self.caller.key.partner:
            fulfillments = fulfillments.filter(request__in=requests)
        return Response(replies.order_shape(order, requests, list(fulfillments)))


class ShipCodeList(ApiView):
    scopes = {"GET": Scope.READ_SHIP_CODES, "PUT": Scope.WRITE_SHIP_CODES}

    @documented(
        "Your ship codes", Scope.READ_SHIP_CODES, {200: bodies.ShipCodes}, tag="Ship codes", name="get_ship_codes"
    )
    def get(self, request: Request) -> Response:
        return Response({"ship_codes": self._partner().ship_codes})

    @documented(
        "Replace your ship codes",
        Scope.WRITE_SHIP_CODES,
        {200: bodies.ShipCodes},
        body=bodies.ShipCodes,
        description="The whole list; merchants are offered these when they map their shipping options.",
        tag="Ship codes",
        name="replace_ship_codes",
    )
    def put(self, request: Request) -> Response:
        codes = checked(bodies.ShipCodes, request.data)["ship_codes"]

        def replace() -> Response:
            Partner.objects.filter(pk=self._partner().pk).update(ship_codes=codes)
            return Response({"ship_codes": codes})

        return once(request, replace)

    def _partner(self) -> Partner:
        partner = self.caller.key.partner
        assert partner  # only a partner's key has the scope
        return partner

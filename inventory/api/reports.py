"""Levels and adjustments: what a warehouse says of its stock, and what it can read back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiError, ApiView, JsonParser
from fcp.api_docs import documented
from fcp.api_shapes import check_after, checked
from fcp.idempotency import once
from fcp.keyset import page_of
from fcp.scopes import Scope
from inventory.availability import House, Place, StockRules, available
from inventory.errors import InventoryError
from inventory.levels import AdjustItem, LevelAnswer, LevelItem, adjust_levels, report_levels
from inventory.models import Reports, StockLevel, Warehouse, sku_key_of
from inventory.stock import lock_skus
from inventory.stock_reading import stock_of

from . import bodies, replies
from .bodies import Unread
from .reach import one_warehouse, products_of, warehouses_of, with_sku

MAX_BODY = 1024 * 1024  # bytes; a thousand adjustments with their reasons are half of it
SAME_SKU = 20  # adjustments of one SKU in one call, each of which costs a round of statements
TOO_OFTEN = f"This SKU stands here more than {SAME_SKU} times. Send the rest in another call, or as one adjustment."
Read = dict[str, Any]


class NumbersParser(JsonParser):
    """Lets NaN and Infinity through, which JSON has not: one odd quantity must not keep back a thousand."""

    strict = False


class Report(ApiView):
    """A write about many products at once, each answered for itself."""

    parser_classes = [NumbersParser]
    max_body: ClassVar[int] = MAX_BODY

    def answered(self, request: Request, act: Callable[[], list[Any]]) -> Response:
        def effect() -> Response:
            try:
                return Response({"results": act()})
            except InventoryError as error:
                raise ApiError(422, error.code, str(error), {"warehouse": [str(error)]}) from None

        return once(request, effect)


class Levels(Report):
    scopes = {"GET": Scope.READ_STOCK, "POST": Scope.WRITE_STOCK}

    @documented(
        "Report levels",
        Scope.WRITE_STOCK,
        {200: replies.LevelResults},
        body=bodies.LevelsBody,
        description=f"How much lies there, of up to {bodies.MANY:,} products, each answered for itself. A level that "
        "is older than the known one is not taken. What moved after the moment of a level is counted on top of it.",
        tag="Stock",
        name="report_stock_levels",
    )
    def post(self, request: Request) -> Response:
        body = checked(bodies.LevelsBody, request.data)
        warehouse, now = one_warehouse(self.caller, body["warehouse"]), timezone.now()
        rows: list[Read | Unread] = body["levels"]
        items = [
            LevelItem(row["sku"], row["quantity"], row.get("taken_at") or body["taken_at"])
            for row in rows
            if not isinstance(row, Unread)
        ]

        def act() -> list[Any]:
            answers = report_levels(warehouse, items, actor=self.caller.name, now=now)
            return [_told(row, answer) for row, answer in _beside(rows, answers)]

        return self.answered(request, act)

    @documented(
        "The levels",
        Scope.READ_STOCK,
        {200: replies.LevelPage},
        parameters=(bodies.LevelsListed,),
        description="Of a warehouse, of an SKU, or of both. A product without a row has no reported level, which is "
        "not 0.",
        tag="Stock",
        name="list_stock_levels",
    )
    def get(self, request: Request) -> Response:
        asked = checked(bodies.LevelsListed, request.query_params)
        house = one_warehouse(self.caller, asked["warehouse"]) if "warehouse" in asked else None
        of = {"warehouse": house} if house else {"warehouse__in": warehouses_of(self.caller)}
        rows = StockLevel.objects.filter(**of)
        # Within a warehouse one column: then a page is a walk along the index from where the last one ended.
        order = ("product_id",) if house else ("warehouse_id", "product_id")
        if "sku" in asked:
            rows = rows.filter(product__in=list(with_sku(products_of(self.caller), asked["sku"])))
        if "changed_since" in asked:
            rows = rows.filter(changed_at__gte=asked["changed_since"])
        after = asked.get("after", "")
        check_after(StockLevel, order, after)
        page = page_of(rows.select_related("product"), order, after, asked["limit"])
        return Response({"results": _shown(page.rows), "next": page.older or None})


class Adjustments(Report):
    scopes = {"POST": Scope.WRITE_STOCK}

    @documented(
        "Adjust levels",
        Scope.WRITE_STOCK,
        {200: replies.AdjustmentResults},
        body=bodies.AdjustmentsBody,
        description=f"What came or went beside orders (goods in, broken, lost), up to {bodies.MANY:,} at once, each "
        "answered for itself. What has shipped is no adjustment: report it as a fulfillment.",
        tag="Stock",
        name="adjust_stock_levels",
    )
    def post(self, request: Request) -> Response:
        body = checked(bodies.AdjustmentsBody, request.data)
        warehouse, now = one_warehouse(self.caller, body["warehouse"]), timezone.now()
        rows: list[Read | Unread] = body["adjustments"]
        items = [_adjustment(row, now) for row in rows if not isinstance(row, Unread)]

        def act() -> list[Any]:
            answers = _adjusted(warehouse, items, self.caller.name, now)
            return [
                {"id": row.id if isinstance(row, Unread) else row["id"], **_told(row, answer)}
                for row, answer in _beside(rows, answers)
            ]

        return self.answered(request, act)


def _adjustment(row: Read, now: dt.datetime) -> AdjustItem:
    return AdjustItem(row["sku"], row["change"], row.get("at") or now, row["id"], row["reason"])


def _adjusted(warehouse: Warehouse, items: Sequence[AdjustItem], actor: str, now: dt.datetime) -> list[LevelAnswer]:
    """One answer per item, in order. What is told of one SKU is taken one after the other, each in its round."""
    rounds: list[list[int]] = []
    told: Counter[str] = Counter()
    answers: dict[int, LevelAnswer] = {}
    for place, item in enumerate(items):
        key = sku_key_of(item.sku)
        number = told[key]
        told[key] += 1
        if number >= SAME_SKU:
            answers[place] = LevelAnswer(item.sku, "duplicate", TOO_OFTEN)
            continue
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(place)
    lock_skus(warehouse.account_id, told)
    for places in rounds:
        some = adjust_levels(warehouse, [items[place] for place in places], actor=actor, now=now)
        answers.update(zip(places, some, strict=True))
    return [answers[place] for place in range(len(items))]


def _beside(rows: Sequence[Read | Unread], answers: Sequence[LevelAnswer]) -> list[tuple[Read | Unread, LevelAnswer]]:
    """Each row with its answer; what could not be read was never asked, and has its own."""
    given = iter(answers)
    return [
        (row, LevelAnswer(row.sku, "invalid", row.why, None) if isinstance(row, Unread) else next(given))
        for row in rows
    ]


def _told(row: Read | Unread, answer: LevelAnswer) -> dict[str, Any]:
    error = None if answer.taken else {"code": answer.code, "message": answer.sentence}
    sku = row.sku if isinstance(row, Unread) else row["sku"]
    return {"sku": sku, "result": answer.code, "quantity": answer.quantity, "error": error}


def _shown(levels: Sequence[StockLevel]) -> list[dict[str, Any]]:
    """The levels with what they leave for new orders, in three statements.

    Reckoned over all warehouses of the account, so that an order that is no warehouse's yet is taken once.
    """
    stock = stock_of([level.product_id for level in levels])
    places: dict[int, list[Place[int]]] = {}
    for house in Warehouse.objects.filter(account__in={level.account_id for level in levels}):
        knows = house.reports == Reports.AVAILABLE
        places.setdefault(house.account_id, []).append(Place(house.pk, [House(house.pk, house.code, knows)]))
    shown = []
    for level in levels:
        its = stock[level.product_id]
        found = available(its, places[level.account_id], StockRules())[level.warehouse_id]
        shown.append(replies.level_shape(level, its.levels[level.warehouse_id], found))
    return shown

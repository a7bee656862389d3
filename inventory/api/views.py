"""Reading: warehouses, products, and what moved. Levels are read where they are reported (reports.py)."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiView
from fcp.api_docs import documented
from fcp.api_shapes import Paged, check_after, checked
from fcp.keyset import page_of
from fcp.scopes import Scope
from inventory.models import Product, StockMovement, Warehouse

from . import bodies, replies
from .reach import one_warehouse, products_of, warehouses_of, with_sku


class WarehouseList(ApiView):
    scopes = {"GET": Scope.READ_WAREHOUSES}

    @documented(
        "The warehouses", Scope.READ_WAREHOUSES, {200: replies.WarehousePage}, parameters=(Paged,),
        tag="Warehouses", name="list_warehouses",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = checked(Paged, request.query_params)
        after = asked.get("after", "")
        check_after(Warehouse, ("id",), after)
        page = page_of(warehouses_of(self.caller).select_related("account"), ("id",), after, asked["limit"])
        return Response({"results": [replies.warehouse_shape(row) for row in page.rows], "next": page.older or None})


class ProductList(ApiView):
    scopes = {"GET": Scope.READ_PRODUCTS}

    @documented(
        "The products",
        Scope.READ_PRODUCTS,
        {200: replies.ProductPage},
        parameters=(bodies.ProductsListed,),
        description="What levels can be reported of, by SKU. A partner names one of its warehouses (the products of "
        "its account are listed), an SKU, or both.",
        tag="Products",
        name="list_products",
    )
    def get(self, request: Request) -> Response:
        asked = checked(bodies.ProductsListed, request.query_params)
        rows, order = products_of(self.caller), ("sku_key", "id")
        if "warehouse" in asked:
            rows = Product.objects.filter(account=one_warehouse(self.caller, asked["warehouse"]).account_id)
        elif self.caller.key.partner and "sku" not in asked:
            raise ValidationError({"warehouse": ["Name a warehouse, an SKU, or both."]})
        if "sku" in asked:
            rows = with_sku(rows, asked["sku"])
        after = asked.get("after", "")
        check_after(Product, order, after)
        rows = rows.select_related("account").prefetch_related("aliases__alias_type")
        page = page_of(rows, order, after, asked["limit"])
        return Response({"results": [replies.product_shape(row) for row in page.rows], "next": page.older or None})


class MovementList(ApiView):
    scopes = {"GET": Scope.READ_STOCK}
    order = ("-id",)

    @documented(
        "What moved the levels",
        Scope.READ_STOCK,
        {200: replies.MovementPage},
        parameters=(bodies.MovementsListed,),
        description="Newest first; read until one that you know. Nothing here is ever changed or taken away.",
        tag="Stock",
        name="list_stock_movements",
    )
    def get(self, request: Request) -> Response:
        asked = checked(bodies.MovementsListed, request.query_params)
        warehouse = one_warehouse(self.caller, asked["warehouse"])
        rows = StockMovement.objects.filter(warehouse=warehouse)
        if "sku" in asked:
            product = with_sku(Product.objects.filter(account=warehouse.account_id), asked["sku"]).first()
            rows = rows.filter(product=product) if product else rows.none()
        after = asked.get("after", "")
        check_after(StockMovement, self.order, after)
        page = page_of(rows.select_related("product"), self.order, after, asked["limit"])
        return Response({"results": [replies.movement_shape(row) for row in page.rows], "next": page.older or None})

"""Aliases: the other codes of products, as a warehouse's system knows them (EIM-5)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiView
from fcp.api_docs import documented
from fcp.api_shapes import Shape, checked
from fcp.idempotency import once
from fcp.scopes import Scope
from inventory.aliases import Reported, report_aliases

from .reach import one_warehouse

MANY = 200  # in one call


class OneAlias(Shape):
    sku = serializers.CharField(max_length=100, help_text="The product's own SKU.")
    type = serializers.CharField(max_length=60, help_text="What kind of code it is; made where it is new.")
    code = serializers.CharField(max_length=100)
    units = serializers.IntegerField(
        required=False, min_value=1, max_value=10_000,
        help_text="How many of the product one thing with this code is; 1 where it is new and nothing is said.",
    )  # fmt: skip


class AliasesBody(Shape):
    warehouse = serializers.CharField(max_length=30, help_text="The id of a warehouse of the account they belong to.")
    aliases = serializers.ListField(child=OneAlias(), allow_empty=False, max_length=MANY)


class AliasResult(OneAlias):
    result = serializers.ChoiceField(choices=[one.value for one in Reported])


class AliasResults(Shape):
    results = AliasResult(many=True)


class Aliases(ApiView):
    scopes = {"POST": Scope.WRITE_ALIASES}

    @documented(
        "Report aliases of products",
        Scope.WRITE_ALIASES,
        {200: AliasResults},
        body=AliasesBody,
        description="Stored, unchanged, or not taken: unknown_sku where the account has no such product, taken where "
        "the code means another product within its type. Aliases that are not reported stay as they are.",
        tag="Products",
        name="report_aliases",
    )
    def post(self, request: Request) -> Response:
        body = checked(AliasesBody, request.data)
        account = one_warehouse(self.caller, body["warehouse"]).account
        rows: list[dict[str, Any]] = body["aliases"]

        def effect() -> Response:
            wanted = [(row["sku"], row["type"], row["code"], row.get("units")) for row in rows]
            said = report_aliases(account, wanted, by=self.caller.name, now=timezone.now())
            return Response({"results": [{**row, "result": one.value} for row, one in zip(rows, said, strict=True)]})

        return once(request, effect)

"""What the API answers about stock. Ids are texts; times are ISO 8601 with a zone; quantities are pieces."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fcp.api_shapes import Named, Shape, time_text
from inventory.availability import Available, Level
from inventory.models import MovementKind, Product, Reports, StockLevel, StockMovement, Warehouse


class WarehouseRef(Named):
    code = serializers.CharField()


class WarehouseShape(WarehouseRef):
    account = Named()
    country = serializers.CharField()
    takes_levels = serializers.BooleanField(
        help_text="Whether its levels are reported here. False: its stock is kept in the panel."
    )
    levels_count = serializers.ChoiceField(
        choices=[(one.value, one.name) for one in Reports],
        help_text="on_hand: everything that lies there; available: without what was acknowledged to ship.",
    )


class WarehousePage(Shape):
    results = WarehouseShape(many=True)
    next = serializers.CharField(allow_null=True)


def warehouse_shape(warehouse: Warehouse) -> dict[str, Any]:
    """Loaded with its account."""
    return {
        "id": str(warehouse.pk),
        "name": warehouse.name,
        "code": warehouse.code,
        "country": warehouse.country,
        "account": {"id": str(warehouse.account_id), "name": warehouse.account.name},
        "takes_levels": warehouse.takes_reports,
        "levels_count": warehouse.reports,
    }


class AliasShape(Shape):
    type = serializers.CharField()
    code = serializers.CharField()
    units = serializers.IntegerField(help_text="How many of the product one thing with this code is.")


class ProductShape(Shape):
    id = serializers.CharField()
    sku = serializers.CharField(help_text="Report levels under this.")
    name = serializers.CharField()
    barcode = serializers.CharField()
    weight_grams = serializers.IntegerField(allow_null=True)
    preorder_until = serializers.DateField(allow_null=True, help_text="Sold ahead: its orders wait until this day.")
    aliases = AliasShape(many=True, help_text="Other codes of the same product.")
    account = Named()


class ProductPage(Shape):
    results = ProductShape(many=True)
    next = serializers.CharField(allow_null=True)


def product_shape(product: Product) -> dict[str, Any]:
    """Loaded with its account, and its aliases with their types."""
    return {
        "id": str(product.pk),
        "sku": product.sku,
        "name": product.name,
        "barcode": product.barcode,
        "weight_grams": product.weight_grams,
        "preorder_until": product.preorder_until.isoformat() if product.preorder_until else None,
        "aliases": [
            {"type": alias.alias_type.name, "code": alias.code, "units": alias.units} for alias in product.aliases.all()
        ],
        "account": {"id": str(product.account_id), "name": product.account.name},
    }


class LevelShape(Shape):
    warehouse = serializers.CharField(help_text="The warehouse's id.")
    sku = serializers.CharField()
    quantity = serializers.IntegerField(help_text="What lies there: the last report, and what moved after it.")
    reported = serializers.IntegerField(help_text="The quantity of the last report or count.")
    taken_at = serializers.DateTimeField(help_text="When that was taken.")
    changed_at = serializers.DateTimeField()
    reserved = serializers.IntegerField(help_text="How many of the quantity open orders need.")
    available = serializers.IntegerField(help_text="What is left for new orders; at least 0.")


class LevelPage(Shape):
    results = LevelShape(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `after` for the next page; null: the last one.")


PROMISED = ("reserved", "unplaced")  # the steps of the reckoning that open orders take


def level_shape(level: StockLevel, now: Level, found: Available) -> dict[str, Any]:
    """Loaded with its product. `now`, read in one moment with the reservations, is what `found` was reckoned from."""
    return {
        "warehouse": str(level.warehouse_id),
        "sku": level.product.sku,
        "quantity": now.quantity,
        "reported": level.reported,
        "taken_at": time_text(now.taken_at),
        "changed_at": time_text(level.changed_at),
        "reserved": -sum(step.change for step in found.steps if step.code in PROMISED),
        "available": found.quantity or 0,
    }


class MovementShape(Shape):
    id = serializers.CharField()
    warehouse = serializers.CharField(help_text="The warehouse's id.")
    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=MovementKind.choices)
    change = serializers.IntegerField(help_text="Pieces that came (or, below 0, went).")
    counts = serializers.BooleanField(help_text="False: the level was taken later, and knew it already.")
    balance = serializers.IntegerField(allow_null=True, help_text="The level afterwards; null while there is none.")
    at = serializers.DateTimeField(help_text="When it happened, as its source says.")
    stored_at = serializers.DateTimeField(help_text="When it was told here.")
    reason = serializers.CharField()
    reference = serializers.CharField(help_text="The id that its source gave it.")


class MovementPage(Shape):
    results = MovementShape(many=True)
    next = serializers.CharField(allow_null=True)


def movement_shape(movement: StockMovement) -> dict[str, Any]:
    """Loaded with its product."""
    return {
        "id": str(movement.pk),
        "warehouse": str(movement.warehouse_id),
        "sku": movement.product.sku,
        "kind": movement.kind,
        "change": movement.quantity,
        "counts": movement.counts,
        "balance": movement.balance,
        "at": time_text(movement.at),
        "stored_at": time_text(movement.created_at),
        "reason": movement.reason,
        "reference": movement.source_ref,
    }


class WhyNot(Shape):
    code = serializers.CharField()
    message = serializers.CharField()


RESULTS = {
    "taken": "stored",
    "unchanged": "known already",
    "older": "one that was taken later is known",
    "duplicate": "the SKU stands in this call twice",
    "unknown_sku": "no product has this SKU",
    "wrong_quantity": "not a whole number that can be",
    "future": "taken later than now",
    "past": "taken before the year 2000",
    "invalid": "cannot be read",
}
RESULTS_OF_ADJUSTING = {
    "taken": "stored",
    "unchanged": "stored; the level was taken later, and knew it already",
    "repeated": "the id was told before",
    "duplicate": "the SKU stands in this call too often",
    "no_level": "no level was ever reported",
    "below_zero": "there is not as much",
    "unknown_sku": "no product has this SKU",
    "wrong_quantity": "not a whole number that can be",
    "future": "later than now",
    "past": "before the year 2000",
    "invalid": "cannot be read",
}


class LevelResult(Shape):
    sku = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(choices=[*RESULTS.items()])
    quantity = serializers.IntegerField(allow_null=True, help_text="The level afterwards; null while there is none.")
    error = WhyNot(allow_null=True)


class LevelResults(Shape):
    results = LevelResult(many=True, help_text="One for each level sent, in order.")


class AdjustmentResult(Shape):
    id = serializers.CharField(allow_blank=True)
    sku = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(choices=[*RESULTS_OF_ADJUSTING.items()])
    quantity = serializers.IntegerField(allow_null=True, help_text="The level afterwards; null while there is none.")
    error = WhyNot(allow_null=True)


class AdjustmentResults(Shape):
    results = AdjustmentResult(many=True, help_text="One for each adjustment sent, in order.")

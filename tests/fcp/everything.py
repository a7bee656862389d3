"""One row of every table that belongs to an account, under a given id: what a stranger must never reach.

Made from the models themselves, so that a new table is part of it without a word here. Every text of such a row is
`mark`, by which a page that shows it gives itself away.
"""

from __future__ import annotations

import datetime as dt
import zlib
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core import serializers
from django.db import models

from fcp.models import Account, ApiKey, Partner, Store
from integrations.budget import open_budget, pause
from integrations.connectors import connector_class
from integrations.models import Credential, Flow, Integration, Invitation, ProductPushRow, SettingsVersion, StockPush
from integrations.settings_document import defaults
from mappings.models import MappingChange
from orders.models import Cure, HeldGroup, Order, OrderRule, Remapping, ShippingRequest
from orders.release import snapshot_of
from tests.build import NOW

OURS = ("fcp", "inventory", "mappings", "orders", "integrations")

# What a table's own rules ask for, beyond a value of the right type.
ODD: dict[type[models.Model], dict[str, Any]] = {
    Store: {"platform": "wix"},
    Invitation: {"platform": "wix"},
    Integration: {"variant": "v1", "live": True, "settings_version": 1},
    Flow: {"kind": "orders", "mode": "pull", "interval": 30, "due_at": NOW},
    SettingsVersion: {"number": 1},
    StockPush: {"guard_params": {"count": 1, "of": 2}},
    ApiKey: {"partner": None},
    ProductPushRow: {"group": None},
    Cure: {"kind": "client"},
    MappingChange: {"table": "shipmethod"},
    Remapping: {"kind": "ship_code"},
    HeldGroup: {"kind": "client"},
    OrderRule: {"version": 1},
    Credential: {"kind": "api_key", "cipher": '{"api_key": "key", "site_id": "site"}'},
}
LONG_AFTER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def tables() -> list[type[models.Model]]:
    """Every model with an account, in an order in which rows can be made."""
    found = [m for app in OURS for m in apps.get_app_config(app).get_models() if _has_account(m)]
    ordered: list[type[models.Model]] = []

    def place(model: type[models.Model]) -> None:
        for field in model._meta.concrete_fields:
            target = field.related_model
            if isinstance(target, type) and target in found and target is not model:
                place(target)
        if model not in ordered:
            ordered.append(model)

    for model in found:
        place(model)
    return ordered


def _has_account(model: type[models.Model]) -> bool:
    return any(field.related_model is Account for field in model._meta.concrete_fields)


def fill(account: Account, pk: int, user: Any, mark: str) -> dict[type[models.Model], models.Model]:
    """A row of every table of this account, each with the primary key `pk`."""
    made: dict[type[models.Model], models.Model] = {}
    partner = Partner.objects.create(name=f"Partner {pk}")
    for model in tables():
        values: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            if field.primary_key:
                continue
            if field.name in ODD.get(model, {}):
                values[field.name] = ODD[model][field.name]
            elif field.name == "row":  # a row that is named by its bare number
                values["row"] = pk
            elif field.is_relation:
                target = field.related_model
                known = {Account: account, type(user): user, Partner: partner}
                values[field.name] = known.get(target) or made.get(target)  # type: ignore[arg-type]
            elif not field.has_default() or isinstance(field, models.TextField):
                values[field.name] = _value(field, mark)
        if model is SettingsVersion:
            values["document"] = defaults(connector_class("wix").platform)
        if model is ShippingRequest:
            values["snapshot"] = snapshot_of(made[Order], made[Store], [], None)  # type: ignore[arg-type]
        made[model] = model._base_manager.create(pk=pk, **values)
    # What asks the store is told to wait: nothing here calls anybody.
    open_budget(pk, 60, NOW)
    pause(pk, LONG_AFTER)
    return made


def _value(field: Any, mark: str) -> Any:
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return zlib.compress(b"{}")
    if isinstance(field, models.CharField | models.TextField):
        return mark[: field.max_length] if field.max_length else mark
    if isinstance(field, models.DateTimeField):
        return None if field.null else NOW
    if isinstance(field, models.DateField):
        return NOW.date()
    if isinstance(field, models.DecimalField):
        return Decimal(1)
    if isinstance(field, models.BooleanField):
        return False
    return None if field.null else 1


def dump(account: Account) -> list[str]:
    """Every row of the account as text, to be compared."""
    rows = []
    for model in tables():
        name = next(field.name for field in model._meta.concrete_fields if field.related_model is Account)
        found = model._base_manager.filter(**{name: account}).order_by("pk")
        rows += [serializers.serialize("json", [row]) for row in found]
    return rows

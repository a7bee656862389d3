"""The settings of many stores at once, in a constant number of queries."""

from __future__ import annotations

from django.db.models import F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from fcp.models import Store
from integrations.connectors import CONNECTORS, connector_class
from integrations.models import Integration, SettingsVersion
from integrations.settings_document import Document, completed


def documents_of_stores(**lookup: object) -> list[tuple[Store, Document]]:
    """Each store's settings in force; of one that has no integration any more, those that it had last."""
    integrations = Integration.objects.filter(store=OuterRef("store")).values("settings_version")[:1]
    of_store = SettingsVersion.objects.filter(store=OuterRef("store")).order_by().values("store")
    last = of_store.annotate(last=Max("number")).values("last")
    versions = SettingsVersion.objects.filter(**{f"store__{name}": value for name, value in lookup.items()})
    current = versions.filter(number=Coalesce(Subquery(integrations), Subquery(last), F("number")))
    return [
        (row.store, completed(connector_class(row.store.platform).platform, row.document))
        for row in current.select_related("store").order_by("store_id")
        if row.store.platform in CONNECTORS
    ]

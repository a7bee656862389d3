"""What the partner of the chosen warehouse asks to be told of a store (EIM-32), as settings like any other.

In a document of settings the values stand under "wms", by the partner's id: one partner never reads what another asked
for, and whoever goes back to a warehouse finds what was typed for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape

from fcp.models import Account, Partner
from fcp.partner_fields import NeededField, downloads_aliases, fields_needed
from integrations.connectors.declaring import Setting, SettingKind
from inventory.models import Warehouse

WMS = "wms"
_KINDS = {"text": SettingKind.TEXT, "number": SettingKind.INTEGER, "yes_no": SettingKind.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Needed:
    """`settings` is empty where there is no partner, or it asks for nothing."""

    partner: Partner | None
    settings: tuple[Setting, ...]

    @property
    def key(self) -> str:
        """Under which its values stand in a document's "wms"."""
        return str(self.partner.pk) if self.partner else ""

    def values_in(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return dict(document.get(WMS, {}).get(self.key, {}))


def needed_for(account: Account, platform: str, warehouse: Any) -> Needed:
    """For stores of this platform whose orders this warehouse ships: its id, as stored or as typed; or nothing."""
    pk = str(getattr(warehouse, "pk", warehouse) or "")
    if not pk.isdecimal() or len(pk) > 18:
        return Needed(None, ())
    found = Warehouse.objects.for_account(account).filter(pk=int(pk)).select_related("partner").first()
    partner = found.partner if found else None
    return Needed(partner, tuple(_setting(one) for one in fields_needed(partner, platform)))


def _setting(one: NeededField) -> Setting:
    """Its texts are another program's: the help goes to pages as it is, so it is made plain here."""
    return Setting(
        key=one.key, label=one.label, kind=_KINDS[one.kind], help=escape(one.help), required=one.required
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AliasSource:
    """A partner that works in the account's warehouses; `downloads` as in `downloads_aliases`."""

    partner: Partner
    downloads: bool | None


def alias_sources(account: Account) -> list[AliasSource]:
    """Where the account's product aliases could come from (EIM-5)."""
    served = Warehouse.objects.for_account(account).exclude(partner=None).values("partner")
    return [AliasSource(one, downloads_aliases(one)) for one in Partner.objects.filter(pk__in=served)]


def values_for(document: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """What each partner is told with every shipping request, by its id: `orders.told_to_partner`."""
    return {int(key): dict(values) for key, values in document.get(WMS, {}).items() if values}


def wms_in_words(document: Mapping[str, Any]) -> str:
    """ "dock: 7, carrier_account: 123"; the keys, since a partner may ask otherwise by now."""
    pairs = [f"{key}: {value}" for values in document.get(WMS, {}).values() for key, value in values.items()]
    return ", ".join(pairs) or "empty"

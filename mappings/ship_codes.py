"""The ship codes that an account can choose from: those of the partners that work in its warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fcp.models import Account, Partner
from inventory.models import Warehouse

from .models import ShipMethod
from .suggest import Candidate, Suggestion, suggest


@dataclass(frozen=True, slots=True)
class ShipCode:
    code: str
    label: str = ""
    carrier: str = ""
    service: str = ""

    @property
    def words(self) -> str:
        """What the code means, for the list of choices."""
        way = " ".join(part for part in (self.carrier, self.service) if part)
        return " · ".join(part for part in (self.label, way) if part)


def ship_codes_of(account: Account) -> list[ShipCode]:
    """Each code once, in the partners' own order; empty where the partners list none (then any code is typed)."""
    partners = Partner.objects.filter(pk__in=Warehouse.objects.for_account(account).values("partner")).order_by("name")
    codes: dict[str, ShipCode] = {}
    for partner in partners:
        for row in partner.ship_codes:
            code = str(row.get("code", "")).strip()
            if code:
                words = (str(row.get(name) or "") for name in ("label", "carrier", "service"))
                codes.setdefault(code, ShipCode(code, *words))
    return list(codes.values())


def suggested_code(row: ShipMethod, codes: Sequence[ShipCode]) -> Suggestion | None:
    """What this shipping option probably means. A carrier that the store names apart belongs to what it says."""
    said = [f"{row.carrier} {row.title}".strip(), row.code]
    known = [Candidate(c.code, (c.label, f"{c.carrier} {c.service}", f"{c.carrier} {c.label}")) for c in codes]
    return suggest(said, known)

"""The ship codes that an account can choose from: the lists of its warehouses' partners, and of its own warehouses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from fcp.models import Account, Partner
from inventory.models import Warehouse

from .errors import MappingError
from .models import ShipMethod
from .suggest import Candidate


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

    @property
    def candidate(self) -> Candidate:
        """What it is known by."""
        return Candidate(self.code, (self.label, f"{self.carrier} {self.service}", f"{self.carrier} {self.label}"))


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list, and the warehouses that go by it. `partner` keeps it; without one the account does, at `warehouse`."""

    warehouses: tuple[Warehouse, ...]
    partner: Partner | None
    codes: tuple[ShipCode, ...]

    @property
    def name(self) -> str:
        return self.partner.name if self.partner else self.warehouses[0].name


def code_lists(account: Account) -> list[CodeList]:
    """Those of the partners first, by name. A partner without codes leaves them to the account, like no partner."""
    of_partner: dict[int, list[Warehouse]] = {}
    own = []
    for warehouse in Warehouse.objects.for_account(account).select_related("partner").order_by("name", "pk"):
        if warehouse.partner and any(_codes(warehouse.partner.ship_codes)):
            of_partner.setdefault(warehouse.partner.pk, []).append(warehouse)
        else:
            own.append(warehouse)
    partners = sorted(of_partner.values(), key=lambda them: str(them[0].partner))
    theirs = [_list(them, them[0].partner, them[0].partner.ship_codes) for them in partners if them[0].partner]
    return [*theirs, *(_list([one], None, one.ship_codes) for one in own)]


def ship_codes_of(account: Account) -> list[ShipCode]:
    """Each code once, in the lists' own order; empty where nobody lists any (then any code is typed)."""
    codes: dict[str, ShipCode] = {}
    for one in code_lists(account):
        for code in one.codes:
            codes.setdefault(code.code, code)
    return list(codes.values())


def as_listed(typed: str, codes: Iterable[ShipCode], kept: str = "") -> str:
    """A code in its list's own spelling: a person who types it does not mind upper and lower case.

    Any code will do where nobody lists codes, and one that is there already (`kept`) may stay though it left its list.
    Raises MappingError for one that no warehouse knows.
    """
    known = [code.code for code in codes]
    if not typed or not known or typed in known or typed == kept:
        return typed
    spelled = [code for code in known if code.casefold() == typed.casefold()]
    if len(spelled) != 1:
        raise MappingError(f"No warehouse of this account knows the ship code “{typed}”.", "unknown")
    return spelled[0]


def left_its_list(code: str, codes: Collection[ShipCode]) -> bool:
    """Whether somebody lists codes, and this one nobody (any more)."""
    return bool(code and codes) and all(one.code != code for one in codes)


def listed_code(account: Account, code: str) -> ShipCode:
    """With its carrier and service, as its list says; a code that nobody lists has none."""
    return next((one for one in ship_codes_of(account) if one.code == code), ShipCode(code))


def _list(warehouses: Sequence[Warehouse], partner: Partner | None, rows: Iterable[Mapping[str, Any]]) -> CodeList:
    return CodeList(tuple(warehouses), partner, tuple(_codes(rows)))


def _codes(rows: Iterable[Mapping[str, Any]]) -> Iterator[ShipCode]:
    for row in rows:
        if code := str(row.get("code", "")).strip():
            yield ShipCode(code, *(str(row.get(name) or "") for name in ("label", "carrier", "service")))


def uses_of(account: Account) -> Counter[str]:
    """How many of the stores' shipping options mean each code."""
    rows = ShipMethod.objects.for_account(account).exclude(target="").order_by()
    return Counter(dict(rows.values_list("target").annotate(n=Count("pk"))))


def unlisted(account: Account) -> list[tuple[str, int]]:
    """Codes that options mean though no warehouse lists them (any more); none where nobody lists codes at all."""
    listed = {code.code for code in ship_codes_of(account)}
    return sorted((code, n) for code, n in uses_of(account).items() if code not in listed) if listed else []

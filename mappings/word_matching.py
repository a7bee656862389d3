"""Rows of a file beside the words and targets that the account has: by kind of word, a few queries for all rows.

Each `match_...` gives one row for each line; `Found` says what it would do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any

from fcp.models import Account
from inventory.models import Warehouse

from .models import CarrierOut, Location, ShipMethod, WordKind
from .outside import OUTSIDE
from .product_matching import match_aliases, match_skus
from .ship_codes import ShipCode, ship_codes_of
from .word_columns import WITHOUT_STORE
from .word_rows import (
    NO_MEANING,
    Found,
    Line,
    Refusal,
    RowOf,
    WordRow,
    folded,
    only_one,
    refuse_twice,
    short,
    unknown,
)


def compare(account: Account, kind: str, lines: Sequence[Line], names: dict[int, str]) -> list[WordRow]:
    """`names`: what the stores' integrations are called."""
    about = [line for line in lines if (line.store or kind in WITHOUT_STORE) and not line.problem]
    row_of = MATCHERS[WordKind(kind)](account, about)
    rows = [_row(line, names, row_of) for line in lines]
    refuse_twice(rows)
    return rows


def _row(line: Line, names: dict[int, str], row_of: RowOf) -> WordRow:
    word = next((text for key in ("title", "sku", "code", "uid", "product_uid", "key") if (text := line.text(key))), "")
    store = line.store.pk if line.store else 0
    target = " · ".join(filter(None, (line.text(key) for key in ("target", "carrier", "service", "units"))))
    row = WordRow(line.number, store, names.get(store, line.text("store")), word[:255], target[:255])
    try:
        if line.problem:
            raise Refusal(line.problem)
        row_of(line, row)
    except Refusal as error:
        row.refuse(str(error))
    return row


# --- ship codes ---------------------------------------------------------------------------------------------------


def match_ship_codes(account: Account, lines: Sequence[Line]) -> RowOf:
    words = _ShipWords(account, {line.store.pk for line in lines if line.store})
    codes = ship_codes_of(account)

    def row_of(line: Line, row: WordRow) -> None:
        short(line, target=60, carrier=60, service=60, title=255, code=100, said_carrier=100)
        known = words.find(line)
        if known:
            row.row, row.before = known.pk, _means(known.target, known.target_carrier, known.target_service)
            row.word = str(known)
        row.old = _ship_words(row.before)
        if line.none():
            after = _means("", "", "")
        elif any(line.text(key) for key in ("target", "carrier", "service")):
            after = _ship_meaning(line, known, codes)
        else:
            row.leave_out(NO_MEANING)
            return
        if known is None:
            row.said, row.found = words.made_ahead(line), Found.AHEAD
            row.before = _means("", "", "")
            if not after["target"]:
                row.leave_out("No order has said it, and it means nothing")
                return
        row.decide(after, _ship_words(after))

    return row_of


def _means(target: str, carrier: str, service: str) -> dict[str, Any]:
    return {"target": target, "target_carrier": carrier, "target_service": service}


def _ship_words(means: dict[str, Any]) -> str:
    if not means.get("target"):
        return ""
    way = " ".join(filter(None, (means["target_carrier"], means["target_service"])))
    return f"{means['target']} · {way}" if way else str(means["target"])


def _ship_meaning(line: Line, known: ShipMethod | None, codes: Sequence[ShipCode]) -> dict[str, Any]:
    """The ship code with carrier and service; what the row leaves empty is as it was, or as the warehouse lists it."""
    target, carrier, service = line.text("target"), line.text("carrier"), line.text("service")
    if known and target in ("", known.target) and known.target:
        target = known.target
        return _means(target, carrier or known.target_carrier, service or known.target_service)
    if not target:
        target = _code_by_service(carrier, service, codes)
    listed = {code.code: code for code in codes}
    alike = [code for code in codes if folded(target) in (folded(code.code), folded(code.label))]
    code = listed.get(target) or (alike[0] if len(alike) == 1 else None)
    if codes and code is None:
        raise Refusal(f"No warehouse of this account knows the ship code “{target[:60]}”.")
    if code is None:
        return _means(target, carrier, service)
    return _means(code.code, (carrier or code.carrier)[:60], (service or code.service)[:60])


def _code_by_service(carrier: str, service: str, codes: Sequence[ShipCode]) -> str:
    """The code of a carrier's service: the table of a system that knows no ship codes says no more."""
    wanted = folded(f"{carrier} {service}")
    found = [
        code.code
        for code in codes
        if wanted in (folded(f"{code.carrier} {code.service}"), folded(f"{code.carrier} {code.label}"))
        or (service and folded(service) in (folded(code.label), folded(f"{code.carrier} {code.service}")))
    ]
    what = " ".join(filter(None, (carrier, service)))[:80]
    if not found:
        raise Refusal(f"No ship code of your warehouses is {what}. Add a column Ship code.")
    return str(only_one(found, f"Several ship codes of your warehouses are {what}. Add a column Ship code."))


class _ShipWords:
    """The stores' shipping options by everything a row may call them."""

    def __init__(self, account: Account, stores: Collection[int]) -> None:
        self._found: dict[tuple[int, str, str], list[ShipMethod]] = defaultdict(list)
        for one in ShipMethod.objects.for_account(account).filter(store__in=stores).order_by("pk"):
            for kind, text in (("key", one.word_key), ("title", one.title), ("code", one.code)):
                if text:
                    self._found[one.store_id, kind, folded(text)].append(one)

    def find(self, line: Line) -> ShipMethod | None:
        assert line.store is not None
        title, code, carrier = line.text("title"), line.text("code"), line.text("said_carrier")
        if not any((title, code, line.text("key"))):
            raise Refusal("The shipping option is missing.")
        if key := line.text("key"):
            if found := self._found.get((line.store.pk, "key", folded(key))):
                exact = [one for one in found if one.word_key == key]
                return (exact or found)[0]
            if not title and not code:
                raise Refusal("No shipping option of this store has this key.")
        called = self._called(line.store.pk, title) if title else self._found.get((line.store.pk, "code", folded(code)))
        found = called or []
        for text, name in ((code, "code"), (carrier, "carrier")):
            if text and len(found) > 1:
                found = [one for one in found if folded(getattr(one, name)) == folded(text)] or found
        many = f"Several options of this store are called “{(title or code)[:60]}”. Add the columns Code or Key."
        one: ShipMethod | None = only_one(found, many)
        return one

    def _called(self, store: int, title: str) -> list[ShipMethod]:
        """By the option's name; a table of another system may have the store's code in that column."""
        return self._found.get((store, "title", folded(title))) or self._found.get((store, "code", folded(title)), [])

    def made_ahead(self, line: Line) -> dict[str, str]:
        """What the word will be, if its key can be told before an order says it. Raises Refusal."""
        assert line.store is not None
        said = OUTSIDE.ship_word(line.store.platform, line.text("title"), line.text("code"), line.text("said_carrier"))
        if said is None:
            raise Refusal(
                f"No order of this store has used “{(line.text('title') or line.text('code'))[:60]}” yet, and the "
                "store tells its options apart by more than this row says. Map it once an order has used it."
            )
        if self._found.get((line.store.pk, "key", folded(said["key"]))):
            raise Refusal("The store knows this option by another name. Add the column Key, as in the file from here.")
        if (key := line.text("key")) and key != said["key"]:
            raise Refusal("No shipping option of this store has this key.")
        return dict(said)


# --- locations ----------------------------------------------------------------------------------------------------


def match_locations(account: Account, lines: Sequence[Line]) -> RowOf:
    places: dict[tuple[int, str, str], list[Location]] = defaultdict(list)
    stores = {line.store.pk for line in lines if line.store}
    for one in Location.objects.for_account(account).filter(store__in=stores).select_related("warehouse"):
        places[one.store_id, "uid", one.uid].append(one)
        places[one.store_id, "name", folded(one.name)].append(one)
    houses: dict[str, list[Warehouse]] = defaultdict(list)
    for house in Warehouse.objects.for_account(account):
        for name in {folded(house.code), folded(house.name)}:
            houses[name].append(house)

    def row_of(line: Line, row: WordRow) -> None:
        known = _location(line, places)
        row.row, row.word, row.before = known.pk, known.name or known.uid, {"warehouse_id": known.warehouse_id}
        row.old = known.warehouse.name if known.warehouse else ""
        target = line.text("target")
        if line.none():
            row.decide({"warehouse_id": None}, "")
        elif not target:
            row.leave_out(NO_MEANING)
        else:
            many = f"Several of your warehouses are called {target[:60]}. Write the code."
            house = only_one(houses.get(folded(target), []), many)
            house = house or unknown(f"You have no warehouse “{target[:60]}”.")
            row.decide({"warehouse_id": house.pk}, house.name)

    return row_of


def _location(line: Line, places: dict[tuple[int, str, str], list[Location]]) -> Location:
    assert line.store is not None
    uid, name = line.text("uid"), line.text("title")
    if not uid and not name:
        raise Refusal("The location is missing.")
    found = places.get((line.store.pk, "uid", uid)) if uid else places.get((line.store.pk, "name", folded(name)))
    many = f"Several locations of this store are called “{name[:60]}”. Add the column Location id in the store."
    one: Location | None = only_one(found or [], many)
    if one is None:
        raise Refusal(f"This store never showed a location “{(uid or name)[:60]}”.")
    return one


# --- carriers, outbound -------------------------------------------------------------------------------------------


def match_carriers(account: Account, lines: Sequence[Line]) -> RowOf:
    stores = {line.store.pk for line in lines if line.store}
    rows = CarrierOut.objects.for_account(account).filter(store__in=stores)
    known = {(one.store_id, folded(one.carrier)): one for one in rows}

    def row_of(line: Line, row: WordRow) -> None:
        assert line.store is not None
        short(line, title=60, target=100, link=500)
        if not line.text("title"):
            raise Refusal("The carrier is missing.")
        one = known.get((line.store.pk, folded(line.text("title"))))
        row.word = one.carrier if one else line.text("title")
        row.said = {"carrier": row.word}
        row.row, row.old = (one.pk, one.name) if one else (0, "")
        row.before = {"name": one.name, "link": one.link} if one else {"name": "", "link": ""}
        name = line.text("target")
        if line.none():
            row.decide({"name": "", "link": ""}, "")
        elif not name:
            row.leave_out("No name is given")
        else:
            row.decide({"name": name, "link": _link(line, row.before["link"])}, name)

    return row_of


def _link(line: Line, before: str) -> str:
    if line.none("link"):
        return ""
    link = line.text("link")
    if not link:
        return before
    if not link.startswith(("https://", "http://")) or "{number}" not in link:
        raise Refusal("A tracking link begins with https:// and has {number} where the tracking number belongs.")
    return link


MATCHERS: dict[WordKind, Callable[[Account, Sequence[Line]], RowOf]] = {
    WordKind.SHIP_CODES: match_ship_codes,
    WordKind.SKUS: match_skus,
    WordKind.LOCATIONS: match_locations,
    WordKind.CARRIERS: match_carriers,
    WordKind.ALIASES: match_aliases,
}

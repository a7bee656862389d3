"""What no fulfilment connector needs, but the published clients ask for: product types, customers, coupons.

Plain records: what is written is what is read.
"""

from collections.abc import Callable
from typing import Any

from .api import Call, page, route
from .errors import missing, wrong
from .wire import stamp

# Address -> what a record is called, its scopes' word, the fields that are searched.
DRAWERS = {
    "classes": ("ProductType", "catalog", ()),
    "customers": ("Customer", "customers", ("keyword", "email", "name")),
    "discount_coupons": ("Coupon", "discount_coupons", ("code",)),
}
FIRST_ID = 90_000_001


def _records(call: Call, drawer: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = call.store.drawers.get(drawer, {})
    if drawer == "classes" and not found:
        return {"0": {"id": 0, "name": "General", "attributes": []}}
    return found


def _put(call: Call, drawer: str, uid: str, record: dict[str, Any] | None) -> None:
    """None takes it away."""
    records = {**_records(call, drawer), uid: record}
    kept = {name: value for name, value in records.items() if value is not None}
    call.store.set_meta("drawers", {**call.store.drawers, drawer: kept})


def _find(call: Call, drawer: str) -> dict[str, Any]:
    record = _records(call, drawer).get(call.ids["id"])
    if record is None:
        raise missing(DRAWERS[drawer][0], call.ids["id"])
    return record


def _fits(record: dict[str, Any], asked: dict[str, str], fields: tuple[str, ...]) -> bool:
    texts = {name: str(record.get(name, "")).lower() for name in record}
    for name in fields:
        wanted = asked.get(name, "").lower()
        inside = texts.values() if name == "keyword" else [texts.get(name, "")]
        if wanted and not any(wanted in text for text in inside):
            return False
    return True


def _add(drawer: str) -> None:
    word, scope, fields = DRAWERS[drawer]
    read, update, create = (f"{verb}_{scope}" for verb in ("read", "update", "create"))

    def search(call: Call) -> Any:
        found = [one for one in _records(call, drawer).values() if _fits(one, call.query, fields)]
        return page(call, found) if fields else found

    def create_one(call: Call) -> dict:
        sent = call.record()
        if not sent:
            raise wrong(f"An empty {word}")
        uid, at = FIRST_ID + len(call.store.received), stamp(call.store.now())
        call.store.note(f"create_{word.lower()}")
        _put(call, drawer, str(uid), {**sent, "id": uid, "registered": at, "updated": at})
        return {"id": uid}

    def put_one(call: Call) -> dict:
        record = {**_find(call, drawer), **call.record(), "updated": stamp(call.store.now())}
        call.store.note(f"update_{word.lower()}")
        _put(call, drawer, call.ids["id"], {**record, "id": int(call.ids["id"])})
        return {"updateCount": 1}

    def delete_one(call: Call) -> dict:
        _find(call, drawer)
        call.store.note(f"delete_{word.lower()}")
        _put(call, drawer, call.ids["id"], None)
        return {"deleteCount": 1}

    one = f"/{drawer}/{{id}}"
    calls: tuple[tuple[str, str, Callable[[Call], Any], str], ...] = (
        ("GET", f"/{drawer}", search, read),
        ("GET", one, lambda call: _find(call, drawer), read),
        ("POST", f"/{drawer}", create_one, update if drawer == "classes" else create),
        ("PUT", one, put_one, update),
        ("DELETE", one, delete_one, update),
    )
    for method, path, function, needed in calls:
        route(method, path, needed)(function)


for _drawer in DRAWERS:
    _add(_drawer)

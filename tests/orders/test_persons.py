"""Names, addresses, e-mail and phone stand only where erasure finds them."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.db import connection

from orders.holding import edit_order
from orders.models import Order
from orders.release import offer_waiting
from orders.shapes import Party
from tests.api.conftest import partner_api
from tests.build import (
    ANYTHING,
    NOW,
    an_order,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_warehouse,
    read,
    rules,
    take,
)  # fmt: skip

pytestmark = pytest.mark.django_db

MARK = "QXZPERSON"
PERSON = Party(
    name=f"Name {MARK}", company=f"Company {MARK}", street1=f"1 {MARK} St", street2=f"Floor {MARK}",
    city=f"City {MARK}", region="NY", postcode=f"{MARK}1", country="US", phone=f"+1 {MARK}",
    email=f"{MARK}@example.com",
)  # fmt: skip
ALLOWED = {
    ("orders_orderparty", column)
    for column in ("name", "company", "street1", "street2", "city", "postcode", "phone", "email")
} | {("orders_order", "email_key"), ("orders_shippingrequest", "snapshot"), ("orders_payload", "packed")}


def test_no_other_column_receives_a_person(monkeypatch):
    store = make_store()
    make_product(store.account, "MUG")
    make_ship_method(store, "Standard", "GROUND")
    partner = make_partner()
    asked = rules(imports=ANYTHING, warehouse_id=make_warehouse(store.account, partner=partner).pk)
    monkeypatch.setattr("orders.rules._provider", lambda store_id: asked)
    incoming = an_order("1", ship_to=PERSON, bill_to=replace(PERSON, name=f"Payer {MARK}"))

    held = an_order("2", ship="unmapped", ship_to=replace(PERSON, postcode=""), bill_to=PERSON)
    take(store, incoming, held, of=asked)
    edit_order(Order.objects.get(number="1"), address={"street2": f"Door {MARK}"}, by="Ann", now=NOW)
    offer_waiting(store, now=NOW)
    request = Order.objects.get(number="1").requests.get(state="offered")
    path = f"/shipping-requests/{request.pk}/acknowledge"
    assert MARK in str(partner_api(partner).post(path, {"revision": request.revision}, once="K-1").json())
    take(store, read(replace(incoming, ship_to=replace(PERSON, city=f"Elsewhere {MARK}"))), of=asked)

    found = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if _holds_mark(model._meta.db_table, field.column)
    }
    assert found - ALLOWED == set()
    assert ("orders_orderparty", "name") in found


def _holds_mark(table: str, column: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT COUNT(*) FROM "{table}" WHERE UPPER(CAST("{column}" AS TEXT)) LIKE %s', [f"%{MARK}%"])
        return bool(cursor.fetchone()[0])

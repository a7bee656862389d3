"""The ship codes of the warehouses: the partner's list, one that the account keeps, and what is no longer listed."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Account, AuditEntry, Partner
from fcp.roles import Role
from fcp.ship_code_list import MOST, written
from inventory.models import Warehouse
from mappings.models import ShipMethod
from mappings.ship_codes import ship_codes_of
from tests.build import (
    make_account,
    make_partner,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import assert_in_order, words

pytestmark = pytest.mark.django_db
PAGE = "/a/shoes/mappings/ship-codes/warehouses/"
CODES = [
    {"code": "STD", "label": "Standard", "carrier": "DHL", "service": "Paket"},
    {"code": "EXP", "label": "Express", "carrier": "DHL", "service": "Express"},
]


@pytest.fixture
def account() -> Account:
    return make_account("shoes")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account, Role.OPERATOR)


def signed_in(account: Account | None, role: Role = Role.OWNER, **values: object) -> Client:
    client = Client()
    client.force_login(make_user(account, role, **values))
    return client


# --- who lists which, and what means them ----------------------------------------------------------------------------


@pytest.mark.req("TECH-37")
def test_the_partners_codes_are_there_from_the_start_with_how_many_options_mean_each(
    client: Client, account: Account
) -> None:
    make_warehouse(account, partner=make_partner(name="Cargo House", ship_codes=CODES), name="Hamburg")
    make_partner(name="Strangers", ship_codes=[{"code": "THEIRS"}])
    store = make_store(account)
    for title in ("Post", "Parcel"):
        make_ship_method(store, title, target="STD")

    page = client.get(PAGE)

    assert_in_order(words(page), "Cargo House", "Hamburg", "STD", "Standard", "DHL", "Paket", "2", "EXP", "0")
    assert "THEIRS" not in page.content.decode()
    listed = client.get("/a/shoes/mappings/ship-codes/all/", {"target": "STD"}).context["list"].rows
    assert {str(row) for row in listed} == {"Post", "Parcel"}
    assert {str(row): row.same for row in listed} == {"Post": ["Parcel"], "Parcel": ["Post"]}


@pytest.mark.req("TECH-37")
def test_codes_that_are_no_longer_listed_are_named_and_replaced(client: Client, account: Account) -> None:
    partner = make_partner(ship_codes=CODES)
    make_warehouse(account, partner=partner)
    store = make_store(account)
    for title in ("Post", "Parcel"):
        make_ship_method(store, title, target="STD")
    make_ship_method(store, "Fast", target="EXP")
    Partner.objects.filter(pk=partner.pk).update(ship_codes=[CODES[1], {"code": "NEW", "label": "New"}])

    assert "No warehouse lists STD any more." in words(client.get("/a/shoes/mappings/ship-codes/all/"))
    assert "1 ship code is no longer listed by a warehouse." in words(client.get("/a/shoes/mappings/ship-codes/"))
    assert_in_order(words(client.get(PAGE)), "No longer listed", "STD", "2")
    instead = {"all": "1", "query": "target=STD", "of_tab": "all", "target": "NEW", "confirmed": "2", "back": PAGE}
    assert client.post("/a/shoes/mappings/ship-codes/many/", instead)["Location"] == PAGE

    assert dict(ShipMethod.objects.values_list("title", "target")) == {"Post": "NEW", "Parcel": "NEW", "Fast": "EXP"}
    assert "No longer listed" not in words(client.get(PAGE))


# --- a warehouse without an API --------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37")
def test_the_account_keeps_the_list_of_a_warehouse_without_a_partner(client: Client, account: Account) -> None:
    warehouse = make_warehouse(account, name="Our garage")
    text = "POST | By post | DHL | Paket\nBIKE\tBike courier\n\n  CAR  "

    client.post(f"{PAGE}{warehouse.pk}/", {"ship_codes": text})

    warehouse.refresh_from_db()
    assert warehouse.ship_codes == [
        {"code": "POST", "label": "By post", "carrier": "DHL", "service": "Paket"},
        {"code": "BIKE", "label": "Bike courier", "carrier": "", "service": ""},
        {"code": "CAR", "label": "CAR", "carrier": "", "service": ""},
    ]
    assert [code.code for code in ship_codes_of(account)] == ["POST", "BIKE", "CAR"]
    assert AuditEntry.objects.get(code="ship_codes_saved").account == account
    assert "POST | By post | DHL | Paket" in client.get(f"{PAGE}{warehouse.pk}/").content.decode()
    row = make_ship_method(make_store(account))
    client.post(f"/a/shoes/mappings/ship-codes/{row.pk}/", {"target": "post"})
    row.refresh_from_db()
    assert (row.target, row.target_carrier, row.target_service) == ("POST", "DHL", "Paket")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("A | One\nA | Two", "Line 2: the code A stands in line 1 already."),
        (f"{'x' * 61} | Long", "Line 1: the code has 61 characters; 60 fit."),
        (f"A | {'x' * 121}", "Line 1: the name has 121 characters; 120 fit."),
        ("OK\n | Nameless", "Line 2: the code is missing."),
        ("A|b|c|d|e", "Line 1: it has 5 parts; four are code, name, carrier and service."),
        ("\n".join(f"C{n}" for n in range(MOST + 1)), "at most 1,000 ship codes; these are 1,001"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_line_by_line(
    client: Client, account: Account, text: str, sentence: str
) -> None:
    warehouse = make_warehouse(account)

    answer = client.post(f"{PAGE}{warehouse.pk}/", {"ship_codes": text})

    assert sentence in words(answer)
    warehouse.refresh_from_db()
    assert warehouse.ship_codes == []


def test_a_partners_list_and_a_strangers_warehouse_are_not_changed_here(client: Client, account: Account) -> None:
    listed = make_warehouse(account, partner=make_partner())
    theirs = make_warehouse(make_account())

    for warehouse in (listed, theirs):
        assert client.post(f"{PAGE}{warehouse.pk}/", {"ship_codes": "A"}).status_code == 404
    viewer = signed_in(account, Role.VIEWER)
    assert viewer.post(f"{PAGE}{make_warehouse(account).pk}/", {"ship_codes": "A"}).status_code == 403
    assert set(map(str, Warehouse.objects.values_list("ship_codes", flat=True))) == {"[]"}


# --- where nobody lists codes ----------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37")
def test_carrier_and_service_are_given_beside_a_code_that_nobody_lists(client: Client, account: Account) -> None:
    make_warehouse(account)
    row = make_ship_method(make_store(account), "Post")
    page = f"/a/shoes/mappings/ship-codes/{row.pk}/"
    assert 'name="carrier"' in client.get("/a/shoes/mappings/ship-codes/").content.decode()

    client.post(page, {"target": "P1", "carrier": "DHL", "service": "Paket"}, headers={"HX-Request": "true"})
    row.refresh_from_db()
    assert (row.target, row.target_carrier, row.target_service) == ("P1", "DHL", "Paket")
    client.post(page, {"target": "P1", "carrier": "DHL", "service": "Express"})

    row.refresh_from_db()
    assert row.target_service == "Express"
    make_ship_method(row.store, "post!")
    (twin,) = client.get("/a/shoes/mappings/ship-codes/").context["list"].rows
    assert [field.value() for field in (twin.form["target"], *twin.form.others)] == ["P1", "DHL", "Express"]


# --- staff -----------------------------------------------------------------------------------------------------------


def test_staff_write_a_partners_codes_as_lines(db: None) -> None:
    staff = signed_in(None, is_staff=True, is_superuser=True)
    partner = make_partner(ship_codes=CODES)
    page = f"/admin/fcp/partner/{partner.pk}/change/"
    form = staff.get(page).context["adminform"].form
    assert form["ship_codes"].value() == written(CODES)
    assert written(CODES) in staff.get(page).content.decode()
    fields = {"name": partner.name, "capabilities": "{}", "fields_needed": "[]", "guide_url": ""}

    refused = staff.post(page, {**fields, "ship_codes": "A | One\nA | Two"})
    assert "Line 2: the code A stands in line 1 already." in refused.content.decode()
    staff.post(page, {**fields, "ship_codes": "A | One | DHL"})

    partner.refresh_from_db()
    assert partner.ship_codes == [{"code": "A", "label": "One", "carrier": "DHL", "service": ""}]

"""The pages of products and warehouses."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account, AuditEntry
from fcp.roles import Role
from inventory.models import Product, Warehouse
from tests.build import (
    make_account,
    make_listing,
    make_partner,
    make_product,
    make_store,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import words


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd")


def signed_in(account: Account, role: Role = Role.OWNER, **values: object) -> Client:
    client = Client()
    client.force_login(make_user(account, role, **values))
    return client


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account)


KEPT = {"kept_by": "partner", "reports": "on_hand"}
PRODUCT = {"sku": "MUG-RED", "name": "Red mug", "barcode": "4006381333931", "weight_grams": "350", "origin": "DE"}


def test_a_product_is_added_found_and_changed(client: Client, account: Account) -> None:
    client.post("/a/shoes/products/add/", PRODUCT)
    product = Product.objects.get()
    assert (product.account, product.sku, product.weight_grams, product.origin) == (account, "MUG-RED", 350, "DE")

    assert "Red mug" in words(client.get("/a/shoes/products/", {"q": "mug"}))
    assert "Red mug" not in words(client.get("/a/shoes/products/", {"q": "red"}))
    assert "MUG-RED" in client.get("/a/shoes/search/", {"q": "mug"}).content.decode()
    client.post(f"/a/shoes/products/{product.pk}/", {**PRODUCT, "name": "Mug, red"})

    product.refresh_from_db()
    assert product.name == "Mug, red"


def test_a_product_is_sold_ahead_until_a_day(client: Client, account: Account) -> None:
    day = timezone.localdate() + dt.timedelta(days=20)
    make_product(account, "MUG-BLUE", preorder_until=timezone.localdate())  # over: its day has begun
    client.post("/a/shoes/products/add/", {**PRODUCT, "preorder_until": day.isoformat()})
    product = Product.objects.get(sku="MUG-RED")
    assert product.preorder_until == day

    said = f"{day.day} {day:%b} {day.year}"
    assert f"Sold ahead until {said}" in words(client.get(f"/a/shoes/products/{product.pk}/"))
    listed = words(client.get("/a/shoes/products/", {"ahead": "1"}))
    assert ("MUG-RED" in listed, "MUG-BLUE" in listed) == (True, False)
    file = b"".join(client.get("/a/shoes/products/", {"ahead": "1", "format": "csv"}).streaming_content).decode()
    assert "Sold ahead until" in file.splitlines()[0]
    assert day.isoformat() in file.splitlines()[1]
    client.post(f"/a/shoes/products/{product.pk}/", {**PRODUCT, "preorder_until": ""})

    product.refresh_from_db()
    assert product.preorder_until is None


def test_one_sku_is_one_product_whatever_case_and_spaces(client: Client, account: Account) -> None:
    make_product(account, "MUG  red", name="The other")

    page = client.post("/a/shoes/products/add/", {**PRODUCT, "sku": " mug RED "})

    assert page.context["form"].errors["sku"] == ["The product “The other” has this SKU already."]
    assert page.context["form"]["barcode"].value() == PRODUCT["barcode"]  # nothing typed is lost


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", ""),
        ("sku", "x" * 101),
        ("name", ""),
        ("weight_grams", "-1"),
        ("weight_grams", "heavy"),
        ("origin", "XX"),
    ],
)
def test_nonsense_is_refused_beside_its_field(client: Client, account: Account, field: str, value: str) -> None:
    page = client.post("/a/shoes/products/add/", {**PRODUCT, field: value})

    assert field in page.context["form"].errors
    assert Product.objects.count() == 0


def test_a_new_product_takes_over_the_listings_with_its_sku(client: Client, account: Account) -> None:
    listing = make_listing(make_store(account), "MUG-RED")
    foreign = make_listing(make_store(), "MUG-RED")

    client.post("/a/shoes/products/add/", PRODUCT)

    listing.refresh_from_db()
    foreign.refresh_from_db()
    assert listing.product == Product.objects.get()
    assert listing.version == 1  # so that orders that wait for it go on
    assert foreign.product is None


def test_a_warehouse_is_added_and_changed(client: Client, account: Account) -> None:
    given = {"code": "NJ1", "name": "New Jersey", "country": "US", "partner": ""} | KEPT
    client.post("/a/shoes/warehouses/add/", given)
    warehouse = Warehouse.objects.get()
    assert (warehouse.account, warehouse.code, warehouse.partner) == (account, "NJ1", None)
    assert "shipped on the page To ship" in words(client.get("/a/shoes/warehouses/"))

    again = client.post("/a/shoes/warehouses/add/", {**given, "code": "nj1"})
    assert again.context["form"].errors["code"] == ["The warehouse “New Jersey” has this code already."]
    client.post(f"/a/shoes/warehouses/{warehouse.pk}/", {**given, "name": "Newark"})

    warehouse.refresh_from_db()
    assert warehouse.name == "Newark"
    assert AuditEntry.objects.filter(account=account, code="warehouse_saved").count() == 2


def test_a_merchant_chooses_among_the_partners_he_works_with(client: Client, account: Account) -> None:
    known, stranger = make_partner(name="Northside 3PL"), make_partner(name="Elsewhere 3PL")
    warehouse = make_warehouse(account, partner=known)
    page = client.get(f"/a/shoes/warehouses/{warehouse.pk}/")
    assert "Northside 3PL" in words(page)
    assert "Elsewhere 3PL" not in words(page)
    assert "GROUND" in words(page)  # its ship codes

    given = {"code": "X", "name": "X", "partner": str(stranger.pk)} | KEPT
    assert "partner" in client.post("/a/shoes/warehouses/add/", given).context["form"].errors
    signed_in(account, is_staff=True).post("/a/shoes/warehouses/add/", given)

    assert Warehouse.objects.get(code="X").partner == stranger


def test_who_may_not_change_sees_and_is_refused(account: Account) -> None:
    product, warehouse = make_product(account, "MUG"), make_warehouse(account)
    viewer = signed_in(account, Role.VIEWER)
    for page in (f"products/{product.pk}/", f"warehouses/{warehouse.pk}/"):
        shown = viewer.get(f"/a/shoes/{page}")
        assert all(field.disabled for field in shown.context["form"].fields.values())
        assert viewer.post(f"/a/shoes/{page}", PRODUCT).status_code == 403
    assert viewer.get("/a/shoes/products/add/").status_code == 403
    operator = signed_in(account, Role.OPERATOR)
    assert operator.get("/a/shoes/products/add/").status_code == 200
    assert operator.get("/a/shoes/warehouses/add/").status_code == 403


def test_strangers_rows_are_not_found(client: Client) -> None:
    other = make_account()
    product, warehouse = make_product(other, "MUG"), make_warehouse(other)

    assert client.get(f"/a/shoes/products/{product.pk}/").status_code == 404
    assert client.post(f"/a/shoes/products/{product.pk}/", PRODUCT).status_code == 404
    assert client.get(f"/a/shoes/warehouses/{warehouse.pk}/").status_code == 404

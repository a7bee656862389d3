"""Groups of products and what the product's page shows of them."""

from decimal import Decimal

import pytest
from django.test import Client

from fcp.models import Account
from fcp.roles import Role
from inventory.models import Product, ProductGroup
from tests.build import make_account, make_product, make_user
from tests.integrations.pages.reading import words


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd", currency="EUR")


@pytest.fixture
def client(account: Account) -> Client:
    client = Client()
    client.force_login(make_user(account))
    return client


@pytest.fixture
def shirts(account: Account) -> ProductGroup:
    group = ProductGroup.objects.create(account=account, code="SHIRT", name="Shirt", options=["Size", "Color"])
    make_product(account, "SH-SR", group=group, options=["S", "Red"], price=Decimal("12.50"), currency="EUR")
    make_product(account, "SH-LB", group=group, options=["L", "Blue"])
    return group


def test_a_group_is_added_with_its_options_and_shows_its_products(client: Client, account: Account) -> None:
    given = {"name": "Shirt", "code": "SHIRT", "description": "Cotton.", "option_names": " Size ,Color, "}
    client.post("/a/shoes/products/groups/add/", given)
    group = ProductGroup.objects.get()
    assert (group.account, group.options, group.description) == (account, ["Size", "Color"], "Cotton.")
    make_product(account, "SH-SR", group=group, options=["S", "Red"], price=Decimal("12.50"), currency="EUR")

    page = words(client.get(f"/a/shoes/products/groups/{group.pk}/"))
    assert "SKU Size Color Price SH-SR S Red 12.50 EUR" in page
    assert "Shirt SHIRT Size, Color 1" in words(client.get("/a/shoes/products/groups/"))


@pytest.mark.parametrize("names", ["A,B,C,D,E,F,G", "Size,size", "x" * 60])
def test_options_that_no_store_takes_are_refused(client: Client, names: str) -> None:
    given = {"name": "Shirt", "code": "SHIRT", "option_names": names}

    assert client.post("/a/shoes/products/groups/add/", given).status_code == 200
    assert not ProductGroup.objects.exists()


def test_a_product_shows_its_group_its_values_and_the_other_variants(client: Client, shirts: ProductGroup) -> None:
    product = Product.objects.get(sku="SH-SR")

    page = words(client.get(f"/a/shoes/products/{product.pk}/"))

    assert "Group Shirt Size S Color Red Price 12.50 EUR" in page
    assert "Other variants Shirt SH-LB L, Blue" in page


def test_values_of_the_options_price_and_description_are_edited_on_the_products_page(
    client: Client, shirts: ProductGroup
) -> None:
    product = Product.objects.get(sku="SH-LB")
    before = product.changed_at
    given = {
        "sku": "SH-LB", "name": "Shirt (L, Green)", "group": shirts.pk, "option_0": "L", "option_1": " Green ",
        "price": "13.5", "currency": "", "description": "Long.",
    }  # fmt: skip

    client.post(f"/a/shoes/products/{product.pk}/", given)

    product.refresh_from_db()
    assert product.options == ["L", "Green"]
    assert (product.price, product.currency, product.description) == (Decimal("13.5"), "EUR", "Long.")
    assert product.changed_at > before
    assert client.post(f"/a/shoes/products/{product.pk}/", {**given, "price": "-1"}).context["form"].errors["price"]
    assert client.post(f"/a/shoes/products/{product.pk}/", {**given, "currency": "EURO"}).status_code == 200


def test_another_accounts_group_is_not_offered_nor_taken(client: Client, account: Account) -> None:
    theirs = ProductGroup.objects.create(account=make_account(), code="X", name="Theirs", options=[])
    product = make_product(account, "MUG")

    answer = client.post(f"/a/shoes/products/{product.pk}/", {"sku": "MUG", "name": "Mug", "group": theirs.pk})

    assert answer.context["form"].errors["group"]
    product.refresh_from_db()
    assert product.group is None
    assert client.get(f"/a/shoes/products/groups/{theirs.pk}/").status_code == 404


def test_the_list_of_products_is_narrowed_to_a_group_and_to_those_in_none(
    client: Client, account: Account, shirts: ProductGroup
) -> None:
    make_product(account, "MUG")

    def skus(**query: str) -> list[str]:
        return [row.sku for row in client.get("/a/shoes/products/", query).context["list"].rows]

    assert skus(group=str(shirts.pk)) == ["SH-LB", "SH-SR"]
    assert skus(alone="1") == ["MUG"]
    assert skus() == ["MUG", "SH-LB", "SH-SR"]


def test_a_dissolved_group_leaves_its_products(client: Client, shirts: ProductGroup) -> None:
    before = Product.objects.get(sku="SH-SR").changed_at

    client.post(f"/a/shoes/products/groups/{shirts.pk}/", {"dissolve": "1"})

    assert not ProductGroup.objects.exists()
    assert Product.objects.filter(group=None, options=[], changed_at__gt=before).count() == 2


def test_other_options_ask_for_the_values_anew_and_the_products_count_as_changed(
    client: Client, shirts: ProductGroup
) -> None:
    before = Product.objects.get(sku="SH-SR").changed_at

    client.post(f"/a/shoes/products/groups/{shirts.pk}/", {"name": "Shirt", "code": "SHIRT", "option_names": "Size"})

    product = Product.objects.get(sku="SH-SR")
    assert product.options == []
    assert product.changed_at > before
    assert "It has no values yet." in words(client.get(f"/a/shoes/products/groups/{shirts.pk}/"))


def test_a_viewer_looks_and_changes_nothing(account: Account, shirts: ProductGroup) -> None:
    viewer = Client()
    viewer.force_login(make_user(account, Role.VIEWER))

    assert viewer.get(f"/a/shoes/products/groups/{shirts.pk}/").status_code == 200
    assert viewer.post(f"/a/shoes/products/groups/{shirts.pk}/", {"dissolve": "1"}).status_code == 403
    assert viewer.get("/a/shoes/products/groups/add/").status_code == 403
    assert ProductGroup.objects.exists()

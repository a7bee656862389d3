"""A product's other codes, on its page."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Account
from fcp.roles import Role
from inventory.models import Alias, AliasType, Product
from mappings.models import ListingStock
from tests.build import make_account, make_listing, make_product, make_store, make_user
from tests.integrations.pages.reading import words


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes")


@pytest.fixture
def mug(account: Account) -> Product:
    return make_product(account, "MUG")


def signed_in(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(account, role))
    return client


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account)


def url_of(product: Product, alias: Alias | None = None) -> str:
    return f"/a/shoes/products/{product.pk}/aliases/{f'{alias.pk}/' if alias else ''}"


def codes(product: Product) -> list[tuple[str, str]]:
    return list(Alias.objects.filter(product=product).values_list("alias_type__name", "code"))


@pytest.mark.req("EIM-35")
def test_a_products_page_lists_its_aliases_by_type_and_edits_them(client: Client, mug: Product) -> None:
    client.post(url_of(mug), {"alias_type": "new", "new_type": "ASIN", "code": "B01"})
    asin = AliasType.objects.get()
    client.post(url_of(mug), {"alias_type": asin.pk, "new_type": "", "code": "B02"})
    client.post(url_of(mug), {"alias_type": "new", "new_type": "Old SKU", "code": "4711"})
    assert codes(mug) == [("ASIN", "B01"), ("ASIN", "B02"), ("Old SKU", "4711")]

    page = client.get(f"/a/shoes/products/{mug.pk}/")
    assert [(kind.name, [one.row.code for one in shown]) for kind, shown in page.context["groups"]] == [
        ("ASIN", ["B01", "B02"]), ("Old SKU", ["4711"]),
    ]  # fmt: skip

    client.post(url_of(mug, Alias.objects.get(code="B02")), {"code": "B03"})
    client.post(url_of(mug, Alias.objects.get(code="B01")), {"remove": "1"})
    assert codes(mug) == [("ASIN", "B03"), ("Old SKU", "4711")]


def test_a_type_is_one_whatever_its_case(client: Client, mug: Product) -> None:
    client.post(url_of(mug), {"alias_type": "new", "new_type": "ASIN", "code": "B01"})
    client.post(url_of(mug), {"alias_type": "new", "new_type": " asin ", "code": "B02"})

    assert codes(mug) == [("ASIN", "B01"), ("ASIN", "B02")]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"alias_type": "new", "new_type": "", "code": "B09"}, "new_type"),
        ({"alias_type": "new", "new_type": "ASIN", "code": ""}, "code"),
        ({"alias_type": "new", "new_type": "ASIN", "code": "  "}, "code"),
        ({"alias_type": "new", "new_type": "x" * 61, "code": "B09"}, "new_type"),
        ({"alias_type": "new", "new_type": "ASIN", "code": "x" * 101}, "code"),
        ({"alias_type": "new", "new_type": "asin", "code": "b01"}, "code"),  # another product's
        ({"alias_type": "99999", "new_type": "", "code": "B09"}, "alias_type"),
    ],
)
def test_what_cannot_be_an_alias_is_refused_beside_its_field(
    client: Client, account: Account, mug: Product, sent: dict[str, str], field: str
) -> None:
    client.post(url_of(make_product(account, "CUP")), {"new_type": "ASIN", "code": "B01"})

    page = client.post(url_of(mug), sent)

    assert field in page.context["alias_form"].errors
    assert codes(mug) == []


def test_within_a_type_a_code_means_one_product(client: Client, account: Account, mug: Product) -> None:
    cup = make_product(account, "CUP")
    client.post(url_of(cup), {"new_type": "ASIN", "code": "B01"})
    client.post(url_of(mug), {"alias_type": AliasType.objects.get().pk, "code": "B02"})

    page = client.post(url_of(mug, Alias.objects.get(code="B02")), {"code": "b01"})

    assert "B01 is the ASIN of another product already" in words(page).replace("b01", "B01")
    assert codes(mug) == [("ASIN", "B02")]


def test_a_listing_with_an_alias_as_its_sku_is_looked_at_again(client: Client, account: Account, mug: Product) -> None:
    store = make_store(account)
    listing = make_listing(store, "B01")
    stock = ListingStock.objects.create(account=account, store=store, listing=listing, marked=1, handled=1)

    client.post(url_of(mug), {"new_type": "ASIN", "code": "b01"})

    assert list(ListingStock.objects.due()) == [stock]


def test_an_alias_finds_its_product(client: Client, mug: Product) -> None:
    client.post(url_of(mug), {"new_type": "ASIN", "code": "B01"})

    assert f"/products/{mug.pk}/" in client.get("/a/shoes/search/", {"q": "b01"}).content.decode()


def test_viewers_see_aliases_and_change_none(account: Account, client: Client, mug: Product) -> None:
    client.post(url_of(mug), {"new_type": "ASIN", "code": "B01"})
    viewer = signed_in(account, Role.VIEWER)

    assert "B01" in words(viewer.get(f"/a/shoes/products/{mug.pk}/"))
    assert viewer.post(url_of(mug), {"new_type": "ASIN", "code": "B02"}).status_code == 403
    assert viewer.post(url_of(mug, Alias.objects.get()), {"remove": "1"}).status_code == 403
    assert codes(mug) == [("ASIN", "B01")]


def test_strangers_aliases_are_not_here(client: Client, account: Account, mug: Product) -> None:
    other = make_account()
    theirs = make_product(other, "MUG")
    foreign = Alias.objects.create(
        account=other, product=theirs, code="B01", alias_type=AliasType.objects.create(account=other, name="ASIN")
    )

    assert client.post(url_of(theirs), {"new_type": "X", "code": "1"}).status_code == 404
    assert client.post(url_of(mug, foreign), {"remove": "1"}).status_code == 404
    assert Alias.objects.get() == foreign
    client.post(url_of(mug), {"alias_type": foreign.alias_type_id, "code": "B02"})
    assert codes(mug) == []


def test_the_page_shows_the_listings_of_each_store(client: Client, account: Account, mug: Product) -> None:
    make_listing(make_store(account, name="MyShop"), "MUG-RED", mug)
    make_listing(make_store(account), "OTHER")

    page = words(client.get(f"/a/shoes/products/{mug.pk}/"))

    assert "MyShop" in page
    assert "MUG-RED" in page
    assert "OTHER" not in page

"""Stock on screen: the list, the causes of each number, counts and corrections."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fcp.models import Account
from fcp.roles import Role
from inventory.figures import figures_of
from inventory.levels import LevelItem, report_levels
from inventory.models import MovementKind, Product, Reports, Reservation, StockLevel, StockMovement, Warehouse
from inventory.reservations import Wanted, write_reservations
from inventory.stock_list import oversold
from mappings.models import ListingStock
from orders.models import OrderLine
from tests.build import (
    make_account,
    make_listing,
    make_order,
    make_partner,
    make_product,
    make_store,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import words

AN_HOUR_AGO = dt.timedelta(hours=1)


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes", name="Shoes Ltd")


@pytest.fixture
def house(account: Account) -> Warehouse:
    return make_warehouse(account, code="NJ1", name="New Jersey")


def signed_in(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(account, role))
    return client


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account)


def stocked(house: Warehouse, sku: str, quantity: int) -> Product:
    """A product with a level that was reported an hour ago."""
    product = Product.objects.filter(account=house.account, sku=sku).first() or make_product(house.account, sku)
    now = timezone.now()
    kind = MovementKind.COUNT if house.takes_counts else MovementKind.LEVEL
    report_levels(house, [LevelItem(sku, quantity, now - AN_HOUR_AGO)], actor="test", now=now, kind=kind)
    return product


def reserve(product: Product, quantity: int, house: Warehouse | None = None, *, source: int = 1, **values: Any) -> None:
    want = Wanted(
        product_id=product.pk, warehouse_id=house.pk if house else None, quantity=quantity,
        **{"unpaid": False, "since": timezone.now(), "acked_at": None, **values},
    )  # fmt: skip
    write_reservations(product.account_id, {("line", source): [want]})


def row_of(page: Any, sku: str) -> Any:
    return next(row for row in page.context["list"].rows if row.sku == sku)


def skus(page: Any) -> list[str]:
    return [row.sku for row in page.context["list"].rows]


# --- the list -------------------------------------------------------------------------------------------------------


def test_each_product_shows_what_lies_there_what_is_promised_and_what_is_left(
    client: Client, account: Account, house: Warehouse
) -> None:
    mug = stocked(house, "MUG", 12)
    stocked(make_warehouse(account, code="CA1"), "MUG", 5)
    reserve(mug, 3, house)
    reserve(mug, 1, source=2)

    page = client.get("/a/shoes/stock/")

    figures = row_of(page, "MUG").figures
    assert (figures.on_hand, figures.reserved, figures.available) == (17, 4, 13)
    assert [(at.warehouse.code, at.quantity, at.reserved) for at in row_of(page, "MUG").at] == [
        ("CA1", 5, 0), ("NJ1", 12, 3),
    ]  # fmt: skip


@pytest.mark.req("EIM-33")
def test_no_level_reported_is_shown_as_such_and_never_as_zero(
    client: Client, account: Account, house: Warehouse
) -> None:
    make_product(account, "MUG")
    stocked(house, "CUP", 0)

    page = client.get("/a/shoes/stock/")
    without = client.get("/a/shoes/stock/", {"no_level": "1"})

    assert row_of(page, "MUG").figures.on_hand is None
    assert row_of(page, "MUG").figures.available is None
    assert row_of(page, "CUP").figures.on_hand == 0
    assert "no level reported" in words(page)
    assert skus(without) == ["MUG"]


def test_no_level_at_a_chosen_warehouse(client: Client, account: Account, house: Warehouse) -> None:
    other = make_warehouse(account, code="CA1")
    stocked(house, "MUG", 1)
    stocked(other, "CUP", 1)

    there = client.get("/a/shoes/stock/", {"warehouse": house.pk})
    missing = client.get("/a/shoes/stock/", {"warehouse": house.pk, "no_level": "1"})

    assert (skus(there), skus(missing)) == (["MUG"], ["CUP"])
    assert [at.warehouse for at in row_of(there, "MUG").at] == [house]


def test_more_promised_than_there_is_stands_below_zero_and_is_a_filter(client: Client, house: Warehouse) -> None:
    reserve(stocked(house, "MUG", 2), 5, house)
    reserve(stocked(house, "CUP", 5), 5, house, source=2)

    page = client.get("/a/shoes/stock/", {"oversold": "1"})

    assert skus(page) == ["MUG"]
    assert row_of(page, "MUG").figures.available == -3
    assert "Oversold" in words(page)


def test_reserved_by_orders_that_nobody_paid_is_a_filter(client: Client, house: Warehouse) -> None:
    reserve(stocked(house, "MUG", 9), 2, house, unpaid=True)
    reserve(stocked(house, "CUP", 9), 2, house, source=2)

    page = client.get("/a/shoes/stock/", {"unpaid": "1"})

    assert skus(page) == ["MUG"]
    assert "2 not paid" in words(page)


def test_the_filter_oversold_finds_what_the_reckoning_puts_below_zero(account: Account) -> None:
    """The question to the database is the reckoning's, for random stock of warehouses of both kinds."""
    draw = random.Random(7)
    houses = [make_warehouse(account, reports=reports) for reports in (Reports.ON_HAND, Reports.AVAILABLE) * 2]
    products = [make_product(account, f"SKU-{n}") for n in range(60)]
    start = timezone.now() - dt.timedelta(days=1)

    def moment() -> dt.datetime:
        return start + dt.timedelta(minutes=draw.randrange(600))

    for n, product in enumerate(products):
        for house in draw.sample(houses, draw.randrange(4)):
            quantity = draw.randrange(-2, 8)
            StockLevel.objects.create(
                account=account, warehouse=house, product=product, quantity=quantity, reported=quantity,
                taken_at=moment(), changed_at=start,
            )  # fmt: skip
        for m in range(draw.randrange(4)):
            Reservation.objects.create(
                account=account, product=product, warehouse=draw.choice([None, *houses]), source_kind="line",
                source_id=n * 10 + m, quantity=draw.randrange(1, 5), since=start,
                acked_at=draw.choice([None, moment()]),
            )  # fmt: skip

    figures = figures_of([product.pk for product in products], houses)
    below = {pk for pk, one in figures.items() if one.short}

    assert set(oversold(Product.objects.filter(account=account)).values_list("pk", flat=True)) == below
    assert 5 < len(below) < 55


def test_many_warehouses_have_a_filter_instead_of_columns(client: Client, account: Account) -> None:
    houses = [make_warehouse(account, code=f"W{n}") for n in range(5)]
    stocked(houses[0], "MUG", 3)

    page = client.get("/a/shoes/stock/")
    one = client.get("/a/shoes/stock/", {"warehouse": houses[0].pk})

    assert row_of(page, "MUG").at == []
    assert "choose one" in words(page)
    assert [at.quantity for at in row_of(one, "MUG").at] == [3]


def test_the_list_asks_the_same_number_of_questions_however_many_products_there_are(
    client: Client, house: Warehouse
) -> None:
    def queries() -> int:
        client.get("/a/shoes/stock/")  # what is asked once in a while, is asked here
        with CaptureQueriesContext(connection) as asked:
            client.get("/a/shoes/stock/")
        return len(asked)

    reserve(stocked(house, "MUG", 1), 1, house)
    few = queries()
    for n in range(30):
        reserve(stocked(house, f"CUP-{n}", n), 1, house, source=n + 2)

    assert queries() == few


def test_pages_of_stock_go_on_by_key(client: Client, account: Account) -> None:
    Product.objects.bulk_create(
        Product(account=account, sku=f"S{n:03}", sku_key=f"S{n:03}", name="x") for n in range(60)
    )
    first = client.get("/a/shoes/stock/")

    second = client.get("/a/shoes/stock/", {"page": first.context["list"].page.older})

    assert (len(skus(first)), skus(second)[0], len(skus(second))) == (50, "S050", 10)


# --- the causes -----------------------------------------------------------------------------------------------------


def test_reserved_opens_the_orders_that_need_it(client: Client, account: Account, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    order = make_order(make_store(account), number="10044", skus=("MUG",))
    line = OrderLine.objects.get(order=order)
    reserve(product, 2, house, source=line.pk)

    page = client.get(f"/a/shoes/stock/{product.pk}/reserved/")

    assert "Order 10044" in words(page)
    assert f"/a/shoes/orders/{order.pk}/" in page.content.decode()
    assert "10044" in client.get(f"/a/shoes/stock/{product.pk}/reserved/?format=csv").getvalue().decode()


def test_available_shows_its_steps(client: Client, account: Account, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    stocked(make_warehouse(account, code="CA1"), "MUG", 4)
    reserve(product, 3, house)
    reserve(product, 2, source=2)

    page = client.get(f"/a/shoes/stock/{product.pk}/available/")

    assert [(step.words, step.change, step.after) for step in page.context["steps"]] == [
        ("Level at CA1", "4", 4),
        ("Level at NJ1", "9", 13),
        ("Open orders at NJ1 that its level does not know yet", "-3", 10),
        ("Open orders that have no warehouse yet", "-2", 8),
    ]


def test_available_says_what_is_not_taken_off(client: Client, account: Account) -> None:
    house = make_warehouse(account, partner=make_partner(), code="NJ1", reports=Reports.AVAILABLE)
    silent = make_warehouse(account, code="CA1")
    product = stocked(house, "MUG", 9)
    reserve(product, 3, house, acked_at=timezone.now() - 2 * AN_HOUR_AGO)
    reserve(product, 1, silent, source=2)

    page = words(client.get(f"/a/shoes/stock/{product.pk}/available/"))

    assert "3 more pieces are reserved, but its level is already without" in page
    assert "1 piece is reserved there, but it never reported a level" in page


def test_the_movements_of_the_account_are_searched_and_filtered(
    client: Client, account: Account, house: Warehouse
) -> None:
    other = make_warehouse(account, code="CA1")
    stocked(house, "MUG", 9)
    stocked(other, "CUP", 4)

    every = client.get("/a/shoes/stock/movements/")
    mugs = client.get("/a/shoes/stock/movements/", {"q": "mu"})
    there = client.get("/a/shoes/stock/movements/", {"warehouse": other.pk, "kind": "count"})

    assert [row.product.sku for row in every.context["list"].rows] == ["CUP", "MUG"]
    assert [row.product.sku for row in mugs.context["list"].rows] == ["MUG"]
    assert [row.product.sku for row in there.context["list"].rows] == ["CUP"]


def test_a_products_page_has_its_numbers_levels_and_movements(client: Client, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    reserve(product, 2, house)

    page = client.get(f"/a/shoes/products/{product.pk}/")

    assert (page.context["figures"].on_hand, page.context["figures"].available) == (9, 7)
    assert [row.balance for row in page.context["latest"]] == [9]
    assert "Counted" in words(page)


# --- counts and corrections -----------------------------------------------------------------------------------------


def form_of(page: Any, **changes: Any) -> dict[str, Any]:
    return {"how": "count", "number": "", "reason": "", "seen": page.context["seen"], **changes}


def level_of(product: Product) -> int:
    return StockLevel.objects.get(product=product).quantity


def test_a_count_sets_the_level_and_stands_in_the_history(client: Client, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"

    client.post(url, form_of(client.get(url), number="7", reason="Stocktaking"))

    assert level_of(product) == 7
    newest = StockMovement.objects.latest("pk")
    assert (newest.kind, newest.quantity, newest.balance, newest.reason) == ("count", -2, 7, "Stocktaking")
    assert newest.actor == str(client.get(url).wsgi_request.user)
    assert "Stocktaking" in words(client.get(url))


def test_a_first_count_needs_no_level_before(client: Client, account: Account, house: Warehouse) -> None:
    product = make_product(account, "MUG")
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"

    client.post(url, form_of(client.get(url), number="0"))

    assert level_of(product) == 0


def test_a_correction_adds_and_needs_a_reason(client: Client, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"

    refused = client.post(url, form_of(client.get(url), how="change", number="-2"))
    assert "Say why" in refused.context["form"].errors["reason"][0]
    client.post(url, form_of(client.get(url), how="change", number="-2", reason="Broken"))

    assert level_of(product) == 7
    assert StockMovement.objects.latest("pk").kind == MovementKind.CORRECTION


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"number": "-1"}, "less than 0"),
        ({"number": "1.5"}, "whole number"),
        ({"number": "99999999"}, "less than or equal to 10000000"),
        ({"number": "", "reason": "x"}, "required"),
        ({"how": "change", "number": "0", "reason": "x"}, "changes nothing"),
        ({"how": "change", "number": "-20", "reason": "x"}, "leave"),
        ({"how": "nonsense", "number": "1"}, "valid choice"),
        ({"number": "1", "seen": "x"}, ""),
    ],
)
def test_a_number_that_cannot_be_is_refused_in_place(
    client: Client, house: Warehouse, values: dict[str, str], said: str
) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"

    page = client.post(url, form_of(client.get(url), **values))

    assert page.status_code == 200
    assert said in str(page.context["form"].errors)
    assert level_of(product) == 9


def test_a_level_that_moved_since_the_page_was_opened_is_shown_before_it_is_counted(
    client: Client, account: Account, house: Warehouse
) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"
    opened = client.get(url)
    colleague = signed_in(account, Role.WAREHOUSE)
    colleague.post(url, form_of(colleague.get(url), number="5", reason="Mine"))

    page = client.post(url, form_of(opened, number="8"))
    assert level_of(product) == 5
    assert "moved while you were looking" in words(page)
    assert [row.balance for row in page.context["meanwhile"]] == [5]

    client.post(url, form_of(page, number="8"))
    assert level_of(product) == 8


def test_a_refused_form_does_not_forget_what_its_sender_had_seen(
    client: Client, account: Account, house: Warehouse
) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"
    opened = client.get(url)
    colleague = signed_in(account)
    colleague.post(url, form_of(colleague.get(url), number="5"))

    wrong = client.post(url, form_of(opened, number="many"))
    again = client.post(url, form_of(wrong, number="8"))

    assert "moved while you were looking" in words(again)
    assert level_of(product) == 5


def test_where_the_partner_reports_levels_nobody_counts(client: Client, account: Account) -> None:
    house = make_warehouse(account, partner=make_partner(name="Northside"), code="NJ1", name="New Jersey")
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"

    page = client.get(url)
    sent = client.post(url, form_of(page, number="1"))

    assert "reports its levels itself" in words(page)
    assert "reports its levels itself" in str(sent.context["form"].errors)
    assert level_of(product) == 9


def test_warehouse_people_count_and_viewers_only_look(account: Account, house: Warehouse) -> None:
    product = stocked(house, "MUG", 9)
    url = f"/a/shoes/stock/{product.pk}/at/{house.pk}/"
    packer, viewer = signed_in(account, Role.WAREHOUSE), signed_in(account, Role.VIEWER)

    refused = viewer.post(url, form_of(viewer.get(url), number="1"))
    packer.post(url, form_of(packer.get(url), number="4"))

    assert refused.status_code == 403
    assert "count and correct stock" in words(refused)
    assert level_of(product) == 4


def test_strangers_stock_is_not_here(client: Client, account: Account, house: Warehouse) -> None:
    theirs = make_warehouse(make_account("theirs"))
    foreign, ours = stocked(theirs, "MUG", 9), stocked(house, "MUG", 3)

    pages = [f"{foreign.pk}/{page}/" for page in ("movements", "reserved", "available")]
    pages += [f"{foreign.pk}/at/{house.pk}/", f"{ours.pk}/at/{theirs.pk}/", f"{foreign.pk}/at/{theirs.pk}/"]

    assert {client.get(f"/a/shoes/stock/{page}").status_code for page in pages} == {404}
    assert {client.post(f"/a/shoes/stock/{page}").status_code for page in pages} <= {404, 405}
    assert row_of(client.get("/a/shoes/stock/", {"warehouse": theirs.pk}), "MUG").figures.on_hand == 3


# --- warehouses -----------------------------------------------------------------------------------------------------


def test_a_warehouse_says_when_its_newest_level_was_taken(client: Client, account: Account, house: Warehouse) -> None:
    make_warehouse(account, code="CA1")
    stocked(house, "MUG", 9)

    page = words(client.get("/a/shoes/warehouses/"))

    assert "1 h ago" in page
    assert "none yet" in page


def test_once_its_levels_count_something_else_its_listings_are_looked_at_again(
    client: Client, account: Account, house: Warehouse
) -> None:
    store = make_store(account)
    mug = stocked(house, "MUG", 9)
    cup = stocked(make_warehouse(account, code="CA1"), "CUP", 9)
    there, elsewhere = (
        ListingStock.objects.create(
            account=account, store=store, listing=make_listing(store, product.sku, product), marked=1, handled=1
        )
        for product in (mug, cup)
    )
    given = {"code": "NJ1", "name": "New Jersey", "kept_by": "partner", "partner": "", "reports": "on_hand"}
    url = f"/a/shoes/warehouses/{house.pk}/"

    client.post(url, given | {"name": "Newark"})
    assert not ListingStock.objects.due().exists()
    client.post(url, given | {"reports": "available"})

    assert list(ListingStock.objects.due()) == [there]
    assert elsewhere not in ListingStock.objects.due()

"""What an Ecwid store sells, as listings."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.connectors.ecwid.listings import listings_of
from integrations.connectors.shapes import IncomingListing
from integrations.sandbox.server import Sandbox
from tests.integrations.ecwid.goods import Goods, reach

SAMPLES = Path(__file__).parents[2] / "payloads" / "ecwid"


@pytest.fixture
def shop(settings: Any) -> Iterator[Goods]:
    with Sandbox(orders=0, products=14, rate_limit=0, platforms=("ecwid",)) as box:
        yield reach(box, settings)


def many(products: int, settings: Any) -> Sandbox:
    return Sandbox(orders=0, products=products, rate_limit=0, variants=False, platforms=("ecwid",))


def by_uid(found: list[IncomingListing]) -> dict[tuple[str, str], IncomingListing]:
    return {(one.product_uid, one.variant_uid): one for one in found}


def of(shop: Goods, sku: str) -> list[IncomingListing]:
    uid, _ = shop.uids(sku)
    return [one for one in shop.listings() if one.product_uid == uid]


@pytest.mark.req("P17-12")
def test_a_variation_with_an_sku_of_its_own_is_a_listing_and_its_product_is_none(shop: Goods) -> None:
    found = of(shop, "KIT")

    assert [(one.sku, one.title, one.options) for one in found] == [
        ("KIT-BLUE", "Folding kit (Blue)", (("Color", "Blue"),)),
        ("KIT-RED", "Folding kit (Red)", (("Color", "Red"),)),
        ("KIT-WHIT", "Folding kit (White)", (("Color", "White"),)),
    ]
    assert {one.name for one in found} == {"Folding kit"}
    assert not any(one.shares_stock for one in found)


@pytest.mark.req("P17-12", "P17-16")
def test_variations_without_an_sku_are_listed_and_share_the_stock_of_their_product(shop: Goods) -> None:
    product, *variations = of(shop, "POSTER")

    assert (product.sku, product.variant_uid, product.shares_stock) == ("POSTER", "", False)
    assert [(one.sku, one.shares_stock) for one in variations] == [("POSTER", True)] * 3
    assert len({one.variant_uid for one in variations}) == 3


def test_a_product_of_both_kinds_of_variations_is_a_listing_beside_those_with_an_sku(shop: Goods) -> None:
    product, *variations = of(shop, "PEN")

    assert (product.sku, product.variant_uid) == ("PEN", "")
    assert [(one.sku, one.shares_stock) for one in variations] == [("PEN", True), ("PEN-M", False), ("PEN-B", False)]


def test_a_variation_with_its_product_s_sku_and_the_product_are_both_listings_with_stock(shop: Goods) -> None:
    found = of(shop, "WASHI")

    assert [(one.sku, one.shares_stock) for one in found] == [("WASHI", False), ("WASHI", False), ("WASHI-GULL", False)]


def test_where_a_choice_has_no_variation_the_product_is_sold_itself(shop: Goods) -> None:
    product = shop.product("KIT")
    shop.change("KIT", combinations=product["combinations"][:2])

    assert [one.sku for one in of(shop, "KIT")] == ["KIT", "KIT-BLUE", "KIT-RED"]


def test_what_is_unlimited_is_not_counted_and_what_is_hidden_is_listed_too(shop: Goods) -> None:
    (sticker,), (hidden,), (ink,) = of(shop, "STICK"), of(shop, "MAP"), of(shop, "INK-SEA")

    assert (sticker.tracked, hidden.tracked, ink.tracked) == (False, True, True)
    assert (hidden.visible, ink.visible) == (False, True)


def test_price_weight_barcode_and_plain_description_come_with_a_listing(shop: Goods) -> None:
    upc = {"id": 1, "name": "UPC", "type": "UPC", "value": "0435943543594", "show": "NOTSHOW"}
    text = "<h2>Sea &amp; green</h2><p>For <b>pens</b>.<br/>Dries fast</p>"
    shop.change("INK-SEA", price=12, compareToPrice=15, weight=0.5, description=text, attributes=[upc])

    (ink,) = of(shop, "INK-SEA")

    assert (ink.price, ink.barcode, ink.weight_grams) == (Decimal(15), "0435943543594", 227)  # half a pound
    assert ink.description == "Sea & green\nFor pens.\nDries fast"


def test_a_variation_has_what_it_does_not_say_from_its_product(shop: Goods) -> None:
    product = shop.product("KIT")
    first, second, third = product["combinations"]
    shop.change("KIT", weight=1, price=20, combinations=[
        {name: value for name, value in first.items() if name != "price"}, {**second, "weight": 2, "price": 21}, third,
    ])  # fmt: skip

    blue, red, _ = of(shop, "KIT")

    assert (blue.price, blue.weight_grams) == (Decimal(20), 454)
    assert (red.price, red.weight_grams) == (Decimal(21), 907)


def test_a_listing_is_the_one_that_an_order_s_line_names(shop: Goods) -> None:
    listings = by_uid(shop.listings())
    for kind in ("plain", "variation", "shared", "engraved", "mixed", "preorder"):
        placed = shop.host.place_order(kind=kind)
        order = shop.connector.shape_order(shop.connector.order(placed["id"]))
        for line in order.lines:
            listing = listings[line.product_uid, line.variant_uid]
            assert listing.sku == line.sku


def test_a_catalogue_of_several_pages_is_read_with_the_least_calls(settings: Any) -> None:
    with many(298, settings) as box:
        shop = reach(box, settings)
        found = shop.listings()

        assert len(found) == len(by_uid(found)) == 298
        assert shop.asked == ["GET profile", *["GET products"] * 3]  # 100 and 99 and 99: the first of a page overlaps


def test_nothing_is_skipped_where_products_are_deleted_while_the_catalogue_is_read(settings: Any) -> None:
    with many(250, settings) as box:
        shop = reach(box, settings)
        rows = list(shop.host.store.products)

        found = shop.listings(between=lambda: [shop.host.store.drop_product(row) for row in rows[:30]])

        assert {uid for uid, _ in by_uid(found)} >= {str(row["id"]) for row in rows[30:]}


def test_nothing_is_skipped_where_the_last_one_read_is_among_the_deleted(settings: Any) -> None:
    with many(250, settings) as box:
        shop = reach(box, settings)
        rows = list(shop.host.store.products)

        found = shop.listings(between=lambda: [shop.host.store.drop_product(row) for row in rows[40:100]])

        assert {uid for uid, _ in by_uid(found)} >= {str(row["id"]) for row in rows[100:]}


def test_what_changed_since_a_time_is_read_alone_and_each_page_goes_on_where_the_last_one_ended(settings: Any) -> None:
    with many(250, settings) as box:
        shop = reach(box, settings)
        since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
        rows = list(shop.host.store.products)
        for row in rows[:150]:
            shop.change(str(row["id"]), price=99)

        found = shop.listings(since=since, between=lambda: [shop.change(str(row["id"]), price=98) for row in rows[:50]])

        assert {uid for uid, _ in by_uid(found)} == {str(row["id"]) for row in rows[:150]}
        assert by_uid(found)[str(rows[149]["id"]), ""].price == Decimal(99)


def test_an_odd_product_is_set_aside_with_a_sentence_and_the_rest_is_read(shop: Goods) -> None:
    shop.change("INK-SEA", price="cheap")

    page = shop.connector.listings(None)

    (bad,) = page.bad
    assert bad.sentence == 'A product that Ecwid sent has an unreadable value in the field "price".'
    assert bad.key == shop.uids("INK-SEA")[0]
    assert "ENV-25" in {one.sku for one in page.items}


@pytest.mark.parametrize("name", ["product-2024-get", "products-search-2024"])
def test_the_vendor_s_own_examples_can_be_read(name: str) -> None:
    sample = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    products = sample.get("items", [sample])

    for product in products:
        found = list(listings_of(product, "KILOGRAM"))
        assert {one.product_uid for one in found} == {str(product["id"])}
        assert len(found) >= len(product["combinations"])
        assert all(one.title.startswith(product["name"]) for one in found)


def test_the_vendor_s_variations_keep_their_own_numbers() -> None:
    variations = orjson.loads((SAMPLES / "product-combinations-2019.json").read_bytes())
    product = {"id": 4, "name": "Tee", "sku": "T", "price": 1, "unlimited": False, "quantity": 3, "options": []}

    found = list(listings_of(product | {"combinations": variations}, "KILOGRAM"))

    assert [(one.sku, one.title) for one in found][:2] == [
        ("000076", "Tee (Large, White)"),
        ("000075", "Tee (Red, Large)"),
    ]
    assert found[0].barcode == "0435943543594395"
    assert found[0].price == Decimal(2)  # before the discount
    assert found[1].price == Decimal(1)  # its product's

"""Products of an Ecwid store: as they are read, and what making and changing them does there."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fcp.errors import Rejected
from integrations.connectors.shapes import ProductToPush, StoreProduct, StoreVariant
from integrations.sandbox.server import Sandbox
from tests.integrations.ecwid.goods import Goods, reach

SIZES = (("Size", ("S", "M")),)


@pytest.fixture
def shop(settings: Any) -> Iterator[Goods]:
    with Sandbox(orders=0, products=14, rate_limit=0, platforms=("ecwid",)) as box:
        yield reach(box, settings)


def read(shop: Goods, sku: str) -> StoreProduct:
    (found,) = shop.connector.products_of([shop.uids(sku)[0]])
    return found


def push(shop: Goods, before: StoreProduct | None, after: StoreProduct) -> Any:
    (answer,) = shop.connector.push_products([ProductToPush("1", before, after)]).answers
    return answer


def tee(*variants: StoreVariant, **values: Any) -> StoreProduct:
    return StoreProduct("", "Tee", "Of cotton & wool", SIZES if variants[0].choices else (), variants, **values)


S = StoreVariant("", "TEE-S", ("S",), Decimal("9.90"))
M = StoreVariant("", "TEE-M", ("M",), Decimal("12.50"), barcode="4006381333931")


# --- reading ----------------------------------------------------------------------------------------------------------


def test_options_that_make_variations_are_told_from_those_that_word_a_wish(shop: Goods) -> None:
    found = read(shop, "NOTE")

    assert found.options == (("Size", ("A5", "A6")), ("Ruling", ("Plain", "Lined")))
    assert found.variants[0].choices == ("A5", "Plain")
    assert found.loose == ()
    assert found.problem == ""


def test_variations_that_go_by_their_product_s_sku_make_no_variants(shop: Goods) -> None:
    found = read(shop, "POSTER")

    assert (found.options, found.loose) == ((), ("Size",))
    assert [(one.uid, one.sku) for one in found.variants] == [("", "POSTER")]


def test_a_product_of_both_kinds_says_why_it_cannot_be_pushed(shop: Goods) -> None:
    assert "Give each variation an SKU of its own there first." in read(shop, "PEN").problem


def test_files_and_gift_cards_are_no_goods(shop: Goods) -> None:
    assert [read(shop, sku).goods for sku in ("COURSE", "GIFT", "INK-SEA")] == [False, False, True]


def test_the_price_of_what_is_on_sale_is_left_alone(shop: Goods) -> None:
    shop.change("INK-SEA", price=12, compareToPrice=15)

    assert read(shop, "INK-SEA").variants[0].price is None


def test_many_products_are_read_by_one_call_and_what_is_gone_is_missing(shop: Goods) -> None:
    uids = [shop.uids(sku)[0] for sku in ("KIT", "NOTE", "INK-SEA")]

    found = shop.connector.products_of(uids)
    asked = list(shop.asked)

    assert [one.uid for one in found] == uids
    assert asked == ["GET products"]
    assert shop.connector.products_of(["4711"]) == []


# --- making -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-13")
def test_a_product_is_made_with_all_its_fields_and_counted_from_nothing(shop: Goods) -> None:
    answer = push(shop, None, tee(StoreVariant("", "TEE", (), Decimal("9.90"), "4006381333931")))

    assert answer.error is None
    made = shop.product("TEE")
    assert answer.store_ref == str(made["id"])
    assert (made["name"], made["price"], made["description"]) == ("Tee", 9.9, "<p>Of cotton &amp; wool</p>")
    assert (made["unlimited"], made["quantity"], made["enabled"]) == (False, 0, True)
    assert read(shop, "TEE").variants[0].barcode == "4006381333931"
    assert shop.asked[0] == "POST products"


@pytest.mark.req("P17-13")
def test_a_product_with_variations_is_made_by_two_calls(shop: Goods) -> None:
    wanted = tee(S, M)

    answer = push(shop, None, wanted)
    asked = list(shop.asked)

    assert asked == ["POST products", f"PUT products/{answer.store_ref}"]
    found = read(shop, "TEE-S")
    assert (found.options, found.problem) == (SIZES, "")
    assert [replace(one, uid="") for one in found.variants] == [S, M]
    assert {one["quantity"] for one in shop.product("TEE-S")["combinations"]} == {0}


def test_only_variations_that_we_have_are_made_and_what_else_could_be_chosen_is_not_there(shop: Goods) -> None:
    options = (("Size", ("S", "M")), ("Color", ("Red", "Blue")))
    variants = (replace(S, choices=("S", "Red")), replace(M, choices=("M", "Blue")))

    push(shop, None, StoreProduct("", "Tee", "", options, variants))

    made = shop.product("TEE-S")
    assert len(made["combinations"]) == 2
    assert (made["unlimited"], made["quantity"]) == (False, 0)


def test_an_sku_that_another_product_has_is_refused_with_a_sentence(shop: Goods) -> None:
    answer = push(shop, None, tee(StoreVariant("", "INK-SEA", (), Decimal(1))))

    assert isinstance(answer.error, Rejected)
    assert answer.error.code == "sku_taken"
    assert answer.error.sentence.startswith("Ecwid has another product with this SKU.")


def test_a_product_that_was_made_without_its_variations_is_named_with_the_error(shop: Goods) -> None:
    answer = push(shop, None, tee(S, replace(M, sku="INK-SEA")))

    assert isinstance(answer.error, Rejected)
    (made,) = shop.connector.products_of([answer.store_ref])
    assert made.name == "Tee"


# --- changing ---------------------------------------------------------------------------------------------------------


def test_what_is_not_said_of_a_product_stays_as_it_is(shop: Goods) -> None:
    before, was = read(shop, "NOTE"), shop.product("NOTE")

    answer = push(shop, before, replace(before, name="Notebook, thick"))

    assert answer.error is None
    kept = {name: value for name, value in was.items() if name not in ("name", "updated", "updateTimestamp")}
    assert kept.items() <= shop.product("NOTE").items()
    assert shop.product("NOTE")["name"] == "Notebook, thick"
    assert len(shop.asked) == 2


def test_a_changed_price_goes_to_the_one_variation(shop: Goods) -> None:
    before = read(shop, "KIT")
    red = next(one for one in before.variants if one.sku == "KIT-RED")
    after = replace(
        before, variants=tuple(replace(red, price=Decimal(30)) if one is red else one for one in before.variants)
    )

    assert push(shop, before, after).error is None

    assert shop.asked[1:] == [f"PUT products/{before.uid}/combinations/{red.uid}"]
    assert {one.sku: one.price for one in read(shop, "KIT").variants}["KIT-RED"] == Decimal(30)


def test_a_new_variation_is_added_and_the_others_keep_their_ids_and_stock(shop: Goods) -> None:
    before, was = read(shop, "KIT"), shop.product("KIT")["combinations"]
    green = StoreVariant("", "KIT-GREEN", ("Green",), Decimal(19))
    after = replace(before, options=(("Color", ("Blue", "Red", "White", "Green")),), variants=(*before.variants, green))

    assert push(shop, before, after).error is None

    now = shop.product("KIT")["combinations"]
    assert now[:3] == was
    assert now[3]["sku"] == "KIT-GREEN"
    assert read(shop, "KIT").options == after.options


def test_an_engraving_stays_where_options_change(shop: Goods) -> None:
    before = read(shop, "NOTE")
    options = (("Size", ("A5", "A6", "A4")), before.options[1])
    new = StoreVariant("", "NOTE-A4", ("A4", "Plain"), Decimal(19))

    assert push(shop, before, replace(before, options=options, variants=(*before.variants, new))).error is None

    assert [one["name"] for one in shop.product("NOTE")["options"]] == ["Size", "Ruling", "Engraving"]


def test_a_plain_product_becomes_one_with_variations_and_plain_again(shop: Goods) -> None:
    before = read(shop, "INK-SEA")
    after = replace(before, options=SIZES, variants=(S, M))
    assert push(shop, before, after).error is None
    between = read(shop, "TEE-S")
    assert (between.uid, between.options, len(between.variants)) == (before.uid, SIZES, 2)

    plain = replace(between, options=(), variants=(StoreVariant("", "INK-SEA", (), Decimal(15)),))
    assert push(shop, between, plain).error is None

    again = read(shop, "INK-SEA")
    assert (again.options, again.loose, again.variants[0].price) == ((), (), Decimal(15))


def test_a_barcode_is_added_beside_the_other_attributes(shop: Goods) -> None:
    brand = {"id": 2, "name": "Brand", "type": "BRAND", "value": "Paper Boat"}
    shop.change("INK-SEA", attributes=[brand])
    before = read(shop, "INK-SEA")
    after = replace(before, variants=(replace(before.variants[0], barcode="4006381333931"),))

    assert push(shop, before, after).error is None

    kinds = {one["type"]: one["value"] for one in shop.product("INK-SEA")["attributes"]}
    assert kinds == {"BRAND": "Paper Boat", "UPC": "4006381333931"}

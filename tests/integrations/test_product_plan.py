"""What a push of one product would do, worked out from ours and the store's."""

from decimal import Decimal
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.declaring import ProductOffer
from integrations.connectors.shapes import StoreProduct, StoreVariant
from integrations.product_plan import Action, Ours, OurVariant, as_json, fits, from_json, plan, same

OFFER = ProductOffer(per_call=10, most_variants=300, barcode=True, weight=True)
TEN = Decimal("10.00")


def ours(name: str = "Mug", options: tuple[str, ...] = (), **skus: tuple[str, ...]) -> Ours:
    variants = tuple(OurVariant(sku, choices, TEN) for sku, choices in (skus or {"MUG": ()}).items())
    return Ours(name, "", options, variants)


def theirs(
    *variants: StoreVariant, options: tuple[tuple[str, tuple[str, ...]], ...] = (), **more: object
) -> StoreProduct:
    values = {"uid": "p", "name": "Mug", "description": "", "options": options, **more}
    return StoreProduct(variants=variants or (StoreVariant("v", "MUG", price=TEN),), **values)  # type: ignore[arg-type]


SIZES = ours(options=("Size",), **{"MUG-S": ("S",), "MUG-L": ("L",)})
COLORED = ours(options=("Size", "Color"), A=("S", "Red"), B=("L", "Blue"))
SIZED = theirs(
    StoreVariant("s", "MUG-S", ("S",), TEN), StoreVariant("l", "MUG-L", ("L",), TEN), options=(("Size", ("S", "L")),)
)


def test_what_the_store_shows_as_we_have_it_is_left_alone():
    assert plan(ours(), theirs(), OFFER).action is None
    assert plan(SIZES, SIZED, OFFER).action is None


def test_what_it_does_not_have_is_created():
    found = plan(ours(), None, OFFER)

    assert found.action is Action.CREATE
    assert found.after
    assert [(v.sku, v.price, v.visible) for v in found.after.variants] == [("MUG", TEN, True)]


def test_a_name_and_a_price_that_differ_are_plain_changes_and_empty_fields_here_change_nothing():
    shown = theirs(StoreVariant("v", "MUG", (), Decimal("9.00"), "400", 120), name="Cup", description="A cup.")

    found = plan(ours(), shown, OFFER)

    assert (found.action, found.plain, found.hidden) == (Action.CHANGE, True, 0)
    assert found.after
    assert (found.after.name, found.after.description) == ("Mug", "A cup.")
    assert found.after.variants == (StoreVariant("v", "MUG", (), TEN, "400", 120),)


def test_a_file_or_a_service_is_left_as_the_store_has_it():
    assert plan(ours(name="Other"), theirs(goods=False), OFFER).action is None


def test_a_difference_below_a_cent_is_none():
    assert plan(ours(), theirs(StoreVariant("v", "MUG", price=Decimal("10.0011"))), OFFER).action is None


def test_a_price_that_the_store_has_on_sale_is_not_ours_to_say():
    assert plan(ours(), theirs(StoreVariant("v", "MUG", price=None)), OFFER).action is None


def test_a_sku_of_the_store_is_never_replaced_and_a_missing_one_is_given():
    linked = Ours("Mug", "", (), (OurVariant("OURS", (), TEN, uid="v"),))

    assert plan(linked, theirs(), OFFER).action is None
    found = plan(linked, theirs(StoreVariant("v", "", price=TEN)), OFFER)
    assert found.after
    assert found.after.variants[0].sku == "OURS"


@pytest.mark.req("TECH-53")
def test_a_product_with_variants_there_and_without_here_is_converted_and_the_reverse():
    to_variants = plan(SIZES, theirs(), OFFER)
    to_plain = plan(ours(), SIZED, OFFER)

    assert (to_variants.action, to_plain.action) == (Action.TO_VARIANTS, Action.TO_PLAIN)
    assert to_variants.after
    assert to_plain.after
    assert [v.choices for v in to_variants.after.variants] == [("S",), ("L",)]
    assert [(v.sku, v.choices) for v in to_plain.after.variants] == [("MUG", ())]
    assert not to_variants.plain
    assert not to_plain.plain


@pytest.mark.req("TECH-21")
def test_combinations_that_we_do_not_have_are_made_without_a_sku_and_hidden():
    found = plan(COLORED, None, OFFER)

    assert found.after
    assert found.hidden == 2
    beyond = [v for v in found.after.variants if not v.visible]
    assert [(v.choices, v.sku) for v in beyond] == [(("S", "Blue"), ""), (("L", "Red"), "")]


def test_a_new_choice_makes_its_combinations_with_all_others():
    shown = theirs(
        StoreVariant("1", "A", ("S", "Red"), TEN), StoreVariant("2", "", ("S", "Blue"), TEN, visible=False),
        options=(("Size", ("S",)), ("Color", ("Red", "Blue"))),
    )  # fmt: skip

    found = plan(COLORED, shown, OFFER)

    assert (found.action, found.hidden, found.plain) == (Action.CHANGE, 1, False)
    assert found.after
    assert [(v.choices, v.sku, v.visible) for v in found.after.variants[2:]] == [
        (("L", "Red"), "", False),
        (("L", "Blue"), "B", True),
    ]


def test_a_combination_that_the_store_hides_gets_our_sku():
    shown = theirs(
        StoreVariant("1", "MUG-S", ("S",), TEN), StoreVariant("2", "", ("L",), TEN, visible=False),
        options=(("Size", ("S", "L")),),
    )  # fmt: skip

    found = plan(SIZES, shown, OFFER)

    assert found.plain
    assert found.after
    assert found.after.variants[1].sku == "MUG-L"


@pytest.mark.parametrize(
    ("mine", "shown", "word"),
    [
        (ours(name="x" * 81), None, "80 characters"),
        (ours(name=""), None, "80 characters"),
        (ours(**{"S" * 41: ()}), None, "too long"),
        (Ours("Mug", "", (), (OurVariant("MUG"),)), None, "no price"),
        (Ours("Mug", "", (), (OurVariant("MUG", (), Decimal(10**10)),)), None, "this price"),
        (ours(options=("Size",), A=("S",), B=()), None, "no value"),
        (ours(options=("Size",), A=("S",), B=("S",)), None, "same values"),
        (ours(options=("Size",), A=("S",)), theirs(loose=("Wrap",)), "Manage its variants"),
        (ours(options=("Format",), A=("S",)), SIZED, "Make them the same"),
        (ours(options=tuple("ABCDEFG"), A=tuple("abcdefg")), None, "6 options"),
        (
            ours(options=("N", "M"), **{f"K{n}": (str(n), str(n)) for n in range(20)}),
            None,
            "combinations",
        ),
    ],
)
def test_what_the_store_would_not_take_is_a_sentence_and_nothing_is_guessed(mine, shown, word):
    found = plan(mine, shown, OFFER)

    assert found.action is None
    assert word in found.problem


def test_a_linked_variant_with_other_choices_there_is_not_moved():
    mine = Ours("Mug", "", ("Size",), (OurVariant("MUG-S", ("L",), TEN, uid="s"), OurVariant("MUG-L", ("S",), TEN)))

    assert "Make them the same" in plan(mine, SIZED, OFFER).problem


def test_a_plan_survives_being_kept_as_json():
    found = plan(COLORED, None, OFFER).after

    assert same(from_json("", as_json(found)), found)
    assert from_json("p", as_json(None)) is None


@given(
    sizes=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True), min_size=1, max_size=3),
    data=st.data(),
)
def test_for_any_of_our_variants_the_store_gets_each_combination_once_and_hides_those_that_are_not_ours(sizes, data):
    options = tuple(f"Option {n}" for n in range(len(sizes)))
    combinations = st.tuples(*(st.sampled_from([str(choice) for choice in choices]) for choices in sizes))
    mine = data.draw(st.lists(combinations, min_size=1, max_size=12, unique=True))
    group = Ours("Thing", "", options, tuple(OurVariant(f"SKU-{n}", picked, TEN) for n, picked in enumerate(mine)))

    found = plan(group, None, ProductOffer(per_call=1, most_variants=10_000))

    assert found.after
    choices = [{picked[place] for picked in mine} for place in range(len(options))]
    made = [variant.choices for variant in found.after.variants]
    assert len(made) == len(set(made)) == prod(len(names) for names in choices)
    assert {v.choices: v.sku for v in found.after.variants if v.sku} == {p: f"SKU-{n}" for n, p in enumerate(mine)}
    assert all(v.visible == bool(v.sku) for v in found.after.variants)
    assert found.hidden == len(made) - len(mine)
    assert fits(found.after, found.after)

    # Once the store shows it, nothing is left to do: ids and sequence are the store's own.
    shown = StoreProduct(
        "p", "Thing", "", tuple((name, tuple(sorted(names))) for name, names in found.after.options),
        tuple(StoreVariant(f"v{n}", v.sku, v.choices, v.price, visible=v.visible)
              for n, v in enumerate(reversed(found.after.variants))),
    )  # fmt: skip
    assert fits(found.after, shown)
    assert plan(group, shown, OFFER).action is None

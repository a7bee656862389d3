"""Order rules decide by tables: every condition, all or any, their order, and what a person chose above them."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.rule_book import FIELDS, PERSON, AboutOrder, Did, Do, Is, Kind, RuleFacts, asked, compiled, decide


def facts(**values: Any) -> RuleFacts:
    about = {name: values.pop(name) for name in list(values) if name in AboutOrder._fields}
    return RuleFacts(AboutOrder(**{"store_id": 1, "currency": "EUR", "total": Decimal("20.00"), **about}), **values)


def rule(pk: int = 1, *conditions: tuple[Any, ...], match: str = "all", do: Any = ("hold",), **values: Any) -> dict:
    actions = [{"do": one} if isinstance(one, str) else {"do": one[0], "value": one[1]} for one in do]
    rows = [{"field": field, "is": operator, "values": list(wanted)} for field, operator, *wanted in conditions]
    return {"id": pk, "name": f"Rule {pk}", "version": 1, "match": match, "conditions": rows, "actions": actions,
            **values}  # fmt: skip


def fits(*conditions: tuple[Any, ...], match: str = "all", **order: Any) -> bool:
    return bool(decide(compiled([rule(1, *conditions, match=match)]), facts(**order)).applied)


def test_money_is_compared_in_its_own_currency_only() -> None:
    assert fits(("total", "at_least", "20.00", "EUR"), total=Decimal("20.0000"))
    assert not fits(("total", "at_least", "20.01", "EUR"), total=Decimal("20.00"))
    assert not fits(("total", "at_least", "20.00", "EUR"), total=Decimal("900"), currency="HUF")
    assert not fits(("total", "at_most", "20.00", "EUR"), total=Decimal("5"), currency="USD")


def test_texts_are_compared_without_regard_to_case() -> None:
    assert fits(("sku", "is", "mug-red"), skus=("CUP", "MUG-RED"))
    assert fits(("sku", "begins", "mug"), skus=("CUP", "MUG-RED"))
    assert fits(("sku", "one_of", "plate", "Cup"), skus=("CUP",))
    assert fits(("shipping_option", "contains", "EXPRESS"), shipping_option="DHL Express 9:00")
    assert fits(("postcode", "begins", "10", "12"), postcode="12043")
    assert not fits(("postcode", "begins", "10", "12"), postcode="81012")


def test_is_not_means_that_nothing_of_it_is() -> None:
    assert fits(("sku", "is_not", "MUG"), skus=("CUP",))
    assert not fits(("sku", "is_not", "MUG"), skus=("CUP", "mug"))
    assert fits(("country", "is_not", "DE", "AT"), country="FR")
    assert not fits(("country", "is_not", "DE", "AT"), country="AT")
    assert fits(("ship_code", "is_not", "EXP"))


def test_an_unknown_weight_never_fits() -> None:
    assert fits(("weight", "at_most", "500"), weight=500)
    assert not fits(("weight", "at_most", "500"), weight=None)
    assert not fits(("weight", "at_least", "0"), weight=None)


def test_what_a_rule_names_and_is_no_longer_offered_is_never_met() -> None:
    assert not fits(("moon", "is", "full"))
    assert not fits(("total", "contains", "2"))
    assert not fits(("moon", "is", "full"), ("pickup", "no"))
    assert fits(("moon", "is", "full"), ("pickup", "no"), match="any")
    assert not fits()  # and a rule without conditions fits no order


def test_the_first_rule_that_sets_a_ship_code_decides_and_the_later_one_says_so() -> None:
    always = ("pickup", "no")
    book = compiled([
        rule(1, always, do=[("ship_code", "EXP")]),
        rule(2, always, do=[("ship_code", "STD"), ("warehouse", "7")]),
    ])  # fmt: skip

    outcome = decide(book, facts())

    assert outcome.ship_code is not None
    assert outcome.ship_code.value == "EXP"
    assert outcome.warehouse_id == 7
    assert outcome.applied[1].did == (Did(Do.SHIP_CODE, "STD", "rule:Rule 1"), Did(Do.WAREHOUSE, "7"))


def test_what_a_person_chose_stands_above_every_rule() -> None:
    book = compiled([rule(1, ("pickup", "no"), do=[("ship_code", "EXP"), ("warehouse", "7"), "hold"])])

    outcome = decide(book, facts(), code_chosen=True, warehouse_chosen=True)

    assert (outcome.ship_code, outcome.warehouse_id) == (None, None)
    assert [did.instead for did in outcome.applied[0].did] == [PERSON, PERSON, ""]
    assert outcome.applied[0].holds


# --- any orders, any rules -----------------------------------------------------------------------------------------

WORDS = st.sampled_from(["MUG", "mug-red", "Cup", "", "straße", "STRASSE"])
ORDERS = st.builds(
    lambda about, **of: RuleFacts(AboutOrder(**about), **of),
    about=st.fixed_dictionaries({
        "store_id": st.integers(1, 3),
        "currency": st.sampled_from(["EUR", "USD"]),
        "total": st.decimals(0, 1000, places=2),
        "country": st.sampled_from(["DE", "FR", ""]),
        "postcode": st.sampled_from(["10115", "75001", ""]),
        "units": st.integers(0, 9),
        "weight": st.none() | st.integers(0, 3000),
        "skus": st.lists(WORDS, max_size=3).map(tuple),
        "payment": st.sampled_from(["paid", "unpaid"]),
        "pickup": st.booleans(),
        "gift_note": st.booleans(),
    }),
    shipping_option=WORDS,
    ship_code=st.sampled_from(["EXP", "STD", ""]),
    warehouse_id=st.none() | st.integers(1, 3),
    abroad=st.booleans(),
)  # fmt: skip


@st.composite
def conditions(draw: Any) -> dict[str, Any]:
    field = draw(st.sampled_from(list(FIELDS.values())))
    operator = draw(st.sampled_from(field.operators))
    values: list[str] = []
    if field.kind is Kind.MONEY:
        values = [str(draw(st.decimals(0, 1000, places=2))), draw(st.sampled_from(["EUR", "USD"]))]
    elif field.kind is Kind.NUMBER:
        values = [str(draw(st.integers(0, 3000)))]
    elif field.kind is not Kind.YES_NO:
        some = st.sampled_from(["1", "2", "DE", "FR", "paid", "EXP", "std", "mug", "CUP", "10", "ss"])
        values = draw(st.lists(some, min_size=1, max_size=1 if operator is Is.IS else 3))
    return {"field": field.key, "is": operator.value, "values": values}


ACTIONS = st.lists(
    st.sampled_from(["hold", "notify"]).map(lambda do: {"do": do})
    | st.sampled_from(["big", "gift"]).map(lambda tag: {"do": "tag", "value": tag})
    | st.sampled_from(["EXP", "AIR"]).map(lambda code: {"do": "ship_code", "value": code})
    | st.sampled_from(["4", "5"]).map(lambda house: {"do": "warehouse", "value": house}),
    min_size=1,
    max_size=3,
)
BOOKS = st.lists(
    st.fixed_dictionaries({
        "match": st.sampled_from(["all", "any"]),
        "conditions": st.lists(conditions(), max_size=4),
        "actions": ACTIONS,
    }),
    max_size=6,
).map(lambda rules: [{**one, "id": n, "name": f"R{n}", "version": 1} for n, one in enumerate(rules, 1)])  # fmt: skip


@given(BOOKS, ORDERS, st.booleans(), st.booleans())
def test_each_rule_applies_by_its_own_conditions_and_the_first_word_counts(
    documents: list[dict[str, Any]], order: RuleFacts, code_chosen: bool, warehouse_chosen: bool
) -> None:
    book = compiled(documents)

    outcome = decide(book, order, code_chosen=code_chosen, warehouse_chosen=warehouse_chosen)

    def holds_of(document: dict[str, Any]) -> bool:
        met = [one.met for one in asked(compiled([document]).rules[0], order)]
        return bool(met) and (all(met) if document["match"] == "all" else any(met))

    applying = [one for one in documents if holds_of(one)]
    assert [one.pk for one in outcome.applied] == [one["id"] for one in applying]
    for do, chosen, found in (
        ("ship_code", code_chosen, outcome.ship_code and outcome.ship_code.value),
        ("warehouse", warehouse_chosen, outcome.warehouse_id and str(outcome.warehouse_id)),
    ):
        wanted = [action["value"] for one in applying for action in one["actions"] if action["do"] == do]
        assert found == (None if chosen or not wanted else wanted[0])
        said = [did for one in outcome.applied for did in one.did if did.do == do]
        assert [not did.instead for did in said] == [not chosen and n == 0 for n in range(len(said))]


@given(BOOKS, ORDERS, st.data())
def test_a_rule_neither_helps_nor_hinders_another_ones_conditions(
    documents: list[dict[str, Any]], order: RuleFacts, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(documents))

    first, then = (decide(compiled(some), order) for some in (documents, shuffled))

    assert {one.pk for one in first.applied} == {one.pk for one in then.applied}


@given(ORDERS, conditions())
def test_turning_a_condition_round_turns_its_answer(order: RuleFacts, condition: dict[str, Any]) -> None:
    opposite = {"one_of": "is_not", "is_not": "one_of", "yes": "no", "no": "yes"}.get(condition["is"])
    if opposite is None:
        return
    (one,), (other,) = (
        asked(compiled([rule(1) | {"conditions": [each]}]).rules[0], order)
        for each in (condition, condition | {"is": opposite})
    )

    assert one.met is not other.met

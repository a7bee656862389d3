"""Suggestions for a store's words: by likeness, with a reason, and nothing where nothing stands out."""

import pytest

from mappings.ship_codes import ShipCode, ship_codes_of
from mappings.suggest import Candidate, Known
from mappings.suggestions import CodeBook
from tests.build import make_account, make_partner, make_warehouse

CODES = Known(
    [
        Candidate("EU-STD", ("Standard EU", "DHL Paket")),
        Candidate("EU-EXP", ("Express EU", "DHL Express")),
        Candidate("US-STD", ("Ground", "UPS Ground")),
        Candidate("PICKUP", ("Collected at the door",)),
    ]
)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("std-eu", "EU-STD"),
        ("Standard shipping (Europe)", "EU-STD"),
        ("EU Standard Delivery", "EU-STD"),
        ("Éxpress EU", "EU-EXP"),
        ("EXP_EU", "EU-EXP"),
        ("Expres Europe", "EU-EXP"),
        ("UPS Ground", "US-STD"),
        ("ups ground", "US-STD"),
        ("usa standard", "US-STD"),
    ],
)
def test_a_ship_code_that_says_the_same_is_suggested(word, code):
    found = CODES.find([word])

    assert found is not None
    assert found.value == code


@pytest.mark.parametrize("word", ["", "   ", "???", "Flat rate", "Shipping", "DHL", "Standard", "运费", "x" * 300])
def test_a_word_that_could_mean_anything_is_not_guessed(word):
    assert CODES.find([word]) is None


def test_the_reason_is_a_sentence_that_names_both_words_and_what_they_share():
    assert CODES.find(["std-eu"]).reason == "“std-eu” and “EU-STD” say the same: standard and EU."
    assert CODES.find(["ups ground"]).reason == "It has the same name: “UPS Ground” (US-STD)."
    assert CODES.find(["Standard tracked EU"]).reason == "“Standard tracked EU” and “EU-STD” both say standard and EU."


def test_two_codes_equally_alike_are_no_suggestion():
    assert Known([Candidate("STD-A"), Candidate("STD-B")]).find(["standard"]) is None


def test_the_stores_code_helps_where_its_title_says_nothing():
    assert CODES.find(["Free shipping", "EXP_EU"]).value == "EU-EXP"


@pytest.mark.django_db
def test_an_account_chooses_from_the_codes_of_the_partners_in_its_own_warehouses():
    account = make_account()
    ours = make_partner(ship_codes=[{"code": "EU-STD", "label": "Standard EU"}, {"code": "EU-STD"}, {"code": ""}, {}])
    make_partner(ship_codes=[{"code": "THEIRS"}])
    make_warehouse(account, partner=ours)
    make_warehouse(account)

    assert ship_codes_of(account) == [ShipCode("EU-STD", "Standard EU")]
    assert ship_codes_of(make_account()) == []


def test_a_carrier_that_the_store_names_apart_counts_too():
    book = CodeBook([ShipCode("A1", "Ground", "FedEx", "Ground"), ShipCode("B2", "Ground", "UPS", "Ground")])

    assert book.find("UPS", "Ground", "").value == "B2"

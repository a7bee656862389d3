"""What a word probably means, and why: what was chosen before, names, the table of common services, likeness."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fcp.models import Store
from inventory.loose import Loose, loose
from inventory.models import Alias, AliasType, Product
from mappings.common_services import CARRIERS, common_service
from mappings.mapping import map_ship_method
from mappings.models import Listing, ShipMethod
from mappings.ship_codes import ShipCode
from mappings.sku_suggestions import suggest_products
from mappings.suggestions import Before, CodeBook
from tests.build import (
    NOW,
    make_account,
    make_listing,
    make_location,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
)

CODES = [
    ShipCode("STD-EU", "Standard EU", "DHL", "Paket International"),
    ShipCode("EXP", "Express", "DHL", "Express"),
    ShipCode("US-G", "Ground", "UPS", "Ground"),
    ShipCode("WWX", "Abroad fast", "UPS", "Worldwide Saver"),
]


def why(title: str, before: tuple[Before, ...] = (), **more: str) -> tuple[str, str]:
    found = CodeBook(CODES, before).find(more.get("carrier", ""), title, more.get("code", ""))
    return (found.value, found.reason) if found else ("", "")


# --- ship codes, pure ------------------------------------------------------------------------------------------------


def test_what_was_chosen_for_the_same_word_comes_before_a_code_of_that_name() -> None:
    before = (Before("STD-EU", "Express", "MyShop"),)

    assert why("Express") == ("EXP", "It has the same name: “Express” (EXP).")
    assert why("Express", before) == ("STD-EU", "You chose STD-EU for “Express” on MyShop.")


def test_a_code_of_the_same_name_comes_before_what_was_chosen_for_a_like_word() -> None:
    before = (Before("US-G", "Standard EU tracking", "MyShop"),)

    assert why("EU Standard", before)[0] == "STD-EU"
    assert why("Standard EU tracked insured", before) == (
        "US-G",
        "You chose US-G for “Standard EU tracking” on MyShop, which is much like “Standard EU tracked insured”.",
    )


def test_the_table_of_common_services_comes_before_likeness() -> None:
    assert why("UPS Express Saver") == (
        "WWX",
        "“UPS Express Saver” is a usual name of UPS Worldwide Saver, and so is WWX.",
    )


def test_choices_that_contradict_each_other_are_none() -> None:
    before = (Before("STD-EU", "Post", "MyShop"), Before("US-G", "Post", "Outlet"))

    assert why("Post", before) == ("", "")


def test_a_code_that_the_warehouse_no_longer_lists_is_not_suggested_again() -> None:
    assert why("Post", (Before("GONE", "Post", "MyShop"),)) == ("", "")


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("Saver Worldwide UPS", "UPS Worldwide Saver"),
        ("Colissimo Domicile", "La Poste Colissimo Home"),
        ("La Poste, Home", "La Poste Colissimo Home"),
        ("Priority Mail Express", "USPS Priority Mail Express"),
        ("Hermes Standard", "Evri Standard"),
        ("CORREOS Paq Estándar", "Correos Paq Estándar"),
        ("Royal Mail Tracked48", "Royal Mail Tracked 48"),
        ("FedEx 2Day", "FedEx 2Day"),
    ],
)
def test_services_are_known_by_their_usual_names(text: str, service: str) -> None:
    assert str(common_service(text)) == service


@pytest.mark.parametrize("text", ["", "DHL", "Express", "Standard shipping", "Groupsaver", "运费"])
def test_a_text_without_carrier_or_service_names_none(text: str) -> None:
    assert common_service(text) is None


def test_every_service_of_the_table_is_found_by_its_own_name_and_by_each_other_one() -> None:
    wrong = [
        (text, str(common_service(text)))
        for carrier, (names, services) in CARRIERS.items()
        for service, others in services.items()
        for text in (f"{carrier} {service}", *(f"{names[0]} {other}" for other in others))
        if str(common_service(text)) != f"{carrier} {service}"
    ]

    assert wrong == []


# --- from the account's own rows -----------------------------------------------------------------------------------


def shown(store: Store, page: str) -> dict[str, str]:
    client = Client()
    client.force_login(make_user(store.account))
    rows = client.get(f"/a/shoes/mappings/{page}/").context["list"].rows
    return {str(row): row.suggestion.reason if row.suggestion else "" for row in rows}


def test_what_the_account_chose_on_another_of_its_stores_is_suggested(store: Store) -> None:
    outlet = make_store(store.account, name="Outlet")
    make_ship_method(outlet, "Snail", target="GROUND")
    make_ship_method(store, "snail")

    assert shown(store, "ship-codes") == {"snail": "You chose GROUND for “Snail” on Outlet."}


def test_what_the_option_meant_before_it_was_unmapped_is_suggested(store: Store) -> None:
    row = make_ship_method(store, "Snail")
    for target in ("GROUND", "EXPRESS", ""):
        map_ship_method(row, target, by="Ann", now=NOW)

    assert shown(store, "ship-codes") == {"Snail": "You chose EXPRESS for it before."}


def test_nothing_is_learned_from_another_account(store: Store) -> None:
    other = make_store(make_account())
    make_warehouse(other.account, partner=make_partner())
    make_ship_method(other, "Snail", target="GROUND")
    product = make_product(other.account, "MUG-1", barcode="4006381333931")
    make_listing(other, "ODD", product, by_hand=True)
    make_ship_method(store, "Snail")
    for sku in ("ODD", "MUG1", "4006381333931"):
        make_listing(store, sku)

    assert set(shown(store, "ship-codes").values()) == {""}
    assert set(shown(store, "skus").values()) == {""}


def test_a_location_is_suggested_by_what_its_name_was_bound_to(store: Store) -> None:
    make_warehouse(store.account, name="Nevada")
    west = make_warehouse(store.account, name="Oregon")
    make_location(make_store(store.account, name="Outlet"), "depot", west)
    make_location(store, "depot")
    make_location(store, "nevada")

    found = shown(store, "locations")

    assert found["Depot"] == "You chose Oregon for “Depot” on Outlet."
    assert "Nevada" in found["Nevada"]


# --- products --------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-39")
def test_products_are_suggested_by_alias_barcode_loose_sku_and_name(store: Store) -> None:
    account = store.account
    mug = make_product(account, "0100-MUG.RED", name="Red mug, large", barcode="4006381333931")
    Alias.objects.create(
        account=account,
        product=mug,
        code="OLD-7",
        alias_type=AliasType.objects.create(account=account, name="Old system"),
    )
    outlet = make_store(account, name="Outlet")
    make_listing(outlet, "GIFT", mug, units=2, by_hand=True)
    for sku, title in (
        ("OLD-7", "a"), ("4006381333931", "b"), ("100 mug red", "c"), ("N1", "Red mug, large"),
        ("N2", "Red mug (large)"), ("GIFT", "d"), ("N3", "Blue plate"),
    ):  # fmt: skip
        row = make_listing(store, sku)
        row.title = title
        row.save()

    assert shown(store, "skus") == {
        "OLD-7": "OLD-7 is the Old system alias of 0100-MUG.RED.",
        "4006381333931": "4006381333931 is the barcode of 0100-MUG.RED.",
        "100 mug red": "But for separators and leading zeros, 0100-MUG.RED is the same SKU.",
        "N1": "0100-MUG.RED has the same name: “Red mug, large”.",
        "N2": "“Red mug (large)” is much like the name of 0100-MUG.RED: “Red mug, large”.",
        "GIFT": "You chose 0100-MUG.RED × 2 for “GIFT” on Outlet.",
        "N3": "",
    }


def test_two_products_that_a_listing_could_be_are_no_suggestion(store: Store) -> None:
    make_product(store.account, "MUG-1")
    make_product(store.account, "MUG.1")
    make_listing(store, "MUG 1")

    assert shown(store, "skus") == {"MUG 1": ""}


@pytest.mark.django_db
@pytest.mark.parametrize("sku", ["0012-AB_3.4/5 6", "000", "A", "-_./ ", "ÄÖ-01", "007%7"])
def test_skus_are_loose_in_the_database_as_they_are_here(sku: str) -> None:
    product = make_product(make_account(), sku)

    assert Product.objects.annotate(loose=Loose("sku_key")).get().loose == loose(product.sku_key)


def test_suggesting_costs_the_same_for_a_page_as_for_one_listing(store: Store) -> None:
    make_product(store.account, "THING-9", name="Thing nine")
    one, page = [make_listing(store, "THING 0")], [make_listing(store, f"THING {n}") for n in range(1, 40)]

    with CaptureQueriesContext(
        connection,
    ) as few:
        suggest_products(store.account, one)
    with CaptureQueriesContext(connection) as many:
        suggest_products(store.account, page)

    assert len(few) == len(many) <= 10


def test_a_list_of_words_costs_the_same_number_of_statements_whatever_its_length(store: Store) -> None:
    client = Client()
    client.force_login(make_user(store.account))

    def statements(page: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/a/shoes/mappings/{page}/all/")
        return len(asked)

    def add(n: int) -> None:
        make_ship_method(store, f"Way {n}")
        make_ship_method(store, f"Mapped {n}", target="GROUND")
        make_listing(store, f"SKU {n}")
        make_listing(store, f"LINKED {n}", make_product(store.account, f"LINKED {n}"))
        make_location(store, f"place-{n}")
        make_location(store, f"bound-{n}", make_warehouse(store.account))

    add(0)
    pages = ("ship-codes", "skus", "locations")
    statements("skus")  # signing in
    before = [statements(page) for page in pages]
    for n in range(1, 12):
        add(n)

    assert [statements(page) for page in pages] == before
    assert ShipMethod.objects.filter(target="").count() == 12


def test_what_is_not_mapped_is_listed_by_its_own_index_however_much_there_is(store: Store) -> None:
    for n in range(120):
        make_listing(store, f"SKU {n}", make_product(store.account, f"P-{n}") if n % 2 else None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # it reads a table of a few rows as a whole
            cursor.execute("SET LOCAL enable_seqscan = off")

    unmapped = Listing.objects.for_account(store.account).unmapped()

    assert "mappings_listing_unmapped" in unmapped.order_by("sku_key", "id")[:51].explain()

"""Many words at once: the same meaning for all that were chosen, suggestions used together, and both taken back."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Account, Store
from fcp.roles import Role
from inventory.models import Warehouse
from mappings.models import Listing, Location, MappingChange, ShipMethod
from tests.build import (
    ANYTHING,
    make_account,
    make_listing,
    make_location,
    make_order,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
    rules,
)
from tests.integrations.pages.reading import words

pytestmark = pytest.mark.django_db

CODES = [
    {"code": "GROUND", "label": "Ground", "carrier": "UPS", "service": "Ground"},
    {"code": "EXPRESS", "label": "Express", "carrier": "UPS", "service": "Worldwide Express"},
]


@pytest.fixture
def store() -> Store:
    account = make_account("shoes")
    make_warehouse(account, partner=make_partner(ship_codes=CODES), name="New Jersey")
    return make_store(account, name="Main street")


@pytest.fixture
def client(store: Store) -> Client:
    return signed_in(store.account, Role.OPERATOR)


def signed_in(account: Account, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(account, role, first_name="Ann", last_name="Lee"))
    return client


def url(page: str) -> str:
    return f"/a/shoes/mappings/{page}"


def targets() -> dict[str, str]:
    return dict(ShipMethod.objects.values_list("title", "target"))


# --- the same for all of them ----------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "EIM-19")
def test_chosen_options_get_one_ship_code_after_a_look_and_go_back_together(client: Client, store: Store) -> None:
    make_listing(store, "MUG", make_product(store.account, "MUG"))
    of = rules(imports=ANYTHING, warehouse_id=Warehouse.objects.get().pk)
    for title in ("Free", "Flat", "Snail"):
        make_order(store, ship=title, of=of)
    make_order(store, skus=("NO-SUCH",), ship="Free", of=of)
    rows = list(ShipMethod.objects.filter(title__in=("Free", "Flat")))
    chosen = {"row": [row.pk for row in rows], "target": "ground", "of_tab": "map"}

    look = client.post(url("ship-codes/many/"), chosen)

    assert "3 orders wait for them; 2 of these go, the others wait for something else too." in words(look)
    assert set(targets().values()) == {""}

    client.post(url("ship-codes/many/"), {**chosen, "confirmed": "2"})

    assert targets() == {"Free": "GROUND", "Flat": "GROUND", "Snail": ""}
    assert {(row.target_carrier, row.target_service) for row in ShipMethod.objects.exclude(target="")} == {
        ("UPS", "Ground")
    }
    (batch,) = set(MappingChange.objects.values_list("batch", flat=True))
    assert batch
    page = words(client.get(url("ship-codes/")))
    assert "2 shipping options are changed." in page

    client.post(url("undo/"), {"batch": batch})

    assert set(targets().values()) == {""}


def test_all_that_match_means_those_of_the_list_it_was_pressed_on(client: Client, store: Store) -> None:
    other = make_store(store.account, name="Outlet")
    for title in ("Post A", "Post B", "Air"):
        make_ship_method(store, title)
    make_ship_method(other, "Post C")
    make_ship_method(store, "Post D", target="EXPRESS")
    asked = {"all": "1", "query": "q=post", "target": "GROUND", "of_store": str(store.pk), "of_tab": "map"}

    client.post(url("ship-codes/many/"), {**asked, "confirmed": "2"})

    assert targets() == {"Post A": "GROUND", "Post B": "GROUND", "Air": "", "Post C": "", "Post D": "EXPRESS"}
    assert "Nothing would change." in words(client.post(url("ship-codes/many/"), asked))


def test_a_number_that_changed_since_the_look_is_shown_again(client: Client, store: Store) -> None:
    make_ship_method(store, "Post A")
    asked = {"all": "1", "query": "", "target": "GROUND", "of_tab": "map", "confirmed": "1"}
    make_ship_method(store, "Post B")

    assert "2 shipping options" in words(client.post(url("ship-codes/many/"), asked))
    assert set(targets().values()) == {""}


def test_what_cannot_be_meant_is_refused_before_anything_is_done(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Post A")
    for key, target, sentence in (
        ("ship-codes", "NONSENSE", "No warehouse of this account knows"),
        ("ship-codes", "", "Choose the ship code first."),
        ("skus", "NO-SUCH", "You have no product with the SKU"),
        ("locations", "999", "Select a valid choice"),
    ):
        answer = client.post(url(f"{key}/many/"), {"row": row.pk, "target": target, "confirmed": "1"})
        assert sentence in words(answer)
    assert MappingChange.objects.count() == 0


def test_listings_and_locations_get_one_target_too(client: Client, store: Store) -> None:
    mug, other = make_product(store.account, "MUG"), make_warehouse(store.account, name="Nevada")
    listings = [make_listing(store, f"SIX-{n}") for n in range(3)]
    places = [make_location(store, f"place-{n}") for n in range(2)]

    client.post(
        url("skus/many/"), {"row": [one.pk for one in listings], "target": "mug", "units": "6", "confirmed": "3"}
    )
    client.post(url("locations/many/"), {"row": [p.pk for p in places], "target": other.pk, "confirmed": "2"})

    assert set(Listing.objects.values_list("product", "units", "by_hand")) == {(mug.pk, 6, True)}
    assert set(Location.objects.values_list("warehouse", flat=True)) == {other.pk}


def test_many_options_are_held_for_a_look_and_let_go(client: Client, store: Store) -> None:
    rows = [make_ship_method(store, title).pk for title in ("Free", "Flat")]
    assert "wait until a person has seen them" in words(
        client.post(url("ship-codes/many/"), {"row": rows, "hold": "1"})
    )

    client.post(url("ship-codes/many/"), {"row": rows, "hold": "1", "confirmed": "2"})
    assert set(ShipMethod.objects.values_list("hold", flat=True)) == {True}

    client.post(url(f"ship-codes/{rows[0]}/hold/"), {"hold": "0"})
    assert dict(ShipMethod.objects.values_list("pk", "hold")) == {rows[0]: False, rows[1]: True}


def test_an_endless_number_of_a_store_shows_the_suggestions_of_all(client: Client, store: Store) -> None:
    make_ship_method(store, "Ground")

    page = client.get(url("ship-codes/suggestions/"), {"store": "7" * 5000})

    assert page.status_code == 200


def test_who_may_not_map_sets_nothing_and_sees_no_boxes(store: Store) -> None:
    row = make_ship_method(store)
    viewer = signed_in(store.account, Role.VIEWER)

    assert viewer.post(url("ship-codes/many/"), {"row": row.pk, "target": "GROUND"}).status_code == 403
    assert viewer.get(url("ship-codes/suggestions/")).status_code == 403
    assert 'name="row"' not in viewer.get(url("ship-codes/")).content.decode()
    assert targets() == {"Standard": ""}


def test_rows_and_batches_of_strangers_are_left_alone(client: Client, store: Store) -> None:
    theirs = make_ship_method(make_store(), "Theirs", target="GROUND")
    MappingChange.objects.create(
        account_id=theirs.account_id, table="shipmethod", row=theirs.pk, at="2026-11-20T12:00Z",
        before={"target": ""}, after={"target": "GROUND"}, by="Them", batch="b1", version=1,
    )  # fmt: skip

    client.post(url("ship-codes/many/"), {"row": theirs.pk, "target": "EXPRESS", "confirmed": "1"})
    client.post(
        url("ship-codes/many/"), {"all": "1", "of_store": theirs.store_id, "target": "EXPRESS", "confirmed": "1"}
    )

    assert client.post(url("undo/"), {"batch": "b1"}).status_code == 404
    assert targets() == {"Theirs": "GROUND"}


# --- suggestions -----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37")
def test_suggestions_are_used_together_after_a_look_and_only_the_ones_left_ticked(client: Client, store: Store) -> None:
    for title in ("UPS Ground", "Express delivery", "Who knows"):
        make_ship_method(store, title)
    page = client.get(url("ship-codes/suggestions/"))
    shown = {str(row): row for row in page.context["rows"]}
    assert set(shown) == {"UPS Ground", "Express delivery"}
    assert set(targets().values()) == {""}

    ticked = {"row": shown["UPS Ground"].pk, f"value-{shown['UPS Ground'].pk}": "GROUND"}
    client.post(url("ship-codes/suggestions/"), ticked)

    assert targets() == {"UPS Ground": "GROUND", "Express delivery": "", "Who knows": ""}
    assert MappingChange.objects.get().batch != ""


def test_a_suggestion_that_is_another_one_by_now_is_not_used(client: Client, store: Store) -> None:
    row = make_ship_method(store, "UPS Ground")

    client.post(url("ship-codes/suggestions/"), {"row": row.pk, f"value-{row.pk}": "EXPRESS"})

    assert targets() == {"UPS Ground": ""}


@pytest.mark.req("TECH-39")
def test_suggested_products_are_linked_with_their_pieces(client: Client, store: Store) -> None:
    mug = make_product(store.account, "MUG-01")
    row = make_listing(store, "mug 01")
    outlet = make_store(store.account, name="Outlet")
    make_listing(outlet, "SIXPACK", mug, units=6, by_hand=True)
    six = make_listing(store, "SIXPACK")

    page = client.get(url("skus/suggestions/"))
    values = {f"value-{one.pk}": one.suggestion.value for one in page.context["rows"]}
    client.post(url("skus/suggestions/"), {"row": [row.pk, six.pk], **values})

    row.refresh_from_db()
    six.refresh_from_db()
    assert ((row.product, row.units), (six.product, six.units)) == ((mug, 1), (mug, 6))

"""The pages of mappings: the stores' words, what they mean, and who said so."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Account, Store
from fcp.roles import Role
from inventory.models import Product
from mappings.models import CarrierOut, Listing, Location, MappingChange, ShipMethod
from tests.build import (
    make_account,
    make_listing,
    make_location,
    make_order,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import assert_in_order, words

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account, Role.OPERATOR)


def signed_in(account: Account, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(account, role, first_name="Ann", last_name="Lee"))
    return client


def url(page: str) -> str:
    return f"/a/shoes/mappings/{page}"


# --- lists ------------------------------------------------------------------------------------------------------


def test_what_is_not_mapped_comes_first(client: Client, store: Store) -> None:
    make_ship_method(store, "Air", target="EXPRESS")
    new = make_ship_method(store, "Snail")
    assert [row.pk for row in client.get(url("ship-codes/")).context["list"].rows] == [new.pk]
    assert len(client.get(url("ship-codes/all/")).context["list"].rows) == 2

    ShipMethod.objects.update(target="GROUND")

    assert len(client.get(url("ship-codes/")).context["list"].rows) == 2  # nothing to map: all of it


def test_a_row_says_how_many_orders_wait_and_what_it_probably_means(client: Client, store: Store) -> None:
    make_listing(store, "MUG", make_product(store.account, "MUG"))
    make_order(store, ship="Express delivery")
    make_order(store, ship="Express delivery")

    (row,) = client.get(url("ship-codes/")).context["list"].rows

    assert row.waiting == 2
    assert row.form["target"].value() == "EXPRESS"
    assert "both say" in row.suggestion.reason or "same" in row.suggestion.reason


def test_lists_are_searched_filtered_by_integration_and_exported(client: Client, store: Store) -> None:
    other = make_store(store.account, name="Outlet")
    make_listing(store, "MUG-1")
    make_listing(other, "MUG-2")
    make_listing(store, "=HYPERLINK")

    def shown(**query: object) -> list[str]:
        return [row.sku for row in client.get(url("skus/all/"), query).context["list"].rows]  # type: ignore[arg-type]

    assert shown(q="mug") == ["MUG-1", "MUG-2"]
    assert shown(q="mug", store=other.pk) == ["MUG-2"]
    assert shown(q="%") == []
    assert shown(store="nonsense") == ["=HYPERLINK", "MUG-1", "MUG-2"]
    export = b"".join(client.get(url("skus/all/"), {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "MUG-1" in export
    assert "'=HYPERLINK" in export


@pytest.mark.parametrize("page", ["ship-codes/", "skus/", "locations/", "carriers/"])
def test_an_empty_list_says_what_it_is_for(client: Client, account: Account, page: str) -> None:
    text = words(client.get(url(page)))

    assert any(
        piece in text for piece in ("No shipping options yet", "No listings yet", "No locations yet", "unchanged")
    )


# --- mapping in place -------------------------------------------------------------------------------------------


def test_mapping_a_ship_code_answers_with_the_row_and_says_what_it_does(client: Client, store: Store) -> None:
    make_listing(store, "MUG", make_product(store.account, "MUG"))
    make_order(store, ship="Standard")
    row = ShipMethod.objects.get()

    answer = client.post(url(f"ship-codes/{row.pk}/"), {"target": "GROUND"}, headers=HTMX)

    row.refresh_from_db()
    assert (row.target, row.target_carrier, row.target_service) == ("GROUND", "UPS", "Ground")
    part = answer.content.decode()
    assert part.lstrip().startswith("<tr")
    assert "1 order waited for it" in part
    assert MappingChange.objects.get().by == "Ann Lee"


def test_a_ship_code_that_no_warehouse_knows_is_refused_in_place(client: Client, store: Store) -> None:
    row = make_ship_method(store)

    answer = client.post(url(f"ship-codes/{row.pk}/"), {"target": "NONSENSE"}, headers=HTMX)

    assert "No warehouse of this account knows the ship code “NONSENSE”." in answer.content.decode()
    row.refresh_from_db()
    assert row.target == ""


def test_without_a_list_of_the_partner_any_code_is_typed(client: Client, account: Account) -> None:
    row = make_ship_method(make_store(account))
    make_warehouse(account)

    client.post(url(f"ship-codes/{row.pk}/"), {"target": " MY-CODE "})

    row.refresh_from_db()
    assert row.target == "MY-CODE"
    page = client.post(url(f"ship-codes/{row.pk}/"), {"target": "x" * 61})
    assert "at most 60 characters" in words(page)


def test_saving_a_mapping_again_changes_nothing(client: Client, store: Store) -> None:
    row = make_ship_method(store, target="GROUND", target_carrier="UPS", target_service="Ground")

    answer = client.post(url(f"ship-codes/{row.pk}/"), {"target": "GROUND"}, headers=HTMX)

    assert "toast" not in answer.content.decode()
    assert MappingChange.objects.count() == 0


def test_a_listing_is_linked_to_a_product_by_its_sku(client: Client, store: Store) -> None:
    product = make_product(store.account, "MUG-RED")
    row = make_listing(store, "mug_red")
    page = url(f"skus/{row.pk}/")

    unknown = client.post(page, {"target": "MUG-BLUE"}, headers=HTMX)
    assert "You have no product with the SKU “MUG-BLUE”." in unknown.content.decode()
    client.post(page, {"target": " mug-red ", "units": "6"}, headers=HTMX)

    row.refresh_from_db()
    assert (row.product, row.units) == (product, 6)
    assert "Mapped to MUG-RED × 6." in words(client.get(page))
    for wrong in ("0", "-1", "many", "1.5"):
        assert client.post(page, {"target": "MUG-RED", "units": wrong}).status_code == 200
    row.refresh_from_db()
    assert row.units == 6


def test_a_listing_becomes_a_product_with_one_press(client: Client, store: Store) -> None:
    other = make_store(store.account)
    row, twin = make_listing(store, "MUG"), make_listing(other, "mug")

    client.post(url(f"skus/{row.pk}/"), {"make": "1", "target": ""}, headers=HTMX)

    product = Product.objects.get()
    assert (product.sku, product.name) == ("MUG", "Mug")
    assert {*Listing.objects.values_list("product", flat=True)} == {product.pk}  # the same SKU is the same thing
    twin.refresh_from_db()
    assert twin.version == 1


def test_products_are_proposed_by_the_beginning_of_their_sku(client: Client, store: Store) -> None:
    make_product(store.account, "MUG-RED")
    make_product(make_account(), "MUG-THEIRS")

    part = client.get(url("skus/products/"), {"target": "mu"}, headers=HTMX).content.decode()

    assert "MUG-RED" in part
    assert "MUG-THEIRS" not in part
    assert client.get(url("skus/products/"), {"target": "\x00%"}).status_code == 200


def test_the_only_warehouse_is_proposed_for_a_location(client: Client, store: Store) -> None:
    row = make_location(store, "loc-1")
    (shown,) = client.get(url("locations/")).context["list"].rows
    assert "New Jersey is your only warehouse." in words(client.get(url("locations/")))
    assert shown.form["target"].value() == shown.suggestion.value

    client.post(url(f"locations/{row.pk}/"), {"target": shown.suggestion.value})

    row.refresh_from_db()
    assert row.warehouse is not None
    assert row.warehouse.name == "New Jersey"


# --- who may, and whose ------------------------------------------------------------------------------------------


def test_viewers_see_mappings_and_change_none(account: Account, store: Store) -> None:
    row = make_ship_method(store, target="GROUND")
    viewer = signed_in(account, Role.VIEWER)
    assert "GROUND" in words(viewer.get(url("ship-codes/")))
    assert "<select" not in viewer.get(url("ship-codes/")).content.decode()

    refused = viewer.post(url(f"ship-codes/{row.pk}/"), {"target": "EXPRESS"}, headers=HTMX)

    assert refused.status_code == 403
    row.refresh_from_db()
    assert row.target == "GROUND"


def test_strangers_words_and_targets_do_not_exist_here(client: Client, store: Store) -> None:
    theirs = make_account()
    their_store = make_store(theirs)
    ours = make_location(store, "ours")
    warehouse = make_warehouse(theirs)
    their_rows = {
        "ship-codes": make_ship_method(their_store),
        "skus": make_listing(their_store, "X"),
        "locations": make_location(their_store, "theirs"),
        "carriers": CarrierOut.objects.create(account=theirs, store=their_store, carrier="DHL", name="dhl"),
    }

    for page, row in their_rows.items():
        assert client.get(url(f"{page}/{row.pk}/")).status_code == 404
        assert client.post(url(f"{page}/{row.pk}/"), {"target": "GROUND"}).status_code == 404
    client.post(url(f"locations/{ours.pk}/"), {"target": str(warehouse.pk)})
    assert Location.objects.get(pk=ours.pk).warehouse is None
    added = client.post(url("carriers/add/"), {"store": their_store.pk, "carrier": "DHL", "name": "x"})
    assert "store" in added.context["form"].errors


# --- carriers, outbound ------------------------------------------------------------------------------------------


def test_a_carriers_name_for_a_store_is_added_changed_and_removed(client: Client, store: Store) -> None:
    given = {"store": str(store.pk), "carrier": "GLS Germany", "name": "gls", "link": "https://gls.example/{number}"}
    assert "store" in client.post(url("carriers/add/"), {**given, "store": "0"}).context["form"].errors
    assert "link" in client.post(url("carriers/add/"), {**given, "link": "javascript:{number}"}).context["form"].errors
    assert "link" in client.post(url("carriers/add/"), {**given, "link": "https://x.example/"}).context["form"].errors
    client.post(url("carriers/add/"), given)
    row = CarrierOut.objects.get()
    again = client.post(url("carriers/add/"), {**given, "carrier": "gls germany"})
    assert "has a name for this store already" in words(again)

    client.post(url(f"carriers/{row.pk}/"), {"target": "GLS DE", "link": given["link"]})
    assert_in_order(words(client.get(url(f"carriers/{row.pk}/"))), "Changed from gls to GLS DE.", "Mapped to gls.")
    client.post(url(f"carriers/{row.pk}/remove/"))

    assert CarrierOut.objects.count() == 0
    assert MappingChange.objects.filter(table="carrierout").count() == 3

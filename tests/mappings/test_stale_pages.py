"""A page that shows an older meaning of a word than it has changes nothing: somebody was faster."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Store
from fcp.roles import Role
from mappings.mapping import map_listing, map_location, map_ship_method, name_carrier
from mappings.models import CarrierOut, Listing, Location, MappingChange, ShipMethod
from tests.build import (
    make_listing,
    make_location,
    make_product,
    make_ship_method,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import form_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(store: Store) -> Client:
    client = Client()
    client.force_login(make_user(store.account, Role.OPERATOR, first_name="Ann", last_name="Lee"))
    return client


def url(page: str) -> str:
    return f"/a/shoes/mappings/{page}"


def all_of(response: Any) -> str:
    """A page or a row, with what is said beside it."""
    return unescape(response.content.decode())


def by_bob() -> dict[str, Any]:
    return {"by": "Bob", "now": timezone.now()}


def ship_code(store: Store) -> tuple[str, Any, str, str]:
    row = make_ship_method(store, "Snail")
    return f"ship-codes/{row.pk}/", lambda: map_ship_method(row, "GROUND", **by_bob()), "EXPRESS", "GROUND"


def sku(store: Store) -> tuple[str, Any, str, str]:
    row, cup = make_listing(store, "MUG-RED"), make_product(store.account, "CUP")
    make_product(store.account, "MUG")
    return f"skus/{row.pk}/", lambda: map_listing(row, cup, **by_bob()), "MUG", "CUP"


def location(store: Store) -> tuple[str, Any, str, str]:
    row, ohio = make_location(store, "loc-1"), make_warehouse(store.account, name="Ohio")
    other = make_warehouse(store.account, name="Texas")
    return f"locations/{row.pk}/", lambda: map_location(row, ohio, **by_bob()), str(other.pk), "Ohio"


def carrier(store: Store) -> tuple[str, Any, str, str]:
    row = CarrierOut.objects.create(account=store.account, store=store, carrier="GLS Germany")
    return f"carriers/{row.pk}/", lambda: name_carrier(store, row.carrier, "GLS", **by_bob()), "DHL", "GLS"


def meant() -> list[Any]:
    """What the one word means."""
    fields = ((ShipMethod, "target"), (Listing, "product__sku"), (Location, "warehouse__name"), (CarrierOut, "name"))
    return [value for model, field in fields for value in model.objects.values_list(field, flat=True)]


@pytest.mark.req("EIM-19")
@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("of", [ship_code, sku, location, carrier])
def test_a_word_that_somebody_mapped_meanwhile_keeps_what_he_chose_and_says_so(
    client: Client, store: Store, of: Any, inline: bool
) -> None:
    page, by_another, mine, his = of(store)
    fields = form_of(client.get(url(page)), url(page), target=mine)
    by_another()

    answer = client.post(url(page), fields, headers=HTMX if inline else {}, follow=not inline)

    assert meant() == [his]
    assert MappingChange.objects.get().by == "Bob"
    assert "Bob changed “" in all_of(answer)
    assert f"meanwhile: it means {his} now. What you chose is not saved." in all_of(answer)


def test_the_row_that_was_refused_is_the_newest_and_can_be_saved(client: Client, store: Store) -> None:
    page, by_another, mine, _ = ship_code(store)
    fields = form_of(client.get(url("ship-codes/")), url(page), target=mine)
    by_another()

    refused = client.post(url(page), fields, headers=HTMX)
    client.post(url(page), form_of(refused, url(page), target=mine), headers=HTMX)

    assert meant() == [mine]


def test_what_cannot_be_meant_is_not_said_of_a_page_that_is_too_old(client: Client, store: Store) -> None:
    page, by_another, *_ = ship_code(store)
    fields = form_of(client.get(url("ship-codes/")), url(page), target="NONSENSE")
    by_another()

    answer = all_of(client.post(url(page), fields, headers=HTMX))

    assert "Bob changed “Snail” meanwhile" in answer
    assert "NONSENSE" not in answer


def test_nobody_changed_it_and_it_is_saved(client: Client, store: Store) -> None:
    page, _, mine, _ = ship_code(store)

    client.post(url(page), form_of(client.get(url(page)), url(page), target=mine))
    client.post(url(page), form_of(client.get(url(page)), url(page), target="GROUND"))

    assert meant() == ["GROUND"]

"""Places of an Ecwid store: the store itself, where orders are picked up, and outlets that are only named."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from integrations.connectors.declaring import FlowKind
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import IncomingLocation
from integrations.sandbox.server import Sandbox
from mappings.models import Location
from tests.integrations.flows.world import flow_of, sync

from .conftest import Reached
from .test_orders import by_token
from .test_shaping import payload

API = "https://app.ecwid.com/api/v3/1003"


def test_the_store_is_the_default_place_and_a_pickup_option_is_another(store: Reached) -> None:
    own, pickup = store.connector.locations()
    assert (own.uid, own.default) == (store.box.info["ecwid"]["store_id"], True)
    assert own.name == "Paper Boat warehouse, Portland"
    assert (pickup.uid, pickup.name, pickup.default) == ("4959-1595934622523", "Pick up at the boathouse", False)


def test_a_pickup_order_names_one_of_the_places(store: Reached) -> None:
    assert store.placed(kind="pickup").location_uid in {place.uid for place in store.connector.locations()}


@responses.activate
def test_the_genuine_profile_gives_its_places() -> None:
    responses.get(f"{API}/profile", json=payload("store-profile-2024.json"))
    responses.get(f"{API}/products", json={"items": []})
    assert by_token().locations() == [
        IncomingLocation("1003", "Ecwid API Team Store, Oirschot", True),
        IncomingLocation("4959-1595934622523", "Pickup"),
    ]


def profile(**shipping: Any) -> dict[str, Any]:
    return {"generalInfo": {"storeId": 1003}, "settings": {"storeName": "Tea & Co"}, "shipping": shipping}


@responses.activate
def test_outlets_that_products_and_shipping_options_name_are_places_too() -> None:
    pickup = {"id": "p-1", "title": "At the till", "fulfilmentType": "pickup", "locationId": "out-3"}
    counted = [{"locationInventory": {"out-1": 3}, "combinations": [{"locationInventory": {"out-2": 1}}]}]
    responses.get(f"{API}/profile", json=profile(shippingOptions=[pickup]))
    responses.get(f"{API}/products", json={"items": counted})
    found = {place.uid: place.name for place in by_token().locations()}
    assert found == {
        "1003": "Tea & Co",
        "out-1": "Outlet out-1",
        "out-2": "Outlet out-2",
        "out-3": "Outlet out-3",
        "p-1": "At the till",
    }


@responses.activate
def test_a_profile_without_its_shipping_options_is_asked_for_them_and_a_key_for_orders_only_will_do() -> None:
    responses.get(f"{API}/profile", json=profile())
    responses.get(f"{API}/profile/shippingOptions", json=[{"id": "p", "title": "Here", "fulfilmentType": "pickup"}])
    responses.get(f"{API}/products", status=403, json={"errorCode": "INSUFFICIENT_APP_SCOPE"})
    assert [place.uid for place in by_token().locations()] == ["1003", "p"]


@pytest.mark.req("P17-2", "P17-19")
def test_locations_are_read_from_the_moment_of_connecting_and_every_day(connected: Any, sandbox: Sandbox) -> None:
    integration = connected(on=())
    assert flow_of(integration, FlowKind.LOCATIONS).mode == "pull"
    found = Location.objects.filter(store=integration.store).values_list("name", flat=True)
    assert set(found) == {"Paper Boat warehouse, Portland", "Pick up at the boathouse"}
    before = sandbox.ecwid.store.total_calls
    sync(integration, FlowKind.LOCATIONS)
    assert sandbox.ecwid.store.total_calls - before <= 4
    assert EcwidConnector.platform.flows[-1].always_on

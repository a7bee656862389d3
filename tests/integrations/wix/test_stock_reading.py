"""Reading back what Wix has in stock."""

from typing import Any

import orjson
import pytest
import responses

from fcp.errors import Stale
from integrations.connectors.base import Bound
from integrations.connectors.shapes import StoreStock
from integrations.connectors.wix.connector import WixConnector
from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.site import name_of

from .conftest import Reached
from .test_listings import API, all_listings, by_key
from .test_shaping import payload
from .test_stock_setting import SKUS, uids

QUERY = f"{API}/stores-reader/v2/inventoryItems/query"
ITEMS = f"{API}/stores/v3/inventory-items/query"
PLACES = f"{API}/stores/v3/locations/query"


def all_stock(connector: WixConnector) -> list[StoreStock]:
    found: list[StoreStock] = []
    token = None
    while True:
        page = connector.stock(token)
        assert not page.bad
        found += page.items
        if (token := page.next) is None:
            return found


def by_sku(store: Reached, rows: list[StoreStock]) -> dict[str, int | None]:
    """The sum over locations."""
    site = store.host.site(store.site)
    names = {(p["id"], v["id"]): name_of(p, v) for p in site.products for v in p["variants"]}
    sums: dict[str, int | None] = {}
    for row in rows:
        sku = names[row.product_uid, row.variant_uid]
        sums[sku] = None if row.quantity is None else (sums.get(sku) or 0) + row.quantity
    return sums


def test_all_stock_is_what_the_store_shows(store: Reached) -> None:
    shown = store.host.stock(store.site)
    found = by_sku(store, all_stock(store.connector))
    assert found == {sku: shown[sku] for sku in found}
    assert {sku for sku, quantity in shown.items() if quantity is not None} <= set(found)


def test_stock_beyond_one_page_comes_without_a_gap(reach_in: Any) -> None:
    with Sandbox(products=230, rate_limit=0, stock_places=2) as box:
        for site in ("v1", "v3"):
            store = reach_in(box, site)
            rows = all_stock(store.connector)
            keys = [(row.product_uid, row.variant_uid, row.location_uid) for row in rows]
            shown = store.host.stock(site)
            assert len(keys) == len(set(keys))
            assert {k: v for k, v in by_sku(store, rows).items() if v is not None} == {
                k: v for k, v in shown.items() if v is not None
            }


def test_few_calls_are_made_for_many_listings(reach_in: Any) -> None:
    with Sandbox(products=150, rate_limit=0, variants=False) as box:
        for site, calls in (("v1", 2), ("v3", 2)):  # two pages of products; locations and one page of items
            store = reach_in(box, site)
            listings = [(one.product_uid, one.variant_uid) for one in all_listings(store.connector)]
            store.calls.clear()
            found = store.connector.stock_of(listings)
            assert len(store.calls) == calls
            assert {(row.product_uid, row.variant_uid) for row in found} == set(listings)


def test_what_the_store_does_not_count_or_does_not_know_has_no_number(store: Reached) -> None:
    sku = SKUS[store.site][0]
    store.host.set_stock(store.site, sku, None)
    unknown = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")
    found = store.connector.stock_of([uids(store, sku), unknown])
    assert [(row.quantity, row.tracked) for row in found] == [(None, False), (None, False)]
    assert [(row.product_uid, row.variant_uid) for row in found] == [uids(store, sku), unknown]


def test_a_store_that_sold_more_than_it_had_shows_less_than_nothing(store: Reached) -> None:
    sku = SKUS[store.site][0]
    store.host.set_stock(store.site, sku, 1)
    store.host.place_order(store.site, skus=[sku], quantity=3)
    assert store.connector.stock_of([uids(store, sku)])[0].quantity == -2


def test_locations_of_stock_go_by_the_ids_that_orders_name(reach_in: Any) -> None:
    with Sandbox(products=12, rate_limit=0, stock_places=2) as box:
        store = reach_in(box, "v3")
        order = store.placed(skus=["NC-LID"])
        places = {place.name: place.uid for place in store.connector.locations()}
        rows = store.connector.stock_of([uids(store, "NC-LID")])
        assert [row.location_uid for row in rows] == [places["Göteborg"], places["Malmö"]]
        assert order.lines[0].location_uid == rows[0].location_uid
        assert {name: row.quantity for name, row in zip(places, rows, strict=True)} == box.wix.stock_of("v3", "NC-LID")


def test_v1_knows_no_locations(reach: Any) -> None:
    store = reach("v1")
    assert {row.location_uid for row in all_stock(store.connector)} == {""}


@pytest.mark.parametrize("what", ["stock", "stock_of"])
def test_a_site_that_moved_to_the_other_catalog_says_so(store: Reached, what: str) -> None:
    other = "v1" if store.site == "v3" else "v3"
    bound = store.connector.bound
    wrong = WixConnector(Bound(bound.session, other, bound.credential, api_url=bound.api_url))
    with pytest.raises(Stale) as caught:
        _ = wrong.stock(None) if what == "stock" else wrong.stock_of([("p", "v")])
    assert (caught.value.code, caught.value.current) == ("variant_changed", store.site)


@responses.activate
def test_the_genuine_v1_inventory() -> None:
    responses.post(QUERY, json=payload("inventory-v2-query.json")["response"])
    items = by_key().stock(None).items
    assert [(row.quantity, row.tracked) for row in items] == [
        (None, False),
        (0, True),
        (-1, True),
        (2, True),
        (0, True),
    ]
    assert items[0].product_uid == "4dd4d586-ad4c-171d-8de1-e88657d23beb"


@responses.activate
def test_where_wix_does_not_take_many_products_each_is_asked_for_alone() -> None:
    def item(uid: str) -> dict[str, Any]:
        return {"productId": uid, "trackQuantity": True, "variants": [{"variantId": "v", "quantity": 4}]}

    responses.post(QUERY, json={"inventoryItems": [item("other")]})
    responses.post(QUERY, json={"inventoryItems": [item("a")]})
    responses.post(QUERY, json={"inventoryItems": [item("b")]})
    assert [row.quantity for row in by_key().stock_of([("a", "v"), ("b", "v")])] == [4, 4]
    asked = [orjson.loads(call.request.body)["query"]["filter"] for call in responses.calls]
    assert asked == ['{"productId":{"$hasSome":["a","b"]}}', '{"productId":"a"}', '{"productId":"b"}']


@responses.activate
def test_a_stock_item_that_cannot_be_read_fails_alone() -> None:
    responses.post(PLACES, json={"storesLocations": []})
    odd = [{"id": "i", "variantId": "v", "trackQuantity": True, "quantity": "many"}, {"id": "j"}]
    good = {"id": "k", "variantId": "w", "productId": "p", "trackQuantity": True, "quantity": 2, "locationId": "s"}
    responses.post(ITEMS, json={"inventoryItems": [*odd, good], "pagingMetadata": {"hasNext": False}})
    page = by_key("v3").stock(None)
    assert page.items == [StoreStock("p", "w", 2, tracked=True, location_uid="s", item_uid="k")]
    assert len(page.bad) == 2


@responses.activate
def test_the_cursor_carries_filter_and_sort_to_the_next_page() -> None:
    responses.post(PLACES, json={"storesLocations": []})
    more = {"hasNext": True, "cursors": {"next": "n"}}
    responses.post(ITEMS, json={"inventoryItems": [], "pagingMetadata": more})
    responses.post(ITEMS, json={"inventoryItems": [], "pagingMetadata": {"hasNext": False}})
    by_key("v3").stock_of([("p", "v")])
    asked = [orjson.loads(call.request.body)["query"] for call in responses.calls if "inventory" in call.request.url]
    assert asked == [
        {"cursorPaging": {"limit": 1000}, "filter": {"variantId": {"$in": ["v"]}}},
        {"cursorPaging": {"limit": 1000, "cursor": "n"}},
    ]


@responses.activate
def test_a_cursor_that_is_no_longer_good_means_from_the_beginning() -> None:
    responses.post(PLACES, json={"storesLocations": []})
    responses.post(ITEMS, json={"message": "bad cursor"}, status=400)
    with pytest.raises(Stale) as caught:
        by_key("v3").stock("old")
    assert caught.value.code == "page_token_gone"


@responses.activate
def test_two_stock_locations_of_one_business_location_are_told_apart() -> None:
    rows = [
        {"id": "s1", "wixLocationId": "b1", "name": "Main (shop)"},
        {"id": "s2", "wixLocationId": "b1", "name": "Main (online)", "defaultLocation": True},
        {"id": "s3", "name": "Depot"},
    ]
    responses.post(PLACES, json={"storesLocations": rows})
    responses.post(f"{API}/locations/v1/locations/query", json={"locations": [{"id": "b1", "name": "Main"}]})
    item = {"id": "i", "variantId": "v", "productId": "p", "trackQuantity": True, "quantity": 1, "locationId": "s1"}
    responses.post(ITEMS, json={"inventoryItems": [item], "pagingMetadata": {"hasNext": False}})
    connector = by_key("v3")
    assert [place.uid for place in connector.locations()] == ["b1", "s1", "s3"]
    found = connector.stock_of([("p", "v")])
    assert [(row.location_uid, row.quantity) for row in found] == [("b1", 0), ("s1", 1), ("s3", 0)]

"""Listings of both catalogues, and locations."""

from typing import Any

import orjson
import pytest
import responses

from fcp.errors import Stale, Unreadable
from fcp.http import Session
from integrations.connectors.base import Bound
from integrations.connectors.shapes import AppSecrets, Credential, IncomingListing
from integrations.connectors.wix.connector import WixConnector
from integrations.connectors.wix.words import NO_VARIANT
from integrations.sandbox.server import Sandbox

from .conftest import Reached
from .test_shaping import payload

API = "https://www.wixapis.com"
PRODUCTS = f"{API}/stores-reader/v1/products/query"
VARIANTS = f"{API}/stores/v3/products/query-variants"


def all_listings(connector: WixConnector) -> list[IncomingListing]:
    found: list[IncomingListing] = []
    token = None
    while True:
        page = connector.listings(token)
        assert not page.bad
        found += page.items
        if (token := page.next) is None:
            return found


def by_key(variant: str = "v1") -> WixConnector:
    credential = Credential("api_key", {"api_key": "IST.0123456789", "site_id": "1-2"})
    return WixConnector(Bound(Session(WixConnector.platform.hosts), variant, credential, AppSecrets()))


def test_every_variant_of_every_product_is_a_listing(store: Reached) -> None:
    site = store.host.site(store.site)
    wanted = {(product["id"], variant["id"]) for product in site.products for variant in product["variants"]}
    found = all_listings(store.connector)
    keys = [(listing.product_uid, listing.variant_uid) for listing in found]
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted


def test_a_listing_is_the_one_that_an_order_s_line_names(store: Reached) -> None:
    listings = {(one.product_uid, one.variant_uid): one for one in all_listings(store.connector)}
    for kind in ("plain", "mixed", "engraved", "no_sku", "digital"):
        for line in store.placed(kind=kind).lines:
            listing = listings[line.product_uid, line.variant_uid]
            assert listing.sku == line.sku


def test_hidden_products_and_products_that_wix_does_not_count_are_listed_too(store: Reached) -> None:
    site = store.host.site(store.site)
    product = next(iter(site.products))
    site.put_product({**product, "visible": False})
    hidden = [one for one in all_listings(store.connector) if one.product_uid == product["id"]]
    assert hidden
    assert not any(one.visible for one in hidden)


def test_a_v1_listing_says_whether_wix_counts_its_stock(reach: Any) -> None:
    store = reach("v1")
    tracked = {product["id"]: product["track"] for product in store.host.site("v1").products}
    assert all(one.tracked is tracked[one.product_uid] for one in all_listings(store.connector))


def test_products_beyond_one_page_come_without_a_gap(reach_in: Any) -> None:
    with Sandbox(products=230, rate_limit=0) as box:
        for site in ("v1", "v3"):
            store = reach_in(box, site)
            found = {one.product_uid for one in all_listings(store.connector)}
            assert found == {product["id"] for product in store.host.site(site).products}


@responses.activate
def test_v1_pages_by_numeric_id_since_offsets_end_at_ten_thousand() -> None:
    first = [{"id": f"p{n}", "numericId": str(1700000000000000 + n)} for n in range(100)]
    responses.post(PRODUCTS, json={"products": first})
    responses.post(PRODUCTS, json={"products": []})
    page = by_key().listings(None)
    assert page.next == "1700000000000099"
    assert by_key().listings(page.next).next is None
    asked = [orjson.loads(call.request.body) for call in responses.calls]
    assert asked[0] == {
        "query": {"paging": {"limit": 100, "offset": 0}, "sort": '[{"numericId":"asc"}]'},
        "includeVariants": True,
        "includeHiddenProducts": True,
    }
    assert asked[1]["query"]["filter"] == '{"numericId":{"$gt":1700000000000099}}'


@responses.activate
def test_a_store_that_sends_the_same_v1_page_again_and_again_is_not_read_for_ever() -> None:
    same = [{"id": f"p{n}", "numericId": str(1700000000000000 + n)} for n in range(100)]
    responses.post(PRODUCTS, json={"products": same})

    with pytest.raises(Unreadable):
        by_key().listings(by_key().listings(None).next)


@responses.activate
def test_the_genuine_v1_product() -> None:
    product = payload("catalog-v1-product-get.json")["response"]["product"]
    responses.post(PRODUCTS, json={"products": [product]})
    listings = by_key().listings(None).items
    assert {one.product_uid for one in listings} == {product["id"]}
    assert [one.variant_uid for one in listings] == [variant["id"] for variant in product["variants"]]
    assert listings[0].title.startswith(product["name"])


@responses.activate
def test_a_v1_product_without_variants_has_wix_s_empty_variant() -> None:
    product = {"id": "p", "name": "Mug", "sku": "MUG", "stock": {"trackInventory": False}}
    responses.post(PRODUCTS, json={"products": [product]})
    assert by_key().listings(None).items == [IncomingListing("p", NO_VARIANT, "MUG", "Mug", tracked=False)]


@responses.activate
def test_a_v1_product_s_own_sku_holds_where_variants_are_not_managed() -> None:
    variants = [{"id": "a", "choices": {"Size": "S"}, "variant": {"sku": ""}}, {"id": "b", "variant": {"sku": "MUG-B"}}]
    product = {"id": "p", "name": "Mug", "sku": "MUG", "manageVariants": False, "variants": variants}
    responses.post(PRODUCTS, json={"products": [product, {**product, "id": "q", "manageVariants": True}]})
    assert [one.sku for one in by_key().listings(None).items] == ["MUG", "MUG-B", "", "MUG-B"]


@responses.activate
def test_one_product_that_cannot_be_read_fails_alone() -> None:
    odd: list[dict[str, Any]] = [{"id": "p", "name": {"a": 1}}, {"name": "No id"}]
    responses.post(PRODUCTS, json={"products": [*odd, {"id": "good"}]})
    page = by_key().listings(None)
    assert [one.product_uid for one in page.items] == ["good"]
    assert [one.sentence for one in page.bad] == [
        'A product that Wix sent has an unreadable value in the field "name".',
        "A product that Wix sent has no id.",
    ]


@responses.activate
def test_v3_variants_carry_their_product_choices_barcode_and_weight() -> None:
    variant = {
        "id": "v",
        "variantId": "v",
        "sku": "MUG-S",
        "barcode": "4006381333931",
        "visible": True,
        "optionChoices": [{"optionChoiceNames": {"optionName": "Size", "choiceName": "S"}}],
        "physicalProperties": {"weight": 0.35},
        "productData": {
            "productId": "p",
            "name": "Mug",
            "visible": False,
            "physicalProperties": {"weightMeasurementUnitInfo": {"weightMeasurementUnit": "KG"}},
        },
    }
    responses.post(
        VARIANTS, json={"variants": [variant], "pagingMetadata": {"hasNext": True, "cursors": {"next": "n"}}}
    )
    responses.post(VARIANTS, json={"variants": [], "pagingMetadata": {"hasNext": False}})
    page = by_key("v3").listings(None)
    assert page.items == [
        IncomingListing(
            "p", "v", "MUG-S", "Mug (S)", barcode="4006381333931", weight_grams=350, visible=False, name="Mug",
            options=(("Size", "S"),),
        )
    ]  # fmt: skip
    by_key("v3").listings(page.next)
    assert orjson.loads(responses.calls[1].request.body) == {
        "query": {"cursorPaging": {"limit": 1000, "cursor": "n"}},
        "fields": ["WEIGHT_MEASUREMENT_UNIT_INFO"],
    }


@pytest.mark.parametrize("status", [400, 404, 428])
@responses.activate
def test_a_site_that_moved_to_v3_says_so_whatever_the_old_call_answers(status: int) -> None:
    responses.post(PRODUCTS, json={"message": "no"}, status=status)
    responses.get(f"{API}/stores/v3/provision/version", json={"catalogVersion": "V3_CATALOG"})
    with pytest.raises(Stale) as caught:
        by_key("v1").listings(None)
    assert (caught.value.code, caught.value.current) == ("variant_changed", "v3")
    assert "moved to another Wix catalog version" in caught.value.sentence


def test_a_v1_call_on_a_v3_stand_in_says_that_it_moved(reach: Any) -> None:
    store = reach("v3")
    wrong = WixConnector(
        Bound(store.connector.session, "v1", store.connector.bound.credential, api_url=store.connector.bound.api_url)
    )
    with pytest.raises(Stale):
        wrong.listings(None)


# --- locations ----------------------------------------------------------------------------------------------------


def test_locations_are_those_that_orders_name(store: Reached) -> None:
    order = store.placed()
    places = store.connector.locations()
    assert [place.name for place in places] == [place["name"] for place in store.host.site(store.site).locations]
    assert [place.default for place in places].count(True) == 1
    assert order.location_uid in [place.uid for place in places]


@responses.activate
def test_the_genuine_locations() -> None:
    responses.post(f"{API}/locations/v1/locations/query", json=payload("locations-query.json")["response"])
    places = by_key().locations()
    assert places[0].uid == "97dc43b5-521b-48e9-8710-a3543f00f0ca"
    assert [place.name for place in places[:3]] == ["3rd Avenue", "4th Avenue", "Broadway"]


@responses.activate
def test_a_v3_stores_location_appears_under_its_business_location_s_id() -> None:
    responses.post(f"{API}/locations/v1/locations/query", json={"locations": [{"id": "b1", "name": "Main"}]})
    stores = [
        {"id": "s1", "wixLocationId": "b1", "name": "Main (online)"},
        {"id": "s2", "wixLocationId": "b2", "name": "Closed shop", "defaultLocation": True},
    ]
    responses.post(f"{API}/stores/v3/locations/query", json={"storesLocations": stores})
    places = by_key("v3").locations()
    assert [(place.uid, place.name) for place in places] == [("b1", "Main"), ("b2", "Closed shop")]


@responses.activate
def test_many_locations_are_read_page_by_page() -> None:
    for names, more in ((["a", "b"], True), (["c"], False)):
        rows = [{"id": name, "name": name} for name in names]
        body = {"locations": rows, "pagingMetadata": {"hasNext": more}}
        responses.post(f"{API}/locations/v1/locations/query", json=body)
    assert [place.uid for place in by_key().locations()] == ["a", "b", "c"]
    assert orjson.loads(responses.calls[1].request.body)["query"]["paging"]["offset"] == 2

"""Products, stock and places of both catalogues."""

import base64
import json

from .client import Wix


def r(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_each_catalogue_refuses_the_calls_of_the_other(sandbox):
    first, third = Wix(sandbox, "v1"), Wix(sandbox, "v3")

    assert first.get("/stores/v3/provision/version")[1] == {"catalogVersion": "V1_CATALOG"}
    assert third.get("/stores/v3/provision/version")[1] == {"catalogVersion": "V3_CATALOG"}
    assert first.post("/stores/v3/products/query", {"query": {}})[0] == 428
    assert third.post("/stores-reader/v1/products/query", {"query": {}})[0] == 428


def test_v1_takes_filters_as_text_and_pages_by_numeric_id(sandbox):
    wix = Wix(sandbox)
    every = {"includeVariants": True, "includeHiddenProducts": True}
    query = {"sort": '[{"numericId":"asc"}]', "paging": {"limit": 5}}

    first = wix.post("/stores-reader/v1/products/query", {"query": query, **every})[1]
    query["filter"] = json.dumps({"numericId": {"$gt": first["products"][-1]["numericId"]}})
    second = wix.post("/stores/v1/products/query", {"query": query, **every})[1]
    as_object = wix.post("/stores/v1/products/query", {"query": {"filter": {"name": "Mug"}}})

    assert [len(first["products"]), len(second["products"])] == [5, 5]
    assert first["totalResults"] == 12
    assert first["products"][-1]["numericId"] < second["products"][0]["numericId"]
    assert first["products"][0]["variants"][0]["variant"]["sku"] == "COF-IND-250G-STOV"
    assert as_object[0] == 400


def test_v1_does_not_page_past_ten_thousand(sandbox):
    query = {"paging": {"limit": 100, "offset": 9950}}

    assert Wix(sandbox).post("/stores-reader/v1/products/query", {"query": query})[0] == 400


def test_v1_stops_tracking_when_track_quantity_is_left_out(sandbox):
    wix, product = Wix(sandbox), next(iter(sandbox.wix.site("v1").products))
    path = f"/stores/v2/inventoryItems/product/{product['id']}"
    row = {"variantId": product["variants"][0]["id"], "quantity": 12}

    wix.patch(path, {"inventoryItem": {"trackQuantity": True, "variants": [row]}})
    tracked = wix.post("/stores-reader/v2/inventoryItems/query", {"query": {}})[1]["inventoryItems"][0]
    wix.patch(path, {"inventoryItem": {"variants": [row]}})
    untracked = wix.post("/stores-reader/v2/inventoryItems/query", {"query": {}})[1]["inventoryItems"][0]
    negative = wix.patch(path, {"inventoryItem": {"trackQuantity": True, "variants": [{**row, "quantity": -1}]}})

    assert (tracked["trackQuantity"], tracked["variants"][0]["quantity"]) == (True, 12)
    assert untracked["trackQuantity"] is False
    assert "quantity" not in untracked["variants"][0]
    assert negative[0] == 400


def test_v3_shows_variants_only_where_wix_does(sandbox):
    wix = Wix(sandbox, "v3")
    query = r({"query": {"cursorPaging": {"limit": 2}}, "fields": ["CURRENCY"]})

    listed = wix.get(f"/stores/v3/products/query?.r={query}")[1]["products"]
    whole = wix.get(f"/stores/v3/products/{listed[0]['id']}")[1]["product"]
    variants = wix.post("/stores/v3/products/query-variants", {"query": {"cursorPaging": {"limit": 3}}})[1]

    assert listed[0]["currency"] == "SEK"
    assert "variantsInfo" not in listed[0]
    assert len(whole["variantsInfo"]["variants"]) == 6
    assert [row["sku"] for row in variants["variants"]] == ["NC-MUG-SNOW-S", "NC-MUG-SNOW-L", "NC-MUG-FJOR-S"]
    assert variants["pagingMetadata"]["hasNext"]


def test_v3_stock_is_set_with_the_revision_that_was_read(sandbox):
    wix = Wix(sandbox, "v3")
    query = {"query": {"filter": {"product.variantSku": {"$in": ["NC-LID", "NC-CARE"]}}}}
    items = wix.post("/stores/v3/inventory-items/query", query)[1]["inventoryItems"]
    rows = [
        {"inventoryItem": {"id": items[0]["id"], "revision": items[0]["revision"], "quantity": 9}},
        {"inventoryItem": {"id": items[1]["id"], "revision": "99", "quantity": 9}},
    ]

    body = {"inventoryItems": rows, "returnEntity": True, "reason": "MANUAL"}
    status, answer = wix.post("/stores/v3/bulk/inventory-items/update", body)
    single = wix.patch(f"/stores/v3/inventory-items/{items[0]['id']}", rows[0])

    good, bad = answer["results"]
    assert status == 200
    assert (good["item"]["quantity"], good["item"]["revision"]) == (9, str(int(items[0]["revision"]) + 1))
    assert bad["itemMetadata"]["success"] is False
    assert single[0] == 409


def test_v3_stock_lies_at_stores_locations_that_point_to_business_locations(sandbox):
    wix = Wix(sandbox, "v3")

    business = wix.post("/locations/v1/locations/query", {"query": {}})[1]["locations"]
    stores = wix.post("/stores/v3/locations/query", {"query": {}})[1]["storesLocations"]
    item = wix.post("/stores/v3/inventory-items/query", {"query": {}})[1]["inventoryItems"][0]

    assert [row["wixLocationId"] for row in stores] == [row["id"] for row in business]
    assert item["locationId"] == stores[0]["id"] != business[0]["id"]


def test_a_product_line_says_where_it_is_taken_from(sandbox):
    order = sandbox.wix.place_order("v1")

    places = {row["id"] for row in Wix(sandbox).post("/locations/v1/locations/query", {"query": {}})[1]["locations"]}

    assert order["lineItems"][0]["locations"][0]["id"] in places

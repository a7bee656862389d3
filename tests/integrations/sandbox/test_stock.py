"""Stock of the stand-in stores: what orders do to it, what the store refuses, what it remembers."""

import pytest

from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.stock import OutOfStock

from .client import Wix, code
from .test_control import open_page

SKU = {"v1": "GRIND-1", "v3": "NC-LID"}
UPDATE = "/stores/v3/bulk/inventory-items/update"


@pytest.fixture(params=["v1", "v3"])
def site(request, sandbox):
    sandbox.wix.set_stock(request.param, SKU[request.param], 10)
    return request.param


def items_of(wix: Wix, *skus: str) -> list[dict]:
    query = {"query": {"filter": {"product.variantSku": {"$in": list(skus)}}}}
    return wix.post("/stores/v3/inventory-items/query", query)[1]["inventoryItems"]


def test_an_order_takes_from_the_stock_when_it_is_placed_paid_or_not(sandbox, site):
    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=2, paid=False)
    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=1)
    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=5, kind="initialized")

    assert sandbox.wix.stock(site)[SKU[site]] == 7
    assert sandbox.wix.received == []  # nobody outside did that


def test_a_cancellation_puts_back_only_what_the_merchant_says(sandbox, site):
    first = sandbox.wix.place_order(site, skus=[SKU[site]], quantity=2)
    second = sandbox.wix.place_order(site, skus=[SKU[site]], quantity=3)

    canceled = sandbox.wix.cancel_order(site, first["number"])
    sandbox.wix.cancel_order(site, second["number"], restock=False)

    assert sandbox.wix.stock(site)[SKU[site]] == 7
    assert canceled["lineItems"][0]["restockQuantity"] == 2


def test_cancelling_through_the_api_puts_back_when_asked(sandbox, site):
    wix = Wix(sandbox, site)
    orders = [sandbox.wix.place_order(site, skus=[SKU[site]], quantity=2) for _ in range(2)]

    wix.post(f"/ecom/v1/orders/{orders[0]['id']}/cancel", {"restockAllItems": True})
    wix.post(f"/ecom/v1/orders/{orders[1]['id']}/cancel", {})

    assert sandbox.wix.stock(site)[SKU[site]] == 8


def test_a_line_that_grows_takes_more(sandbox, site):
    order = sandbox.wix.place_order(site, skus=[SKU[site]], quantity=2)

    sandbox.wix.change_order(site, order["id"], {"lineItems.0.quantity": 5})

    assert sandbox.wix.stock(site)[SKU[site]] == 5


def test_what_is_sold_out_is_refused_unless_forced_and_then_counted(sandbox, site):
    with pytest.raises(OutOfStock, match="out of stock: 10 left"):
        sandbox.wix.place_order(site, skus=[SKU[site]], quantity=11, force=False)
    assert sandbox.wix.stock(site)[SKU[site]] == 10

    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=12)
    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=1)

    assert sandbox.wix.stock(site)[SKU[site]] == -3
    assert sandbox.wix.site(site).oversold == {SKU[site]: 3}


def test_what_is_not_counted_is_never_sold_out(sandbox, site):
    sandbox.wix.set_stock(site, SKU[site], None)

    sandbox.wix.place_order(site, skus=[SKU[site]], quantity=1000, force=False)

    assert sandbox.wix.stock(site)[SKU[site]] is None


def test_a_buyer_who_takes_a_surprise_gets_what_is_there(sandbox, site):
    for sku, quantity in sandbox.wix.stock(site).items():
        if quantity is not None and sku != SKU[site]:
            sandbox.wix.set_stock(site, sku, 0)
    sandbox.wix.set_stock(site, SKU[site], 100)
    counted = {sku for sku, quantity in sandbox.wix.stock(site).items() if quantity is not None}

    for _ in range(5):
        order = sandbox.wix.place_order(site, quantity=2, force=False)
        skus = {line["physicalProperties"].get("sku", "") for line in order["lineItems"]}
        assert skus & counted <= {SKU[site]}
    assert sandbox.wix.stock(site)[SKU[site]] < 100
    assert sandbox.wix.site(site).oversold == {}


def test_v3_takes_from_the_place_that_the_order_names_and_raises_the_revision():
    with Sandbox(products=12, rate_limit=0, stock_places=2) as box:
        box.wix.set_stock("v3", "NC-LID", 10, "Göteborg")
        box.wix.set_stock("v3", "NC-LID", 10, "Malmö")
        before = {item["locationId"]: item["revision"] for item in items_of(Wix(box, "v3"), "NC-LID")}
        malmo = box.wix.site("v3").locations[1]

        places = [{"id": malmo["id"], "quantity": 4, "name": "Malmö"}]
        box.wix.place_order("v3", skus=["NC-LID"], quantity=4, changes={"lineItems.0.locations": places})

        after = {item["locationId"]: item["revision"] for item in items_of(Wix(box, "v3"), "NC-LID")}
        assert box.wix.stock_of("v3", "NC-LID") == {"Göteborg": 10, "Malmö": 6}
        assert [int(after[place]) - int(before[place]) for place in before] == [0, 1]


def test_writes_of_another_program_are_remembered_with_what_they_named(sandbox):
    first, third = Wix(sandbox), Wix(sandbox, "v3")
    product, variant = sandbox.wix.site("v1").find_variant("COF-IND-250G-FILT")
    row = {"variantId": variant["id"], "quantity": 4}
    body = {"inventoryItem": {"trackQuantity": True, "variants": [row]}}
    first.patch(f"/stores/v2/inventoryItems/product/{product['id']}", body)
    (item,) = items_of(third, "NC-LID")
    change = {"id": item["id"], "revision": item["revision"], "quantity": 6}
    third.post(UPDATE, {"inventoryItems": [{"inventoryItem": change}]})

    assert sandbox.wix.received == [
        {
            "site": "v1",
            "name": "set_stock",
            "product": "Indonesian Blend",
            "track": True,
            "levels": {"COF-IND-250G-FILT": 4},
        },
        {"site": "v3", "name": "set_stock", "sku": "NC-LID", "place": "Göteborg", "level": 6},
    ]


def test_v1_refuses_an_unknown_variant_and_then_sets_nothing_of_the_product(sandbox):
    product, variant = sandbox.wix.site("v1").find_variant("COF-IND-250G-FILT")
    before = sandbox.wix.stock("v1")
    rows = [{"variantId": variant["id"], "quantity": 4}, {"variantId": "gone", "quantity": 4}]
    path = f"/stores/v2/inventoryItems/product/{product['id']}"

    status, answer = Wix(sandbox).patch(path, {"inventoryItem": {"trackQuantity": True, "variants": rows}})

    assert (status, code(answer)) == (404, "VARIANT_NOT_FOUND")
    assert sandbox.wix.stock("v1") == before


@pytest.mark.parametrize("quantity", [-1, 100_000, "4", 1.5, True])
def test_both_refuse_what_is_no_quantity(sandbox, quantity):
    product, variant = sandbox.wix.site("v1").find_variant("GRIND-1")
    third = Wix(sandbox, "v3")
    (item,) = items_of(third, "NC-LID")
    before = sandbox.wix.stock("v1"), sandbox.wix.stock("v3")

    row = {"variantId": variant["id"], "quantity": quantity}
    body = {"inventoryItem": {"trackQuantity": True, "variants": [row]}}
    first = Wix(sandbox).patch(f"/stores/v2/inventoryItems/product/{product['id']}", body)[0]
    change = {"id": item["id"], "revision": item["revision"], "quantity": quantity}
    (second,) = third.post(UPDATE, {"inventoryItems": [{"inventoryItem": change}]})[1]["results"]

    assert (first, second["itemMetadata"]["success"]) == (400, False)
    assert (sandbox.wix.stock("v1"), sandbox.wix.stock("v3")) == before


def test_too_many_rows_at_once_are_refused(sandbox):
    first, third = Wix(sandbox), Wix(sandbox, "v3")
    row = {"inventoryItem": {"id": "i", "revision": "1", "quantity": 1}}
    increments = [{"productId": "p", "incrementBy": 1}] * 301

    assert third.post(UPDATE, {"inventoryItems": [row] * 1001})[0] == 400
    assert third.post(UPDATE, {"inventoryItems": []})[0] == 400
    assert first.post("/stores/v2/inventoryItems/increment", {"incrementData": increments})[0] == 400


def test_the_control_page_shows_stock_refuses_what_is_sold_out_and_corrects(sandbox):
    sandbox.wix.set_stock("v1", "GRIND-1", 1)
    order = {"sku": "GRIND-1", "quantity": "2", "payment": "PAID"}

    refused = open_page(sandbox, "/control/v1/orders", order)
    forced = open_page(sandbox, "/control/v1/orders", order | {"force": "1"})
    shown = open_page(sandbox, "/control/v1/stock?q=GRIND-1")
    corrected = open_page(sandbox, "/control/v1/stock", {"sku": "GRIND-1", "place": "", "quantity": "25"})

    assert refused[0] == 404
    assert "Hand grinder is out of stock: 1 left." in refused[2]
    assert forced[0] == 200
    assert 'value="-1"' in shown[2]
    assert "<td>GRIND-1</td><td" in shown[2].partition("Oversold")[2]
    assert corrected[1] == "/control/v1/stock?q=GRIND-1"
    assert 'value="25"' in corrected[2]
    assert sandbox.wix.stock("v1")["GRIND-1"] == 25


def test_a_large_shop_is_made_in_seconds_and_paged_through(tmp_path):
    with Sandbox(products=3000, rate_limit=0, variants=False) as box:
        first = Wix(box)
        query = {"paging": {"limit": 100}, "sort": '[{"numericId":"asc"}]'}
        seen: list[str] = []
        while True:
            page = first.post("/stores-reader/v2/inventoryItems/query", {"query": query})[1]["inventoryItems"]
            seen += [item["productId"] for item in page]
            if len(page) < 100:
                break
            query["filter"] = f'{{"numericId":{{"$gt":{page[-1]["numericId"]}}}}}'
        assert len(seen) == len(set(seen)) == 3000


def test_stock_and_what_was_oversold_outlive_a_restart(tmp_path):
    state = str(tmp_path / "state.sqlite3")
    with Sandbox(products=12, state=state) as box:
        box.wix.set_stock("v1", "GRIND-1", 1)
        box.wix.set_stock("v3", "NC-LID", 3, "Malmö")
        box.wix.place_order("v1", skus=["GRIND-1"], quantity=3)
    with Sandbox(products=0, state=state) as box:
        assert box.wix.stock("v1")["GRIND-1"] == -2
        assert box.wix.stock_of("v3", "NC-LID")["Malmö"] == 3
        assert box.wix.site("v1").oversold == {"GRIND-1": 2}

"""Products and variations of the stand-in Ecwid, and the rules of their stock."""

import pytest

from integrations.sandbox.server import Sandbox

from .client import Ecwid, code, wait_for


def variation(product: dict, sku: str) -> dict:
    return next(one for one in product["combinations"] if one.get("sku", "") == sku)


def test_what_is_unlimited_shows_no_quantity(ecwid):
    unlimited, counted = ecwid.product("STICK"), ecwid.product("ENV-25")

    assert unlimited["unlimited"] is True
    assert "quantity" not in unlimited
    assert (counted["unlimited"], isinstance(counted["quantity"], int)) == (False, True)


def test_a_variation_without_an_sku_shows_its_products_stock_and_refuses_its_own(ecwid):
    product = ecwid.product("POSTER")
    path = f"/products/{product['id']}/combinations/{product['combinations'][0]['id']}"

    ecwid.put(f"/products/{product['id']}", {"quantity": 17})

    after = ecwid.get(f"/products/{product['id']}/combinations")[1]
    assert [("sku" in one, one["quantity"]) for one in after] == [(False, 17)] * 3
    assert code(ecwid.put(path, {"quantity": 3})) == (400, "WRONG_PARAMETER")
    assert code(ecwid.put(f"{path}/inventory", {"quantityDelta": -1})) == (400, "WRONG_PARAMETER")


def test_a_variation_with_its_own_sku_has_its_own_stock(ecwid):
    product = ecwid.product("KIT-RED")
    one = variation(product, "KIT-RED")

    ecwid.put(f"/products/{product['id']}/combinations/{one['id']}", {"quantity": 4})

    assert ecwid.host.stock()["KIT-RED"] == 4
    assert ecwid.host.stock()["KIT-BLUE"] == variation(product, "KIT-BLUE")["quantity"]
    assert ecwid.product("KIT")["quantity"] == product["quantity"]


def test_a_variation_with_its_products_sku_has_its_products_stock(ecwid):
    product = ecwid.product("WASHI")
    one = variation(product, "WASHI")

    alone = ecwid.put(f"/products/{product['id']}/combinations/{one['id']}", {"quantity": product["quantity"] + 1})
    ecwid.put(f"/products/{product['id']}", {"quantity": 8})

    assert code(alone) == (400, "DIFFERENT_COMBINATION_STOCK")
    assert variation(ecwid.product("WASHI"), "WASHI")["quantity"] == 8


def test_a_delta_may_go_below_zero_and_says_so(ecwid):
    uid = ecwid.product("ENV-25")["id"]
    ecwid.put(f"/products/{uid}", {"quantity": 10})

    there = ecwid.put(f"/products/{uid}/inventory", {"quantityDelta": -4})
    below = ecwid.put(f"/products/{uid}/inventory", {"quantityDelta": -8})

    assert there == (200, {"updateCount": 1})
    assert below == (200, {"updateCount": 1, "warning": "Product has negative stock."})
    assert ecwid.product("ENV-25")["quantity"] == -2
    assert code(ecwid.put(f"/products/{uid}/inventory", {"quantityDelta": "4"})) == (400, "WRONG_PARAMETER")


def test_a_quantity_counts_where_it_was_unlimited_only_with_the_word(ecwid):
    uid = ecwid.product("STICK")["id"]

    ecwid.put(f"/products/{uid}", {"quantity": 5})
    without = ecwid.product("STICK")
    ecwid.put(f"/products/{uid}", {"quantity": 5, "unlimited": False})

    assert "quantity" not in without
    assert ecwid.product("STICK")["quantity"] == 5
    assert code(ecwid.put(f"/products/{uid}", {"quantity": 1.5})) == (400, "WRONG_PARAMETER")


def test_stock_by_place_is_refused_unless_a_register_keeps_it(box, ecwid):
    uid = ecwid.product("ENV-25")["id"]
    refused = code(ecwid.put(f"/products/{uid}", {"locationInventory": {"1": 4}}))
    box.ecwid.store.pos_linked = True

    assert refused == (409, "NOT_ALLOWED_TO_UPDATE_PARAMETER")
    assert ecwid.put(f"/products/{uid}", {"locationInventory": {"1": 4}})[0] == 200
    assert ecwid.product("ENV-25")["locationInventory"] == {"1": 4}


def test_a_product_is_made_with_variations_one_by_one(ecwid):
    made = ecwid.post("/products", {"name": "Kite", "sku": "KITE", "price": 30, "quantity": 4})[1]["id"]
    red = {"options": [{"name": "Color", "value": "Red"}], "sku": "KITE-R", "quantity": 2}
    first = ecwid.post(f"/products/{made}/combinations", red)
    again = code(ecwid.post(f"/products/{made}/combinations", {**red, "sku": "KITE-RR"}))
    other = {**red, "options": [{"name": "Color", "value": "Blue"}], "sku": "ENV-25"}

    product = ecwid.get(f"/products/{made}")[1]
    assert (product["quantity"], product["unlimited"]) == (4, False)
    assert [one["sku"] for one in product["combinations"]] == ["KITE-R"]
    assert first == (200, {"id": product["combinations"][0]["id"]})
    assert product["options"][0]["choices"][0]["text"] == "Red"
    assert again == (409, "COMBINATION_DUPLICATED")
    assert code(ecwid.post(f"/products/{made}/combinations", other)) == (409, "SKU_ALREADY_EXISTS")
    assert code(ecwid.post("/products", {"price": 1})) == (400, "WRONG_PARAMETER")


def test_variations_in_a_products_body_count_only_when_they_are_to_be_saved(ecwid):
    product = ecwid.product("KIT")
    sent = {"combinations": [{**product["combinations"][0], "quantity": 99}]}

    ecwid.put(f"/products/{product['id']}", sent)
    ignored = len(ecwid.product("KIT")["combinations"])
    status, body = ecwid.put(f"/products/{product['id']}", sent, saveCombinations="true", returnItem="true")

    assert (ignored, status, len(body["item"]["combinations"])) == (3, 200, 1)
    assert ecwid.host.stock()["KIT-BLUE"] == 99
    many = {"combinations": [{}] * 201}
    assert code(ecwid.put(f"/products/{product['id']}", many))[1] == "COMBINATION_LIMIT_PER_REQUEST_EXCEEDED"


def test_an_sku_is_there_once_unless_the_owner_allows_more(box, ecwid):
    uid = ecwid.product("ENV-25")["id"]
    refused = code(ecwid.put(f"/products/{uid}", {"sku": "KIT-RED"}))
    box.ecwid.store.same_skus = True

    assert refused == (409, "SKU_ALREADY_EXISTS")
    assert ecwid.put(f"/products/{uid}", {"sku": "KIT-RED"})[0] == 200
    assert len(ecwid.items("/products", sku="KIT-RED")) == 2


def test_products_are_found_and_sorted(box, ecwid):
    box.ecwid.store.latest += 60
    ecwid.put(f"/products/{ecwid.product('MAP')['id']}", {"price": 17.5})
    since = ecwid.product("MAP")["updateTimestamp"]

    by_time = ecwid.items("/products", sortBy="UPDATED_TIME_ASC", updatedFrom=since)
    oldest = [one["sku"] for one in ecwid.items("/products", sortBy="ADDED_TIME_ASC", limit=3)]
    by_page = [one["sku"] for o in (0, 5, 10) for one in ecwid.items("/products", sortBy="NAME_ASC", limit=5, offset=o)]

    assert [one["sku"] for one in by_time] == ["MAP"]
    assert oldest == ["KIT", "NOTE", "POSTER"]
    assert len(set(by_page)) == 14
    assert [one["sku"] for one in ecwid.items("/products", keyword="harb*")] == ["POSTER"]
    assert [one["sku"] for one in ecwid.items("/products", enabled="false")] == ["MAP"]
    assert [one["sku"] for one in ecwid.items("/products", sku="KIT-RED")] == ["KIT"]
    two = ",".join(str(ecwid.product(sku)["id"]) for sku in ("MAP", "KIT"))
    assert [one["sku"] for one in ecwid.items("/products", productId=two, enabled="true")] == ["MAP", "KIT"]
    assert code(ecwid.get("/products", sortBy="BEST")) == (400, "WRONG_PARAMETER")


def test_products_between_two_times_are_paged_in_both_directions(ecwid):
    every = ecwid.items("/products", sortBy="ADDED_TIME_ASC")
    low, high = every[3]["createTimestamp"], every[9]["createTimestamp"]
    wanted = [one["sku"] for one in every[3:10]]

    def walked(sort: str) -> list[str]:
        bounds = {"createdFrom": low, "createdTo": high, "sortBy": sort, "limit": 3}
        pages = [ecwid.get("/products", offset=offset, **bounds)[1] for offset in (0, 3, 6, 9)]
        assert [(page["total"], page["count"]) for page in pages] == [(7, 3), (7, 3), (7, 1), (7, 0)]
        return [one["sku"] for page in pages for one in page["items"]]

    assert walked("ADDED_TIME_ASC") == wanted
    assert walked("ADDED_TIME_DESC") == wanted[::-1]
    assert walked("UPDATED_TIME_ASC") == wanted


def test_only_the_fields_asked_for_come(ecwid):
    body = ecwid.get("/products", sku="KIT-RED", responseFields="total,items(sku,combinations(sku))")[1]

    own = [{"sku": "KIT-BLUE"}, {"sku": "KIT-RED"}, {"sku": "KIT-WHIT"}]
    assert body == {"total": 1, "items": [{"sku": "KIT", "combinations": own}]}


def test_deleted_products_are_listed(ecwid):
    product = ecwid.product("MAP")

    ecwid.delete(f"/products/{product['id']}")

    assert [row["id"] for row in ecwid.items("/products/deleted")] == [product["id"]]
    assert ecwid.items("/products", sku="MAP") == []
    assert code(ecwid.get(f"/products/{product['id']}")) == (404, "PRODUCT_NOT_FOUND")


@pytest.mark.parametrize("sku", ["ENV-25", "KIT-RED", "POSTER"])
def test_an_order_takes_from_the_stock_and_a_canceled_one_gives_back(ecwid, sku):
    ecwid.host.set_stock("ecwid", sku, 10)
    order = ecwid.host.place_order(skus=[sku], quantity=3)
    taken = ecwid.host.stock_of("ecwid", sku)[""]

    ecwid.put(f"/orders/{order['id']}", {"paymentStatus": "CANCELLED"})

    assert taken == 7
    assert ecwid.host.stock_of("ecwid", sku)[""] == 10


def test_two_buyers_at_one_moment_oversell_and_a_buyer_alone_is_refused(ecwid):
    ecwid.host.set_stock("ecwid", "ENV-25", 1)

    with pytest.raises(ValueError, match="out of stock: 1 left"):
        ecwid.host.place_order(skus=["ENV-25"], quantity=2, force=False)
    ecwid.host.place_order(skus=["ENV-25"], quantity=3)
    ecwid.host.buy_in_store("ecwid", "ENV-25")

    assert ecwid.product("ENV-25")["quantity"] == -3
    assert ecwid.host.store.oversold == {"ENV-25": 3}


def test_twenty_thousand_listings_are_there_soon():
    with Sandbox(platforms=("ecwid",), products=20_000, variants=False, plain=True, rate_limit=0) as box:
        ecwid = Ecwid(box)
        body = ecwid.get("/products", sortBy="ADDED_TIME_ASC", offset=19_900)[1]

        assert (body["total"], body["count"]) == (20_000, 100)
        assert all(not one["unlimited"] and not one["combinations"] for one in body["items"])
        wait_for(lambda: ecwid.get("/products", sku=body["items"][-1]["sku"])[1]["total"] == 1)

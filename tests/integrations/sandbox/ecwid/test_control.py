"""The control page of a store of Ecwid, as a person uses it, and its JSON twin, beside stores of another platform."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from integrations.sandbox.server import Sandbox


@pytest.fixture
def both() -> Iterator[Sandbox]:
    with Sandbox(platforms=("wix", "ecwid"), products=14, rate_limit=0) as box:
        yield box


def open_page(box: Sandbox, path: str, form: dict | None = None) -> tuple[int, str, str]:
    """(status, address in the end, text)"""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(box.url + path, data)) as answer:
            return answer.status, answer.url.removeprefix(box.url), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, path, refused.read().decode()


def call(box: Sandbox, path: str, body: dict | None = None) -> dict:
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(f"{box.url}/control/api/{path}", data)) as answer:
        return dict(json.load(answer))


def test_all_stores_are_on_one_page(both):
    _, _, page = open_page(both, "/control/")

    assert all(name in page for name in ("MyShop", "NordicCup", "PaperBoat", "Wix dashboard", "Ecwid control panel"))


def test_a_person_places_an_order_and_sees_what_the_store_was_told(both):
    form = {"sku": "NOTE-A5-LINE", "quantity": "2", "other": "Sea mail", "country": "GR", "text": "Für <Oma>"}

    _, place, page = open_page(both, "/control/ecwid/orders", form)
    uid = place.rsplit("/", 1)[1]
    token = both.info["ecwid"]["token"]
    address = f"{both.info['ecwid']['api_base_url']}/{both.info['ecwid']['store_id']}/orders/{uid}"
    sent = urllib.request.Request(
        address,
        json.dumps({"fulfillmentStatus": "SHIPPED", "trackingNumber": "1Z42"}).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(sent).close()
    _, _, told = open_page(both, place)

    order = both.ecwid.order("ecwid", uid)
    assert order["shippingOption"]["shippingMethodName"] == "Sea mail"
    assert (order["items"][0]["sku"], order["items"][0]["quantity"]) == ("NOTE-A5-LINE", 2)
    assert order["shippingPerson"]["countryCode"] == "GR"
    assert "no parcel has been reported" in page
    assert "Für &lt;Oma&gt;" in page
    assert "1Z42" in told
    assert uid in open_page(both, "/control/ecwid")[2]


@pytest.mark.parametrize(
    ("action", "form", "expected"),
    [
        ("pay", {}, {"paymentStatus": "PAID"}),
        ("refund", {}, {"paymentStatus": "REFUNDED"}),
        ("part_refund", {}, {"paymentStatus": "PARTIALLY_REFUNDED"}),
        ("cancel", {"restock": "1"}, {"paymentStatus": "CANCELLED"}),
        ("note", {"note": "Later, please"}, {"orderComments": "Later, please"}),
        ("ship", {"tracking": "1Z7"}, {"fulfillmentStatus": "SHIPPED", "trackingNumber": "1Z7"}),
        ("will_not", {}, {"fulfillmentStatus": "WILL_NOT_DELIVER"}),
    ],
)
def test_a_person_changes_an_order(both, action, form, expected):
    order = both.ecwid.place_order(kind="unpaid")

    status, _, _ = open_page(both, f"/control/ecwid/orders/{order['id']}/{action}", form)

    assert status == 200
    assert expected.items() <= both.ecwid.order("ecwid", order["id"]).items()


def test_one_more_of_a_line_raises_the_total(both):
    order = both.ecwid.place_order(skus=["WEIGHT"])

    open_page(both, f"/control/ecwid/orders/{order['id']}/quantity", {})

    assert both.ecwid.order("ecwid", order["id"])["total"] == pytest.approx(order["total"] + 32)


def test_a_deleted_order_leads_back_to_the_store(both):
    order = both.ecwid.place_order()

    status, place, page = open_page(both, f"/control/ecwid/orders/{order['id']}/delete", {})

    assert (status, place) == (200, "/control/ecwid/")
    assert order["id"] not in page


@pytest.mark.parametrize("odd", ["nul", "long", "no_lines", "no_street", "no_sku", "digital", "pickup", "preorder"])
def test_an_odd_order_is_placed_and_shown(both, odd):
    status, place, _ = open_page(both, "/control/ecwid/orders", {"odd": odd, "payment": "PAID"})

    assert status == 200
    assert open_page(both, place)[0] == 200


def test_a_person_sets_a_quantity_and_stops_counting(both):
    open_page(both, "/control/ecwid/stock", {"sku": "KIT-RED", "quantity": "7"})
    open_page(both, "/control/ecwid/stock", {"sku": "ENV-25", "quantity": ""})

    assert (both.ecwid.stock()["KIT-RED"], both.ecwid.stock()["ENV-25"]) == (7, None)
    assert "KIT-RED" in open_page(both, "/control/ecwid/stock?q=kit")[2]


def test_misbehaviour_is_switched_on_and_off(both):
    for kind in ("busy", "free_plan"):
        _, _, page = open_page(both, "/control/ecwid/misbehave", {"kind": kind, "count": "5"})
    plan = both.ecwid.store.plan
    _, _, after = open_page(both, "/control/ecwid/behave", {})

    assert plan == "free"
    assert "5 more times" in page
    assert "free plan" in page
    assert "It behaves." in after
    assert both.ecwid.store.plan == "paid"


def test_the_json_twin_works_any_store(both):
    order = call(both, "orders", {"site": "ecwid", "kind": "unpaid"})["order"]
    call(both, f"orders/{order['id']}/payment", {"site": "ecwid", "status": "PAID"})
    call(both, f"orders/{order['id']}/fulfill", {"site": "ecwid", "tracking": "T1"})
    call(both, "misbehave", {"kind": "slow", "seconds": 0, "count": 2})
    call(both, "stock", {"site": "ecwid", "sku": "MAP", "quantity": 3})
    call(both, "sale", {"site": "ecwid", "sku": "MAP", "quantity": 2})
    call(both, "numbering", {"site": "ecwid", "prefix": "PB-"})

    found = call(both, f"orders/{order['id']}?site=ecwid")["order"]
    assert (found["paymentStatus"], found["trackingNumber"]) == ("PAID", "T1")
    assert [len(site.faults) for host in both.hosts.values() for site in host.sites.values()] == [1] * 5
    assert call(both, "stock?site=ecwid")["stock"]["MAP"] == 1
    assert call(both, "orders", {"site": "ecwid"})["order"]["id"].startswith("PB-")
    assert call(both, "orders", {})["order"]["number"] == "10001"  # the first store of all is meant
    assert call(both, "received?site=ecwid") == {"received": []}

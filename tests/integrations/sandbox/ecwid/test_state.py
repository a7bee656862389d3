"""What stays, what a seed makes, and how the stand-in Ecwid misbehaves."""

import http.client
import json

import pytest

from integrations.sandbox.server import Sandbox

from .client import Ecwid


def kept(box: Sandbox) -> dict[str, str]:
    return {name: value for name, value in box.info["ecwid"].items() if not name.endswith("_url")}


def test_its_info_is_what_a_connection_needs(box):
    needed = {"api_base_url", "oauth_base_url", "store_id", "token", "client_id", "client_secret"}
    assert needed <= set(box.info["ecwid"])
    assert box.info["ecwid"]["api_base_url"] == f"{box.url}/ecwid/api/v3"
    assert box.info["ecwid"]["oauth_base_url"] == f"{box.url}/ecwid/oauth"


def test_a_seed_gives_the_same_store_and_keys_to_it():
    boxes = [Sandbox(platforms=("ecwid",), orders=60, products=20, seed=seed) for seed in (5, 5, 6)]
    first, same, other = ([row.id for row in box.ecwid.store.orders] for box in boxes)
    keys = [kept(box) for box in boxes]
    for box in boxes:
        box.stop()

    assert first == same
    assert keys[0] == keys[1]
    assert first != other
    assert all(keys[0][name] != keys[2][name] for name in keys[0])


def test_what_is_bought_does_not_depend_on_who_listens():
    bought = []
    for urls in ((), ("http://127.0.0.1:9/hooks",)):
        box = Sandbox(platforms=("ecwid",), products=14, webhook_urls=urls)
        bought.append([box.ecwid.place_order()["id"] for _ in range(5)])
        box.stop()

    assert bought[0] == bought[1]


def test_a_restart_tells_of_nothing_under_an_old_id(tmp_path):
    seen: list[tuple[str, str]] = []
    for _ in range(3):
        with Sandbox(platforms=("ecwid",), products=14, state=str(tmp_path / "state.sqlite3")) as box:
            event = json.loads(box.ecwid.signed_event("ecwid", "profile.updated")[2])
            seen.append((event["eventId"], box.ecwid.agree(["read_orders"], "http://127.0.0.1/")))

    assert len({one for pair in seen for one in pair}) == 6


def test_everything_is_there_after_a_restart(tmp_path):
    options = {"platforms": ("ecwid",), "state": str(tmp_path / "state.sqlite3")}
    with Sandbox(orders=20, products=14, **options) as box:
        ecwid = Ecwid(box)
        order = box.ecwid.place_order(skus=["ENV-25"], quantity=2)
        ecwid.put(f"/orders/{order['id']}", {"fulfillmentStatus": "SHIPPED", "trackingNumber": "T1"})
        ecwid.delete(f"/products/{ecwid.product('MAP')['id']}")
        box.ecwid.delete_order("ecwid", box.ecwid.place_order()["id"])
        box.ecwid.misbehave("free_plan")
        before = kept(box), box.ecwid.received, everything(box)

    with Sandbox(orders=0, products=0, **options) as box:
        after = kept(box), box.ecwid.received, everything(box)
        plan = box.ecwid.store.plan
        box.ecwid.behave()
        newer = box.ecwid.place_order()
        box.ecwid.cancel_order("ecwid", order["id"])

        assert after == before
        assert plan == "free"
        assert newer["internalId"] > order["internalId"]
        assert newer["id"] not in {row["id"] for row in after[2][0]}
        assert box.ecwid.stock()["ENV-25"] == before[2][2]["ENV-25"] + 2


def everything(box: Sandbox) -> tuple:
    store = box.ecwid.store
    orders = sorted((row.load() for row in store.orders), key=lambda order: order["internalId"])
    products = sorted(store.products, key=lambda product: product["id"])
    lists = (store.deleted_orders, store.deleted_products, store.mails, store.told)
    return orders, products, box.ecwid.stock(), json.loads(json.dumps(lists))


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("busy", 429, b"RATE_LIMITED"),
        ("error", 500, b"INTERNAL_ERROR"),
        ("gateway", 502, b"<h1>"),
        ("unavailable", 503, b""),
        ("unauthorized", 403, b"INVALID_API_TOKEN"),
        ("forbidden", 403, b"INSUFFICIENT_APP_SCOPE"),
        ("html", 200, b"<h1>"),
    ],
)
def test_it_refuses_as_often_as_told(box, ecwid, kind, status, text):
    box.ecwid.misbehave(kind, count=2, retry_after=7)
    path = f"/ecwid/api/v3/{ecwid.info['store_id']}/profile"

    answers = [ecwid.send("GET", path) for _ in range(3)]

    assert [answer[0] for answer in answers] == [status, status, 200]
    assert text in answers[0][1]


def test_a_lost_answer_has_done_its_work_and_a_dropped_call_has_not(box, ecwid):
    order = box.ecwid.place_order()["id"]
    for kind, shown in (("drop", ""), ("lost_answer", "T1")):
        box.ecwid.misbehave(kind)
        with pytest.raises(http.client.RemoteDisconnected):
            ecwid.put(f"/orders/{order}", {"trackingNumber": "T1"})
        assert ecwid.get(f"/orders/{order}")[1].get("trackingNumber", "") == shown


def test_a_cut_off_body_is_shorter_than_announced(box, ecwid):
    box.ecwid.place_order()
    box.ecwid.misbehave("cut")

    with pytest.raises(http.client.IncompleteRead):
        ecwid.get("/orders")


def test_pages_are_spoilt_once(box, ecwid):
    placed = [box.ecwid.place_order(created=None)["id"] for _ in range(3)][::-1]

    def spoilt(kind: str) -> list[dict]:
        box.ecwid.misbehave(kind)
        ecwid.get("/products")  # not a page of orders: leaves the fault as it is
        page = ecwid.items("/orders")
        assert ecwid.ids() == placed
        return page

    assert spoilt("wrong_type")[0]["items"][0]["quantity"] == "many"
    assert spoilt("no_lines")[0]["items"] == []
    assert "id" not in spoilt("no_id")[0]
    assert "\0" in spoilt("nul")[0]["items"][0]["name"]
    assert len(spoilt("long")[0]["items"][0]["sku"]) > 1000
    assert [order["id"] for order in spoilt("duplicate")] == placed[:1] + placed
    assert [order["id"] for order in spoilt("reordered")] == placed[::-1]
    same = spoilt("same_id")
    assert same[0]["id"] == same[1]["id"]


def test_a_page_is_repeated_and_then_goes_on(box, ecwid):
    newest, oldest = [box.ecwid.place_order()["id"] for _ in range(2)][::-1]
    first = ecwid.ids(limit=1)
    box.ecwid.misbehave("repeat_page")

    assert (first, ecwid.ids(limit=1, offset=1), ecwid.ids(limit=1, offset=1)) == ([newest], [newest], [oldest])


def test_a_new_order_comes_late_to_the_search_when_asked(box, ecwid):
    box.ecwid.store.search_lag = 30
    order = box.ecwid.place_order()["id"]
    late = ecwid.ids()
    box.ecwid.store.latest += 31

    assert late == []
    assert ecwid.get(f"/orders/{order}")[0] == 200
    assert ecwid.ids() == [order]


def test_the_token_is_refused_only_when_the_path_says_so(box, ecwid):
    box.ecwid.misbehave("error", path="oauth/token")

    assert ecwid.get("/profile")[0] == 200
    assert ecwid.send("GET", "/ecwid/oauth/token")[0] == 500
    assert ecwid.send("GET", "/ecwid/oauth/token")[0] == 400

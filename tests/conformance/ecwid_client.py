"""Runs what pyecwid can do on the stand-in Ecwid: python ecwid_client.py <info file> <where the package lies>.

The package still sends its token in the address, which Ecwid has refused since March 2025; beneath it the token is
moved to the header. Nothing else is changed. The last line is "N passed, N failed"; exit status 1 when one failed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
import requests

sys.path.append(sys.argv[2])  # last, since the package brings a folder named tests

from pyecwid import Ecwid  # type: ignore[import-not-found]

INFO: dict[str, str] = json.loads(Path(sys.argv[1]).read_text())["ecwid"]
CONTROL = INFO["api_base_url"].removesuffix("/ecwid/api/v3") + "/control/api"
ORDER = {
    "email": "ann@buyer.example",
    "subtotal": 40,
    "total": 45,
    "paymentStatus": "PAID",
    "fulfillmentStatus": "AWAITING_PROCESSING",
    "items": [{"name": "Paper boat", "sku": "BOAT", "price": 20, "quantity": 2}],
}
PRODUCT = {"name": "Paper boat", "sku": "BOAT-1", "price": 20, "quantity": 7, "unlimited": False}
direct = requests.Session.send


def by_header(session: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
    address = urlsplit(str(request.url))
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    if token := query.pop("token", ""):
        request.headers["Authorization"] = f"Bearer {token}"
        request.url = urlunsplit(address._replace(query=urlencode(query)))
    return direct(session, request, **how)


def client() -> Any:
    return Ecwid(INFO["token"], INFO["store_id"], base_url=INFO["api_base_url"] + "/{0}/")


def total(what: str) -> int:
    """How many there are, asked without the package."""
    address = f"{INFO['api_base_url']}/{INFO['store_id']}/{what}"
    headers = {"Authorization": f"Bearer {INFO['token']}"}
    reply = requests.get(address, {"limit": 1}, headers=headers, timeout=20)
    reply.raise_for_status()
    return int(reply.json()["total"])


def the_old_way_is_refused() -> None:
    requests.Session.send = direct  # type: ignore[method-assign]
    try:
        with pytest.raises(requests.HTTPError) as refused:
            client()
    finally:
        requests.Session.send = by_header  # type: ignore[method-assign]
    assert refused.value.response.status_code == 403
    assert refused.value.response.json()["errorCode"] == "INVALID_API_TOKEN"


def all_orders() -> None:
    orders = client().orders.get()
    assert len(orders) == total("orders") > 100
    assert len({order["id"] for order in orders}) == len(orders)
    assert all(order["items"] is not None and order["paymentStatus"] for order in orders)


def page_of(asked: dict[str, str]) -> dict[str, Any]:
    """By words of our own: without any, the package goes on from where its last call ended."""
    page: dict[str, Any] = client().orders.get_by_params(asked, collate_items=False)
    return page


def one_page_of_orders() -> None:
    page = page_of({"paymentStatus": "PAID,AWAITING_PAYMENT,CANCELLED,REFUNDED,PARTIALLY_REFUNDED,INCOMPLETE"})
    assert (page["count"], page["limit"], page["offset"]) == (100, 100, 0)


def orders_by_words() -> None:
    found = client().orders.get_by_params({"paymentStatus": "CANCELLED"})
    assert found
    assert {order["paymentStatus"] for order in found} == {"CANCELLED"}


def one_order() -> None:
    wanted = page_of({"paymentStatus": "PAID"})["items"][3]
    found = client().orders.get_by_id(wanted["internalId"])  # it takes numbers only
    assert found == wanted


def an_order_is_shipped() -> None:
    reply = requests.post(f"{CONTROL}/orders", json={"site": "ecwid"}, timeout=20)
    order = reply.json()["order"]
    written = client().orders.update(
        order["internalId"], {"fulfillmentStatus": "SHIPPED", "trackingNumber": "1Z999AA10123456784"}
    )
    assert written.json() == {"updateCount": 1}
    told = requests.get(f"{CONTROL}/orders/{order['id']}", {"site": "ecwid"}, timeout=20).json()["fulfillments"]
    assert [row["trackingNumber"] for row in told] == ["1Z999AA10123456784"]


def an_order_is_made_and_deleted() -> None:
    number = client().orders.add(ORDER)
    assert client().orders.get_by_id(number)["items"][0]["name"] == "Paper boat"
    assert client().orders.delete(number) == 1
    with pytest.raises(requests.HTTPError) as refused:
        client().orders.get_by_id(number)
    assert refused.value.response.status_code == 404


def all_products() -> None:
    products = client().products.get()
    assert len(products) == total("products") > 20
    assert any(product["combinations"] for product in products)
    assert all("quantity" in product or product["unlimited"] for product in products)


def products_by_word() -> None:
    found = client().products.get_by_keyword("harbour")
    assert found
    assert all("Harbour" in product["name"] for product in found)
    assert client().products.get_by_params({"sku": "ENV-25"})[0]["sku"] == "ENV-25"


def a_product_lives() -> None:
    uid = client().products.add(PRODUCT)
    assert client().products.get_by_id(uid)["quantity"] == 7
    assert client().products.update(uid, {"quantity": 3}).json() == {"updateCount": 1}
    assert client().products.get_by_id(uid)["quantity"] == 3
    with pytest.raises(UserWarning) as refused:
        client().products.add(PRODUCT)
    _, status, text = refused.value.args
    assert status == 409
    assert json.loads(text)["errorCode"] == "SKU_ALREADY_EXISTS"
    assert client().products.delete(uid) == 1


def a_product_type_lives() -> None:
    assert client().producttypes.get()
    uid = client().producttypes.add({"name": "Boats", "attributes": [{"name": "Length", "type": "CUSTOM"}]})
    assert client().producttypes.update(uid, {"name": "Paper boats"}).status_code == 200
    assert client().producttypes.get_by_id(uid)["name"] == "Paper boats"
    assert client().producttypes.delete(uid) == 1


def a_customer_lives() -> None:
    uid = client().customers.add({"email": "ann@buyer.example", "name": "Ann Buyer"})
    assert [one["id"] for one in client().customers.get_by_email("ann@buyer.example")] == [uid]
    assert [one["id"] for one in client().customers.get_by_name("Ann")] == [uid]
    assert [one["id"] for one in client().customers.get_by_keyword("buyer")] == [uid]
    assert client().customers.update(uid, {"name": "Ann B."}).status_code == 200
    assert client().customers.delete(uid) == 1


def a_coupon_lives() -> None:
    uid = client().coupons.add({"name": "Tide", "code": "TIDE", "discountType": "ABS", "discount": 2})
    assert client().coupons.get_by_params({"code": "TIDE"})[0]["id"] == uid
    assert client().coupons.get_by_id(uid)["discount"] == 2
    assert client().coupons.delete(uid) == 1


CHECKS: tuple[Callable[[], None], ...] = (
    the_old_way_is_refused,
    all_orders,
    one_page_of_orders,
    orders_by_words,
    one_order,
    an_order_is_shipped,
    an_order_is_made_and_deleted,
    all_products,
    products_by_word,
    a_product_lives,
    a_product_type_lives,
    a_customer_lives,
    a_coupon_lives,
)


def main() -> int:
    requests.Session.send = by_header  # type: ignore[method-assign]
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
        except Exception as error:  # each check says for itself what went wrong
            failed += 1
            print(f"FAILED  pyecwid: {name}\n        {type(error).__name__}: {str(error)[:600]}")
        else:
            print(f"passed  pyecwid: {name}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

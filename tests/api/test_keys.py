"""Who may call: keys, scopes, other people's ids, and how often."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import ApiKey
from fcp.roles import Role
from fcp.scopes import Scope
from orders.models import ShippingRequest
from tests.api.conftest import Api, account_api, partner_api
from tests.build import make_user
from tests.orders.making import line_of, make_account, make_partner, new_order, offered, taken

pytestmark = pytest.mark.django_db


def error(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize(
    "text", ["", "Bearer", "Bearer x", "Bearer fcp_abc_def", "Bearer fcp__", "Basic abc", "Bearer fcp_\u00e9_x"]
)
def test_without_a_real_key_nobody_gets_in(db, text):
    response = Client().get("/api/v1/warehouses", headers={"Authorization": text} if text else {})

    assert response.status_code == 401
    assert response.json()["error"]["code"] in {"key_missing", "key_unknown"}
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_key_says_when_it_expired(partner):
    api = partner_api(partner, expires_at=timezone.now() - dt.timedelta(days=1))

    response = api.get("/warehouses")

    assert error(response) == (401, "key_expired")
    assert f"expired on {api.key.expires_at:%Y-%m-%d}" in response.json()["error"]["message"]


def test_a_revoked_key_no_longer_works(api):
    ApiKey.objects.update(revoked_at=timezone.now())

    assert error(api.get("/warehouses")) == (401, "key_revoked")


def test_a_key_with_a_wrong_secret_is_unknown(api):
    api.text = api.text[:-1] + ("a" if api.text[-1] != "a" else "b")

    assert error(api.get("/warehouses")) == (401, "key_unknown")


def test_a_key_made_on_the_page_is_shown_once_and_works_until_it_is_revoked_there(client, partner):
    order = new_order({"MUG": 1}, partner)
    offered(order)
    client.force_login(make_user(order.account, Role.ADMIN))
    page = f"/a/{order.account.slug}/settings/keys/"
    made = client.post(page, {"name": "ERP", "scopes": [Scope.READ_REQUESTS.value]})
    text = made.context["text"]
    api = Api(text, ApiKey.objects.get())

    assert text in made.content.decode()
    assert text not in client.get(page).content.decode()
    assert len(api.get("/shipping-requests").json()["results"]) == 1
    assert error(api.get("/warehouses")) == (403, "scope_missing")
    client.post(f"{page}{api.key.pk}/revoke/")
    assert error(api.get("/shipping-requests")) == (401, "key_revoked")


def test_a_key_may_do_what_its_scopes_say_and_no_more(partner):
    api = partner_api(partner, Scope.READ_REQUESTS)
    request = offered(new_order({"MUG": 1}, partner))

    assert api.get("/shipping-requests").status_code == 200
    response = api.post(f"/shipping-requests/{request.pk}/acknowledge", {"revision": 1})
    assert error(response) == (403, "scope_missing")
    assert "requests:write" in response.json()["error"]["message"]


def test_an_account_has_no_ship_codes_whatever_its_key_says(db):
    api = account_api(make_account(), Scope.READ_SHIP_CODES)

    assert error(api.get("/ship-codes")) == (403, "scope_missing")


def test_a_partner_sees_the_warehouses_that_it_serves_in_all_accounts(api, partner):
    orders = [new_order({"MUG": 1}, partner), new_order({"MUG": 1}, partner), new_order({"MUG": 1}, make_partner())]
    requests = [offered(order) for order in orders]

    listed = api.get("/shipping-requests").json()["results"]
    warehouses = api.get("/warehouses").json()["results"]

    assert [row["id"] for row in listed] == [str(r.pk) for r in requests[:2]]
    assert [row["account"]["id"] for row in warehouses] == [str(o.account_id) for o in orders[:2]]


def test_an_account_sees_its_own_only(partner):
    mine, other = new_order({"MUG": 1}, partner), new_order({"MUG": 1}, partner)
    request, _ = offered(mine), offered(other)
    api = account_api(mine.account)

    assert [row["id"] for row in api.get("/shipping-requests").json()["results"]] == [str(request.pk)]
    assert [row["id"] for row in api.get("/warehouses").json()["results"]] == [str(request.warehouse_id)]


def test_another_ones_ids_are_not_found_in_paths_queries_and_bodies(partner):
    order = new_order({"MUG": 1}, partner)
    request = taken(order)
    own = new_order({"MUG": 1}, make_partner())
    own_request = taken(own)
    strangers = [partner_api(own_request.partner), account_api(own.account)]
    before = list(ShippingRequest.objects.order_by("pk").values())
    shipment = {"id": "S", "lines": [{"id": str(line_of(order, "MUG").pk), "quantity": 1}]}

    for api in strangers:
        path = f"/shipping-requests/{request.pk}"
        answers = [
            api.get(path),
            api.post(f"{path}/acknowledge", {"revision": 1}),
            api.post(f"{path}/reject", {"reason": "No"}),
            api.post(f"{path}/cancel-answer", {"stopped": True}),
            api.post(f"{path}/fulfillments", shipment),
            api.get(f"/orders/{order.pk}"),
            api.get("/shipping-requests", warehouse=request.warehouse_id),
            api.post(
                "/shipping-requests/acknowledge",
                {"requests": [{"id": str(r.pk), "revision": 1} for r in (own_request, request)]},
            ),
            api.post(f"/shipping-requests/{own_request.pk}/fulfillments", shipment),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert list(ShippingRequest.objects.order_by("pk").values()) == before


def test_a_warehouse_that_changed_hands_is_no_longer_seen(api, partner):
    request = offered(new_order({"MUG": 1}, partner))
    request.warehouse.partner = make_partner()
    request.warehouse.save()

    assert api.get("/shipping-requests").json()["results"] == []
    assert api.get(f"/shipping-requests/{request.pk}").status_code == 404
    assert partner_api(request.warehouse.partner).get(f"/shipping-requests/{request.pk}").status_code == 200


def test_too_many_calls_are_told_when_to_go_on(api, settings):
    settings.FCP_API_RATE = 3

    answers = [api.get("/warehouses") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert error(answers[3]) == (429, "too_many_calls")
    assert 1 <= int(answers[3]["Retry-After"]) <= 20


def test_the_limit_is_of_each_key_and_fills_up_again(api, partner, settings, time_machine):
    settings.FCP_API_RATE = 3
    time_machine.move_to(dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC), tick=False)
    for _ in range(4):
        api.get("/warehouses")

    assert partner_api(partner).get("/warehouses").status_code == 200
    time_machine.shift(21)
    assert api.get("/warehouses").status_code == 200


def test_the_last_use_is_written_once_a_minute(api, time_machine):
    start = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
    time_machine.move_to(start, tick=False)
    used = []
    for _ in range(5):
        api.get("/warehouses")
        api.key.refresh_from_db()
        used.append((api.key.last_used_at - start).total_seconds())
        time_machine.shift(25)

    assert used == [0, 0, 0, 75, 75]


def test_most_calls_write_nothing(api, django_assert_num_queries):
    api.get("/warehouses")

    with django_assert_num_queries(2):
        api.get("/warehouses")

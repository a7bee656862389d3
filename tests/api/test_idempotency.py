"""A write with an Idempotency-Key happens once, whatever is sent twice, at once, or lost on the way."""

import datetime as dt

import pytest
from django.db.models.signals import post_save
from django.test import Client
from django.utils import timezone

from fcp import idempotency
from fcp.models import IdempotentReply
from orders.asking import ask_for_change
from orders.models import Fulfillment, OrderEvent
from orders.persons import erase
from tests.api.conftest import partner_api
from tests.orders.making import NOW, line_of, make_partner, new_order, offered, taken
from tests.threads import at_once

MOVED = {"name": "Ann Example", "street1": "9 New Road", "city": "Bonn", "postcode": "53111", "country": "DE"}


def error(response):
    return response.status_code, response.json()["error"]["code"]


def report(api, request, once, quantity=1, ref="S-1"):
    line = line_of(request.order, "MUG").pk
    body = {"id": ref, "lines": [{"id": str(line), "quantity": quantity}]}
    return api.post(f"/shipping-requests/{request.pk}/fulfillments", body, once)


@pytest.fixture
def request_(partner):
    return taken(new_order({"MUG": 5}, partner))


def test_the_same_key_answers_the_stored_reply_and_does_nothing(api, partner):
    request = offered(new_order({"MUG": 1}, partner))
    path = f"/shipping-requests/{request.pk}/acknowledge"
    first = api.post(path, {"revision": 1}, "K-1")
    api.post(f"/shipping-requests/{request.pk}/reject", {"reason": "Broken"})

    again = api.post(path, {"revision": 1}, "K-1")

    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert OrderEvent.objects.filter(code="acknowledged").count() == 1


def test_a_stored_reply_keeps_no_person_and_names_none_who_was_erased(api, partner):
    order = new_order({"MUG": 1}, partner)
    request = offered(order)
    ask = f"/shipping-requests/{request.pk}"
    first = api.post(f"{ask}/acknowledge", {"revision": 1}, "K-1")
    ask_for_change(order.store, {order.pk: {"ship_to": MOVED}}, now=NOW, actor="store")
    second = api.post(f"{ask}/change-answer", {"accepted": False, "revision": 2, "reason": "Packed"}, "K-2")
    assert first.json()["ship_to"]["name"] == "Ann Example"
    assert second.json()["change"]["ship_to"]["street1"] == "9 New Road"

    kept = str([reply.body for reply in IdempotentReply.objects.all()])
    assert not [word for word in ("Ann Example", "Long Street", "9 New Road", "ann@example.com") if word in kept]
    assert api.post(f"{ask}/acknowledge", {"revision": 1}, "K-1").json() == first.json()
    answer = {"accepted": False, "revision": 2, "reason": "Packed"}
    assert api.post(f"{ask}/change-answer", answer, "K-2").json() == second.json()
    erase([order.pk], NOW)
    again = api.post(f"{ask}/acknowledge", {"revision": 1}, "K-1").json()
    assert (again["state"], again["ship_to"]["name"], again["ship_to"]["country"]) == ("acknowledged", "", "DE")
    assert api.post(f"{ask}/change-answer", answer, "K-2").json()["change"]["ship_to"]["street1"] == ""


def test_the_same_key_for_another_body_or_address_is_refused(api, request_):
    report(api, request_, "K-1")

    assert error(report(api, request_, "K-1", quantity=2)) == (422, "idempotency_key_reused")
    assert error(api.post(f"/shipping-requests/{request_.pk}/reject", {"reason": "No"}, "K-1"))[0] == 422
    assert Fulfillment.objects.count() == 1


def test_another_callers_key_of_the_same_name_is_another_one(api, partner, request_):
    report(api, request_, "K-1")

    assert report(partner_api(partner), request_, "K-1", quantity=2, ref="S-2").status_code == 201


def test_a_refused_request_is_judged_anew(api, request_):
    assert error(report(api, request_, "K-1", quantity=9)) == (422, "more_than_ordered")

    assert not IdempotentReply.objects.exists()
    assert report(api, request_, "K-1", quantity=5).status_code == 201


def test_a_slow_request_whose_claim_was_taken_over_leaves_nothing(api, request_):
    def take_over(**_):
        IdempotentReply.objects.update(created_at=timezone.now())

    post_save.connect(take_over, sender=Fulfillment)
    try:
        assert error(report(api, request_, "K-1")) == (409, "in_flight")
    finally:
        post_save.disconnect(take_over, sender=Fulfillment)

    assert not Fulfillment.objects.exists()
    assert line_of(request_.order, "MUG").shipped == 0


def test_a_claim_that_a_dead_process_left_is_taken_over_after_a_minute(api, request_):
    report(api, request_, "K-1")
    IdempotentReply.objects.update(status=idempotency.IN_FLIGHT, created_at=timezone.now() - dt.timedelta(seconds=30))
    assert error(report(api, request_, "K-1")) == (409, "in_flight")

    IdempotentReply.objects.update(created_at=timezone.now() - dt.timedelta(seconds=90))

    assert report(api, request_, "K-1").status_code == 201
    assert Fulfillment.objects.count() == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a b"])
def test_an_unusable_key_is_refused(api, request_, name):
    path = f"/api/v1/shipping-requests/{request_.pk}/acknowledge"
    response = Client().post(
        path, {"revision": 1}, "application/json", headers=api.headers() | {"Idempotency-Key": name}
    )

    assert error(response) == (400, "idempotency_key_invalid")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_ship_once():
    partner = make_partner()
    api, request = partner_api(partner), taken(new_order({"MUG": 5}, partner))

    answers = at_once(*[lambda: report(api, request, "K-1")] * 4)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    assert line_of(request.order, "MUG").shipped == 1

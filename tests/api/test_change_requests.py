"""A partner is asked to use the new address of an order that it took, and says whether it can."""

import pytest
from django.db import transaction
from django.utils import timezone

from orders.asking import ask_for_address
from orders.shapes import Party
from orders.stored_state import lock_orders
from tests.orders.making import make_partner, new_order, taken

pytestmark = pytest.mark.django_db
ELSEWHERE = Party(name="Ann Example", street1="2 Side St", city="Berlin", postcode="10115", country="DE")


@pytest.fixture
def asked(partner):
    """A request that was taken, and whose address changed in the store since."""
    order = new_order({"MUG": 2}, partner)
    request = taken(order)
    with transaction.atomic():
        lock_orders([order.pk])
        ask_for_address(order.store, {order.pk: ELSEWHERE}, now=timezone.now())
    request.refresh_from_db()
    return request


def answer(api, request, accepted, revision=2, **body):
    return api.post(
        f"/shipping-requests/{request.pk}/change-answer", {"accepted": accepted, "revision": revision, **body}
    )


def test_a_change_is_listed_until_it_is_answered_and_the_old_address_stands_until_then(api, asked):
    [shown] = api.get("/shipping-requests", change_asked="true").json()["results"]

    assert (shown["state"], shown["revision"]) == ("acknowledged", 2)
    assert shown["ship_to"]["city"] == "Bonn"
    assert (shown["change"]["ship_to"]["city"], shown["change"]["answer"]) == ("Berlin", "asked")
    assert answer(api, asked, True).status_code == 200
    assert api.get("/shipping-requests", change_asked="true").json()["results"] == []


def test_accepting_takes_the_new_address_and_raises_the_revision(api, asked):
    reply = answer(api, asked, True)

    body = reply.json()
    assert (reply.status_code, body["revision"], body["ship_to"]["city"]) == (200, 3, "Berlin")
    assert body["change"]["answer"] == "accepted"
    assert answer(api, asked, True).json()["revision"] == 3


def test_refusing_needs_a_reason_and_changes_nothing(api, asked):
    assert answer(api, asked, False).status_code == 400

    body = answer(api, asked, False, reason="The label is on it").json()

    assert (body["revision"], body["ship_to"]["city"]) == (2, "Bonn")
    assert (body["change"]["answer"], body["change"]["reason"]) == ("refused", "The label is on it")


def test_an_answer_to_an_older_question_is_a_conflict_that_names_the_current_revision(api, asked):
    reply = answer(api, asked, True, revision=1)

    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "stale_revision")


def test_nobody_can_answer_a_change_that_was_not_asked_for(api, partner):
    request = taken(new_order({"MUG": 1}, partner))

    reply = answer(api, request, True, revision=1)

    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "not_asked")
    assert api.get(f"/shipping-requests/{request.pk}").json()["change"] is None


def test_another_partners_change_is_not_found(asked):
    from tests.api.conftest import partner_api

    stranger = partner_api(make_partner())

    assert answer(stranger, asked, True).status_code == 404
    assert stranger.get("/shipping-requests", change_asked="true").json()["results"] == []

"""Finding an order by the number that people know it by."""

import pytest


def test_an_order_is_found_by_its_number_in_one_call_whatever_its_status(store):
    placed = [
        store.host.place_order(store.site, status=status, payment=payment)
        for status, payment in [("APPROVED", "PAID"), ("PENDING", "PENDING"), ("REJECTED", "DECLINED")]
    ]
    store.host.cancel_order(store.site, placed[0]["number"])

    found = [store.connector.order_by_number(order["number"]) for order in placed]

    assert [raw.uid for raw in found] == [order["id"] for order in placed]
    assert len(store.calls) == 3


@pytest.mark.parametrize("number", ["99999", "", "10001' OR", "1000"])
def test_a_number_that_no_order_has_finds_nothing(store, number):
    store.host.place_order(store.site)

    assert store.connector.order_by_number(number) is None


def test_an_order_that_was_never_finished_is_in_no_list_of_wix(store):
    order = store.host.place_order(store.site, status="INITIALIZED", payment="NOT_PAID")

    assert store.connector.order_by_number(order["number"]) is None
    assert store.connector.order(order["id"]).uid == order["id"]

"""The catalogue and the orders of a new store are read at once, and name the same words."""

import threading

import pytest
from django.db import transaction

from mappings.listings import Shown, keep_listings
from mappings.models import Listing
from mappings.words import SeenListing, words_of
from tests.build import NOW, make_product, make_store
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)
MANY = [f"p{number:02}" for number in range(60)]


def catalogue(store, uids):
    with transaction.atomic():
        return keep_listings(store, [Shown(uid, "", f"SKU-{uid}", f"Thing {uid}", True) for uid in uids], NOW)


def order_lines(store, uids):
    with transaction.atomic():
        return words_of(store, [], [SeenListing(uid, "", f"SKU-{uid}", f"Thing {uid}") for uid in uids], {}, NOW)


def test_a_page_of_the_catalogue_finds_what_an_order_named_at_the_same_moment():
    store = make_store()
    product = make_product(store.account, "SKU-p01")
    named = threading.Event()

    def an_order_comes_in():
        with transaction.atomic():
            order_lines(store, ["p01"])
            named.set()
            until_somebody_waits()

    def the_catalogue_is_read():
        assert named.wait(10)
        return catalogue(store, ["p02", "p01", "p00"])

    _, kept = at_once(an_order_comes_in, the_catalogue_is_read)

    assert (kept.created, kept.changed + kept.unchanged) == (2, 1)
    assert [row.product_uid for row in Listing.objects.order_by("pk")[1:]] == ["p02", "p00"]  # as the store lists them
    rows = Listing.objects.filter(store=store).order_by("product_uid")
    assert [row.product_uid for row in rows] == ["p00", "p01", "p02"]
    assert [row.product_id for row in rows] == [None, product.pk, None]
    assert {row.tracked for row in rows} == {True}


@pytest.mark.parametrize("round_", range(3))
def test_pages_that_name_the_same_things_in_another_sequence_do_not_wait_for_each_other(round_):
    store = make_store()

    at_once(
        lambda: catalogue(store, MANY),
        lambda: order_lines(store, MANY[::-1]),
        lambda: catalogue(store, MANY[::-1]),
        lambda: order_lines(store, MANY),
    )

    assert sorted(Listing.objects.filter(store=store).values_list("product_uid", flat=True)) == MANY

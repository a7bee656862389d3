"""Which listings' stock is looked at again, and what a changed SKU asks."""

import datetime as dt

import pytest
from django.db import transaction

from inventory.models import Alias, AliasType, Product
from inventory.signals import aliases_changed, product_named
from mappings import listings
from mappings.listings import Shown, link_by_sku
from mappings.mapping import map_listing, same_product
from mappings.models import Listing, ListingStock, MappingChange
from mappings.stock_marks import mark_codes, mark_listings, mark_products
from mappings.take import take_products
from orders.shapes import Payment, Status, StoreFulfillment
from tests.build import (
    IMPORT,
    NOW,
    a_line,
    an_order,
    make_listing,
    make_location,
    make_product,
    make_store,
    rules,
    take,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def store():
    return make_store()


def stocked(store, sku, product=None, **values):
    """A listing whose stock was sent: nothing of it is due."""
    listing = make_listing(store, sku, product, **values)
    make_stock(listing)
    return listing


def make_stock(listing, location=None):
    return ListingStock.objects.create(
        account_id=listing.account_id, store_id=listing.store_id, listing=listing, location=location,
        marked=4, handled=4, confirmed=5, known=True,
    )  # fmt: skip


def due():
    return sorted(ListingStock.objects.due().values_list("listing__sku", flat=True))


def unknown():
    return sorted(ListingStock.objects.filter(known=False).values_list("listing__sku", flat=True))


def keep(store, *shown, day=NOW):
    with transaction.atomic():
        return listings.keep_listings(store, shown, day)


def shown(listing, sku=None, tracked=None):
    return Shown(listing.product_uid, listing.variant_uid, listing.sku if sku is None else sku, listing.title, tracked)


# --- marks -----------------------------------------------------------------------------------------------------------


def test_a_mark_rises_at_each_location_and_leaves_what_is_known(store):
    mug = stocked(store, "MUG")
    make_stock(mug, make_location(store, "loft"))
    stocked(store, "JUG")

    assert mark_listings([mug.pk]) == 2
    assert set(ListingStock.objects.filter(listing=mug).values_list("marked", "known")) == {(5, True)}
    assert mark_listings([mug.pk], unknown=True) == 2
    assert set(ListingStock.objects.filter(listing=mug).values_list("marked", "known")) == {(6, False)}
    assert due() == ["MUG", "MUG"]
    assert mark_listings([]) == mark_products([]) == mark_codes(store.account_id, [" "]) == 0


def test_products_and_codes_mark_their_listings(store):
    other = make_store(store.account)
    mug = make_product(store.account, "MUG")
    stocked(store, "MUG", mug)
    stocked(other, "BECHER", mug)
    stocked(store, "400")

    assert mark_products([mug.pk]) == 2
    assert mark_codes(store.account_id, ["400 "]) == 1
    assert due() == ["400", "BECHER", "MUG"]


def test_a_code_of_another_account_marks_nothing_here(store):
    stocked(store, "400")

    assert mark_codes(make_store().account_id, ["400"]) == 0


def test_an_alias_that_comes_changes_or_goes_marks_what_it_meant_and_means(store):
    mug, jug = make_product(store.account, "MUG"), make_product(store.account, "JUG")
    kind = AliasType.objects.create(account=store.account, name="EAN")
    for sku in ("400", "500"):
        stocked(store, sku)
    stocked(store, "MUG", mug)
    stocked(store, "JUG", jug)

    def after(action):
        ListingStock.objects.update(handled=1000, marked=1000)
        action()
        return due()

    alias = Alias(account=store.account, alias_type=kind, product=mug, code="400")
    assert after(alias.save) == ["400", "MUG"]
    alias.code = "500"
    assert after(alias.save) == ["400", "500", "MUG"]
    alias.product = jug
    assert after(alias.save) == ["500", "JUG", "MUG"]
    assert after(alias.delete) == ["500", "JUG"]
    many = {"account_id": store.account_id, "codes": ["400"], "product_ids": [mug.pk]}
    assert after(lambda: aliases_changed.send(Alias, **many)) == ["400", "MUG"]


def test_a_changed_mapping_or_unit_marks_the_listing_and_the_same_again_does_not(store):
    mug = make_product(store.account, "MUG")
    row = stocked(store, "BECHER")

    map_listing(row, mug, by="Ann", now=NOW)
    assert (due(), Listing.objects.get().by_hand) == (["BECHER"], True)
    marked = ListingStock.objects.get().marked
    map_listing(row, mug, by="Ann", now=NOW)
    assert ListingStock.objects.get().marked == marked
    map_listing(row, mug, units=6, by="Ann", now=NOW)
    assert ListingStock.objects.get().marked == marked + 1
    map_listing(row, None, by="Ann", now=NOW)
    assert (ListingStock.objects.get().marked, Listing.objects.get().by_hand) == (marked + 2, False)


def test_linking_by_sku_marks_and_is_nobodys_hand(store):
    stocked(store, "MUG")
    stocked(store, "JUG")
    stocked(store, "POT")
    make_product(store.account, "MUG")

    link_by_sku(store, by="Ann", now=NOW)
    assert due() == ["MUG"]
    product_named.send(Product, product=make_product(store.account, "JUG"), by="Ann", now=NOW)
    assert due() == ["JUG", "MUG"]
    take_products(store, by="Ann", now=NOW)
    assert due() == ["JUG", "MUG", "POT"]
    assert not Listing.objects.filter(by_hand=True).exists()


def test_what_the_store_shows_anew_of_a_listing_marks_it_only_where_stock_depends_on_it(store):
    mug, jug, pot, cup = (stocked(store, sku, tracked=False) for sku in ("MUG", "JUG", "POT", "CUP"))
    Listing.objects.filter(pk=cup.pk).update(retired_at=NOW)

    keep(
        store, shown(mug, tracked=True), shown(jug, "JUG-2", tracked=False),
        shown(pot, tracked=False)._replace(title="Pot, black"), shown(cup, tracked=False),
    )  # fmt: skip

    assert due() == ["CUP", "JUG-2", "MUG"]


def test_a_listing_that_the_store_no_longer_shows_is_looked_at_again(store):
    stocked(store, "MUG")
    assert listings.retire_listings(store, NOW.date() + dt.timedelta(days=1), NOW) == 1

    assert due() == ["MUG"]


# --- orders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(store):
    """Listings as orders name them."""
    return {sku: stocked(store, sku, make_product(store.account, sku)) for sku in ("MUG", "JUG", "POT")}


def known_again():
    ListingStock.objects.update(known=True, handled=1000, marked=1000)


def test_any_order_that_is_seen_makes_the_stores_number_of_its_listings_unknown(store, shelf):
    take(store, an_order(skus=("MUG",)), of=rules())
    take(store, an_order(skus=("JUG",), payment=Payment.UNPAID, pickup=True), of=rules())

    assert unknown() == due() == ["JUG", "MUG"]


def test_an_order_that_changes_does_so_again_also_for_lines_that_are_gone(store, shelf):
    first = an_order("1", skus=("MUG", "JUG"))
    take(store, first, of=rules())
    known_again()
    take(store, an_order("1", lines=(a_line("MUG", 2),), changed_at=LATER), of=rules(), now=LATER)

    assert unknown() == ["JUG", "MUG"]
    known_again()
    take(store, an_order("1", lines=(a_line("MUG", 2),), status=Status.CANCELED), of=rules(), now=LATER)
    assert unknown() == ["JUG", "MUG"]


def test_a_shipment_leaves_the_stores_number_alone(store, shelf):
    take(store, an_order("1"), of=rules())
    known_again()
    take(store, an_order("1", fulfillment=StoreFulfillment.ALL, changed_at=LATER), of=rules(), now=LATER)

    assert unknown() == []


def test_orders_left_out_for_good_make_no_listings(store):
    take(store, an_order(pickup=True), an_order(skus=("JUG",), payment=Payment.UNPAID), of=rules(imports=IMPORT))

    assert list(Listing.objects.values_list("sku", flat=True)) == ["JUG"]


# --- another SKU in the store ----------------------------------------------------------------------------------------


def test_a_changed_sku_asks_and_the_listing_keeps_its_product(store):
    mug = make_product(store.account, "MUG")
    make_product(store.account, "MUG-2")
    row = stocked(store, "MUG", mug)

    keep(store, shown(row, "MUG-2"))
    row.refresh_from_db()
    assert (row.sku, row.sku_was, row.product) == ("MUG-2", "MUG", mug)
    keep(store, shown(row, "MUG-3"))
    row.refresh_from_db()
    assert (row.sku, row.sku_was, row.product) == ("MUG-3", "MUG", mug)
    keep(store, shown(row, " mug"))
    row.refresh_from_db()
    assert (row.sku, row.sku_was, row.product) == (" mug", "", mug)


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ("MUG", "mug ", ""),  # the same SKU, written otherwise
        ("MUG", "", "MUG"),  # no SKU any more
        ("", "MUG-1", ""),  # linked by a person, there was none
        ("BECHER", "MUG", ""),  # its product's own now
    ],
)
def test_only_another_sku_is_a_question(store, before, after, asked):
    row = stocked(store, before, make_product(store.account, "MUG"))
    keep(store, shown(row, after))

    assert Listing.objects.get().sku_was == asked


def test_a_listing_without_a_product_asks_nothing(store):
    row = stocked(store, "MUG")
    keep(store, shown(row, "MUG-2"))

    assert Listing.objects.get().sku_was == ""


def test_the_question_is_answered_by_the_same_product_or_by_another(store):
    mug, jug = make_product(store.account, "MUG"), make_product(store.account, "JUG")
    row, other = stocked(store, "MUG", mug), stocked(store, "CUP", mug)
    keep(store, shown(row, "MUG-2"), shown(other, "CUP-2"))
    row.refresh_from_db()
    other.refresh_from_db()

    same_product(row, by="Ann", now=NOW)
    same_product(row, by="Ann", now=NOW)
    map_listing(other, jug, by="Ann", now=NOW)

    assert [(r.sku, r.sku_was, r.product) for r in (row, other)] == [("MUG-2", "", mug), ("CUP-2", "", jug)]
    [change] = MappingChange.objects.filter(row=row.pk)
    assert (change.why, change.by) == ("The SKU changed from MUG; it is the same product.", "Ann")


def test_an_answer_to_an_older_question_answers_nothing(store):
    row = stocked(store, "MUG", make_product(store.account, "MUG"))
    keep(store, shown(row, "MUG-2"))
    row.refresh_from_db()
    keep(store, shown(row, "MUG-3"))

    same_product(row, by="Ann", now=NOW)

    assert Listing.objects.get().sku_was == "MUG"

"""Setting quantities in both catalogues of Wix."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
import responses

from fcp.errors import Busy, NotFound, Refused, Rejected, Stale, SyncError, Unreachable, Unreadable
from integrations.connectors.base import Bound
from integrations.connectors.goods import MOST_HALVINGS
from integrations.connectors.shapes import Answer, StockToSet, StoreStock
from integrations.connectors.wix.connector import WixConnector
from integrations.connectors.wix.declaration import PLATFORM
from integrations.connectors.wix.words import NO_VARIANT
from integrations.sandbox.server import Sandbox

from .conftest import Reached
from .test_listings import API, by_key

SKUS = {"v1": ["GRIND-1", "FILT-100", "COF-IND-250G-STOV"], "v3": ["NC-CARE", "NC-LID", "NC-MUG-SNOW-S"]}


def uids(store: Reached, sku: str) -> tuple[str, str]:
    product, variant = store.host.site(store.site).find_variant(sku)
    return product["id"], variant["id"]


def read(store: Reached, *skus: str) -> list[StoreStock]:
    """What the store says of these at its default location; the calls for it are forgotten."""
    found = store.connector.stock_of([uids(store, sku) for sku in skus])
    first = {(row.product_uid, row.variant_uid): row for row in reversed(found)}
    store.calls.clear()
    return [first[uids(store, sku)] for sku in skus]


def wanted(row: StoreStock, quantity: Any, key: str = "1") -> StockToSet:
    uid, revision = row.item_uid, row.revision
    return StockToSet(key, row.product_uid, row.variant_uid, quantity, row.location_uid, uid, revision)


def push(store: Reached, rows: Sequence[StockToSet]) -> list[Answer]:
    answers = list(store.connector.push_stock(rows).answers)
    assert [answer.key for answer in answers] == [row.key for row in rows]
    return answers


def error_of(answer: Answer) -> SyncError:
    assert answer.error is not None
    return answer.error


def writes(store: Reached) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/wix')}" for call in store.calls]


def test_a_quantity_is_set_and_goes_on_without_reading_again(store: Reached) -> None:
    (row,) = read(store, SKUS[store.site][0])
    (first,) = push(store, [wanted(row, 12)])
    again = replace(row, item_uid=first.store_ref, revision=first.revision)
    (second,) = push(store, [wanted(again, 0)])
    assert (first.error, second.error) == (None, None)
    assert store.host.stock(store.site)[SKUS[store.site][0]] == 0
    assert len(store.calls) == 2


@pytest.mark.req("TECH-42")
def test_v1_takes_one_product_a_call_and_v3_all_in_one(store: Reached) -> None:
    rows = read(store, *SKUS[store.site])
    answers = push(store, [wanted(row, 5 + n, str(n)) for n, row in enumerate(rows)])
    assert [answer.error for answer in answers] == [None] * 3
    assert [store.host.stock(store.site)[sku] for sku in SKUS[store.site]] == [5, 6, 7]
    if store.site == "v1":
        assert writes(store) == [f"PATCH /stores/v2/inventoryItems/product/{row.product_uid}" for row in rows]
    else:
        assert writes(store) == ["POST /stores/v3/bulk/inventory-items/update"]


def test_variants_that_are_not_named_keep_their_stock_and_stay_counted(store: Reached) -> None:
    sku = SKUS[store.site][2]
    product, _ = store.host.site(store.site).find_variant(sku)
    before = store.host.stock(store.site)
    push(store, [wanted(read(store, sku)[0], 77)])
    after = store.host.stock(store.site)
    assert len(product["variants"]) > 1
    assert after == before | {sku: 77}


def test_a_v1_product_without_variants_goes_by_wix_s_empty_variant(reach: Any) -> None:
    store = reach("v1")
    product, _ = uids(store, "GRIND-1")
    (answer,) = push(store, [StockToSet("1", product, "", 9)])
    assert answer.error is None
    assert store.host.received[-1]["levels"] == {"GRIND-1": 9}
    assert uids(store, "GRIND-1")[1] == NO_VARIANT


@pytest.mark.req("TECH-43")
@pytest.mark.parametrize("quantity", [-1, 100_000, 1.5, True, "7"])
def test_what_wix_could_not_take_is_never_sent(store: Reached, quantity: Any) -> None:
    bad, good = read(store, *SKUS[store.site][:2])
    answers = push(store, [wanted(bad, quantity), wanted(good, 3, "2")])
    assert error_of(answers[0]).code == "quantity_refused"
    assert "from 0 to 99999" in error_of(answers[0]).sentence
    assert answers[1].error is None
    assert len(store.host.received) == 1


# --- revisions ----------------------------------------------------------------------------------------------------


def test_an_item_that_was_sold_meanwhile_is_stale_alone_and_goes_after_reading_again(reach: Any) -> None:
    store = reach("v3")
    store.host.set_stock("v3", "NC-LID", 50)
    care, lid = read(store, "NC-CARE", "NC-LID")
    store.host.place_order("v3", skus=["NC-LID"])

    answers = push(store, [wanted(care, 4, "care"), wanted(lid, 50, "lid")])
    assert answers[0].error is None
    assert isinstance(answers[1].error, Stale)
    assert store.host.stock("v3")["NC-LID"] == 49

    (answer,) = push(store, [wanted(read(store, "NC-LID")[0], 48)])
    assert answer.error is None
    assert store.host.stock("v3")["NC-LID"] == 48


def test_an_item_that_was_never_read_is_stale_without_a_call(reach: Any) -> None:
    store = reach("v3")
    (row,) = read(store, "NC-LID")
    answers = push(store, [replace(wanted(row, 1), revision=""), replace(wanted(row, 1, "2"), item_uid="")])
    assert [error_of(answer).code for answer in answers] == ["stock_unread", "stock_unread"]
    assert store.calls == []


def test_a_bulk_that_is_stale_as_a_whole_is_not_cut_into_pieces(reach: Any) -> None:
    store = reach("v3")
    rows = read(store, *SKUS["v3"])
    store.host.misbehave("stale_revision", site="v3")
    answers = push(store, [wanted(row, 1, str(n)) for n, row in enumerate(rows)])
    assert all(isinstance(answer.error, Stale) for answer in answers)
    assert len(store.calls) == 1


def test_an_item_that_wix_does_not_know_is_read_again_and_then_counts_nothing(reach: Any) -> None:
    store = reach("v3")
    (row,) = read(store, "NC-LID")
    site = store.host.site("v3")
    site.items.delete(row.item_uid)
    (answer,) = push(store, [wanted(row, 1)])
    assert isinstance(answer.error, Stale)
    (now,) = read(store, "NC-LID")
    assert (now.tracked, now.quantity, now.item_uid) == (False, None, "")


# --- at a location that has none yet ------------------------------------------------------------------------------


def test_stock_at_a_location_where_wix_has_none_yet_is_made_there(reach: Any) -> None:
    store = reach("v3")
    listing = uids(store, "NC-LID")
    main, other = store.connector.stock_of([listing])
    assert store.host.stock_of("v3", "NC-LID") == {"Göteborg": main.quantity}
    assert (other.quantity, other.tracked) == (0, True)

    answers = push(store, [wanted(other, 6, "other"), wanted(main, 5, "main")])
    assert [answer.error for answer in answers] == [None, None]
    assert store.host.stock_of("v3", "NC-LID") == {"Göteborg": 5, "Malmö": 6}

    made = replace(other, item_uid=answers[0].store_ref, revision=answers[0].revision)
    (again,) = push(store, [wanted(made, 7)])
    assert again.error is None
    assert store.host.stock_of("v3", "NC-LID")["Malmö"] == 7


def test_what_another_program_made_there_first_is_stale(reach: Any) -> None:
    store = reach("v3")
    other = store.connector.stock_of([uids(store, "NC-LID")])[1]
    store.host.set_stock("v3", "NC-LID", 3, "Malmö")
    (answer,) = push(store, [wanted(other, 6)])
    assert isinstance(answer.error, Stale)
    assert store.host.stock_of("v3", "NC-LID")["Malmö"] == 3


def test_a_location_that_the_store_no_longer_has_is_said(reach: Any) -> None:
    store = reach("v3")
    other = store.connector.stock_of([uids(store, "NC-LID")])[1]
    (answer,) = push(store, [replace(wanted(other, 6), location_uid="gone")])
    assert error_of(answer).code == "location_not_found"


# --- what Wix does not accept -------------------------------------------------------------------------------------


def test_a_product_that_v1_does_not_know_fails_alone(reach: Any) -> None:
    store = reach("v1")
    (row,) = read(store, "GRIND-1")
    answers = push(store, [replace(wanted(row, 1), product_uid="gone"), wanted(row, 2, "2")])
    assert isinstance(answers[0].error, NotFound)
    assert error_of(answers[0]).sentence == "Wix no longer has this product."
    assert answers[1].error is None


def test_a_variant_that_v1_does_not_know_does_not_keep_the_others_back(reach: Any) -> None:
    store = reach("v1")
    skus = ["COF-IND-250G-STOV", "COF-IND-250G-FILT", "COF-IND-500G-STOV"]
    rows = [wanted(row, 8, str(n)) for n, row in enumerate(read(store, *skus))]
    answers = push(store, [rows[0], replace(rows[1], variant_uid="gone"), rows[2]])
    assert [answer.error is None for answer in answers] == [True, False, True]
    assert error_of(answers[1]).code == "variant_not_found"
    assert [store.host.stock("v1")[sku] for sku in (skus[0], skus[2])] == [8, 8]


@pytest.mark.parametrize("kind", ["failed_rows", "undetailed_rows", "stale_rows"])
def test_a_row_that_the_bulk_answer_does_not_confirm_is_not_done(reach: Any, kind: str) -> None:
    store = reach("v3")
    rows = read(store, *SKUS["v3"])
    before = store.host.stock("v3")
    store.host.misbehave(kind, site="v3", rows=0.5)
    answers = push(store, [wanted(row, 1, str(n)) for n, row in enumerate(rows)])
    assert [answer.error is None for answer in answers] == [False, True, False]
    wrong = {"failed_rows": Rejected, "undetailed_rows": Unreadable, "stale_rows": Stale}[kind]
    assert all(isinstance(error_of(answer), wrong) for answer in (answers[0], answers[2]))
    assert store.host.stock("v3") == before | {SKUS["v3"][1]: 1}


def test_a_bulk_that_is_refused_as_a_whole_is_halved(reach: Any) -> None:
    store = reach("v3")
    rows = read(store, *SKUS["v3"])
    store.host.misbehave("refuse", site="v3")
    answers = push(store, [wanted(row, 1, str(n)) for n, row in enumerate(rows)])
    assert [answer.error for answer in answers] == [None, None, None]
    assert len(store.calls) == 3


def test_when_everything_is_refused_the_calls_have_an_end(reach_in: Any) -> None:
    with Sandbox(products=60, rate_limit=0, variants=False) as box:
        store = reach_in(box, "v3")
        found = store.connector.stock(None).items
        store.calls.clear()
        store.host.misbehave("refuse", site="v3", count=None)
        answers = push(store, [wanted(row, 1, str(n)) for n, row in enumerate(found)])
    assert len(found) > MOST_HALVINGS
    assert MOST_HALVINGS < len(store.calls) <= 2 * MOST_HALVINGS + 2
    assert isinstance(answers[0].error, Rejected)
    assert isinstance(answers[-1].error, Busy)


@responses.activate
def test_v1_is_told_to_count_in_each_call() -> None:
    responses.patch(f"{API}/stores/v2/inventoryItems/product/p%2F1", json={})
    by_key().push_stock([StockToSet("1", "p/1", "a", 3), StockToSet("2", "p/1", "b", 0)])
    assert orjson.loads(responses.calls[0].request.body) == {
        "inventoryItem": {
            "productId": "p/1",
            "trackQuantity": True,
            "variants": [{"variantId": "a", "quantity": 3}, {"variantId": "b", "quantity": 0}],
        }
    }


@responses.activate
def test_a_bulk_answer_without_places_is_told_apart_by_none() -> None:
    """Wix may leave out what is 0: the first row's place."""
    item = {"id": "i", "revision": "8"}
    results = [{"itemMetadata": {"id": "i", "success": True}, "item": item}]
    responses.post(f"{API}/stores/v3/bulk/inventory-items/update", json={"results": results})
    rows = [StockToSet(str(n), "p", "v", 3, item_uid="i", revision="7") for n in range(2)]
    first, second = by_key("v3").push_stock(rows).answers
    assert (first.error, first.store_ref, first.revision) == (None, "i", "8")
    assert isinstance(second.error, Unreadable)


def test_a_site_that_moved_to_the_other_catalog_says_so(store: Reached) -> None:
    other = "v1" if store.site == "v3" else "v3"
    bound = store.connector.bound
    wrong = WixConnector(Bound(bound.session, other, bound.credential, api_url=bound.api_url))
    (row,) = read(store, SKUS[store.site][0])
    with pytest.raises(Stale) as caught:
        wrong.push_stock([replace(wanted(row, 1), item_uid="i", revision="1")])
    assert (caught.value.code, caught.value.current) == ("variant_changed", store.site)


# --- lost and cut short -------------------------------------------------------------------------------------------


def test_after_a_lost_answer_the_quantity_can_be_set_again(store: Reached) -> None:
    (row,) = read(store, SKUS[store.site][0])
    store.host.misbehave("lost_answer", site=store.site)
    with pytest.raises(Unreachable) as caught:
        push(store, [wanted(row, 31)])
    assert caught.value.maybe_done
    assert store.host.stock(store.site)[SKUS[store.site][0]] == 31

    (answer,) = push(store, [wanted(row, 31)])
    if store.site == "v3":
        assert isinstance(answer.error, Stale)
        (row,) = read(store, SKUS["v3"][0])
        assert row.quantity == 31
        (answer,) = push(store, [wanted(row, 30)])
    assert answer.error is None


@pytest.mark.parametrize("kind", ["drop", "busy", "unauthorized"])
def test_what_never_reached_the_store_is_not_set(store: Reached, kind: str) -> None:
    (row,) = read(store, SKUS[store.site][0])
    store.host.misbehave(kind, site=store.site)
    with pytest.raises((Unreachable, Busy, Refused)):
        push(store, [wanted(row, row.quantity + 1 if row.quantity is not None else 1)])
    assert store.host.stock(store.site)[SKUS[store.site][0]] == row.quantity


def test_when_the_store_gets_busy_half_way_what_was_set_keeps_its_answer(reach: Any) -> None:
    store = reach("v1")
    rows = [wanted(row, 3, str(n)) for n, row in enumerate(read(store, *SKUS["v1"]))]
    store.host.misbehave("busy", site="v1", skip=1, path="PATCH")
    answers = push(store, rows)
    assert answers[0].error is None
    assert isinstance(answers[1].error, Busy)
    assert isinstance(answers[2].error, Busy)
    assert len(store.calls) == 2  # the third was never sent


# --- what is said where warehouses are mapped ---------------------------------------------------------------------


@pytest.mark.req("TECH-42", "TECH-43", "TECH-44")
def test_the_notes_on_stock_say_sum_zero_and_mapping() -> None:
    v1, v3 = PLATFORM.stock["v1"], PLATFORM.stock["v3"]
    assert (v1.per_call, v1.whole_products, v1.located) == (1, True, False)
    assert (v3.per_call, v3.whole_products, v3.located) == (1000, False, True)
    assert "none by location" in v1.notes[0]
    assert "added up" in v1.notes[0]
    assert "each location" in v3.notes[0]
    for offer in (v1, v3):
        assert offer.most == 99_999
        assert any("below 0" in note and "as 0" in note for note in offer.notes)
        assert any("only once a warehouse is mapped" in note for note in offer.notes)

"""Stock of an Ecwid store: read, set one by one, and set by a batch with a ticket."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import responses

from fcp.errors import Busy, NotFound, Refused, Rejected, Stale, SyncError, Unreachable, Unreadable
from integrations.connectors.shapes import Done, Later, StockToSet
from integrations.sandbox.server import Sandbox
from tests.integrations.ecwid.goods import Goods, reach


@pytest.fixture
def shop(settings: Any) -> Iterator[Goods]:
    with Sandbox(orders=0, products=14, rate_limit=0, platforms=("ecwid",)) as box:
        yield reach(box, settings)


def key() -> str:
    return str(uuid4())


# --- reading ----------------------------------------------------------------------------------------------------------


def test_everything_that_has_a_number_of_its_own_is_read(shop: Goods) -> None:
    shown = {
        (one.product_uid, one.variant_uid): one.quantity for one in shop.stock() if one.tracked
    }  # fmt: skip

    counted = {sku: quantity for sku, quantity in shop.host.stock().items() if quantity is not None}
    # The product whose SKU one of its variations has is told beside it.
    assert shown == {shop.uids(sku): quantity for sku, quantity in counted.items()} | {
        (shop.uids("WASHI")[0], ""): counted["WASHI"],
        (shop.uids("WASHI")[0], variation_of(shop, "WASHI")): counted["WASHI"],
    }
    assert shop.asked == ["GET products"]


def variation_of(shop: Goods, sku: str) -> str:
    product = shop.product(sku)
    return next(str(one["id"]) for one in product["combinations"] if one.get("sku") == sku)


def test_a_store_that_sold_more_than_it_had_shows_a_number_below_zero(shop: Goods) -> None:
    shop.host.buy_in_store("ecwid", "INK-SEA", 500)

    (ink,) = [one for one in shop.stock() if (one.product_uid, one.variant_uid) == shop.uids("INK-SEA")]

    assert ink.quantity is not None
    assert ink.quantity < 0


def test_a_few_are_read_by_one_call_and_what_is_not_there_counts_nothing(shop: Goods) -> None:
    poster = shop.product("POSTER")
    shared = (str(poster["id"]), str(poster["combinations"][0]["id"]))

    found = shop.connector.stock_of([shop.uids("KIT-RED"), shop.uids("STICK"), shared])
    asked = list(shop.asked)
    (gone,) = shop.connector.stock_of([("999", "")])

    assert asked == ["GET products"]
    assert [(one.quantity, one.tracked) for one in found] == [
        (shop.host.stock()["KIT-RED"], True),
        (None, False),
        (None, False),
    ]
    assert (gone.quantity, gone.tracked) == (None, False)


# --- setting ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-16")
def test_one_quantity_is_one_call_and_the_rest_of_the_product_stays(shop: Goods) -> None:
    before = shop.product("KIT")

    answers = shop.told(shop.to_set({"KIT-RED": 7}))

    assert answers["KIT-RED"].error is None
    product, variation = shop.uids("KIT-RED")
    assert shop.asked == [f"PUT products/{product}/combinations/{variation}"]
    assert shop.host.stock()["KIT-RED"] == 7
    after = shop.product("KIT")
    assert [{**one, "quantity": 0} for one in after["combinations"]] == [
        {**one, "quantity": 0} for one in before["combinations"]
    ]


@pytest.mark.req("P17-16")
def test_many_quantities_are_one_batch_and_the_questions_for_its_ticket(shop: Goods) -> None:
    wanted = {"KIT-RED": 1, "KIT-BLUE": 2, "INK-SEA": 3, "POSTER": 4, "PEN-M": 5, "PEN": 6}

    answers = shop.told(shop.to_set(wanted, key()))

    assert all(answer.error is None for answer in answers.values())
    assert set(answers) == set(wanted)
    assert {sku: shop.host.stock()[sku] for sku in wanted} == wanted
    assert shop.asked[0] == "POST batch"
    assert set(shop.asked[1:]) == {"GET batch"}
    assert [row["name"] for row in shop.host.received].count("create_batch") == 1


def test_what_is_unlimited_is_never_switched_to_counting(shop: Goods) -> None:
    shop.told(shop.to_set({"STICK": 7}))
    shop.told(shop.to_set({"STICK": 7, "COURSE": 8}, key()))

    assert shop.host.stock()["STICK"] is None
    assert shop.host.stock()["COURSE"] is None


def test_a_product_and_its_variation_of_one_sku_are_told_together(shop: Goods) -> None:
    product = shop.uids("WASHI")[0]
    variation = variation_of(shop, "WASHI")
    rows = [StockToSet("1", product, variation, 9, telling=key()), StockToSet("2", product, "", 9, telling="")]
    rows[1] = StockToSet("2", product, "", 9, telling=rows[0].telling)

    answers = shop.told(rows)

    assert {name: answer.error for name, answer in answers.items()} == {"1": None, "2": None}
    assert shop.host.stock()["WASHI"] == 9


def test_a_variation_of_its_product_s_sku_alone_is_refused_with_what_to_do(shop: Goods) -> None:
    product = shop.uids("WASHI")[0]
    shown = shop.host.stock()["WASHI"]

    (answer,) = shop.told([StockToSet("1", product, variation_of(shop, "WASHI"), shown + 1)]).values()

    assert isinstance(answer.error, Rejected)
    assert answer.error.code == "same_sku"
    assert "Let both mean the same product here" in answer.error.sentence
    assert shop.host.stock()["WASHI"] == shown


def test_each_of_a_batch_is_answered_for_itself(shop: Goods) -> None:
    rows = shop.to_set({"KIT-RED": 1, "INK-SEA": 3, "ENV-25": 4, "WEIGHT": 5}, key())
    poster = shop.product("POSTER")
    shared = StockToSet("shared", str(poster["id"]), str(poster["combinations"][0]["id"]), 2, telling=rows[0].telling)
    shop.host.store.drop_product(shop.product("INK-SEA"))

    answers = shop.told([*rows, shared])

    errors = {name: answer.error for name, answer in answers.items() if answer.error}
    assert set(errors) == {"INK-SEA", "shared"}
    assert isinstance(errors["INK-SEA"], NotFound)
    assert errors["INK-SEA"].sentence == "Ecwid no longer has this product."
    assert isinstance(errors["shared"], Rejected)
    assert [shop.host.stock()[sku] for sku in ("KIT-RED", "ENV-25", "WEIGHT")] == [1, 4, 5]


def test_the_same_call_once_more_is_the_same_batch(shop: Goods) -> None:
    rows = shop.to_set({"KIT-RED": 1, "INK-SEA": 3}, key())

    first, second = shop.connector.push_stock(rows), shop.connector.push_stock(rows)
    other = shop.connector.push_stock(shop.to_set({"KIT-RED": 1, "INK-SEA": 3}, key()))

    assert isinstance(first, Later)
    assert first == second
    assert first != other
    assert len(shop.host.batches.all) == 2


def test_a_ticket_that_the_store_does_not_know_is_not_found(shop: Goods) -> None:
    ticket = shop.connector.push_stock(shop.to_set({"KIT-RED": 1, "INK-SEA": 3}, key())).ticket
    shop.host.batches.all.clear()

    with pytest.raises(NotFound):
        shop.connector.poll(ticket)


def test_a_batch_that_does_not_begin_is_called_off_and_none_of_it_is_done(shop: Goods) -> None:
    shop.host.batches.wait = 3600
    before = shop.host.stock()
    ticket = shop.connector.push_stock(shop.to_set({"KIT-RED": 91, "INK-SEA": 93}, key())).ticket
    assert shop.connector.poll(ticket) == Later(ticket)

    shop.connector.give_up(ticket)
    reply = shop.connector.poll(ticket)

    assert isinstance(reply, Done)
    assert [type(answer.error) for answer in reply.answers] == [Busy, Busy]
    assert shop.host.stock() == before


@pytest.mark.parametrize(
    ("kind", "error"), [("busy", Busy), ("error", Unreachable), ("unauthorized", Refused), ("stale_revision", Stale)]
)
def test_what_goes_wrong_with_one_quantity_has_its_class(shop: Goods, kind: str, error: type[SyncError]) -> None:
    shop.host.misbehave(kind, path="PUT ", count=2)

    with_error = None
    try:
        with_error = shop.told(shop.to_set({"KIT-RED": 1}))["KIT-RED"].error
    except SyncError as raised:
        with_error = raised

    assert type(with_error) is error


# --- error shapes that no stand-in has --------------------------------------------------------------------------------


def answered(shop: Goods, *rows: dict[str, Any], status: str = "COMPLETED") -> Any:
    url = f"{shop.connector.bound.api_url}/{shop.connector.bound.credential.values['store_id']}/batch"
    with responses.RequestsMock() as mocked:
        mocked.get(url, json={"status": status, "responses": list(rows)})
        return shop.connector.poll("a-ticket a-key products")


def test_inner_calls_that_were_too_many_wait_and_those_that_broke_are_tried_again(shop: Goods) -> None:
    done = answered(
        shop,
        {"id": "1", "status": "COMPLETED", "httpStatusCode": 200, "escapedHttpBody": '{"updateCount":1}'},
        {"id": "2", "status": "FAILED", "httpStatusCode": 429, "escapedHttpBody": '{"errorCode":"RATE_LIMITED"}'},
        {"id": "3", "status": "FAILED", "httpStatusCode": 500, "escapedHttpBody": ""},
        {"id": "4", "status": "NOT_EXECUTED"},
        {"id": "5", "status": "FAILED", "httpStatusCode": 403, "httpBody": {"errorCode": "INSUFFICIENT_APP_SCOPE"}},
        {"id": "6", "status": "FAILED", "httpStatusCode": 400, "escapedHttpBody": "<html>"},
    )

    kinds = {answer.key: type(answer.error) for answer in done.answers}
    assert kinds == {"1": type(None), "2": Busy, "3": Unreadable, "4": Busy, "5": Refused, "6": Rejected}
    assert done.answers[1].error.until is not None


def test_a_status_of_a_batch_that_nobody_knows_is_not_taken_for_an_end(shop: Goods) -> None:
    with pytest.raises(Unreadable):
        answered(shop, status="PAUSED")

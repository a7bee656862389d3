"""Reading orders, whatever the platform: pages, odd pages, no pages; what is not said of anybody's key."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal

import pytest

from fcp.errors import Busy, NotFound, Refused, Stale, SyncError, Unreachable, Unreadable
from integrations.connectors.shapes import Window
from orders.shapes import IncomingOrder, RawOrder
from tests.integrations.shared.adapter import IMPATIENT, LONG_AGO, PATIENT, Reached, Shop, numbers_of, written
from tests.integrations.shared.shops import SHOPS

SILENT = "The store does not answer. We try again by ourselves."
UNREAD = "The store sent something we cannot read. We keep it and try again."
ANSWERS: dict[str, tuple[type[SyncError], str]] = {
    "error": (Unreachable, SILENT),
    "unavailable": (Unreachable, SILENT),
    "gateway": (Unreachable, SILENT),
    "drop": (Unreachable, SILENT),
    "timeout": (Unreachable, SILENT),
    "lost_answer": (Unreachable, SILENT),
    "busy": (Busy, "The store asks us to slow down. We go on by ourselves in a moment."),
    "cut": (Unreadable, UNREAD),
    "html": (Unreadable, UNREAD),
}
# What may be wrong with a page that does come.
SPOILED = ("duplicate", "reordered", "nul", "wrong_type", "no_lines", "no_id", "same_id", "repeat_page")


# --- pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_follow_each_other_without_a_gap_and_come_to_an_end(store: Reached, limit: int) -> None:
    sold = [store.shop.sell().number for _ in range(7)]

    assert sorted(store.numbers(limit=limit)) == sorted(sold)
    assert len(store.calls) <= 3 * 7
    assert all(len(page.items) <= limit for page in store.pages(limit=limit))


def test_a_shop_without_orders_has_nothing_on_its_pages(store: Reached) -> None:
    pages = list(store.pages())

    assert len(pages) <= 2
    for page in pages:
        assert (list(page.items), list(page.bad), page.high_water) == ([], [], None)


def test_a_page_too_many_is_empty_or_asks_to_begin_anew(store: Reached) -> None:
    store.shop.sell()

    try:
        page = store.connector.orders(Window(since=LONG_AGO), store.shop.past_end, 2)
    except Stale:
        return  # the flow begins anew at its watermark
    assert (list(page.items), page.next) == ([], None)


def test_only_what_changed_since_is_read(store: Reached) -> None:
    sold = [store.shop.sell() for _ in range(3)]
    read = {raw.number: raw for page in store.pages() for raw in page.items}
    since = max(raw.changed_at for raw in read.values()) + dt.timedelta(seconds=1)
    store.shop.ahead(dt.timedelta(minutes=2))

    assert store.numbers(since) == []
    store.shop.touch(sold[0])
    assert store.numbers(since) == [sold[0].number]
    page = next(store.pages(since))
    assert page.high_water == page.items[0].changed_at >= since


def test_a_backfill_reads_what_was_placed_in_its_window_whatever_changed_since(store: Reached) -> None:
    sold = store.shop.sell()
    placed = store.connector.shape_order(store.connector.order(sold.uid)).placed_at
    store.shop.ahead(dt.timedelta(days=2))
    later = store.shop.sell()
    store.shop.touch(sold)
    day = dt.timedelta(days=1)

    def within(start: dt.datetime, end: dt.datetime) -> list[str]:
        return numbers_of(raw for page in store.pages(created_from=start, created_to=end) for raw in page.items)

    assert within(placed - day, placed + day) == [sold.number]
    assert within(placed + day, placed + 3 * day) == [later.number]
    assert within(placed - day, placed - dt.timedelta(seconds=2)) == []  # the end of a window is not in it


def test_an_order_that_changes_between_two_pages_is_seen_as_it_became_and_none_is_missed(store: Reached) -> None:
    sold = [store.shop.sell() for _ in range(6)]
    seen, water = {}, []

    def look(since: dt.datetime) -> None:
        for place, page in enumerate(store.pages(since, limit=2)):
            seen.update({raw.number: raw for raw in page.items})
            water.extend(raw.changed_at for raw in page.items)
            if place == 0:
                store.shop.touch(sold[0], "in the middle")
                store.shop.touch(sold[3], "in the middle")

    look(LONG_AGO)
    look(max(water) - dt.timedelta(minutes=5))  # as the flow does: from what it has stored, less an overlap

    assert set(seen) == {one.number for one in sold}
    notes = {number: store.connector.shape_order(raw).buyer_note for number, raw in seen.items()}
    assert {number for number, note in notes.items() if note == "in the middle"} == {sold[0].number, sold[3].number}


# --- one order ----------------------------------------------------------------------------------------------------


def test_an_order_is_the_same_alone_as_in_a_list_until_it_changes(store: Reached) -> None:
    sold = store.shop.sell()
    alone, (listed,) = store.connector.order(sold.uid), next(store.pages()).items
    assert (alone.uid, alone.number) == (sold.uid, sold.number)
    assert (alone.fingerprint, alone.packed, alone.changed_at) == (listed.fingerprint, listed.packed, listed.changed_at)
    assert -(2**63) <= alone.fingerprint < 2**63

    store.shop.touch(sold)
    assert store.connector.order(sold.uid).fingerprint != alone.fingerprint


def test_an_order_that_is_not_there_is_not_found(store: Reached) -> None:
    for unknown in ("00000000-0000-4000-8000-000000000000", "99999999", "a/../b?c"):
        with pytest.raises(NotFound):
            store.connector.order(unknown)


def test_an_order_is_found_by_the_number_that_people_know(store: Reached) -> None:
    sold, _ = store.shop.sell(), store.shop.sell()

    found = store.connector.order_by_number(sold.number)

    assert found is not None
    assert found.uid == sold.uid
    assert store.connector.order_by_number("no such number") is None


def test_every_order_the_stand_in_can_make_is_read_whole_or_named_with_what_is_odd(store: Reached) -> None:
    made = store.shop.variety()
    read = {sold: shaped(store, store.connector.order(sold.uid)) for sold in made}

    assert len(read) > 5
    for sold, found in read.items():
        if isinstance(found, IncomingOrder):
            assert_sound(found)
        else:
            assert sold.number in found
            assert found.endswith(".")


def shaped(store: Reached, raw: RawOrder) -> IncomingOrder | str:
    """The order in our words, or the sentence that says what is odd about it."""
    try:
        return store.connector.shape_order(raw)
    except Unreadable as error:
        return error.sentence


def assert_sound(order: IncomingOrder) -> None:
    """What `orders.shapes` promises to whoever stores it."""
    assert 0 < len(order.uid) <= 100
    assert 0 < len(order.number) <= 60
    assert "\x00" not in repr(order)
    assert order.placed_at.utcoffset() == order.changed_at.utcoffset() == dt.timedelta()
    assert len(order.currency) == 3
    amounts = [order.subtotal, order.shipping, order.tax, order.discount, order.total, order.refunded]
    assert all(isinstance(amount, Decimal) and amount.is_finite() for amount in amounts)
    assert len({line.uid for line in order.lines}) == len(order.lines) > 0
    for line in order.lines:
        assert line.product_uid
        assert line.quantity >= 0
        assert max(len(line.uid), len(line.product_uid), len(line.variant_uid), len(line.sku)) <= 100
        assert 0 < len(line.title) <= 255
    assert order.ship_word is None or 0 < len(order.ship_word.key) <= 200
    for party in (order.ship_to, order.bill_to):
        assert party.country == "" or (len(party.country) == 2 and party.country.isalpha())


# --- a page that does not come ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_page_that_does_not_come_is_one_plain_error_and_the_next_try_works(shop: Shop, kind: str) -> None:
    store, sold = shop.reach(), shop.sell()
    shop.misbehave(kind, count=None, seconds=0.9)
    store.waits(IMPATIENT if kind == "timeout" else PATIENT)

    with pytest.raises(SyncError) as caught:
        store.numbers()

    wanted, sentence = ANSWERS[kind]
    assert type(caught.value) is wanted
    assert caught.value.sentence == sentence
    assert not caught.value.maybe_done  # reading changes nothing
    shop.behave()
    store.waits(PATIENT)
    assert store.numbers() == [sold.number]


@pytest.mark.parametrize(("wait", "least", "most"), [(30, 25, 30), (None, 4, 60), (86_400, 3500, 3600)])
def test_a_busy_store_says_when_to_come_back_or_we_wait_for_the_next_minute(
    store: Reached, wait: int | None, least: float, most: float
) -> None:
    store.shop.misbehave("busy", count=None, retry_after=wait)

    with pytest.raises(Busy) as caught:
        store.numbers()

    assert caught.value.until is not None
    assert least < (caught.value.until - dt.datetime.now(dt.UTC)).total_seconds() <= most


def test_a_key_that_the_store_takes_no_more_is_refused_wherever_it_is_used(store: Reached) -> None:
    sold = store.shop.sell()
    store.shop.refuse()

    for attempt in (store.numbers, lambda: store.connector.order(sold.uid), store.connector.check):
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.sentence.endswith(".")

    store.shop.behave()
    assert store.shop.reach().numbers() == [sold.number]


# --- a page that comes, with something odd on it ------------------------------------------------------------------


@pytest.mark.parametrize("kind", SPOILED[:3])
def test_a_spoiled_page_still_gives_every_order_once(store: Reached, kind: str) -> None:
    sold = [store.shop.sell().number for _ in range(3)]
    store.shop.misbehave(kind)

    page = next(store.pages())

    assert sorted(raw.number for raw in page.items) == sorted(sold)
    assert list(page.bad) == []
    assert page.high_water == max(raw.changed_at for raw in page.items)
    for raw in page.items:
        assert_sound(store.connector.shape_order(raw))


@pytest.mark.parametrize("kind", SPOILED[3:5])
def test_one_odd_order_is_named_and_the_rest_goes_on(store: Reached, kind: str) -> None:
    for _ in range(3):
        store.shop.sell()
    store.shop.misbehave(kind)

    page = next(store.pages())

    read = {raw.number: shaped(store, raw) for raw in page.items}
    odd = {number: found for number, found in read.items() if isinstance(found, str)}
    assert (len(read), len(odd)) == (3, 1)
    assert all(number in sentence and len(sentence) <= 500 for number, sentence in odd.items())


def test_an_order_without_an_id_is_set_aside_and_the_rest_goes_on(store: Reached) -> None:
    for _ in range(3):
        store.shop.sell()
    store.shop.misbehave("no_id")

    page = next(store.pages())

    (bad,) = page.bad
    assert (len(page.items), "without a usable id" in bad.sentence) == (2, True)
    assert bad.number not in {raw.number for raw in page.items}
    store.shop.misbehave("no_id")
    assert next(store.pages()).bad[0].key == bad.key != ""  # the same record again is the same failure


def test_two_orders_with_one_id_are_set_aside_and_the_rest_goes_on(store: Reached) -> None:
    sold = {store.shop.sell().number for _ in range(3)}
    store.shop.misbehave("same_id")

    page = next(store.pages())

    assert len(page.items) == 1
    assert {bad.number for bad in page.bad} == sold - {raw.number for raw in page.items}
    assert len({bad.key for bad in page.bad}) == 2
    assert all("under one id" in bad.sentence for bad in page.bad)


def test_a_page_sent_once_more_loses_nothing_and_is_not_followed_for_ever(store: Reached) -> None:
    sold = []
    for minute in range(6):
        store.shop.ahead(dt.timedelta(minutes=minute))
        sold.append(store.shop.sell().number)
    store.shop.misbehave("repeat_page", skip=1)
    try:
        found = store.numbers(limit=2)
    except Unreadable:
        found = store.numbers(limit=2)
    assert sorted(found) == sorted(sold)

    store.shop.misbehave("repeat_page", count=None, skip=1)
    with suppress(Unreadable):
        assert set(store.numbers(limit=2)) <= set(sold)


# --- what nobody may read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*ANSWERS, "refused"])
def test_no_error_and_no_log_of_calls_names_a_key(shop: Shop, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    store = shop.reach()
    shop.sell()
    if kind == "refused":
        shop.refuse()
    else:
        shop.misbehave(kind, count=None, seconds=0.9)
    store.waits(IMPATIENT if kind == "timeout" else PATIENT)

    said = [repr(store.connector.bound), repr(store.connected), repr(shop.app)]
    for attempt in (store.numbers, lambda: store.connector.renew(dt.datetime.now(dt.UTC))):
        try:
            attempt()
        except SyncError as error:
            said.append(written(error))
            said.append(f"{error.detail} {error.sentence} {error.params}")
    said += [repr(call) for call in store.calls]
    said += [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]

    assert len(said) > 3
    for secret in store.secrets:
        assert secret not in " ".join(said)


@pytest.mark.parametrize("shop", [one for one in SHOPS if one.typed], ids=lambda one: one.label, indirect=True)
def test_a_key_that_was_never_good_is_refused_with_a_sentence_and_not_repeated(shop: Shop) -> None:
    given = {name: value for name, value in shop.received.items() if value}
    wrong = {name: value if name in shop.names else value[:-3] + "xyz" for name, value in given.items()}
    session = shop.reach().connector.session

    with pytest.raises(SyncError) as caught:
        shop.connector.finish(shop.way, shop.app, wrong, session, shop.api_url, dt.datetime.now(dt.UTC))

    assert caught.value.sentence.endswith(".")
    for name, value in wrong.items():
        assert name in shop.names or value not in written(caught.value)

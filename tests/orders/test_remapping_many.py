"""Words that were changed together: what is asked about the orders they had decided, once for all of them."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fcp.roles import Role
from mappings.lists import KINDS
from mappings.mapping import hold_option, map_location, map_ship_method
from mappings.models import Listing, Location, MappingChange, ShipMethod
from mappings.set_many import set_many
from mappings.versions import undo_batch, undo_of
from orders.models import Hold, OrderLine, Remapping
from orders.remapping import go_on
from orders.remapping_many import asks_about, begin_many, question_of_many
from orders.settle import lift_mapped_everywhere
from tests.build import NOW, make_account, make_product, make_ship_method, make_store, make_warehouse
from tests.orders.shop import Shop, text_of
from tests.orders.test_remapping import fresh, ready, request_of, rows_of, shipped, taken, url
from tests.orders.test_shipping_races import at_once

pytestmark = pytest.mark.django_db
EXPRESS = {"target": "EU-EXP", "target_carrier": "DHL", "target_service": "Express"}


@pytest.fixture
def shop(monkeypatch: Any) -> Shop:
    found = Shop(monkeypatch)
    make_ship_method(found.store, "Economy", "EU-STD")
    make_ship_method(found.store, "Pigeon")
    return found


def word(title: str = "Standard") -> ShipMethod:
    return ShipMethod.objects.get(title=title)


def change_all(shop: Shop, *titles: str) -> str:
    """Give these options another code by one press, as the list does; the batch."""
    rows = ShipMethod.objects.filter(title__in=titles)
    done = set_many(KINDS["ship_codes"], shop.account, dict.fromkeys(rows.values_list("pk", flat=True), EXPRESS),
                    by="Ann", now=NOW)  # fmt: skip
    return done.batch


def page(shop: Shop, batch: str, **more: Any) -> Any:
    return shop.client().get(shop.url("late_many"), {"batch": batch, **more})


def answer(shop: Shop, batch: str) -> Any:
    return shop.client().post(shop.url("late_many"), {"batch": batch}, follow=True)


# --- the question ----------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-17", "EIM-19")
def test_codes_changed_by_one_press_ask_once_what_becomes_of_what_they_decided(shop: Shop) -> None:
    waiting = ready(shop)
    at_work = [taken(shop), taken(shop, ship="Economy")]
    gone = [shipped(shop), shipped(shop, ship="Economy"), shipped(shop, ship="Economy")]
    chosen = {"row": [word(title).pk for title in ("Standard", "Economy", "Pigeon")], "target": "EU-EXP"}
    client = shop.client()

    done = client.post(url(shop, "ship-codes/many/"), {**chosen, "confirmed": "3"}, follow=True)
    lift_mapped_everywhere(NOW)

    assert "3 shipping options are changed." in text_of(done)
    (batch,) = set(MappingChange.objects.values_list("batch", flat=True))
    (link,) = set(re.findall(r'href="([^"]*mappings/changes/orders/[^"]*)"', done.content.decode()))
    question = text_of(client.get(link.replace("&amp;", "&")))
    assert "1 order that no warehouse has taken follows by itself" in question
    assert "2 orders at a warehouse keep the old meaning until you ask the warehouse." in question
    assert "3 orders have shipped under an older meaning." in question
    assert fresh(waiting).ship_code == "EU-EXP"
    assert [request_of(order).change_asked_at for order in at_work] == [None, None]

    asked = text_of(answer(shop, batch))

    assert [request_of(order).change["ship_code"] for order in at_work] == ["EU-EXP"] * 2
    assert "The warehouses were asked about 2 orders" in asked
    assert "keep the old meaning" not in asked
    assert {(row.word, row.state, row.counts["change"]) for row in Remapping.objects.all()} == {
        ("Standard", "done", 1),
        ("Economy", "done", 1),
    }
    assert {fresh(order).ship_code for order in gone} == {"EU-STD"}


def test_words_that_meant_nothing_or_decided_nothing_ask_nothing(shop: Shop) -> None:
    ready(shop)
    shop.order(ship="Pigeon")

    batch = change_all(shop, "Standard", "Economy", "Pigeon")

    assert not asks_about(shop.account, batch, NOW)
    changes = shop.client().get(url(shop, f"changes/?batch={batch}"))
    assert "What of the orders they decided?" not in text_of(changes)
    assert "No warehouse has an order that they decided, and none has shipped." in text_of(page(shop, batch))


def test_the_batch_in_the_history_leads_to_its_question(shop: Shop) -> None:
    taken(shop)
    batch = change_all(shop, "Standard", "Economy")

    changes = shop.client().get(url(shop, f"changes/?batch={batch}"))

    assert f"mappings/changes/orders/?batch={batch}" in changes.content.decode()


@pytest.mark.req("EIM-17")
def test_pressed_twice_the_warehouses_are_asked_once(shop: Shop) -> None:
    order = taken(shop)
    batch = change_all(shop, "Standard")

    answer(shop, batch)
    again = text_of(answer(shop, batch))

    assert "Nothing is left to be asked." in again
    assert Remapping.objects.count() == 1
    assert request_of(order).revision == 2


def test_a_word_that_was_changed_again_since_is_left_out_and_said_so(shop: Shop) -> None:
    mine, other = taken(shop), taken(shop, ship="Economy")
    batch = change_all(shop, "Standard", "Economy")
    map_ship_method(word("Economy"), "THIRD", by="Bob", now=NOW)

    said = text_of(page(shop, batch))
    answer(shop, batch)

    assert "1 order at a warehouse keeps the old meaning" in said
    assert "1 word was changed again since, and left out here: Economy" in said
    assert request_of(mine).change["ship_code"] == "EU-EXP"
    assert request_of(other).change == {}


def test_holding_its_orders_for_a_look_is_no_other_meaning(shop: Shop) -> None:
    order = taken(shop)
    batch = change_all(shop, "Standard")
    answered = word()
    hold_option(answered, True, by="Bob", now=NOW)

    answer(shop, batch)
    hold_option(word(), False, by="Bob", now=NOW)
    answer(shop, batch)

    assert request_of(order).change["ship_code"] == "EU-EXP"
    assert Remapping.objects.count() == 1


def test_taking_a_batch_back_asks_about_what_was_decided_under_it(shop: Shop) -> None:
    batch = change_all(shop, "Standard", "Economy")
    order = taken(shop)
    assert order.ship_code == "EU-EXP"

    done = shop.client().post(url(shop, "changes/back/"), {"batch": batch}, follow=True)
    back = undo_of(batch)

    assert f"mappings/changes/orders/?batch={back}" in done.content.decode()
    assert "1 order at a warehouse keeps the old meaning" in text_of(page(shop, back))
    answer(shop, back)
    assert request_of(order).change["ship_code"] == "EU-STD"


def test_undo_in_the_message_leads_to_the_question_too(shop: Shop) -> None:
    taken(shop)
    batch = change_all(shop, "Standard")
    shipped(shop)
    client = shop.client()

    client.post(url(shop, "undo/"), {"batch": batch})

    assert undo_of(batch) in client.get(url(shop, "ship-codes/")).content.decode()


def test_an_order_that_two_words_decided_counts_once(shop: Shop) -> None:
    for sku in ("CUP", "JUG"):
        make_product(shop.account, sku)
    other = make_product(shop.account, "BOWL")
    order = taken(shop, skus=("CUP", "JUG"))
    rows = Listing.objects.filter(sku__in=("CUP", "JUG")).values_list("pk", flat=True)
    meaning = {"product_id": other.pk, "units": 1}
    batch = set_many(KINDS["skus"], shop.account, dict.fromkeys(rows, meaning), by="Ann", now=NOW).batch

    said = text_of(page(shop, batch))
    answer(shop, batch)

    assert "1 order at a warehouse keeps the old meaning until you ask the warehouse. It is asked to stop" in said
    assert request_of(order).state == "cancel_asked"
    assert len(Hold.objects.open()) == 1
    assert set(OrderLine.objects.filter(order=order).values_list("product__sku", flat=True)) == {"CUP", "JUG"}


def test_locations_changed_together_ask_too(shop: Shop) -> None:
    loft, cellar = (make_warehouse(shop.account, name=name) for name in ("Loft", "Cellar"))
    shop.order(location_uid="shelf")
    map_location(Location.objects.get(), loft, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    order, gone = taken(shop, location_uid="shelf"), shipped(shop, location_uid="shelf")
    wanted = {Location.objects.get().pk: {"warehouse_id": cellar.pk}}
    batch = set_many(KINDS["locations"], shop.account, wanted, by="Ann", now=NOW).batch

    said = text_of(page(shop, batch))
    (line,) = rows_of(page(shop, batch, format="csv"))
    answer(shop, batch)

    assert "1 order at a warehouse keeps the old meaning" in said
    assert "1 order has shipped under an older meaning, in the last 90 days." in said
    assert (line["Order"], line["It meant then"], line["It means now"]) == (gone.number, "Loft", "Cellar")
    assert request_of(order).state == "cancel_asked"


@pytest.mark.req("EIM-17")
def test_all_that_the_batch_had_shipped_is_one_file(shop: Shop) -> None:
    first, second = shipped(shop), shipped(shop, ship="Economy")
    taken(shop)
    batch = change_all(shop, "Standard", "Economy")

    before = rows_of(page(shop, batch, format="csv"))
    answer(shop, batch)
    after = rows_of(page(shop, batch, format="csv"))

    assert before == after
    assert {(row["Order"], row["Word of the store"], row["It meant then"], row["It means now"]) for row in after} == {
        (first.number, "Standard", "EU-STD", "EU-EXP (DHL Express)"),
        (second.number, "Economy", "EU-STD", "EU-EXP (DHL Express)"),
    }


# --- many words ------------------------------------------------------------------------------------------------------


def test_the_question_costs_as_many_statements_for_many_words_as_for_few(shop: Shop) -> None:
    costs = []
    for number in (2, 12):
        titles = [f"way {number} {n}" for n in range(number)]
        for title in titles:
            make_ship_method(shop.store, title, "EU-STD")
            taken(shop, ship=title)
        batch = change_all(shop, *titles)
        with CaptureQueriesContext(connection) as found:
            question = question_of_many(shop.account, batch, NOW)
        assert question.ask == number
        costs.append(len(found))

    assert costs[1] <= costs[0]


def test_more_words_than_a_page_are_asked_about_page_by_page(shop: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr("orders.remapping_many.WORDS_AT_ONCE", 2)
    titles = [f"way {n}" for n in range(5)]
    for title in titles:
        make_ship_method(shop.store, title, "EU-STD")
        taken(shop, ship=title)
    batch, client = change_all(shop, *titles), shop.client()
    address, pages = f"{shop.url('late_many')}?batch={batch}", 0

    while address:
        context = client.get(address).context
        client.post(shop.url("late_many"), {"batch": batch, "after": context["after"]})
        address, pages = context["next"], pages + 1

    assert pages == 3
    assert sorted(Remapping.objects.values_list("word", flat=True)) == titles


# --- rights, killed, at once -----------------------------------------------------------------------------------------


def test_a_viewer_may_look_and_not_press_and_a_stranger_finds_nothing(shop: Shop) -> None:
    taken(shop)
    batch = change_all(shop, "Standard")
    viewer = shop.client(Role.VIEWER)
    other = make_ship_method(make_store(make_account()), "Theirs", "X")
    wanted = {other.pk: EXPRESS}
    theirs = set_many(KINDS["ship_codes"], other.account, wanted, by="Them", now=NOW).batch

    assert "1 order at a warehouse" in text_of(viewer.get(shop.url("late_many"), {"batch": batch}))
    assert viewer.post(shop.url("late_many"), {"batch": batch}).status_code == 403
    assert page(shop, theirs).status_code == 404
    assert shop.client().post(shop.url("late_many"), {"batch": theirs}).status_code == 404
    assert Remapping.objects.count() == 0


def test_whoever_is_killed_between_words_leaves_the_rest_to_the_next_press(shop: Shop, monkeypatch: Any) -> None:
    titles = [f"way {n}" for n in range(4)]
    for title in titles:
        make_ship_method(shop.store, title, "EU-STD")
    orders = [taken(shop, ship=title) for title in titles]
    batch = change_all(shop, *titles)
    monkeypatch.setattr("orders.remapping_many.LOCKED_AT_ONCE", 1)

    import orders.remapping_many as many

    really, left = many.begin, iter([True, True])

    def dies(*given: Any, **named: Any) -> Any:
        if not next(left, False):
            raise KeyboardInterrupt
        return really(*given, **named)

    monkeypatch.setattr(many, "begin", dies)
    with pytest.raises(KeyboardInterrupt):
        begin_many(shop.account, batch, by="Ann", now=NOW)
    monkeypatch.setattr(many, "begin", really)
    assert Remapping.objects.count() == 2
    assert question_of_many(shop.account, batch, NOW).ask == 2

    begin_many(shop.account, batch, by="Ann", now=NOW)
    for found in Remapping.objects.all():
        while not go_on(found.pk, seconds=0):
            pass

    assert [request_of(order).revision for order in orders] == [2] * 4
    assert Remapping.objects.count() == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_press_at_once_each_word_is_begun_by_one(shop: Shop, round_: int) -> None:
    orders = [taken(shop), taken(shop, ship="Economy")]
    batch = change_all(shop, "Standard", "Economy")

    def press(by: str) -> int:
        made = begin_many(shop.account, batch, by=by, now=NOW)
        for one in made:
            go_on(one.pk, seconds=60)
        return len(made)

    made = at_once(partial(press, "Ann"), partial(press, "Bob"))

    assert sum(made) == 2
    assert [request_of(order).revision for order in orders] == [2, 2]


def test_a_batch_that_was_taken_back_has_nothing_left_to_ask(shop: Shop) -> None:
    taken(shop)
    batch = change_all(shop, "Standard")
    undo_batch(shop.account, batch, "Bob", NOW)

    assert begin_many(shop.account, batch, by="Ann", now=NOW) == []
    assert not asks_about(shop.account, undo_of(batch), NOW)


def test_the_list_reminds_of_the_question_until_it_is_answered(shop: Shop) -> None:
    taken(shop)
    chosen = {"row": [word().pk], "target": "EU-EXP", "confirmed": "1"}
    client = shop.client()
    client.post(url(shop, "ship-codes/many/"), chosen)
    client.get(url(shop, "ship-codes/"))  # with the message, once
    before = text_of(client.get(url(shop, "ship-codes/")))

    answer(shop, MappingChange.objects.get().batch)

    reminder = "What a warehouse has keeps the old meaning until you say otherwise."
    assert reminder in before
    assert reminder not in text_of(client.get(url(shop, "ship-codes/")))


def test_a_file_that_changed_words_leads_to_its_question_and_so_does_taking_it_back(shop: Shop) -> None:
    order = taken(shop)
    client = shop.client()
    file = SimpleUploadedFile("words.csv", b"Shipping option in the store,Ship code\nStandard,EU-EXP\n")
    page = client.post(url(shop, "ship-codes/files/"), {"file": file}, follow=True)
    here = url(shop, f"files/{page.context['found'].pk}/")

    client.post(f"{here}go/")
    imported = client.get(here)
    asked = text_of(client.get(imported.context["question"]))
    answer(shop, MappingChange.objects.get().batch)
    client.post(f"{here}back/")
    lift_mapped_everywhere(NOW)
    taken_back = client.get(here)

    assert "File words.csv" in asked
    assert "1 order at a warehouse keeps the old meaning" in asked
    assert f'href="{imported.context["question"]}"' in imported.content.decode()
    assert request_of(order).change == {}
    assert taken_back.context["question"] == ""

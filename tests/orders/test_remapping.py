"""A wrong mapping found late: what is asked before it is changed, and what becomes of the orders it decided."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from fcp.roles import Role
from integrations import tasks
from integrations.sweep import sweep
from mappings.mapping import map_listing, map_location, map_ship_method
from mappings.models import Listing, Location, MappingChange, ShipMethod
from mappings.versions import meaning_of_row, undo_change
from orders.asking import answer_change, ask_for_address
from orders.change_holds import place_holds
from orders.fulfilling import Shipment, report_fulfillment
from orders.holding import edit_order
from orders.holds import HoldKind
from orders.models import Hold, Order, OrderLine, Remapping, ShippingRequest
from orders.models.shipping import Origin
from orders.release import offer_waiting
from orders.remapping import begin, go_on, unfinished
from orders.settle import lift_mapped_everywhere
from orders.shipping import Acknowledgement, acknowledge, acknowledge_many, answer_cancel
from orders.stored_state import lock_orders
from orders.timeline import timeline_of
from tests.build import ANN, NOW, make_account, make_product, make_ship_method, make_store, make_warehouse
from tests.orders.shop import Shop, text_of
from tests.orders.test_shipping_races import at_once

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop(monkeypatch: Any) -> Shop:
    return Shop(monkeypatch)


def ready(shop: Shop, **values: Any) -> Order:
    order = shop.order(**values)
    offer_waiting(shop.store, now=NOW)
    return fresh(order)


def taken(shop: Shop, **values: Any) -> Order:
    order = ready(shop, **values)
    request = request_of(order)
    acknowledge(request, request.revision, by="WMS", now=NOW)
    return fresh(order)


def shipped(shop: Shop, **values: Any) -> Order:
    order = taken(shop, **values)
    lines = {line.pk: line.quantity for line in OrderLine.objects.filter(order=order)}
    shipment = Shipment(lines, carrier="DHL", ref=f"S-{order.pk}")
    report_fulfillment(order, shipment, request=request_of(order), origin=Origin.PARTNER, by="WMS", now=NOW)
    return fresh(order)


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def request_of(order: Order) -> ShippingRequest:
    return ShippingRequest.objects.filter(order=order).latest("pk")


def url(shop: Shop, page: str) -> str:
    return f"/a/{shop.account.slug}/mappings/{page}"


def asked_at(shop: Shop, page: str, **fields: Any) -> str:
    """Where the save of a word's form leads to."""
    return str(shop.client().post(url(shop, page), fields)["Location"])


def answer(shop: Shop, question: str, **answers: Any) -> Remapping:
    """Save what the question is about, with these answers; in the page's own words."""
    client = shop.client()
    context = client.get(question).context
    data = dict(context["fields"]) | {"version": context["row"].version, **answers}
    done = client.post(question.partition("?")[0], data)
    return Remapping.objects.get(pk=int(done["Location"].rstrip("/").rpartition("/")[2]))


def change_code(shop: Shop, to: str = "EU-EXP", **answers: Any) -> Remapping:
    row = ShipMethod.objects.get(title="Standard")
    return answer(shop, asked_at(shop, f"ship-codes/{row.pk}/", target=to), **answers)


# --- the question ----------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-17")
def test_changing_a_code_that_warehouses_work_by_asks_before_it_is_saved(shop: Shop) -> None:
    for order in (ready(shop), ready(shop), taken(shop), shipped(shop)):
        assert order.ship_code == "EU-STD"
    row = ShipMethod.objects.get()

    reply = shop.client().post(url(shop, f"ship-codes/{row.pk}/"), {"target": "EU-EXP"}, headers=HTMX)

    row.refresh_from_db()
    assert (row.target, MappingChange.objects.count()) == ("EU-STD", 0)
    page = text_of(shop.client().get(reply["HX-Redirect"]))
    assert "2 orders that no warehouse has taken: translate again" in page
    assert "1 order at a warehouse: request the change" in page
    assert "1 order has shipped under the old meaning." in page


def test_a_word_that_meant_nothing_and_one_that_only_waiting_orders_use_ask_nothing(shop: Shop) -> None:
    shop.order(ship="std-eu")
    waiting = ready(shop)
    new, used = ShipMethod.objects.get(title="std-eu"), ShipMethod.objects.get(title="Standard")

    for row in (new, used):
        shop.client().post(url(shop, f"ship-codes/{row.pk}/"), {"target": "EU-EXP"})
    lift_mapped_everywhere(NOW)

    assert set(ShipMethod.objects.values_list("target", flat=True)) == {"EU-EXP"}
    assert (fresh(waiting).ship_code, request_of(waiting).revision) == ("EU-EXP", 2)


def test_orders_that_a_person_gave_a_code_and_such_that_have_it_already_are_not_asked_about(shop: Shop) -> None:
    by_hand = ready(shop)
    edit_order(by_hand, ship_code="EU-EXP", by="Ann", now=NOW)
    request = request_of(by_hand)
    acknowledge(request, request.revision, by="WMS", now=NOW)
    row = ShipMethod.objects.get()

    shop.client().post(url(shop, f"ship-codes/{row.pk}/"), {"target": "EU-EXP"})

    row.refresh_from_db()
    assert row.target == "EU-EXP"


def test_somebody_else_who_changed_it_meanwhile_has_the_question_asked_again(shop: Shop) -> None:
    taken(shop)
    row = ShipMethod.objects.get()
    question = asked_at(shop, f"ship-codes/{row.pk}/", target="EU-EXP")
    seen = shop.client().get(question).context["row"].version
    map_ship_method(row, "THIRD", by="Bob", now=NOW)

    reply = shop.client().post(question.partition("?")[0], {"target": "EU-EXP", "version": seen, "ask": "1"})

    row.refresh_from_db()
    assert (row.target, Remapping.objects.count()) == ("THIRD", 0)
    assert "late" in reply["Location"]


def test_a_viewer_is_not_asked_and_a_stranger_finds_nothing(shop: Shop) -> None:
    taken(shop)
    found = change_code(shop)
    row = ShipMethod.objects.get()
    other = make_store(make_account())
    theirs = make_ship_method(other, "Theirs", "X")

    viewer = shop.client(Role.VIEWER)

    assert viewer.get(url(shop, f"ship-codes/{row.pk}/late/?target=EU-STD")).status_code == 403
    assert viewer.get(url(shop, f"orders/{found.pk}/")).status_code == 200
    assert shop.client().get(url(shop, f"ship-codes/{theirs.pk}/late/?target=A")).status_code == 404


# --- the deed: ship codes --------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-19")
def test_what_nobody_took_is_translated_again_and_offered_anew(shop: Shop) -> None:
    order, kept = ready(shop), taken(shop)

    found = change_code(shop, again="1")

    assert (found.state, found.counts) == ("done", {"again": 1})
    assert (fresh(order).ship_code, fresh(order).mapping_version) == ("EU-EXP", 1)
    assert (request_of(order).revision, request_of(order).snapshot["ship_code"]) == (2, "EU-EXP")
    assert (fresh(kept).ship_code, request_of(kept).change_asked_at) == ("EU-STD", None)


def test_without_the_tick_they_keep_the_old_meaning_also_when_the_sweep_comes(shop: Shop) -> None:
    order = ready(shop)
    taken(shop)

    change_code(shop)
    lift_mapped_everywhere(NOW)

    assert fresh(order).ship_code == "EU-STD"
    assert not ShipMethod.objects.changed().exists()


def test_a_held_order_follows_too_and_goes_with_the_new_code_once_it_is_let_go(shop: Shop) -> None:
    order = shop.order(skus=("TEAPOT",))
    assert (order.state, order.ship_code) == ("held", "EU-STD")
    map_ship_method(ShipMethod.objects.get(), "EU-EXP", by="Ann", now=NOW)

    lift_mapped_everywhere(NOW)

    assert (fresh(order).state, fresh(order).ship_code) == ("held", "EU-EXP")


@pytest.mark.req("EIM-17")
def test_a_warehouse_is_asked_to_ship_by_the_new_code_and_follows(shop: Shop) -> None:
    order = taken(shop)

    found = change_code(shop, again="1", ask="1")

    request = request_of(order)
    assert found.counts == {"change": 1}
    assert request.change == {"ship_code": "EU-EXP", "carrier": "DHL", "service": "Express"}
    assert (request.snapshot["ship_code"], request.revision) == ("EU-STD", 2)
    assert fresh(order).ship_code == "EU-STD"
    page = text_of(shop.client().get(shop.url("order", pk=order.pk)))
    assert "Nord was asked to use the ship code EU-EXP" in page

    answer_change(request, True, 2, by="WMS", now=NOW)

    request.refresh_from_db()
    assert (request.snapshot["ship_code"], request.snapshot["service"], request.revision) == ("EU-EXP", "Express", 3)
    assert (fresh(order).ship_code, fresh(order).service, fresh(order).mapping_version) == ("EU-EXP", "Express", 1)
    assert not Hold.objects.open().exists()
    said = [line.text for line in timeline_of(order).lines]
    assert "Nord uses the ship code EU-EXP." in said


def test_a_warehouse_that_cannot_follow_leaves_the_order_to_be_decided_about(shop: Shop) -> None:
    order = taken(shop)
    change_code(shop, ask="1")

    answer_change(request_of(order), False, 2, "The label is on it", by="WMS", now=NOW)

    (hold,) = Hold.objects.open()
    assert (hold.kind, hold.params["word"]) == ("changed_after_release", "ship code")
    assert fresh(order).ship_code == "EU-STD"
    page = text_of(shop.client().get(shop.url("order", pk=order.pk)))
    assert "Nord cannot use the ship code EU-EXP: The label is on it." in page


def test_an_order_that_is_taken_between_question_and_deed_is_asked_about_not_rewritten(shop: Shop) -> None:
    taken(shop)
    order = ready(shop)
    row = ShipMethod.objects.get()
    question = asked_at(shop, f"ship-codes/{row.pk}/", target="EU-EXP")
    shop.client().get(question)
    acknowledge(request_of(order), 1, by="WMS", now=NOW)

    found = answer(shop, question, again="1", ask="1")

    assert found.counts == {"change": 2}
    assert (fresh(order).ship_code, request_of(order).change["ship_code"]) == ("EU-STD", "EU-EXP")


def test_unmapping_has_the_warehouse_stop_and_then_the_order_waits(shop: Shop) -> None:
    order, waiting = taken(shop), ready(shop)

    found = change_code(shop, to="", again="1", ask="1")

    assert found.counts == {"again": 1, "stop": 1}
    assert fresh(waiting).state == "held"
    assert request_of(order).state == "cancel_asked"

    answer_cancel(request_of(order), True, by="WMS", now=NOW)

    assert fresh(order).state == "held"
    assert {hold.kind for hold in Hold.objects.open().filter(order=order)} == {"ship_code"}


# --- the deed: products and locations --------------------------------------------------------------------------------


@pytest.mark.req("EIM-26")
def test_another_product_stops_what_a_warehouse_has_and_offers_it_anew(shop: Shop) -> None:
    other = make_product(shop.account, "CUP")
    order, waiting, gone = taken(shop), ready(shop), shipped(shop)
    row = Listing.objects.get()
    question = asked_at(shop, f"skus/{row.pk}/", target="CUP", units="2")
    assert "1 order at a warehouse: ask to stop, then offer anew" in text_of(shop.client().get(question))

    found = answer(shop, question, again="1", ask="1")

    assert found.counts == {"again": 1, "stop": 1}
    assert OrderLine.objects.get(order=waiting).product == other
    assert (request_of(waiting).revision, request_of(waiting).snapshot["lines"][0]["product_sku"]) == (2, "CUP")
    assert OrderLine.objects.get(order=gone).product.sku == "MUG"

    answer_cancel(request_of(order), True, by="WMS", now=NOW)

    line = request_of(order).snapshot["lines"][0]
    assert (fresh(order).state, line["product_sku"], line["units"]) == ("ready", "CUP", 2)
    assert not Hold.objects.open().exists()


def test_another_warehouse_of_a_location_moves_what_nobody_took(shop: Shop) -> None:
    loft, cellar = (make_warehouse(shop.account, name=name) for name in ("Loft", "Cellar"))
    first = shop.order(location_uid="shelf")
    map_location(Location.objects.get(), loft, by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)
    order = taken(shop, location_uid="shelf")
    question = asked_at(shop, f"locations/{Location.objects.get().pk}/", target=str(cellar.pk))

    found = answer(shop, question, again="1", ask="1")

    assert found.counts == {"again": 1, "stop": 1}
    assert request_of(first).warehouse == cellar
    answer_cancel(request_of(order), True, by="WMS", now=NOW)
    assert (request_of(order).warehouse, fresh(order).state) == (cellar, "ready")


def test_what_left_in_part_goes_on_as_it_is(shop: Shop) -> None:
    make_product(shop.account, "CUP")
    order = taken(shop, skus=("MUG", "CUP"))
    line = OrderLine.objects.get(order=order, sku="MUG")
    report_fulfillment(
        order, Shipment({line.pk: 1}, ref="1"), request=request_of(order), origin=Origin.PARTNER, by="WMS", now=NOW
    )
    row = Listing.objects.get(sku="CUP")

    found = answer(shop, asked_at(shop, f"skus/{row.pk}/", target="MUG"), ask="1")

    assert found.counts == {"begun": 1}
    assert request_of(order).state == "partly_shipped"


# --- what had shipped ------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-17")
def test_what_had_shipped_is_listed_with_what_it_meant_then_and_means_now(shop: Shop) -> None:
    first, second = shipped(shop), shipped(shop)
    ready(shop)
    row = ShipMethod.objects.get()
    question = asked_at(shop, f"ship-codes/{row.pk}/", target="EU-EXP")

    before = rows_of(shop.client().get(shop.client().get(question).context["csv"]))
    found = answer(shop, question, again="1")
    after = rows_of(shop.client().get(url(shop, f"orders/{found.pk}/?format=csv")))

    assert before == after
    assert [row["Order"] for row in after] == [first.number, second.number]
    assert list(after[0]) == ["Order", "Integration", "Shipped on", "Tracking", "It meant then", "It means now"]
    assert (after[0]["It meant then"], after[0]["It means now"]) == ("EU-STD", "EU-EXP (DHL Express)")


def test_shipped_lines_of_a_listing_name_the_product_that_left(shop: Shop) -> None:
    make_product(shop.account, "CUP")
    order = shipped(shop)
    row = Listing.objects.get()
    question = asked_at(shop, f"skus/{row.pk}/", target="CUP")

    found = answer(shop, question)
    (line,) = rows_of(shop.client().get(url(shop, f"orders/{found.pk}/?format=csv")))

    assert (line["Order"], line["It meant then"], line["It means now"]) == (order.number, "MUG", "CUP")


def rows_of(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


# --- many, killed, twice ---------------------------------------------------------------------------------------------


def test_one_that_was_killed_in_the_middle_goes_on_where_it_ended(shop: Shop, monkeypatch: Any) -> None:
    orders = [taken(shop) for _ in range(5)]
    monkeypatch.setattr("orders.remapping.BATCH", 2)
    killed = iter([False, False, True])  # on to the asking, two asked, and then

    import orders.remapping as remapping

    deal = remapping._deal_with

    def dies(*given: Any) -> bool:
        if next(killed, False):
            raise KeyboardInterrupt
        return deal(*given)

    row = ShipMethod.objects.get()
    question = asked_at(shop, f"ship-codes/{row.pk}/", target="EU-EXP")
    monkeypatch.setattr(remapping, "_deal_with", dies)
    with pytest.raises(KeyboardInterrupt):
        answer(shop, question, again="1", ask="1")
    (found,) = Remapping.objects.all()
    assert (found.state, found.counts) == ("asking", {"change": 4})

    later = found.touched_at.replace(year=found.touched_at.year + 1)
    assert unfinished(later) == [found.pk]
    assert unfinished(found.touched_at) == []
    while not go_on(found.pk, seconds=0):
        pass

    found.refresh_from_db()
    assert (found.state, found.counts, found.total) == ("done", {"change": 5}, 5)
    assert [request_of(order).revision for order in orders] == [2] * 5
    assert go_on(found.pk, seconds=0)


def test_a_change_back_withdraws_the_question_to_the_warehouse(shop: Shop) -> None:
    order = taken(shop)
    change_code(shop, ask="1")
    assert request_of(order).change_asked_at

    undo_change(MappingChange.objects.get(), "Ann", NOW)
    lift_mapped_everywhere(NOW)

    request = request_of(order)
    assert (request.change_asked_at, request.change, request.revision) == (None, {}, 3)
    assert not Hold.objects.open().exists()
    assert not ShipMethod.objects.changed().exists()


def test_a_second_change_asks_for_the_newest_code_instead(shop: Shop) -> None:
    order = taken(shop)
    change_code(shop, ask="1")

    map_ship_method(ShipMethod.objects.get(), "EU-NIGHT", by="Ann", now=NOW)
    lift_mapped_everywhere(NOW)

    assert (request_of(order).change["ship_code"], request_of(order).revision) == ("EU-NIGHT", 3)


def test_linking_a_listing_by_hand_reaches_orders_that_wait_for_something_else(shop: Shop) -> None:
    other = make_product(shop.account, "CUP")
    order = shop.order(ship="std-eu")
    map_listing(Listing.objects.get(), other, by="Ann", now=NOW)

    lift_mapped_everywhere(NOW)

    assert (OrderLine.objects.get(order=order).product, fresh(order).state) == (other, "held")


# --- who answers -----------------------------------------------------------------------------------------------------


def test_a_partner_sees_which_ship_code_is_asked_for_and_follows_through_the_api(shop: Shop) -> None:
    from tests.api.conftest import partner_api

    order, api = taken(shop), partner_api(shop.partner)
    change_code(shop, ask="1")

    (asked,) = api.get("/shipping-requests", change_asked="true").json()["results"]
    assert (asked["ship_code"], asked["change"]["ship_code"], asked["change"]["ship_to"]) == ("EU-STD", "EU-EXP", None)
    body = {"accepted": True, "revision": asked["revision"]}
    done = api.post(f"/shipping-requests/{asked['id']}/change-answer", body).json()

    assert (done["ship_code"], done["service"], done["change"]["answer"]) == ("EU-EXP", "Express", "accepted")
    assert fresh(order).ship_code == "EU-EXP"


def test_a_new_address_joins_the_question_about_the_ship_code(shop: Shop) -> None:
    order = taken(shop)
    change_code(shop, ask="1")
    elsewhere = replace(ANN, street1="2 Side St")

    with transaction.atomic():
        lock_orders([order.pk])
        place_holds(shop.store, [(order.pk, HoldKind.CHANGED_AFTER_RELEASE, "address")], {}, NOW)
        ask_for_address(shop.store, {order.pk: elsewhere}, now=NOW)

    request = request_of(order)
    assert (request.change["ship_code"], request.change["ship_to"]["street1"]) == ("EU-EXP", "2 Side St")
    page = text_of(shop.client().get(shop.url("order", pk=order.pk)))
    assert "Nord was asked to use the new address and the ship code EU-EXP" in page
    answer_change(request, True, request.revision, by="WMS", now=NOW)
    request.refresh_from_db()
    assert (request.snapshot["ship_code"], request.snapshot["ship_to"]["street1"]) == ("EU-EXP", "2 Side St")
    assert not Hold.objects.open().exists()


def test_somebody_here_answers_for_a_warehouse_without_an_api(shop: Shop) -> None:
    order = taken(shop)
    change_code(shop, ask="1")
    page = shop.url("to_ship_one", pk=request_of(order).pk)

    text = text_of(shop.client().get(page))
    assert "The merchant wants another ship code. Can it go by that?" in text
    revision = request_of(order).revision
    shop.client().post(f"{page}change/", {"accepted": "1", "revision": revision})

    assert fresh(order).ship_code == "EU-EXP"
    assert "Order" in text_of(shop.client().get(page))


def test_the_tick_finds_what_a_killed_worker_left_and_a_task_ends_it(shop: Shop) -> None:
    order = taken(shop)
    found = change_code(shop, ask="1")
    Remapping.objects.update(state="asking", last=0, counts={}, touched_at=NOW)
    ShippingRequest.objects.update(change={}, change_asked_at=None)

    sweep(timezone.now())
    waiting = [SignedPackage.loads(row.payload) for row in OrmQ.objects.all()]
    (task,) = [one for one in waiting if one["func"] == "integrations.tasks.remap" and one["args"] == (found.pk,)][:1]
    tasks.remap(*task["args"])

    found.refresh_from_db()
    assert (found.state, found.counts) == ("done", {"change": 1})
    assert request_of(order).change["ship_code"] == "EU-EXP"


# --- versions --------------------------------------------------------------------------------------------------------


def test_taking_a_change_back_asks_what_becomes_of_orders_like_any_other(shop: Shop) -> None:
    map_ship_method(ShipMethod.objects.get(), "EU-EXP", carrier="DHL", service="Express", by="Ann", now=NOW)
    order = taken(shop)
    change = MappingChange.objects.get()

    reply = shop.client().post(url(shop, f"changes/{change.pk}/undo/"))
    assert ShipMethod.objects.get().target == "EU-EXP"
    found = answer(shop, str(reply["Location"]), ask="1", why="Taken back.")

    assert found.counts == {"change": 1}
    assert (ShipMethod.objects.get().target, request_of(order).change["ship_code"]) == ("EU-STD", "EU-STD")
    assert MappingChange.objects.latest("pk").why == "Taken back."


@pytest.mark.req("EIM-17")
def test_orders_are_listed_by_the_version_that_decided_them(shop: Shop) -> None:
    first, second = taken(shop), taken(shop)
    row = ShipMethod.objects.get()
    map_ship_method(row, "EU-EXP", by="Ann", now=NOW)
    third = ready(shop)
    change = MappingChange.objects.get()

    def numbers(version: int) -> list[str]:
        page = shop.client().get(url(shop, f"changes/{change.pk}/orders/?version={version}"))
        return [one.number for one in page.context["list"].rows]

    assert numbers(0) == [second.number, first.number]
    assert numbers(1) == [third.number]
    assert numbers(7) == []


def test_lines_of_a_listing_are_listed_by_its_version_too(shop: Shop) -> None:
    first = taken(shop)
    map_listing(Listing.objects.get(), make_product(shop.account, "CUP"), by="Ann", now=NOW)
    second = ready(shop)
    change = MappingChange.objects.get()

    pages = [shop.client().get(url(shop, f"changes/{change.pk}/orders/?version={n}")) for n in (0, 1)]

    assert [[one.number for one in page.context["list"].rows] for page in pages] == [[first.number], [second.number]]
    assert "Orders decided under version 1 of “MUG”: CUP." in text_of(pages[1])


def test_a_page_of_decided_orders_costs_the_same_however_many_there_are(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    map_ship_method(ShipMethod.objects.get(), "EU-EXP", by="Ann", now=NOW)
    for _ in range(12):
        shop.order()
    change, client = MappingChange.objects.get(), shop.client()

    with django_assert_max_num_queries(30):
        page = client.get(url(shop, f"changes/{change.pk}/orders/"))

    assert len(page.context["list"].rows) == 12


# --- races -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_an_acknowledgement_at_the_same_moment_is_asked_about_or_translated_never_lost(
    monkeypatch: Any, round_: int
) -> None:
    shop = Shop(monkeypatch)
    orders = [ready(shop) for _ in range(3)]
    row = ShipMethod.objects.get()
    with transaction.atomic():
        before = meaning_of_row(row)
        map_ship_method(row, "EU-EXP", by="Ann", now=NOW)
        found = begin(row, before, again=True, ask=True, by="Ann", now=NOW)
    assert found is not None

    def take() -> list[Any]:
        wanted = [Acknowledgement(request_of(order).pk, 1) for order in orders]
        return [isinstance(one, ShippingRequest) for one in acknowledge_many(wanted, by="WMS", now=NOW).values()]

    at_once(take, lambda: go_on(found.pk, seconds=20), lambda: go_on(found.pk, seconds=20))
    while not go_on(found.pk, seconds=20):
        pass

    for order in orders:
        request = request_of(order)
        if request.state == "acknowledged":
            assert (request.snapshot["ship_code"], request.change["ship_code"]) == ("EU-STD", "EU-EXP")
        else:
            assert (request.snapshot["ship_code"], request.revision) == ("EU-EXP", 2)
    found.refresh_from_db()
    assert sum(found.counts.values()) == 3


@pytest.mark.django_db(transaction=True)
def test_two_people_who_answer_at_once_change_it_once(monkeypatch: Any) -> None:
    shop = Shop(monkeypatch)
    taken(shop)
    row = ShipMethod.objects.get()
    question = asked_at(shop, f"ship-codes/{row.pk}/", target="EU-EXP").partition("?")[0]
    clients = [shop.client(), shop.client()]

    def press(client: Any) -> str:
        data = {"target": "EU-EXP", "version": row.version, "ask": "1"}
        return str(client.post(question, data)["Location"])

    there = at_once(lambda: press(clients[0]), lambda: press(clients[1]))

    assert Remapping.objects.count() == 1
    assert MappingChange.objects.count() == 1
    assert sum("/mappings/orders/" in one for one in there) == 1


def test_a_listing_that_gets_its_meaning_back_by_the_question_gets_back_what_stood_beside_it(shop: Shop) -> None:
    cup = make_product(shop.account, "CUP")
    taken(shop)
    row = Listing.objects.get()
    Listing.objects.filter(pk=row.pk).update(by_hand=False, sku_was="MUG-OLD")
    answer(shop, asked_at(shop, f"skus/{row.pk}/", target="CUP"))
    row.refresh_from_db()
    assert (row.product, row.by_hand, row.sku_was) == (cup, True, "")
    change = MappingChange.objects.latest("pk")
    taken(shop)

    back = shop.client().post(url(shop, f"changes/{change.pk}/undo/"))
    answer(shop, str(back["Location"]))

    row.refresh_from_db()
    assert (row.product.sku, row.by_hand, row.sku_was) == ("MUG", False, "MUG-OLD")

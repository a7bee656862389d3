"""Stock going out to a store that takes many quantities in one call and answers for them later: the stand-in Ecwid."""

import pytest
from django.utils import timezone

from integrations.models import Integration, StockSent
from integrations.sandbox.server import Sandbox
from integrations.stock_answers import want_reading_back
from mappings.models import Listing, Why
from tests.build import make_user
from tests.conftest_sandbox import reach_sandbox
from tests.integrations.flows.ecwid_world import (
    asked,
    batches,
    counted,
    later,
    selling,
    stocked,
    until_told,
    wait_for,
)
from tests.integrations.flows.stock_world import (
    all_skus,
    forget_calls,
    inventory_flow,
    push_of,
    report,
    row_of,
    rows,
    start,
)
from tests.integrations.flows.world import map_everything, sync, work
from tests.integrations.pages.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 3600.0  # seconds that the store does not begin a batch
SOME = ("KIT-RED", "KIT-BLUE", "KIT-WHIT", "INK-SEA")


@pytest.fixture
def shop(sandbox, time_machine) -> Integration:
    """Ten of everything, told."""
    time_machine.move_to(timezone.now())
    return selling(sandbox, time_machine)


def out(integration) -> dict | None:
    return inventory_flow(integration).position.get("ticket")


# --- how many calls ------------------------------------------------------------------------------------------------


@pytest.mark.req("P17-15", "P17-16")
def test_many_changes_are_one_call_and_the_questions_for_its_ticket(settings, time_machine):
    time_machine.move_to(timezone.now())
    with Sandbox(orders=0, products=530, rate_limit=0, plain=True, variants=False, platforms=("ecwid",)) as box:
        reach_sandbox(box, settings)
        integration = selling(box, time_machine)
        assert len(batches(box)) == 2  # of 500 and 30
        box.ecwid.batches.all.clear()
        forget_calls()
        changed = dict.fromkeys(all_skus(integration)[:500], 7)

        report(integration, changed)
        until_told(integration, box, time_machine)

        calls = asked(integration)
        assert calls[0] == "POST batch"
        assert set(calls[1:]) == {"GET batch"}
        assert len(calls) <= 4
        assert {sku: box.ecwid.stock()[sku] for sku in changed} == changed


@pytest.mark.req("P17-16")
def test_one_change_is_one_call(shop, sandbox):
    forget_calls()

    report(shop, {"KIT-RED": 3})

    listing = Listing.objects.get(store=shop.store, sku="KIT-RED")
    assert asked(shop) == [f"PUT products/{listing.product_uid}/combinations/{listing.variant_uid}"]
    assert counted(sandbox)["KIT-RED"] == 3


def test_everything_told_is_confirmed_with_its_steps(shop, sandbox):
    told = rows(shop).filter(why="")

    assert set(told.values_list("confirmed", "known")) == {(10, True)}
    assert all(sent.steps for sent in StockSent.objects.all())
    assert {counted(sandbox)[row.listing.sku] for row in told.select_related("listing")} == {10}


# --- tickets that get lost -------------------------------------------------------------------------------------------


@pytest.mark.req("P17-16")
def test_a_call_whose_answer_was_lost_is_made_again_by_its_name_and_is_one_batch(shop, sandbox, time_machine):
    before = len(batches(sandbox))
    sandbox.ecwid.misbehave("lost_answer", path="POST .*/batch$")

    report(shop, dict.fromkeys(SOME, 4))
    assert out(shop)
    assert "ticket" not in out(shop)
    later(time_machine, 70)
    until_told(shop, sandbox, time_machine)

    assert len(batches(sandbox)) == before + 1
    assert {counted(sandbox)[sku] for sku in SOME} == {4}
    assert inventory_flow(shop).failures == 0


def test_a_ticket_that_was_not_stored_before_the_worker_was_killed_is_asked_for_again(shop, sandbox, time_machine):
    sandbox.ecwid.batches.wait = LONG
    before = len(batches(sandbox))
    report(shop, dict.fromkeys(SOME, 4))
    flow = inventory_flow(shop)
    flow.position["ticket"].pop("ticket")  # what the database holds after a kill between the answer and its storing
    flow.save(update_fields=["position"])

    later(time_machine, 5)
    assert "ticket" in out(shop)
    release(sandbox)
    until_told(shop, sandbox, time_machine)

    assert len(batches(sandbox)) == before + 1
    assert {counted(sandbox)[sku] for sku in SOME} == {4}


def test_a_call_that_was_noted_and_never_made_is_made(shop, sandbox, time_machine):
    sandbox.ecwid.misbehave("drop", path="POST .*/batch$")
    before = len(batches(sandbox))

    report(shop, dict.fromkeys(SOME, 4))
    later(time_machine, 70)
    until_told(shop, sandbox, time_machine)

    assert len(batches(sandbox)) == before + 1
    assert {counted(sandbox)[sku] for sku in SOME} == {4}


def test_a_ticket_that_the_store_forgot_is_dropped_and_what_it_stood_for_is_told_again(shop, sandbox, time_machine):
    sandbox.ecwid.batches.wait = LONG
    report(shop, dict.fromkeys(SOME, 4))
    sandbox.ecwid.batches.all.clear()
    release(sandbox)

    later(time_machine, 5)
    until_told(shop, sandbox, time_machine)

    assert {counted(sandbox)[sku] for sku in SOME} == {4}


def test_a_batch_that_never_ends_is_called_off_and_the_rest_goes_in_smaller_calls(shop, sandbox, time_machine):
    sandbox.ecwid.batches.wait = LONG
    report(shop, dict.fromkeys(SOME, 4))
    stuck = batches(sandbox)[-1]

    later(time_machine, 11 * 60)

    assert out(shop) is None
    assert stuck["status"] == "COMPLETED"
    assert {answer["status"] for answer in stuck["answers"]} == {"NOT_EXECUTED"}
    assert "does not end" in inventory_flow(shop).problem
    release(sandbox)
    later(time_machine, 150)
    until_told(shop, sandbox, time_machine)
    assert {counted(sandbox)[sku] for sku in SOME} == {4}


def test_nothing_is_sent_again_to_a_store_that_is_not_live_any_more(shop, sandbox, time_machine):
    sandbox.ecwid.misbehave("drop", path="POST .*/batch$")
    before = counted(sandbox)
    report(shop, dict.fromkeys(SOME, 4))
    Integration.objects.filter(pk=shop.pk).update(live=False)

    later(time_machine, 70)

    assert counted(sandbox) == before
    Integration.objects.filter(pk=shop.pk).update(live=True)
    later(time_machine, 3700)
    until_told(shop, sandbox, time_machine)
    assert {counted(sandbox)[sku] for sku in SOME} == {4}


# --- what changes while a batch is under way -------------------------------------------------------------------------


def test_what_changes_again_while_a_batch_is_under_way_is_told_after_it(shop, sandbox, time_machine):
    sandbox.ecwid.batches.wait = LONG
    report(shop, dict.fromkeys(SOME, 4))
    forget_calls()

    report(shop, {"KIT-RED": 2})
    later(time_machine, 3)
    assert asked(shop, "PUT") == []
    assert counted(sandbox)["KIT-RED"] == 10
    release(sandbox)
    until_told(shop, sandbox, time_machine)

    assert counted(sandbox)["KIT-RED"] == 2
    assert {counted(sandbox)[sku] for sku in SOME[1:]} == {4}
    assert row_of(shop, "KIT-RED").confirmed == 2


def release(sandbox) -> None:
    """The store works again: its thread looks up from its wait."""
    sandbox.ecwid.batches.wait = 0.0
    sandbox.ecwid.batches.stopped.set()
    wait_for(lambda: not sandbox.ecwid.batches.is_alive())
    again = type(sandbox.ecwid.batches)(
        sandbox.ecwid.store, sandbox.ecwid.state, sandbox.ecwid._work_on_batch, sandbox.ecwid._inner
    )
    again.all, again.wait = sandbox.ecwid.batches.all, 0.0
    sandbox.ecwid.batches = again
    again.start()


def test_what_an_order_changes_does_not_wait_for_the_end_of_a_large_push(shop, sandbox, time_machine):
    sandbox.ecwid.batches.wait = LONG
    report(shop, dict.fromkeys(SOME, 4))
    forget_calls()

    report(shop, {"ENV-25": 1})
    later(time_machine, 3)

    assert len(asked(shop, "PUT")) == 1
    assert counted(sandbox)["ENV-25"] == 1
    assert row_of(shop, "ENV-25").confirmed == 1
    assert batches(sandbox)[-1]["status"] == "QUEUED"
    assert {counted(sandbox)[sku] for sku in SOME} == {10}


def test_what_moved_last_goes_first(settings, time_machine):
    time_machine.move_to(timezone.now())
    with Sandbox(orders=0, products=530, rate_limit=0, plain=True, variants=False, platforms=("ecwid",)) as box:
        reach_sandbox(box, settings)
        integration = stocked(box)
        skus = all_skus(integration)
        report(integration, dict.fromkeys(skus, 5))
        report(integration, {skus[-1]: 6})
        start(integration)

        first = batches(box)[0]
        last = row_of(integration, skus[-1])
        assert first["rows"][-1]["id"] == str(last.pk) or str(last.pk) in {row["id"] for row in first["rows"]}
        assert len(first["rows"]) == 500
        until_told(integration, box, time_machine)


# --- answers for each -----------------------------------------------------------------------------------------------


def test_what_is_refused_within_a_batch_waits_with_its_sentence_and_the_rest_is_confirmed(shop, sandbox, time_machine):
    sandbox.ecwid.misbehave("failed_rows", path="POST .*/batch$", rows=0.25)

    report(shop, dict.fromkeys(SOME, 4))
    wait_for(lambda: batches(sandbox)[-1]["status"] == "COMPLETED")
    later(time_machine, 5)

    refused = rows(shop).filter(why=Why.REFUSED)
    assert refused.count() == 1
    assert refused.get().problem
    assert rows(shop).filter(listing__sku__in=SOME, confirmed=4, known=True).count() == 3
    assert out(shop) is None


def test_a_product_that_is_gone_is_refused_for_itself(shop, sandbox, time_machine):
    product, _ = sandbox.ecwid.store.find_variant("INK-SEA")
    sandbox.ecwid.store.drop_product(product)

    report(shop, dict.fromkeys(SOME, 4))
    wait_for(lambda: batches(sandbox)[-1]["status"] == "COMPLETED")
    later(time_machine, 5)

    row = row_of(shop, "INK-SEA")
    assert (row.why, row.problem) == (Why.REFUSED, "Ecwid no longer has this product.")
    assert row_of(shop, "KIT-RED").confirmed == 4


# --- stock that is shared, unlimited, or counted twice ----------------------------------------------------------------


@pytest.mark.req("P17-16")
def test_variations_without_an_sku_are_left_out_and_their_product_s_own_stock_is_told(shop, sandbox):
    poster, _ = sandbox.ecwid.store.find_variant("POSTER")
    sharing = rows(shop).filter(listing__product_uid=str(poster["id"])).exclude(listing__variant_uid="")

    assert set(sharing.values_list("why", "result")) == {(Why.INHERITED, None)}
    assert sharing.count() == 3
    assert counted(sandbox)["POSTER"] == 10
    assert rows(shop).get(listing__product_uid=str(poster["id"]), listing__variant_uid="").confirmed == 10


@pytest.mark.req("P17-16")
def test_the_preview_says_why_a_shared_or_unlimited_one_is_left_out(shop):
    client = signed_in(make_user(shop.account))
    address = f"/a/{shop.account.slug}/integrations/{shop.pk}/stock/"

    shared = client.get(address, {"show": "inherited"}).content.decode()
    unlimited = client.get(address, {"show": "untracked"}).content.decode()

    assert (
        "It has no SKU of its own in the store, so it is sold from its product&#x27;s stock, which is sent." in shared
    )
    assert shared.count("Harbour poster") >= 3
    assert "The store does not count its stock." in unlimited
    assert "STICK" in unlimited


def test_an_order_of_a_variation_without_an_sku_makes_its_product_s_stock_unknown_and_it_is_told_anew(shop, sandbox):
    poster, _ = sandbox.ecwid.store.find_variant("POSTER")
    forget_calls()

    sandbox.ecwid.place_order(skus=[str(poster["combinations"][1]["id"])], quantity=2)
    sync(shop)
    map_everything(shop)

    assert f"PUT products/{poster['id']}" in asked(shop, "PUT")
    assert not any("/combinations/" in call for call in asked(shop, "PUT"))
    assert counted(sandbox)["POSTER"] == 8


def test_unlimited_products_are_left_alone_and_said_so(shop, sandbox):
    assert row_of(shop, "STICK").why == Why.UNTRACKED
    assert sandbox.ecwid.stock()["STICK"] is None


def test_a_product_and_its_variation_of_one_sku_show_one_number(shop, sandbox, time_machine):
    report(shop, {"WASHI": 6})
    until_told(shop, sandbox, time_machine)

    assert counted(sandbox)["WASHI"] == 6
    assert set(rows(shop).filter(listing__sku="WASHI").values_list("confirmed", "why")) == {(6, "")}


def test_a_thing_that_an_order_names_first_is_looked_at_before_it_is_told(shop, sandbox, time_machine):
    from integrations.sandbox.ecwid import goods

    made = {**sandbox.ecwid.store.find_variant("INK-SEA")[0], "id": 4711, "sku": "INK-RED", "quantity": 3}
    goods.keep(sandbox.ecwid.store, made)
    sandbox.ecwid.place_order(skus=["INK-RED"])
    sync(shop)
    map_everything(shop)
    forget_calls()

    report(shop, {"INK-RED": 5})
    work()

    calls = asked(shop)
    assert calls[:1] == ["GET products"]
    assert calls[-1] == "PUT products/4711"
    assert counted(sandbox)["INK-RED"] == 4  # one is sold


# --- reading back and guards -----------------------------------------------------------------------------------------


def test_a_number_that_somebody_changed_in_the_store_is_found_and_left_to_a_person(shop, sandbox):
    sandbox.ecwid.set_stock("ecwid", "KIT-RED", 25)

    want_reading_back(shop, by="Ann", now=timezone.now())
    work()

    assert (row_of(shop, "KIT-RED").drift, row_of(shop, "KIT-RED").confirmed) == (25, 10)
    assert counted(sandbox)["KIT-RED"] == 25


def test_a_push_that_would_empty_the_shop_asks_first(shop, sandbox):
    shown = counted(sandbox)

    report(shop, dict.fromkeys(all_skus(shop), 0))

    assert push_of(shop).guard == "zeroing"
    assert counted(sandbox) == shown

"""What an order waits for, in one sentence, with the one button that helps."""

import pytest

from orders.headline import AtWarehouse, Help, OpenHold, Situation, headline, waits_for
from orders.holds import HoldKind
from orders.state import State

SHIP = OpenHold(1, HoldKind.SHIP_CODE, "7", "std-eu")
ADDRESS = OpenHold(2, HoldKind.ADDRESS, "", "street, city")
PAYMENT = OpenHold(3, HoldKind.PAYMENT, "", "pending")
FRAUD = OpenHold(4, HoldKind.FRAUD, "", "two cards were tried")
CHANGED = OpenHold(5, HoldKind.CHANGED_AFTER_RELEASE, "", "address")
NORD = AtWarehouse("Nord", taken=True, by_hand=False)


def situation(state, **values):
    return Situation(**{"state": state, "store": "MyShop", "hands_over": True, "pieces": 3, **values})


@pytest.mark.parametrize(
    ("given", "text", "helps"),
    [
        (situation(State.HELD, holds=[SHIP]),
         "The shipping option “std-eu” is not mapped to a ship code yet.", Help.MAP),
        (situation(State.HELD, holds=[ADDRESS]), "The address lacks: street, city.", Help.ADDRESS),
        (situation(State.HELD, holds=[PAYMENT]),
         "The store shows the payment as pending. It goes on by itself once it is paid.", Help.NOTHING),
        (situation(State.HELD, holds=[PAYMENT, FRAUD]),
         "Held for a fraud check: two cards were tried. 1 more thing holds it back, see below.", Help.LIFT),
        (situation(State.HELD, holds=[OpenHold(9, HoldKind.NO_WAREHOUSE)]),
         "No warehouse is chosen for this integration. Choose one in its settings.", Help.WAREHOUSE),
        (situation(State.AT_WAREHOUSE, holds=[CHANGED], requests=[NORD]),
         "It needs a decision. It changed after the warehouse took it: address.", Help.LIFT),
        (situation(State.NEW, hands_over=False),
         "Nothing is wrong with it. It waits because MyShop hands nothing over: it is not live yet, or paused.",
         Help.TRY),
        (situation(State.NEW), "It goes to the warehouse within a minute.", Help.NOTHING),
        (situation(State.READY, requests=[AtWarehouse("Nord", False, False)]),
         "Offered to Nord, which has not taken it yet.", Help.NOTHING),
        (situation(State.READY, requests=[AtWarehouse("Back room", False, True)]),
         "Offered to Back room, which has not taken it yet.", Help.SHIP),
        (situation(State.AT_WAREHOUSE, requests=[NORD]), "Nord has it; it waits there to be shipped.", Help.NOTHING),
        (situation(State.PARTLY_SHIPPED, shipped=1, requests=[NORD]),
         "1 of 3 pieces left. Nord has it; the rest waits there.", Help.NOTHING),
        (situation(State.PARTLY_SHIPPED, shipped=1),
         "1 of 3 pieces left. The rest is not with a warehouse.", Help.NOTHING),
        (situation(State.AT_WAREHOUSE, requests=[AtWarehouse("Nord", True, False, stopping=True)]),
         "Nord was asked to stop it and has not answered yet.", Help.NOTHING),
        (situation(State.SHIPPED), "It left. MyShop is told next.", Help.NOTHING),
        (situation(State.SHIPPED, problem="The order is archived."),
         "It left, but MyShop could not be told yet. The order is archived.", Help.TELL),
        (situation(State.CONFIRMED), "It left, and MyShop knows.", Help.NOTHING),
        (situation(State.CONFIRMED, by_store=True), "Shipped in the store itself.", Help.NOTHING),
        (situation(State.CANCELED, payment=
         "refunded"), "Refunded in the store. It is kept for the record.", Help.NOTHING),
        (situation(State.CANCELED, payment="paid"), "Canceled in the store. It is kept for the record.", Help.NOTHING),
        (situation(State.NOTHING_TO_SHIP),
         "Nothing in it ships: digital goods, services or gift cards only.", Help.NOTHING),
    ],
)  # fmt: skip
def test_the_headline_says_what_it_waits_for_and_what_helps(given, text, helps):
    assert (headline(given).text, headline(given).help) == (text, helps)


def test_what_frees_other_orders_too_is_mended_first():
    shown = headline(situation(State.HELD, holds=[ADDRESS, FRAUD, SHIP]))

    assert shown.hold == SHIP
    assert shown.text.endswith("2 more things hold it back, see below.")


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_headline(state):
    assert headline(situation(state)).text


def test_the_list_says_it_in_a_few_words():
    assert waits_for(State.HELD, [ADDRESS, SHIP], "Nord", hands_over=True) == "Ship code “std-eu” +1"
    assert waits_for(State.HELD, [PAYMENT], "", hands_over=True) == "Waiting for payment"
    assert waits_for(State.READY, [], "Nord", hands_over=True) == "Nord to take it"
    assert waits_for(State.NEW, [], "Nord", hands_over=False) == "Handing over is off"
    assert waits_for(State.CONFIRMED, [], "Nord", hands_over=True) == ""

"""The ledger's pages: each day's numbers lead to their orders, differences are answered where they are found."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account, AuditEntry
from integrations.alerts import look
from integrations.ledger import ask_for
from integrations.models import Alert, AlertSettings, Integration, LedgerDay, LedgerGap
from integrations.sandbox.server import Sandbox
from integrations.tasks import tick
from integrations.views import ledger_gaps
from orders.models import Order, SeenOrder
from tests.build import make_account, make_user
from tests.integrations.flows.world import change_settings, connect_store, sync, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, words

pytestmark = pytest.mark.django_db(transaction=True)

LEDGER = "/a/shoes/orders/ledger/"


@pytest.fixture(autouse=True)
def noon(time_machine: Any) -> None:
    """Far from midnight, whenever the tests run."""
    tomorrow = timezone.now() + dt.timedelta(days=1)
    time_machine.move_to(tomorrow.replace(hour=12, minute=0, second=0, microsecond=0))


@pytest.fixture
def shop(account: Account, sandbox: Sandbox) -> Integration:
    """Paid orders come in: three of four."""
    for _ in range(3):
        sandbox.wix.place_order("v1")
    sandbox.wix.place_order("v1", payment="PENDING")
    integration = connect_store(sandbox, "v1", account=account)
    change_settings(integration, payment_status=["paid"])
    work()
    return integration


def today(integration: Integration) -> dt.date:
    return timezone.now().astimezone(integration.account.zone).date()


def count(client: Client, integration: Integration) -> Any:
    day = today(integration).isoformat()
    sent = {"integration": integration.pk, "first": day, "last": day}
    answer = client.post(f"{LEDGER}count/", sent, follow=True)
    work()
    return answer


def lose(integration: Integration, sandbox: Sandbox, time_machine: Any) -> str:
    """An order of which nothing is known here and that no look at what changed shows any more; its number."""
    number = Order.objects.filter(store=integration.store).earliest("pk").number
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=20))
    sandbox.wix.place_order("v1")
    sync(integration)
    Order.objects.filter(number=number).delete()
    SeenOrder.objects.filter(number=number).delete()
    return number


def links(page: Any) -> list[str]:
    text = page.content.decode()
    return [part.split('"')[0].replace("&amp;", "&") for part in text.split('href="')[1:]]


# --- the table -------------------------------------------------------------------------------------------------------


def test_before_anything_is_counted_the_page_says_what_will_happen(client: Client, shop: Integration) -> None:
    text = words(client.get(LEDGER))

    assert "No day is counted yet" in text
    assert "Count days now" in text


def test_a_person_has_a_day_counted_and_every_number_leads_to_its_orders(client: Client, shop: Integration) -> None:
    said = words(count(client, shop))
    assert "1 day is counted now." in said
    assert "Being counted" in said

    page = client.get(LEDGER)

    row = LedgerDay.objects.get()
    assert (row.in_store, row.seen, row.imported, row.skipped, row.wanted_by) == (4, 4, 3, 1, "Ann Lee")
    assert_in_order(words(page), "MyShop", "4", "4", "3", "1", "payment status 1", "Adds up")
    tab = client.get(f"/a/shoes/integrations/{shop.pk}/ledger/")
    assert "Adds up" in words(tab)
    assert AuditEntry.objects.filter(code="ledger_asked", actor="Ann Lee").exists()

    numbers = {"imported": 3, "waiting": 3}
    of_orders = [one for one in links(page) if one.startswith("/a/shoes/orders/?") or "/orders/all" in one]
    assert len(of_orders) == len(numbers)
    for address in of_orders:
        listed = client.get(address)
        for order in Order.objects.all():
            assert order.number in words(listed), address
    [left_out] = [one for one in links(page) if "left-out" in one]
    text = words(client.get(left_out))
    pending = SeenOrder.objects.get(outcome="skipped")
    assert_in_order(text, "Left out on", pending.number, "Skipped", "Payment status")
    assert f"/a/shoes/orders/where/?q={pending.number}" in links(client.get(left_out))


def test_the_ledger_is_a_file_too(client: Client, shop: Integration) -> None:
    count(client, shop)

    sent = client.get(f"{LEDGER}?format=csv")

    head, line = b"".join(sent.streaming_content).decode().splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert row["Day"] == today(shop).isoformat()
    assert (row["Store"], row["In store"], row["Seen"], row["Imported"]) == ("MyShop", "4", "4", "3")
    assert (row["Skipped"], row["Skipped because"], row["Result"]) == ("1", "payment status 1", "Adds up")


def test_a_sum_that_does_not_add_up_is_marked_with_both_numbers(client: Client, shop: Integration) -> None:
    count(client, shop)
    LedgerDay.objects.update(in_store=6)

    text = words(client.get(LEDGER))

    assert "Does not add up" in text
    assert "The store shows 6, yet what was seen and the differences make 4." in text


def test_what_the_store_says_instead_of_an_answer_stands_in_the_row(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    day = today(shop)
    ask_for(shop, day, day, by="Ann", now=timezone.now())
    sandbox.wix.misbehave("error", "v1", path="orders/search", skip=1, count=None)
    work()

    assert "The store does not answer." in words(client.get(LEDGER))
    sandbox.wix.behave("v1")
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=3))
    tick()
    work()
    assert "Adds up" in words(client.get(LEDGER))


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (0, 40, "At most 31 days at once."),
        (3, 1, "The last day lies before the first one."),
        (400, 395, "are read from"),
    ],
)
def test_days_that_cannot_be_counted_are_refused_with_what_to_do(
    client: Client, shop: Integration, first: int, last: int, sentence: str
) -> None:
    days = [today(shop) - dt.timedelta(days=back) for back in (first, last)]
    if sentence.startswith(("At most", "are read")):
        days = sorted(days)
    if sentence.startswith("The last"):
        days = sorted(days, reverse=True)
    sent = {"integration": shop.pk, "first": days[0].isoformat(), "last": days[1].isoformat()}

    text = words(client.post(f"{LEDGER}count/", sent, follow=True))

    assert sentence in text
    assert not LedgerDay.objects.exists()


def test_who_may_only_look_counts_and_answers_nothing_and_a_stranger_finds_nothing(
    client: Client, viewer: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    lose(shop, sandbox, time_machine)
    count(client, shop)
    gap, gaps = LedgerGap.objects.get(), f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    assert "Count days now" not in words(viewer.get(LEDGER))
    assert viewer.post(f"{LEDGER}count/", {"integration": shop.pk}).status_code == 403
    for do in ("bring", "right"):
        assert viewer.post(gaps, {"do": do, "row": gap.pk}).status_code == 403

    other = make_account("hats")
    stranger = signed_in(make_user(other))
    assert "MyShop" not in words(stranger.get("/a/hats/orders/ledger/"))
    assert stranger.get(f"/a/hats/integrations/{shop.pk}/ledger/differences/").status_code == 404
    assert stranger.get(f"/a/hats/orders/ledger/{LedgerDay.objects.get().pk}/left-out/").status_code == 404
    sent = {"integration": shop.pk, "first": "2026-11-01", "last": "2026-11-01"}
    assert stranger.post("/a/hats/orders/ledger/count/", sent).status_code == 404
    gap.refresh_from_db()
    assert gap.closed_at is None


# --- differences -----------------------------------------------------------------------------------------------------


def test_an_order_that_never_came_in_stands_in_held_and_is_brought_in_from_there(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    number = lose(shop, sandbox, time_machine)
    count(client, shop)

    held = client.get("/a/shoes/held/")
    assert_in_order(words(held), "1 order is in MyShop but never came in", "Bring it in", "That is right")
    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    assert f"{gaps}?kind=not_here&is=open" in links(held)
    assert "1 never came in" in words(client.get(LEDGER))
    assert "1 order is in MyShop but never came in" in words(client.get("/a/shoes/"))

    sent = {"do": "bring", "all": "1", "query": "is=open&kind=not_here", "kind": "not_here"}
    waits = words(client.post(gaps, sent, follow=True))
    assert "MyShop is asked for 1 order now." in waits
    assert_in_order(waits, number, "It is read from the store now.")
    work()

    assert_in_order(words(client.get(gaps)), number, "Closed", "It came in.")
    assert Order.objects.filter(number=number).exists()
    assert "never came in" not in words(client.get("/a/shoes/held/"))
    assert "Adds up" in words(client.get(LEDGER))


def test_brought_in_an_order_may_be_left_out_with_its_reason_or_be_gone(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    first = lose(shop, sandbox, time_machine)
    second = lose(shop, sandbox, time_machine)
    count(client, shop)
    uids = dict(LedgerGap.objects.values_list("number", "uid"))
    sandbox.wix.change_order("v1", first, {"paymentStatus": "PENDING"})
    sandbox.wix.site("v1").orders.delete(uids[second])
    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    LedgerGap.objects.filter(number=first).update(asked_at=None)

    ids = list(LedgerGap.objects.values_list("pk", flat=True))
    client.post(gaps, {"do": "bring", "row": ids})
    work()

    text = words(client.get(gaps))
    assert_in_order(text, second, "The store says that it has no such order any more.", first)
    assert "It was left out because of payment status." in text
    assert not LedgerGap.objects.filter(closed_at=None).exists()


def test_a_person_says_that_it_is_right_with_a_note_and_who_and_when_stay_with_it(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    lose(shop, sandbox, time_machine)
    count(client, shop)
    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"

    sent = {"do": "right", "row": LedgerGap.objects.get().pk, "note": "A test order"}
    text = words(client.post(gaps, sent, follow=True))

    assert "1 order closed: it is right so." in text
    assert_in_order(text, "Ann Lee said that it is right.", "“A test order”, closed")
    assert "never came in" not in words(client.get("/a/shoes/held/"))
    entry = AuditEntry.objects.get(code="ledger_called_right")
    assert (entry.actor, entry.params["note"], entry.params["count"]) == ("Ann Lee", "A test order", 1)


def test_a_day_whose_differences_are_all_explained_adds_up_and_asks_nobody(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    lose(shop, sandbox, time_machine)
    count(client, shop)
    day = LedgerDay.objects.get().day
    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    assert "Differs" in words(client.get(LEDGER))
    assert "1 never came in" in words(client.get(f"{LEDGER}?differs=1"))
    assert "1 never came in" in words(client.get("/a/shoes/cards/ledger/"))
    assert f"{gaps}?kind=not_here&day_from={day}&day_to={day}&is=open" in links(client.get(LEDGER))

    client.post(gaps, {"do": "right", "row": LedgerGap.objects.get().pk, "note": "A test order"})

    page = client.get(LEDGER)
    assert_in_order(words(page), "Adds up", "1 explained")
    assert "Differs" not in words(page)
    assert "never came in" not in words(page)
    assert "Nothing matches" in words(client.get(f"{LEDGER}?differs=1"))
    card = words(client.get("/a/shoes/cards/ledger/"))
    assert "1 difference is explained" in card
    assert "never came in" not in card
    assert "wait for an answer" not in card
    [_, line] = b"".join(client.get(f"{LEDGER}?format=csv").streaming_content).decode().splitlines()
    assert line.endswith("Adds up (1 explained)")


def test_one_press_says_how_many_it_did_not_reach_and_the_next_goes_on_with_them(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [lose(shop, sandbox, time_machine) for _ in range(3)]
    count(client, shop)
    LedgerGap.objects.update(asked_at=None)
    monkeypatch.setattr(ledger_gaps, "AT_ONCE", {"bring": 2, "right": 2})
    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    every = {"all": "1", "query": "is=open&kind=not_here", "kind": "not_here"}

    first = words(client.post(gaps, {**every, "do": "bring"}, follow=True))
    assert "MyShop is asked for 2 orders now." in first
    assert "1 more order has not been asked for yet: press again to go on." in first
    second = words(client.post(gaps, {**every, "do": "bring"}, follow=True))
    assert "press again" not in second
    assert not LedgerGap.objects.filter(asked_at=None).exists()

    closed = words(client.post(gaps, {**every, "do": "right"}, follow=True))
    assert "2 orders closed: it is right so. 1 more order is still open: press again to go on." in closed
    closed = words(client.post(gaps, {**every, "do": "right"}, follow=True))
    assert "1 order closed: it is right so." in closed
    assert "press again" not in closed
    assert LedgerGap.objects.filter(number__in=numbers, closed_by="Ann Lee").count() == 3


def test_the_columns_say_what_they_count(client: Client, shop: Integration) -> None:
    """Canceled orders and such of which nothing ships are one number; a store need not be told of what is done."""
    Order.objects.filter(pk=Order.objects.earliest("pk").pk).update(state="nothing_to_ship")
    count(client, shop)

    page = client.get(LEDGER)

    assert_in_order(words(page), "Shipped", "Done", "For the record", "Result")
    assert "Canceled or refunded, or nothing in it ships." in words(page)
    [address] = [one for one in links(page) if "state=nothing_to_ship" in one]
    assert "state=canceled" in address
    assert Order.objects.get(state="nothing_to_ship").number in words(client.get(address))


def test_a_difference_that_nobody_answers_becomes_an_alert_and_ends_with_it(
    client: Client, shop: Integration, sandbox: Sandbox, time_machine: Any
) -> None:
    AlertSettings.objects.create(account=shop.account, gap_hours=6, stale=False)
    lose(shop, sandbox, time_machine)
    count(client, shop)
    time_machine.move_to(timezone.now() + dt.timedelta(hours=5))
    look(timezone.now())
    assert not Alert.objects.filter(kind="gap").exists()

    time_machine.move_to(timezone.now() + dt.timedelta(hours=2))
    look(timezone.now())
    assert Alert.objects.get(kind="gap", closed_at=None).store == shop.store
    page = words(client.get("/a/shoes/settings/alerts/"))
    assert "MyShop: not every order adds up" in page

    gaps = f"/a/shoes/integrations/{shop.pk}/ledger/differences/"
    client.post(gaps, {"do": "right", "row": LedgerGap.objects.get().pk})
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=5))
    look(timezone.now())
    assert not Alert.objects.filter(kind="gap", closed_at=None).exists()
    form = client.get("/a/shoes/settings/alerts/settings/")
    assert "The ledger shows a difference" in words(form)


def test_the_dashboard_sums_up_the_last_day_that_was_counted(client: Client, shop: Integration) -> None:
    count(client, shop)

    card = words(client.get("/a/shoes/cards/ledger/"))

    assert "your store shows 4 orders: 3 came in, 1 was left out with a reason, none is missing" in card


def test_the_table_asks_the_database_the_same_however_many_days_it_shows(
    client: Client, shop: Integration, django_assert_max_num_queries: Any
) -> None:
    count(client, shop)
    client.get(LEDGER)
    [row] = LedgerDay.objects.all()
    for _ in range(1, 30):
        row.pk, row.day = None, row.day - dt.timedelta(days=1)
        row.save(force_insert=True)

    with django_assert_max_num_queries(30):
        assert words(client.get(LEDGER)).count("Adds up") == 30

"""Who takes care of a group, what is noted of it, and until when it is left out of the list."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.roles import Role
from inventory.models import Product
from mappings.models import ShipMethod
from orders.causes import cause_of
from orders.held_groups import shelves
from orders.holds import HoldKind
from orders.models import HeldGroup, Hold, OrderRule
from tests.build import NOW, make_user
from tests.orders.shop import Shop, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def word(title):
    return ShipMethod.objects.get(title=title)


def keep(shop, title, client=None, **fields):
    data = {"kind": "ship_code", "cause": str(word(title).pk), "owner": "", "note": "", "snooze": "", **fields}
    return (client or shop.client()).post(shop.url("keep_group"), data, follow=True)


def listed(shop, client=None, **query):
    page = (client or shop.client()).get(shop.url("held"), query)
    return [card["cause"].word for card in page.context["causes"]]


def snoozed_words(shop, now):
    return [cause.cause for cause in shelves(shop.account, now).snoozed]


def test_a_snoozed_group_leaves_the_list_and_comes_back_by_itself(shop):
    shop.order(ship="std-eu")
    shop.order(ship="express")

    page = keep(shop, "std-eu", snooze="tomorrow")

    assert "It comes back on" in text_of(page)
    assert listed(shop) == ["express"]
    assert listed(shop, show="snoozed") == ["std-eu"]
    assert "Snoozed 1" in text_of(shop.client().get(shop.url("held")))
    group = HeldGroup.objects.get()
    assert snoozed_words(shop, group.snoozed_until) == []


def test_a_snoozed_group_comes_back_at_once_when_its_number_doubles(shop):
    for _ in range(2):
        shop.order(ship="std-eu")
    keep(shop, "std-eu", snooze="week")

    shop.order(ship="std-eu")
    assert listed(shop) == []
    shop.order(ship="std-eu")

    text = text_of(shop.client().get(shop.url("held")))
    assert listed(shop) == ["std-eu"]
    assert "Back: twice as many wait" in text


def test_the_dashboard_leaves_out_what_is_snoozed(shop):
    for _ in range(3):
        shop.order(ship="std-eu")
    home, live = f"/a/{shop.account.slug}/", {"HX-Request": "true"}
    assert "3 orders wait for one missing ship code" in text_of(shop.client().get(home, headers=live))

    keep(shop, "std-eu", snooze="tomorrow")

    assert "std-eu" not in text_of(shop.client().get(home, headers=live))


@pytest.mark.parametrize(
    ("snooze", "day", "until"),
    [
        ("tomorrow", "", "2026-11-24 08:00"),
        ("week", "", "2026-11-30 08:00"),
        ("day", "2026-12-24", "2026-12-24 08:00"),
    ],
)
def test_until_when_is_said_in_the_accounts_zone(shop, snooze, day, until):
    from orders.group_forms import GroupForm

    shop.account.tz = "America/New_York"
    with timezone.override("America/New_York"):
        monday = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)  # still Monday there
        form = GroupForm(shop.account, monday, {"snooze": snooze, "day": day})
        assert form.is_valid()
        assert f"{timezone.localtime(form.cleaned_data['until']):%Y-%m-%d %H:%M}" == until


@pytest.mark.parametrize("day", ["", "2020-01-01", "x"])
def test_a_day_that_is_over_or_none_is_refused(shop, day):
    shop.order(ship="std-eu")

    page = keep(shop, "std-eu", snooze="day", day=day)

    assert "error" in page.content.decode()
    assert not HeldGroup.objects.exists()


def test_a_group_has_an_owner_a_note_and_who_said_so(shop):
    shop.order(ship="std-eu")
    shop.order(ship="express")
    bob = make_user(shop.account, Role.OPERATOR, first_name="Bob", last_name="Ray")
    ann = make_user(shop.account, Role.OPERATOR, first_name="Ann", last_name="Lee")
    client = shop.client()
    client.force_login(ann)

    keep(shop, "std-eu", client, owner=str(bob.pk), note="Asked the warehouse")
    text = text_of(client.get(shop.url("held")))

    assert "Bob Ray Asked the warehouse Ann Lee," in text
    assert listed(shop, client, show="mine") == []
    client.force_login(bob)
    assert listed(shop, client, show="mine") == ["std-eu"]
    assert "Mine 1" in text_of(client.get(shop.url("held")))


def test_nobody_of_another_account_becomes_its_owner(shop):
    shop.order(ship="std-eu")
    stranger = make_user(first_name="Mallory")

    page = keep(shop, "std-eu", owner=str(stranger.pk))

    assert "Mallory" not in text_of(page)
    assert not HeldGroup.objects.exists()


def test_a_viewer_notes_nothing_and_a_strangers_group_is_not_here(shop, monkeypatch):
    shop.order(ship="std-eu")
    other = Shop(monkeypatch)
    other.order(ship="theirs")

    assert keep(shop, "std-eu", shop.client(Role.VIEWER), note="x").status_code == 403
    assert keep(shop, "theirs", note="x").status_code == 404
    assert not HeldGroup.objects.exists()


@pytest.mark.parametrize(
    ("kind", "address", "words"),
    [
        ("preorder", "products/{product}/", "Sold ahead: MUG"),
        ("customs", "products/{product}/", "Customs data missing: MUG"),
        ("ship_method", "mappings/ship-codes/{ship}/", "Shipping option to look at: Standard"),
        ("rule", "settings/rules/{rule}/", "Held by a rule: Large orders"),
    ],
)
def test_a_group_names_what_it_is_about_and_leads_there(shop, kind, address, words):
    order = shop.order()
    rule = OrderRule.objects.create(account=shop.account, name="Large orders", changed_at=NOW, changed_by="Ann")
    ids = {"product": Product.objects.get().pk, "ship": word("Standard").pk, "rule": rule.pk}
    cause = str(ids[address.split("{")[1].split("}")[0]])
    Hold.objects.create(
        account=shop.account, order=order, kind=kind, cause=cause, params={"word": "x"}, placed_at=NOW, placed_by="x"
    )

    page = shop.client().get(shop.url("held"))

    assert f"1 order · {words}" in text_of(page)
    assert f'href="/a/{shop.account.slug}/{address.format(**ids)}"' in page.content.decode()
    assert "Lift for all" in text_of(page)


def test_the_page_costs_as_many_statements_for_many_groups_as_for_few(shop):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, taken = shop.client(), []
    for number in (4, 14):
        for n in range(number):
            shop.order(ship=f"word {number} {n}")
        keep(shop, f"word {number} 0", snooze="tomorrow")
        keep(shop, f"word {number} 1", owner="", note="Seen")
        client.get(shop.url("held"))
        with CaptureQueriesContext(connection) as found:
            client.get(shop.url("held"))
        taken.append(len(found))

    assert taken[1] <= taken[0]
    assert cause_of(shop.account, HoldKind.SHIP_CODE, str(word("word 4 0").pk))

"""Versions of mappings: who, when, what before and after, why; compared, taken back, and what each decided."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from fcp.models import Account, Store
from fcp.roles import Role
from mappings.errors import ChangedMeanwhile, MappingError
from mappings.mapping import (
    forget_carrier,
    hold_option,
    map_listing,
    map_location,
    map_ship_method,
    name_carrier,
)
from mappings.models import CarrierOut, Listing, Location, MappingChange, ShipMethod
from mappings.versions import meanings_of, undo_batch, undo_change, undo_of, versions_of
from tests.build import (
    NOW,
    make_account,
    make_listing,
    make_location,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
)

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def account() -> Account:
    return make_account("shoes", name="Shoes Ltd")


@pytest.fixture
def store(account: Account) -> Store:
    return make_store(account, name="Main street")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account, Role.OPERATOR)


def signed_in(account: Account, role: Role) -> Client:
    client = Client()
    client.force_login(make_user(account, role, first_name="Ann", last_name="Lee"))
    return client


def url(page: str = "") -> str:
    return f"/a/shoes/mappings/changes/{page}"


def code_of(row: ShipMethod) -> str:
    return ShipMethod.objects.get(pk=row.pk).target


def words(response: Any) -> str:
    from tests.orders.shop import text_of

    return text_of(response)


# --- what is kept ----------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-19")
def test_each_change_has_its_version_who_when_before_after_and_why(store: Store) -> None:
    row = make_ship_method(store)

    map_ship_method(row, "GROUND", by="Ann", now=NOW)
    map_ship_method(row, "EXPRESS", carrier="UPS", by="Bob", now=NOW + HOUR, why="The contract changed")
    map_ship_method(row, "EXPRESS", carrier="UPS", by="Eve", now=NOW + HOUR)

    kept = MappingChange.objects.order_by("pk").values_list("version", "by", "at", "why", "store")
    assert list(kept) == [(1, "Ann", NOW, "", store.pk), (2, "Bob", NOW + HOUR, "The contract changed", store.pk)]
    assert {number: of["target"] for number, of in meanings_of(row).items()} == {0: "", 1: "GROUND", 2: "EXPRESS"}
    assert [one.number for one in versions_of(row)] == [2, 1, 0]


def test_a_row_knows_what_it_meant_under_each_version_whichever_field_changed(store: Store) -> None:
    row = make_ship_method(store)
    map_ship_method(row, "GROUND", by="Ann", now=NOW)
    hold_option(row, True, by="Ann", now=NOW)
    map_ship_method(row, "EXPRESS", by="Ann", now=NOW)

    found = {number: (of["target"], of["hold"]) for number, of in meanings_of(row).items()}

    assert found == {0: ("", False), 1: ("GROUND", False), 2: ("GROUND", True), 3: ("EXPRESS", True)}


# --- taking one change back ------------------------------------------------------------------------------------------


def test_every_kind_of_change_goes_back_to_what_it_was_before(store: Store) -> None:
    product, house = make_product(store.account, "MUG"), make_warehouse(store.account)
    ship, listing, place = make_ship_method(store), make_listing(store, "M"), make_location(store, "loft")
    changes = [
        map_ship_method(ship, "GROUND", carrier="UPS", service="Ground", by="Ann", now=NOW),
        hold_option(ship, True, by="Ann", now=NOW),
        map_listing(listing, product, units=6, by="Ann", now=NOW),
        map_location(place, house, by="Ann", now=NOW),
        name_carrier(store, "GLS", "GLS Germany", by="Ann", now=NOW),
    ]

    for change in changes:
        assert change is not None
        assert undo_change(change, "Bob", NOW) is not None
        assert undo_change(change, "Bob", NOW) is None

    ship.refresh_from_db()
    assert (ship.target, ship.target_carrier, ship.hold) == ("", "", False)
    assert Listing.objects.values_list("product", "units").get() == (None, 1)
    assert Location.objects.get().warehouse is None
    assert not CarrierOut.objects.exists()
    last = MappingChange.objects.filter(table="listing").first()
    assert last
    assert (last.by, last.why, last.version) == ("Bob", "Taken back.", 2)


def test_a_carrier_name_that_was_removed_comes_back_with_its_history(store: Store) -> None:
    name_carrier(store, "GLS", "GLS Germany", "https://gls.example/{number}", by="Ann", now=NOW)
    row = CarrierOut.objects.get()
    gone = forget_carrier(row, by="Ann", now=NOW)

    undo_change(gone, "Bob", NOW)

    back = CarrierOut.objects.get()
    assert (back.pk, back.name, back.link) == (gone.row, "GLS Germany", "https://gls.example/{number}")
    assert [one.number for one in versions_of(back)] == [3, 2, 1, 0]


def test_what_somebody_changed_since_is_not_taken_back(store: Store) -> None:
    row = make_ship_method(store)
    first = map_ship_method(row, "GROUND", by="Ann", now=NOW)
    map_ship_method(row, "EXPRESS", by="Bob", now=NOW)

    with pytest.raises(ChangedMeanwhile):
        undo_change(first, "Ann", NOW)  # type: ignore[arg-type]

    hold_option(row, True, by="Bob", now=NOW)
    second = MappingChange.objects.get(version=2)
    undo_change(second, "Ann", NOW)  # a change of something else is none of this
    assert code_of(row) == "GROUND"


def test_a_product_that_is_gone_cannot_be_meant_again(store: Store) -> None:
    old, new = make_product(store.account, "OLD"), make_product(store.account, "NEW")
    row = make_listing(store, "M", old)
    change = map_listing(row, new, by="Ann", now=NOW)
    old.delete()

    with pytest.raises(MappingError, match="no longer there"):
        undo_change(change, "Ann", NOW)  # type: ignore[arg-type]
    row.refresh_from_db()
    assert row.product == new


def test_two_persons_who_change_one_row_at_once_leave_one_change_each_or_one_refusal(store: Store) -> None:
    row = make_ship_method(store)
    read = row.version
    map_ship_method(ShipMethod.objects.get(), "GROUND", by="Ann", now=NOW)

    with pytest.raises(ChangedMeanwhile):
        map_ship_method(row, "EXPRESS", by="Bob", now=NOW, only_at=read)

    assert code_of(row) == "GROUND"
    assert MappingChange.objects.count() == 1


# --- taking a batch back ---------------------------------------------------------------------------------------------


def test_a_batch_goes_back_but_for_what_was_changed_since_page_by_page_and_twice(store: Store) -> None:
    rows = [make_ship_method(store, f"Option {n}", "OLD") for n in range(5)]
    for row in rows:
        map_ship_method(row, "NEW", by="Ann", now=NOW, batch="file-1")
    map_ship_method(rows[0], "NEWER", by="Ann", now=NOW, batch="file-1")
    map_ship_method(rows[2], "MINE", by="Bob", now=NOW)

    pages, after = [], 0
    while True:
        pages.append(undo_batch(store.account, "file-1", "Ann", NOW, after=after, most=2))
        after = pages[-1].last
        if not pages[-1].more:
            break

    assert [code_of(row) for row in rows] == ["OLD", "OLD", "MINE", "OLD", "OLD"]
    assert sum(page.done for page in pages) == 4
    (left,) = [one for page in pages for one in page.left]
    assert (left.word, left.why) == ("Option 2", "Somebody has changed it since.")
    again = undo_batch(store.account, "file-1", "Ann", NOW)
    assert (again.done, again.already, len(again.left)) == (0, 4, 1)

    undo_batch(store.account, undo_of("file-1"), "Ann", NOW)
    assert [code_of(row) for row in rows] == ["NEWER", "NEW", "MINE", "NEW", "NEW"]


def test_a_batch_of_another_account_is_not_there(store: Store) -> None:
    row = make_ship_method(store)
    map_ship_method(row, "NEW", by="Ann", now=NOW, batch="file-1")

    assert undo_batch(make_account(), "file-1", "Eve", NOW).done == 0
    assert code_of(row) == "NEW"


# --- the pages -------------------------------------------------------------------------------------------------------


def test_changes_are_listed_filtered_searched_and_exported(client: Client, store: Store) -> None:
    other = make_store(store.account, name="Outlet")
    map_ship_method(make_ship_method(store, "Air"), "EXPRESS", by="Ann", now=NOW, why="Agreed", batch="b1")
    map_ship_method(make_ship_method(other, "Snail"), "GROUND", by="Bob", now=NOW + 48 * HOUR)
    map_listing(make_listing(store, "MUG-1"), make_product(store.account, "MUG"), by="Bob", now=NOW)

    def shown(**query: Any) -> list[str]:
        return [row.word for row in client.get(url(), query).context["list"].rows]

    assert shown() == ["MUG-1", "Snail", "Air"]
    assert shown(store=other.pk) == ["Snail"]
    assert shown(table="listing") == ["MUG-1"]
    assert shown(by="Bob") == ["MUG-1", "Snail"]
    assert shown(batch="b1") == ["Air"]
    assert shown(at_from="2026-11-21") == ["Snail"]
    assert shown(q="mug") == ["MUG-1"]
    assert shown(q="%") == []
    file = b"".join(client.get(url(), {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "Air,2026-11-20 12:00,Ship code,Main street,,EXPRESS,Ann,Agreed,1,b1" in file


def test_the_list_asks_as_much_for_fifty_changes_as_for_one(
    client: Client, store: Store, django_assert_max_num_queries: Any
) -> None:
    for n in range(50):
        map_ship_method(make_ship_method(store, f"Option {n}"), "GROUND", by="Ann", now=NOW)

    with django_assert_max_num_queries(30):
        assert len(client.get(url()).context["list"].rows) == 50


def test_two_versions_of_a_row_stand_side_by_side(client: Client, store: Store) -> None:
    row = make_ship_method(store)
    map_ship_method(row, "GROUND", carrier="UPS", by="Ann", now=NOW)
    map_ship_method(row, "EXPRESS", carrier="UPS", by="Ann", now=NOW)
    last = MappingChange.objects.get(version=2)

    page = client.get(url(f"{last.pk}/"), {"old": 0, "new": 2})

    assert page.context["lines"] == [("Ship code", "–", "EXPRESS"), ("Carrier", "–", "UPS")]
    assert client.get(url(f"{last.pk}/"), {"old": "x", "new": 99}).context["lines"] == [
        ("Ship code", "GROUND", "EXPRESS")
    ]


def test_as_it_was_at_a_moment_beside_what_it_means_now(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Air")
    map_ship_method(row, "GROUND", by="Ann", now=NOW)
    map_ship_method(row, "EXPRESS", by="Ann", now=NOW + 2 * HOUR)
    map_ship_method(row, "NIGHT", by="Ann", now=NOW + 3 * HOUR)
    map_ship_method(make_ship_method(store, "Old"), "GROUND", by="Ann", now=NOW - 48 * HOUR)

    page = client.get(url("then/"), {"day": "2026-11-20", "time": "13:00"})

    assert [(one.word, one.was, one.became) for one in page.context["list"].rows] == [("Air", "GROUND", "NIGHT")]
    assert client.get(url("then/"), {"day": "nonsense", "time": "99"}).status_code == 200
    Account.objects.update(time_zone="Europe/Berlin")
    assert client.get(url("then/"), {"day": "0001-01-01"}).status_code == 200


def test_a_change_is_taken_back_by_a_press_and_says_what_stays(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Air", "GROUND")
    change = map_ship_method(row, "EXPRESS", by="Ann", now=NOW)

    page = client.post(url(f"{change.pk}/undo/"), follow=True)  # type: ignore[union-attr]

    assert code_of(row) == "GROUND"
    assert "Taken back. Orders that no warehouse has taken follow." in words(page)
    map_ship_method(row, "NIGHT", by="Bob", now=NOW)
    page = client.post(url(f"{change.pk}/undo/"), follow=True)  # type: ignore[union-attr]
    assert "It stays as it is. Somebody has changed it since." in words(page)
    assert code_of(row) == "NIGHT"


def test_what_was_changed_together_goes_back_together(client: Client, store: Store) -> None:
    rows = [make_ship_method(store, f"Option {n}", "OLD") for n in range(3)]
    for row in rows:
        map_ship_method(row, "NEW", by="Ann", now=NOW, batch="b1")
    map_ship_method(rows[1], "MINE", by="Bob", now=NOW)
    assert "Take all of them back" in words(client.get(url(), {"batch": "b1"}))
    assert "Take back 3 changes" in words(client.get(url("back/"), {"batch": "b1"}))

    page = words(client.post(url("back/"), {"batch": "b1"}, follow=True))

    assert "2 changes are taken back by Ann Lee." in page
    assert "Option 1 Somebody has changed it since." in page
    assert [code_of(row) for row in rows] == ["OLD", "MINE", "OLD"]
    assert client.get(url("back/"), {"batch": "nothing"}).status_code == 404


def test_whoever_may_only_look_takes_nothing_back(account: Account, store: Store) -> None:
    row = make_ship_method(store)
    change = map_ship_method(row, "EXPRESS", by="Ann", now=NOW, batch="b1")
    viewer = signed_in(account, Role.VIEWER)

    assert viewer.get(url()).status_code == 200
    assert viewer.post(url(f"{change.pk}/undo/")).status_code == 403  # type: ignore[union-attr]
    assert viewer.post(url("back/"), {"batch": "b1"}).status_code == 403
    assert code_of(row) == "EXPRESS"


def test_the_reason_that_a_person_types_stands_in_the_history(client: Client, store: Store) -> None:
    row = make_location(store, "loft")
    house = make_warehouse(store.account, name="Nord")

    client.post(f"/a/shoes/mappings/locations/{row.pk}/", {"target": house.pk, "why": "We moved"})

    change = MappingChange.objects.get()
    assert change.why == "We moved"
    assert "We moved" in words(client.get(url(f"{change.pk}/")))

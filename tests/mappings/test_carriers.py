"""Carriers that go out, by the same pages as the words that come in: in place, many at once, suggested, taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from fcp.models import Account, Store
from fcp.roles import Role
from integrations.connectors import connector_class
from integrations.models import Integration, SettingsVersion
from integrations.settings_document import defaults
from mappings.carriers_seen import note_carriers
from mappings.models import CarrierOut, MappingChange
from mappings.suggestions import Before, NameBook
from tests.build import NOW, make_account, make_store, make_user
from tests.integrations.pages.reading import assert_in_order, words

HTMX = {"HX-Request": "true"}
WIX = ("FedEx", "UPS", "USPS", "DHL", "Canada Post")


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes")


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


def url(page: str) -> str:
    return f"/a/shoes/mappings/{page}"


def make_carrier(store: Store, carrier: str, name: str = "", *, seen: bool = True, **more: Any) -> CarrierOut:
    when = {"first_seen_at": NOW, "last_seen_on": NOW.date()} if seen else {}
    return CarrierOut.objects.create(
        account_id=store.account_id, store=store, carrier=carrier, name=name, **when, **more
    )


def named() -> dict[str, str]:
    return dict(CarrierOut.objects.values_list("carrier", "name"))


def shown(client: Client, page: str = "carriers/", **query: object) -> list[Any]:
    return list(client.get(url(page), query).context["list"].rows)  # type: ignore[arg-type]


# --- seen ------------------------------------------------------------------------------------------------------------


def test_a_carrier_is_listed_from_the_first_shipment_on_and_keeps_its_days(store: Store) -> None:
    make_carrier(store, "By hand", "x", seen=False)

    note_carriers(store, ["GLS", "gls", "", "by hand"], NOW)
    note_carriers(store, ["Gls"], NOW + dt.timedelta(days=2))

    rows = {row.carrier.casefold(): row for row in CarrierOut.objects.all()}
    assert set(rows) == {"by hand", "gls"}
    gls = rows["gls"]
    assert (gls.name, gls.version, gls.first_seen_at, gls.last_seen_on) == (
        "", 0, NOW, (NOW + dt.timedelta(days=2)).date()
    )  # fmt: skip
    assert (rows["by hand"].name, rows["by hand"].first_seen_at) == ("x", NOW)


def test_carriers_seen_on_the_same_day_cost_no_write(store: Store, django_assert_num_queries: Any) -> None:
    note_carriers(store, ["GLS", "DHL"], NOW)

    with django_assert_num_queries(1):
        note_carriers(store, ["dhl", "GLS"], NOW)


# --- the list --------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "TECH-38")
def test_carriers_without_a_name_come_first_and_all_are_searched_and_filtered(client: Client, store: Store) -> None:
    other = make_store(store.account, name="Outlet")
    new = make_carrier(store, "GLS Germany")
    make_carrier(store, "DHL", "dhl-de", link="https://dhl.example/{number}")
    make_carrier(other, "UPS", "gls-like")

    assert [row.pk for row in shown(client)] == [new.pk]
    assert [row.carrier for row in shown(client, "carriers/all/")] == ["DHL", "GLS Germany", "UPS"]
    assert [row.carrier for row in shown(client, "carriers/all/", q="gls")] == ["GLS Germany", "UPS"]
    assert [row.carrier for row in shown(client, "carriers/all/", store=other.pk)] == ["UPS"]
    assert [row.carrier for row in shown(client, "carriers/all/", target="DHL-DE")] == ["DHL"]
    assert [row.carrier for row in shown(client, "carriers/all/", linked="1")] == ["DHL"]
    page = client.get(url("carriers/"))
    assert "Orders waiting" not in words(page)
    assert "20 Nov 2026 first 20 Nov 2026" in words(page)

    CarrierOut.objects.update(name="x")

    assert len(shown(client)) == 3  # nothing to name: all of it


def test_a_list_of_carriers_costs_the_same_however_many(
    client: Client, store: Store, django_assert_max_num_queries: Any
) -> None:
    def load() -> int:
        with django_assert_max_num_queries(60) as asked:
            client.get(url("carriers/"))
        return len(asked)

    make_carrier(make_store(store.account, name="Outlet"), "Old", "older")
    for n in range(3):
        make_carrier(store, f"GLS {n}")
    load()  # what is read once for the person
    few = load()
    for n in range(30):
        make_carrier(store, f"DPD {n}")

    assert load() == few


# --- in place --------------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-38")
def test_a_carrier_is_named_in_its_row_with_its_history_and_that_is_taken_back(client: Client, store: Store) -> None:
    row = make_carrier(store, "GLS Germany")
    sent = {"target": "GLS", "link": "https://gls.example/{number}", "why": "Its links work"}

    answer = client.post(url(f"carriers/{row.pk}/"), sent, headers=HTMX)

    part = answer.content.decode()
    assert part.lstrip().startswith("<tr")
    assert "goes to Main street under GLS from now on." in part
    row.refresh_from_db()
    assert (row.name, row.link, row.version) == ("GLS", "https://gls.example/{number}", 1)
    change = MappingChange.objects.get()
    assert (change.by, change.why, change.version) == ("Ann Lee", "Its links work", 1)
    page = words(client.get(url(f"carriers/{row.pk}/")))
    assert_in_order(page, "Goes out as", "GLS", "https://gls.example/{number}", "Mapped to GLS.", "version 1")
    compared = words(client.get(url(f"changes/{change.pk}/")))
    assert_in_order(compared, "Name for the store", "GLS", "Tracking link", "https://gls.example/{number}")

    client.post(url(f"changes/{change.pk}/undo/"))

    row.refresh_from_db()
    assert (row.name, row.link, row.version) == ("", "", 2)


def test_an_emptied_name_lets_the_carriers_own_go_out_and_the_row_stays(client: Client, store: Store) -> None:
    row = make_carrier(store, "GLS", "gls-de", seen=False, link="https://gls.example/{number}")

    answer = client.post(url(f"carriers/{row.pk}/"), {"target": "", "link": ""}, headers=HTMX)

    assert "goes to Main street under its own name from now on." in answer.content.decode()
    row.refresh_from_db()
    assert (row.name, row.link) == ("", "")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"target": "GLS", "link": "javascript:{number}"}, "begins with https://"),
        ({"target": "GLS", "link": "https://gls.example/"}, "Write {number} where the tracking number belongs."),
        ({"target": "", "link": "https://gls.example/{number}"}, "Give the name that goes with the link"),
        ({"target": "x" * 101, "link": ""}, "at most 100 characters"),
    ],
)
def test_what_would_lead_nowhere_is_refused_in_place(
    client: Client, store: Store, sent: dict[str, str], sentence: str
) -> None:
    row = make_carrier(store, "GLS", "gls-de")

    answer = client.post(url(f"carriers/{row.pk}/"), sent, headers=HTMX)

    assert sentence in answer.content.decode()
    row.refresh_from_db()
    assert (row.name, row.version) == ("gls-de", 0)


def test_a_row_that_says_nothing_of_the_link_keeps_it(client: Client, store: Store) -> None:
    row = make_carrier(store, "GLS", "gls", link="https://gls.example/{number}")

    client.post(url(f"carriers/{row.pk}/"), {"target": "GLS DE"}, headers=HTMX)

    row.refresh_from_db()
    assert (row.name, row.link) == ("GLS DE", "https://gls.example/{number}")


def test_a_carrier_that_shipments_use_stays_when_its_name_is_removed(client: Client, store: Store) -> None:
    row = make_carrier(store, "GLS", "gls-de")
    assert "Remove this name?" not in client.get(url(f"carriers/{row.pk}/")).content.decode()

    client.post(url(f"carriers/{row.pk}/remove/"))

    assert named() == {"GLS": ""}


def test_a_carrier_that_is_listed_without_a_name_can_be_added(client: Client, store: Store) -> None:
    make_carrier(store, "GLS")

    client.post(url("carriers/add/"), {"store": store.pk, "carrier": "gls", "name": "gls-de", "link": ""})

    assert named() == {"GLS": "gls-de"}


# --- many at once ----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "TECH-38")
def test_chosen_carriers_get_one_name_after_a_look_and_go_back_together(client: Client, store: Store) -> None:
    rows = [make_carrier(store, title) for title in ("GLS Germany", "GLS Austria")]
    kept = make_carrier(store, "GLS Italy", "gls-it", link="https://it.example/{number}")
    make_carrier(store, "DHL")
    chosen = {"row": [row.pk for row in (*rows, kept)], "target": "GLS", "link": "", "of_tab": "all"}

    look = words(client.post(url("carriers/many/"), chosen))

    assert "3 carriers" in look
    assert "Shipments that stores are told of from now on carry it" in look
    assert "Orders waiting" not in look
    assert named()["GLS Germany"] == ""

    client.post(url("carriers/many/"), {**chosen, "confirmed": "3"})

    assert named() == {"GLS Germany": "GLS", "GLS Austria": "GLS", "GLS Italy": "GLS", "DHL": ""}
    kept.refresh_from_db()
    assert kept.link == "https://it.example/{number}"
    (batch,) = set(MappingChange.objects.values_list("batch", flat=True))
    assert batch
    listed = words(client.get(url("changes/"), {"batch": batch}))
    assert_in_order(listed, "GLS Italy", "Carrier", "gls-it")

    client.post(url("undo/"), {"batch": batch})

    assert named() == {"GLS Germany": "", "GLS Austria": "", "GLS Italy": "gls-it", "DHL": ""}


def test_a_link_is_set_for_many_and_a_name_is_asked_for(client: Client, store: Store) -> None:
    row = make_carrier(store, "GLS", "gls")
    chosen = {"row": row.pk, "of_tab": "all", "confirmed": "1"}

    assert "Choose the name for the store first." in words(client.post(url("carriers/many/"), chosen))
    client.post(url("carriers/many/"), {**chosen, "target": "gls", "link": "https://gls.example/{number}"})

    row.refresh_from_db()
    assert (row.name, row.link) == ("gls", "https://gls.example/{number}")


# --- suggestions -----------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "TECH-38")
def test_a_carriers_name_is_suggested_with_its_reason(client: Client, store: Store) -> None:
    outlet = make_store(store.account, name="Outlet")
    make_carrier(outlet, "Bike Post", "City bikes")
    for title in ("Bike Post", "dhl", "United Parcel Service", "Nobody knows"):
        make_carrier(store, title)

    found = {row.carrier: row.suggestion for row in shown(client, store=store.pk)}

    assert (found["Bike Post"].value, found["Bike Post"].reason) == (
        "City bikes", "You chose City bikes for “Bike Post” on Outlet."
    )  # fmt: skip
    assert (found["dhl"].value, found["dhl"].reason) == ("DHL", "It has the same name: “DHL”.")
    assert found["United Parcel Service"].value == "UPS"
    assert found["United Parcel Service"].reason == "“United Parcel Service” is a usual name of UPS."
    assert found["Nobody knows"] is None
    assert named()["dhl"] == ""  # never applied by itself


def test_what_a_carrier_was_called_before_is_suggested_again(client: Client, store: Store) -> None:
    row = make_carrier(store, "Nobody knows")
    client.post(url(f"carriers/{row.pk}/"), {"target": "NK", "link": ""})
    client.post(url(f"carriers/{row.pk}/"), {"target": "", "link": ""})

    (found,) = shown(client)

    assert (found.suggestion.value, found.suggestion.reason) == ("NK", "You chose NK for it before.")
    assert found.form["target"].value() == "NK"


def test_another_platforms_name_is_suggested_only_where_the_store_may_know_it() -> None:
    elsewhere = [Before("dhl_paket", "DHL Paket", "Outlet", platform="ecwid"), Before("UPS", "Brown", "Outlet")]

    assert NameBook("wix", WIX, elsewhere).find("DHL Paket").value == "DHL"  # type: ignore[union-attr]
    assert NameBook("ecwid", (), elsewhere).find("DHL Paket").value == "dhl_paket"  # type: ignore[union-attr]
    assert NameBook("wix", WIX, elsewhere).find("Brown").value == "UPS"  # type: ignore[union-attr]
    assert NameBook("ecwid", (), []).find("Deutsche Post DHL").value == "DHL"  # type: ignore[union-attr]
    assert NameBook("wix", WIX, []).find("GLS") is None
    gls = NameBook("wix", WIX, [Before("gls-de", "GLS Germany", "Outlet", platform="ecwid")]).find("GLS Germany")
    assert gls is not None  # nothing of its own: what another store was told
    assert gls.reason == "You chose gls-de for “GLS Germany” on Outlet."


def test_two_choices_for_one_carrier_are_no_suggestion() -> None:
    before = [Before("a", "Bike Post", "One", platform="wix"), Before("b", "Bike Post", "Two", platform="wix")]

    assert NameBook("wix", WIX, before).find("Bike Post") is None


def test_suggested_names_are_used_together_and_only_the_ones_left_ticked(client: Client, store: Store) -> None:
    for title in ("dhl", "fedex", "Nobody knows"):
        make_carrier(store, title, link="")
    page = client.get(url("carriers/suggestions/"))
    rows = {row.carrier: row for row in page.context["rows"]}
    assert set(rows) == {"dhl", "fedex"}
    assert "Orders waiting" not in words(page)

    client.post(url("carriers/suggestions/"), {"row": rows["dhl"].pk, f"value-{rows['dhl'].pk}": "DHL"})

    assert named() == {"dhl": "DHL", "fedex": "", "Nobody knows": ""}
    assert MappingChange.objects.get().batch != ""


def test_strangers_choices_are_never_suggested(client: Client, store: Store) -> None:
    make_carrier(make_store(name="Theirs"), "Bike Post", "Secret")
    make_carrier(store, "Bike Post")

    assert shown(client)[0].suggestion is None


# --- on the integration, and who may ---------------------------------------------------------------------------------


@pytest.mark.req("TECH-37", "TECH-38")
def test_an_integrations_tab_leads_to_its_carriers_alone(client: Client, store: Store) -> None:
    document = defaults(connector_class(store.platform).platform)
    SettingsVersion.objects.create(account=store.account, store=store, number=1, document=document, at=NOW, by="Ann")
    integration = Integration.objects.create(
        account=store.account, store=store, nickname="MyShop", variant="v1", settings_version=1, settled_version=1
    )
    make_carrier(store, "GLS")
    make_carrier(store, "DHL", "DHL")
    make_carrier(make_store(store.account), "DPD")
    tab = f"/a/shoes/integrations/{integration.pk}/"
    here = f"{tab}carrier-names/"

    assert f'href="{here}"' in client.get(f"{tab}carriers/").content.decode()
    page = client.get(here)
    assert [row.carrier for row in page.context["list"].rows] == ["GLS"]
    assert [row.carrier for row in client.get(f"{here}all/").context["list"].rows] == ["DHL", "GLS"]
    assert "Orders coming in never use these names." in words(page)
    assert f'href="{tab}carriers/"' in page.content.decode()


def test_viewers_see_carriers_and_name_none(store: Store) -> None:
    row = make_carrier(store, "GLS", "gls-de", link="https://gls.example/{number}")
    viewer = signed_in(store.account, Role.VIEWER)

    page = viewer.get(url("carriers/"))
    assert_in_order(words(page), "GLS", "gls-de", "https://gls.example/{number}")
    assert 'name="row"' not in page.content.decode()
    for sent in (f"carriers/{row.pk}/", "carriers/many/", "carriers/suggestions/", "carriers/add/"):
        assert viewer.post(url(sent), {"target": "x", "row": row.pk}, headers=HTMX).status_code == 403
    assert named() == {"GLS": "gls-de"}

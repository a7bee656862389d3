"""Taking changes of mappings back: what stands beside a meaning goes back with it, and nobody is offered it again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from fcp.models import ImportState, Store
from fcp.roles import Role
from integrations import tasks
from mappings import word_import
from mappings.listings import Shown, keep_listings
from mappings.mapping import map_ship_method
from mappings.models import Listing, MappingChange, ShipMethod, WordImport
from mappings.versions import undo_change, undo_of
from tests.build import (
    NOW,
    make_listing,
    make_location,
    make_product,
    make_ship_method,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(store: Store) -> Client:
    client = Client()
    client.force_login(make_user(store.account, Role.OWNER, first_name="Ann", last_name="Lee"))
    return client


def url(page: str) -> str:
    return f"/a/shoes/mappings/{page}"


def beside(row: Listing) -> tuple[Any, ...]:
    row.refresh_from_db()
    return (row.product_id, row.units, row.by_hand, row.sku_was, row.asked)


def take_back(client: Client) -> Any:
    """The newest change, as its page does."""
    return client.post(url(f"changes/{MappingChange.objects.latest('pk').pk}/undo/"), follow=True)


# --- what stands beside a meaning ------------------------------------------------------------------------------------


@pytest.mark.req("EIM-19")
def test_a_listing_gets_back_who_linked_it_and_what_was_asked_about_it(client: Client, store: Store) -> None:
    mug, cup = (make_product(store.account, sku) for sku in ("MUG", "CUP"))
    row = make_listing(store, "MUG-RED", mug, sku_was="MUG")
    client.post(url(f"skus/{row.pk}/"), {"target": "CUP", "units": "2"})
    assert beside(row) == (cup.pk, 2, True, "", "")

    take_back(client)

    assert beside(row) == (mug.pk, 1, False, "MUG", "")
    assert "The store changed its SKU from MUG to MUG-RED" in words(client.get(url(f"skus/{row.pk}/")))
    take_back(client)
    assert beside(row) == (cup.pk, 2, True, "", "")


def test_a_listing_that_was_not_carried_over_is_asked_about_again(client: Client, store: Store) -> None:
    make_product(store.account, "CUP")
    row = make_listing(store, "MUG-RED", asked="duplicate")
    client.post(url(f"skus/{row.pk}/"), {"target": "CUP"})

    take_back(client)

    assert beside(row) == (None, 1, False, "", "duplicate")


@pytest.mark.parametrize(("sku", "asks"), [("MUG", ""), ("MUG-BLUE", "MUG")])
def test_what_is_asked_again_is_about_the_sku_that_the_listing_has_by_now(
    client: Client, store: Store, sku: str, asks: str
) -> None:
    mug, _ = make_product(store.account, "TEAPOT"), make_product(store.account, "CUP")
    row = make_listing(store, "MUG-RED", mug, sku_was="MUG")
    client.post(url(f"skus/{row.pk}/"), {"target": "CUP"})
    keep_listings(store, [Shown(row.product_uid, "", sku, "Mug", True)], NOW)

    take_back(client)

    row.refresh_from_db()
    assert (row.product_id, row.sku_was) == (mug.pk, asks)


def test_a_file_gives_back_what_stood_beside_too(client: Client, store: Store) -> None:
    mug, cup = (make_product(store.account, sku) for sku in ("MUG", "CUP"))
    row = make_listing(store, "MUG-RED", mug, sku_was="MUG")
    new = make_listing(store, "MUG-BLUE", asked="duplicate")
    table = b"SKU,Product\nMUG-RED,CUP\nMUG-BLUE,CUP\n"
    page = client.post(url("skus/files/"), {"file": SimpleUploadedFile("words.csv", table)}, follow=True)
    file = url(f"files/{page.context['found'].pk}/")
    client.post(f"{file}go/")
    assert beside(row) == (cup.pk, 1, True, "", "")
    assert beside(new) == (cup.pk, 1, True, "", "")

    client.post(f"{file}back/")

    assert beside(row) == (mug.pk, 1, False, "MUG", "")
    assert beside(new) == (None, 1, False, "", "duplicate")


# --- many at once ----------------------------------------------------------------------------------------------------


def set_all(client: Client, rows: list[ShipMethod], **fields: Any) -> str:
    fields = fields or {"target": "EXPRESS"}
    confirmed = {"row": [row.pk for row in rows], "confirmed": str(len(rows))}
    client.post(url("ship-codes/many/"), {**fields, **confirmed})
    return str(MappingChange.objects.latest("pk").batch)


@pytest.mark.req("EIM-19")
@pytest.mark.parametrize("page", ["undo/", "changes/back/"])
def test_a_large_batch_goes_back_a_while_at_once_and_the_rest_behind_the_page(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, page: str
) -> None:
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)
    monkeypatch.setattr("mappings.word_import.BATCH", 2)
    rows = [make_ship_method(store, f"Way {n}", "GROUND") for n in range(5)]
    batch = set_all(client, rows)
    OrmQ.objects.all().delete()

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(page), {"batch": batch})

    row = WordImport.objects.get()
    assert (row.state, row.position) == (ImportState.UNDOING, 2)
    assert [task.func() for task in OrmQ.objects.all()].count("integrations.tasks.import_words") == 1
    client.post(url(page), {"batch": batch})  # somebody else
    assert WordImport.objects.get().position == 2
    assert "Taken back: 2 of 5" in words(client.get(url(f"files/{row.pk}/")))
    assert word_import.unfinished(timezone.now() + dt.timedelta(minutes=2)) == [row.pk]
    tasks.import_words(row.pk)
    assert "5 changes are taken back by Ann Lee." in words(client.get(url(f"files/{row.pk}/")))
    assert set(ShipMethod.objects.values_list("target", "version")) == {("GROUND", 2)}
    assert MappingChange.objects.count() == 10
    assert [one.file_name for one in client.get(url("ship-codes/files/")).context["latest"]] == []


def test_the_press_says_how_far_it_is_and_what_stays(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [make_ship_method(store, f"Way {n}", "GROUND") for n in range(3)]
    batch = set_all(client, rows)
    map_ship_method(ShipMethod.objects.get(pk=rows[1].pk), "OTHER", by="Bob", now=timezone.now())

    client.post(url("undo/"), {"batch": batch})
    said = words(client.get(url("ship-codes/all/")))
    client.post(url("undo/"), {"batch": batch})
    again = words(client.get(url("ship-codes/all/")))

    assert "2 changes are taken back. 1 stay: somebody changed them since." in said
    assert "That was taken back already." in again
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)
    monkeypatch.setattr("mappings.word_import.BATCH", 2)
    client.post(url("undo/"), {"batch": set_all(client, rows)})
    page = words(client.get(url("ship-codes/all/")))
    assert "2 changes are taken back so far, the others follow. See how far it is" in page


def test_what_a_file_changed_goes_back_by_the_files_own_page(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Standard", "GROUND")
    table = b"Shipping option,Ship code\nStandard,EXPRESS\n"
    page = client.post(url("ship-codes/files/"), {"file": SimpleUploadedFile("words.csv", table)}, follow=True)
    file = url(f"files/{page.context['found'].pk}/")
    client.post(f"{file}go/")
    batch = {"batch": MappingChange.objects.get().batch}

    assert client.get(url("changes/back/"), batch)["Location"] == f"{file}back/"
    assert client.post(url("changes/back/"), batch)["Location"] == f"{file}back/"
    assert client.post(url("undo/"), batch)["HX-Redirect"] == f"{file}back/"

    row.refresh_from_db()
    assert row.target == "EXPRESS"
    client.post(f"{file}back/")
    row.refresh_from_db()
    assert row.target == "GROUND"


def test_options_that_were_held_together_are_let_go_together(client: Client, store: Store) -> None:
    rows = [make_ship_method(store, f"Way {n}", "GROUND") for n in range(3)]
    batch = set_all(client, rows, hold="1")
    assert set(ShipMethod.objects.values_list("hold", flat=True)) == {True}

    client.post(url("undo/"), {"batch": batch})

    assert set(ShipMethod.objects.values_list("hold", "target")) == {(False, "GROUND")}


def test_what_was_taken_back_together_can_be_given_back_together(client: Client, store: Store) -> None:
    rows = [make_ship_method(store, f"Way {n}", "GROUND") for n in range(3)]
    batch = set_all(client, rows)
    client.post(url("undo/"), {"batch": batch})

    client.post(url("changes/back/"), {"batch": undo_of(batch)})

    assert set(ShipMethod.objects.values_list("target", flat=True)) == {"EXPRESS"}


# --- what nobody wants again -----------------------------------------------------------------------------------------


@pytest.mark.req("TECH-37")
def test_what_was_taken_back_is_not_suggested_again(client: Client, store: Store) -> None:
    texas = make_warehouse(store.account, name="Texas")
    make_product(store.account, "CUP")
    rows = [make_ship_method(store, "Snail"), make_listing(store, "X-1"), make_location(store, "loc-1")]
    pages = ["ship-codes", "skus", "locations"]
    for row, page, target in zip(rows, pages, ("EXPRESS", "CUP", texas.pk), strict=True):
        client.post(url(f"{page}/{row.pk}/"), {"target": target})
        (there,) = type(row).objects.filter(pk=row.pk)
        assert there.version == 1
        undo_change(MappingChange.objects.latest("pk"), "Ann", timezone.now())

    shown = [client.get(url(f"{page}/")).context["list"].rows[0].suggestion for page in pages]

    assert shown == [None, None, None]


def test_what_was_meant_before_the_change_that_was_taken_back_is_suggested_still(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Snail")
    for target in ("GROUND", "EXPRESS"):
        client.post(url(f"ship-codes/{row.pk}/"), {"target": target})
    take_back(client)
    assert ShipMethod.objects.get().target == "GROUND"
    client.post(url(f"ship-codes/{row.pk}/"), {"target": ""})

    (shown,) = client.get(url("ship-codes/")).context["list"].rows

    assert shown.suggestion.reason == "You chose GROUND for it before."


def test_what_was_chosen_again_after_it_was_taken_back_is_suggested(client: Client, store: Store) -> None:
    row = make_ship_method(store, "Snail")
    client.post(url(f"ship-codes/{row.pk}/"), {"target": "EXPRESS"})
    take_back(client)
    for target in ("EXPRESS", ""):
        client.post(url(f"ship-codes/{row.pk}/"), {"target": target})

    (shown,) = client.get(url("ship-codes/")).context["list"].rows

    assert shown.suggestion.reason == "You chose EXPRESS for it before."

"""Mappings in and out as files: looked at first, imported, taken back; and every kind of file that is none."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from openpyxl import Workbook

from fcp.models import Account, ImportState, Store
from fcp.roles import Role
from integrations import sweep, tasks
from integrations.connectors import connector_class
from integrations.connectors.wix.order import ship_word
from integrations.models import Integration, SettingsVersion
from integrations.settings_document import defaults
from inventory.models import Alias, AliasType, Warehouse
from mappings import word_import
from mappings.mapping import map_ship_method
from mappings.models import CarrierOut, Listing, Location, MappingChange, ShipMethod, WordImport
from orders.models import Order
from tests.build import (
    NOW,
    make_account,
    make_listing,
    make_location,
    make_order,
    make_partner,
    make_product,
    make_ship_method,
    make_store,
    make_user,
    make_warehouse,
)
from tests.integrations.pages.reading import words
from tests.threads import at_once

KINDS = {
    "ship_codes": "ship-codes", "skus": "skus", "locations": "locations", "carriers": "carriers", "aliases": "aliases"
}  # fmt: skip


@pytest.fixture
def account(db: None) -> Account:
    account = make_account("shoes", name="Shoes Ltd")
    make_warehouse(account, code="NJ1", name="New Jersey", partner=make_partner())
    return account


def integrate(store: Store, nickname: str) -> Store:
    Integration.objects.create(
        account=store.account, store=store, nickname=nickname, variant="v1", settings_version=1, settled_version=1
    )
    document = defaults(connector_class(store.platform).platform)
    SettingsVersion.objects.create(account=store.account, store=store, number=1, document=document, at=NOW, by="Ann")
    return store


@pytest.fixture
def store(account: Account) -> Store:
    return integrate(make_store(account, name="Shoes of Berlin", uid="site-1"), "MyShop")


@pytest.fixture
def other(account: Account, store: Store) -> Store:
    return integrate(make_store(account, name="Outlet", uid="17", platform="ecwid"), "Outlet")


def signed_in(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(account, role))
    return client


@pytest.fixture
def client(account: Account, store: Store) -> Client:
    return signed_in(account)


def address(kind: str, query: str = "") -> str:
    return f"/a/shoes/mappings/{KINDS[kind]}/files/{query}"


def send(client: Client, kind: str, content: bytes | str, name: str = "words.csv", query: str = "", **more: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(address(kind, query), {"file": SimpleUploadedFile(name, data), **more}, follow=True)


def found(page: Any) -> list[tuple[Any, ...]]:
    """Row, what would happen, what it means now, what it will mean."""
    return [(row.number, str(row.found), row.old, row.new) for row in page.context["page"].rows]


def reasons(page: Any) -> dict[int, str]:
    return {row.number: row.reason for row in page.context["page"].rows if row.found == "refused"}


def press(client: Client, page: Any, what: str = "go") -> Any:
    return client.post(f"/a/shoes/mappings/files/{page.context['found'].pk}/{what}/", follow=True)


def download(client: Client, kind: str, form: str = "csv", query: str = "") -> bytes:
    answer = client.get(address(kind, f"?format={form}{query}"))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows_in(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def meaning(row: ShipMethod) -> tuple[str, str, str]:
    row.refresh_from_db()
    return row.target, row.target_carrier, row.target_service


# --- looking, importing --------------------------------------------------------------------------------------------


def test_a_file_says_what_it_would_change_and_writes_nothing_before_somebody_says_so(
    client: Client, store: Store
) -> None:
    new = make_ship_method(store, "Standard")
    other_code = make_ship_method(store, "Fast", target="GROUND", target_carrier="UPS", target_service="Ground")
    same = make_ship_method(store, "Slow", target="GROUND", target_carrier="UPS", target_service="Ground")

    page = send(
        client, "ship_codes",
        "Shipping option in the store,Ship code\nStandard,GROUND\nfast,express\nSlow,GROUND\nSlowest,NONE\n"
        ",EXPRESS\nFast,\n",
    )  # fmt: skip

    assert found(page) == [
        (2, "added", "", "GROUND · UPS Ground"),
        (3, "changed", "GROUND · UPS Ground", "EXPRESS · UPS Ground"),
        (4, "unchanged", "GROUND · UPS Ground", "GROUND · UPS Ground"),
        (5, "refused", "", ""),
        (6, "refused", "", ""),
        (7, "empty", "GROUND · UPS Ground", ""),
    ]
    assert reasons(page) == {
        5: "No warehouse of this account knows the ship code “NONE”.",
        6: "The shipping option is missing.",
    }
    assert meaning(new) == ("", "", "")
    assert MappingChange.objects.count() == 0

    done = press(client, page)

    assert "2 mappings are changed." in words(done)
    assert meaning(new) == ("GROUND", "UPS", "Ground")
    assert meaning(other_code)[0] == "EXPRESS"
    assert meaning(same)[0] == "GROUND"
    batch = WordImport.objects.get().batch
    history = MappingChange.objects.filter(batch=batch).order_by("pk")
    assert [(one.row, one.before["target"], one.after["target"], one.version, one.why) for one in history] == [
        (new.pk, "", "GROUND", 1, "File words.csv"),
        (other_code.pk, "GROUND", "EXPRESS", 1, "File words.csv"),
    ]


def test_orders_that_wait_for_a_word_go_on_after_the_import(client: Client, account: Account, store: Store) -> None:
    make_listing(store, "MUG", make_product(account, "MUG"))
    Store.objects.filter(pk=store.pk).update(hands_over=True)
    order = make_order(store, ship="Standard")
    assert order.state == "held"

    press(client, send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\n"))
    tasks.lift_mapped()

    order.refresh_from_db()
    assert order.ship_code == "GROUND"
    assert not order.holds.filter(lifted_at=None, kind="ship_code").exists()


def test_what_goes_out_comes_back_unchanged_in_both_forms(
    client: Client, account: Account, store: Store, other: Store
) -> None:
    mug = make_product(account, "MUG")
    odd = make_product(account, "=1+1")
    make_ship_method(store, "Standard", target="GROUND")
    make_ship_method(other, "-5 % today", code="opt-1")
    make_ship_method(other, "Two ways", code="a", target="EXPRESS", target_carrier="DHL", target_service="Air")
    ShipMethod.objects.create(
        account=account, store=other, word_key="b", title="Two ways", code="b", first_seen_at=NOW,
        last_seen_on=NOW.date(),
    )  # fmt: skip
    make_listing(store, "MUG", mug, units=6)
    make_listing(store, "HAT")
    make_listing(store, "=1+1", odd)
    Listing.objects.create(
        account=account, store=store, product_uid="p-MUG", variant_uid="v2", sku="MUG", sku_key="MUG",
        first_seen_at=NOW, last_seen_on=NOW.date(), product=mug,
    )  # fmt: skip
    make_location(store, "nj", account_house(account))
    make_location(store, "ca")
    CarrierOut.objects.create(account=account, store=store, carrier="DHL", name="dhl", link="https://x.de/{number}")
    CarrierOut.objects.create(account=account, store=other, carrier="UPS", name="ups")
    CarrierOut.objects.create(
        account=account, store=store, carrier="GLS", first_seen_at=NOW, last_seen_on=NOW.date()
    )  # no name yet
    kind = AliasType.objects.create(account=account, name="EAN")
    Alias.objects.create(account=account, alias_type=kind, product=mug, code="0400", units=2)
    before = [list(model.objects.order_by("pk").values()) for model in (ShipMethod, Listing, Location, CarrierOut)]

    for kind in KINDS:
        for form in ("csv", "xlsx"):
            page = send(client, kind, download(client, kind, form), f"words.{form}")
            kinds = {str(row.found) for row in page.context["page"].rows}
            assert kinds <= {"unchanged", "empty"}, (kind, form, reasons(page))
            assert page.context["found"].writable == 0
            assert "There is nothing to import." in words(page)

    assert [list(m.objects.order_by("pk").values()) for m in (ShipMethod, Listing, Location, CarrierOut)] == before
    assert MappingChange.objects.count() == 0


def account_house(account: Account) -> Any:
    return Warehouse.objects.get(account=account)


def test_a_downloaded_file_that_was_edited_changes_what_was_edited(client: Client, store: Store, other: Store) -> None:
    make_ship_method(store, "Standard")
    there = make_ship_method(other, "Standard")
    rows = rows_in(download(client, "ship_codes"))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    for row in rows:
        writer.writerow(row | ({"Ship code": "EXPRESS"} if row["Integration"] == "Outlet" else {}))

    press(client, send(client, "ship_codes", out.getvalue()))

    assert meaning(there)[0] == "EXPRESS"
    assert list(ShipMethod.objects.exclude(target="")) == [there]


def test_one_integrations_page_has_its_own_words_only(client: Client, store: Store, other: Store) -> None:
    make_ship_method(store, "Standard")
    make_ship_method(other, "Courier")

    rows = rows_in(download(client, "ship_codes", query=f"&store={other.pk}"))
    page = send(
        client, "ship_codes", "Integration,Shipping option,Ship code\n,Courier,GROUND\nMyShop,Standard,GROUND\n",
        query=f"?store={other.pk}",
    )  # fmt: skip

    assert [row["Shipping option in the store"] for row in rows] == ["Courier"]
    assert [row[1] for row in found(page)] == ["added", "refused"]
    assert "This row is about MyShop" in reasons(page)[3]


def test_with_several_integrations_a_row_says_which_or_the_form_does(
    client: Client, store: Store, other: Store
) -> None:
    word = make_ship_method(other, "Courier")

    lost = send(client, "ship_codes", "Shipping option,Ship code\nCourier,GROUND\n")
    chosen = send(client, "ship_codes", "Shipping option,Ship code\nCourier,GROUND\n", store=other.pk)
    unknown = send(client, "ship_codes", "Integration,Shipping option,Ship code\nNowhere,Courier,GROUND\n")

    assert "The integration is missing" in reasons(lost)[2]
    assert found(chosen)[0][1] == "added"
    assert "You have no integration Nowhere" in reasons(unknown)[2]
    assert meaning(word)[0] == ""


# --- words that no order has said -----------------------------------------------------------------------------------


def test_an_option_can_be_prepared_ahead_so_that_the_first_order_passes(
    client: Client, account: Account, store: Store
) -> None:
    make_listing(store, "MUG", make_product(account, "MUG"))

    page = send(client, "ship_codes", "Shipping option,Ship code\nNext  Day,EXPRESS\n")
    assert found(page) == [(2, "ahead", "", "EXPRESS · UPS Ground")]
    press(client, page)
    # As the store's connector reads it.
    word = ship_word({"title": "NEXT day", "code": "r-7"})
    assert word is not None
    order = make_order(store, ship_word=word)

    assert order.ship_code == "EXPRESS"
    assert ShipMethod.objects.count() == 1


def test_an_option_whose_key_cannot_be_told_ahead_is_refused(client: Client, store: Store, other: Store) -> None:
    page = send(
        client, "ship_codes",
        "Integration,Shipping option,Code in the store,Carrier in the store,Ship code\n"
        "Outlet,Courier,,,GROUND\nOutlet,Express Saver,UPS Saver,UPS,GROUND\nOutlet,Courier,9012-55,,GROUND\n",
    )  # fmt: skip

    assert [row[1] for row in found(page)] == ["refused", "refused", "ahead"]
    assert "the store tells its options apart by more" in reasons(page)[2]
    press(client, page)
    assert list(ShipMethod.objects.values_list("word_key", "title", "target")) == [("9012-55", "Courier", "GROUND")]


def test_listings_and_locations_that_the_store_never_showed_are_refused(
    client: Client, account: Account, store: Store
) -> None:
    make_product(account, "MUG")

    skus = send(client, "skus", "SKU in the store,Product SKU\nNOPE,MUG\n")
    places = send(client, "locations", "Location in the store,Warehouse\nNowhere,NJ1\n")

    assert "never showed a listing with the SKU “NOPE”" in reasons(skus)[2]
    assert "never showed a location “Nowhere”" in reasons(places)[2]


# --- SKUs, locations, carriers --------------------------------------------------------------------------------------


def test_listings_get_products_by_sku_or_another_code_with_units(
    client: Client, account: Account, store: Store
) -> None:
    mug, hat = make_product(account, "MUG"), make_product(account, "HAT")
    kind = AliasType.objects.create(account=account, name="EAN")
    Alias.objects.create(account=account, alias_type=kind, product=hat, code="4006381333931")
    six, cap, old = make_listing(store, "SIX"), make_listing(store, "CAP"), make_listing(store, "OLD", mug)
    make_listing(store, "BAD")

    page = send(
        client, "skus",
        "SKU in the store;Product SKU;Units\nsix;mug;6\nCAP;4006381333931;\nOLD;(none);\nBAD;NOTHING;1\n",
    )  # fmt: skip
    assert [row[1:] for row in found(page)] == [
        ("added", "", "MUG × 6"), ("added", "", "HAT"), ("changed", "MUG", ""), ("refused", "", ""),
    ]  # fmt: skip
    assert reasons(page)[5] == "You have no product with the SKU “NOTHING”."
    press(client, page)

    for row in (six, cap, old):
        row.refresh_from_db()
    assert (six.product, six.units, six.by_hand) == (mug, 6, True)
    assert (cap.product, cap.units) == (hat, 1)
    assert (old.product, old.by_hand) == (None, False)


@pytest.mark.parametrize("units", ["0", "-1", "1.5", "x", "10001"])
def test_units_that_are_no_number_of_pieces_are_refused(
    client: Client, account: Account, store: Store, units: str
) -> None:
    make_product(account, "MUG")
    make_listing(store, "SIX")

    page = send(client, "skus", f"SKU in the store,Product SKU,Units\nSIX,MUG,{units}\n")

    assert "whole number from 1 to 10,000" in reasons(page)[2]


def test_locations_and_carriers_come_in_too(client: Client, account: Account, store: Store) -> None:
    place = make_location(store, "nj")
    kept = CarrierOut.objects.create(account=account, store=store, carrier="UPS", name="ups", link="https://u/{number}")
    gone = CarrierOut.objects.create(account=account, store=store, carrier="GLS", name="gls")

    press(client, send(client, "locations", "Location in the store,Warehouse\nNj,new jersey\n"))
    page = send(
        client, "carriers",
        "Carrier,Name for the store,Tracking link\nDHL,dhl-de,https://d/{number}\nUPS,UPS Inc,\nGLS,(none),\nX,y,ftp://\n",
    )  # fmt: skip
    assert [row[1] for row in found(page)] == ["added", "changed", "changed", "refused"]
    press(client, page)

    place.refresh_from_db()
    kept.refresh_from_db()
    assert place.warehouse
    assert place.warehouse.code == "NJ1"
    assert (kept.name, kept.link) == ("UPS Inc", "https://u/{number}")
    assert not CarrierOut.objects.filter(pk=gone.pk).exists()
    assert CarrierOut.objects.get(carrier="DHL").link == "https://d/{number}"
    batch = WordImport.objects.get(kind="carriers").batch
    assert MappingChange.objects.filter(batch=batch, table="carrierout").count() == 3


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_word_twice_a_formula_a_date_and_what_is_too_long_are_refused(client: Client, store: Store) -> None:
    make_ship_method(store, "Standard")
    book = Workbook()
    for row in (
        ("Shipping option", "Ship code"), ("Standard", "GROUND"), ("standard ", "EXPRESS"), ("=1+1", "GROUND"),
        (dt.date(2026, 1, 2), "GROUND"), ("Standard", "G" * 61),
    ):  # fmt: skip
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)

    page = send(client, "ship_codes", out.getvalue(), "words.xlsx")

    assert [row[1] for row in found(page)] == ["refused"] * 5
    assert reasons(page)[2] == "This stands in rows 2, 3. Leave one of them."
    assert "A formula stands here" in reasons(page)[4]
    assert "made a date" in reasons(page)[5]
    assert "is too long" in reasons(page)[6]
    assert "No row can be imported." in words(page)


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace(";", "\t").encode(),
    ],
    ids=["bom", "utf-16", "windows", "tabs"],
)
def test_files_of_every_usual_make_are_read(client: Client, store: Store, encoded: Any) -> None:
    word = make_ship_method(store, "Paket für Köln")

    press(
        client,
        send(client, "ship_codes", encoded("Mappings of May\n\nSHIP CODE;shipping-option\nGROUND;Paket für Köln\n")),
    )

    assert meaning(word)[0] == "GROUND"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"%PDF-1.7", "This is no table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "This is no table"),
        (b"PK\x03\x04nonsense", "cannot be opened"),
        (b"Shipping option,Ship code\n", "no rows below the header"),
        (b"hello\nworld\n", "must name the columns"),
        (b'a,b\n1,"2\n', "cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_gets_a_sentence(client: Client, content: bytes, sentence: str) -> None:
    page = send(client, "ship_codes", content)

    assert page.status_code == 200
    assert sentence in str(page.context["form"].errors)
    assert not WordImport.objects.exists()


# --- tables of other systems ----------------------------------------------------------------------------------------


def test_tables_of_extensiv_and_pipe17_are_recognised_by_their_headers(
    client: Client, account: Account, store: Store
) -> None:
    make_product(account, "MUG")
    make_listing(store, "MUG-A")
    make_ship_method(store, "Standard")
    partner_codes(account)
    files = {
        (
            "ship_codes",
            "Package Type,SHIPPING SERVICE,shipping provider,Channel Service\nBox,Air,DHL,Standard\n",
        ): "AIR",
        ("ship_codes", "Method code,WMS shipping method,Cart\nStandard,GROUND,MyShop\n"): "GROUND · UPS Ground",
        ("ship_codes", "Fulfillment Method,Order Method\nground,Standard\n"): "GROUND · UPS Ground",
        ("skus", "Master SKU,Listing SKU\nMUG,MUG-A\n"): "MUG",
        ("skus", "Alias Name,Product SKU,Alias Value\nSeller SKU,MUG,MUG-A\n"): "MUG",
        ("skus", "Channel,Channel SKU,SKU\nmyshop,MUG-A,MUG\n"): "MUG",
        ("carriers", "WMS Carrier Code,Mapped SCAC Code\nups ground,UPSN\n"): "UPSN",
    }

    for (kind, content), meant in files.items():
        page = send(client, kind, content)
        assert [row[3].split(" · DHL")[0] for row in found(page)] == [meant], content
        assert page.context["found"].counts["of"].startswith(("Extensiv", "Pipe17")), content


def partner_codes(account: Account) -> None:
    partner = account_house(account).partner
    partner.ship_codes = [*partner.ship_codes, {"code": "AIR", "label": "Air", "carrier": "DHL", "service": "Air"}]
    partner.save()


def test_a_table_with_unknown_headers_gets_a_form_that_asks_which_column_is_what(client: Client, store: Store) -> None:
    word = make_ship_method(store, "Standard")

    page = send(client, "ship_codes", "Lieferart,Kürzel,Rest\nStandard,GROUND,x\n")
    assert "Which column is what?" in words(page)
    where = page.request["PATH_INFO"]
    twice = client.post(where, {"title": "0", "target": "0"}, follow=True)
    none = client.post(where, {"title": "0"}, follow=True)
    chosen = client.post(where, {"title": "0", "target": "1"}, follow=True)

    assert "Choose each of them once" in words(twice)
    assert "Say at least which column" in words(none)
    assert found(chosen) == [(2, "added", "", "GROUND · UPS Ground")]
    press(client, chosen)
    assert meaning(word)[0] == "GROUND"


def test_a_carrier_and_service_that_no_ship_code_has_is_refused(client: Client, store: Store) -> None:
    make_ship_method(store, "Standard")

    page = send(client, "ship_codes", "Channel Service,Shipping Provider,Shipping Service\nStandard,FedEx,2Day\n")

    assert "No ship code of your warehouses is FedEx 2Day" in reasons(page)[2]


# --- meanwhile, twice, killed ---------------------------------------------------------------------------------------


def test_what_somebody_mapped_since_the_look_is_left_and_listed(client: Client, store: Store) -> None:
    word, same = make_ship_method(store, "Standard"), make_ship_method(store, "Fast")
    page = send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\nFast,EXPRESS\n")
    map_ship_method(word, "EXPRESS", by="Ann", now=timezone.now())

    done = press(client, page)

    assert meaning(word)[0] == "EXPRESS"
    assert meaning(same)[0] == "EXPRESS"
    assert "1 mapping is changed. 1 was refused while writing." in words(done)
    assert "Somebody mapped it otherwise since the file was looked at." in words(done)


def test_pressed_twice_it_is_written_once(client: Client, store: Store) -> None:
    make_ship_method(store, "Standard")
    page = send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\n")

    press(client, page)
    press(client, page)

    assert MappingChange.objects.count() == 1


def many(store: Store, number: int) -> str:
    ShipMethod.objects.bulk_create(
        ShipMethod(account=store.account, store=store, word_key=f"w{n}", title=f"w{n}", first_seen_at=NOW,
                   last_seen_on=NOW.date())
        for n in range(number)
    )  # fmt: skip
    return "Shipping option,Ship code\n" + "".join(f"w{n},GROUND\n" for n in range(number))


def test_an_import_that_was_killed_after_a_batch_goes_on_by_itself(
    client: Client, store: Store, monkeypatch: Any
) -> None:
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)
    page = send(client, "ship_codes", many(store, 700))

    going = press(client, page)
    row = going.context["found"]
    assert (row.state, row.position) == (ImportState.IMPORTING, 500)
    assert "500 of 700" in words(going)
    WordImport.objects.filter(pk=row.pk).update(touched_at=timezone.now() - dt.timedelta(minutes=2))
    rung = swept("import_words")
    for args in rung:
        tasks.import_words(*args)

    row.refresh_from_db()
    assert rung[-1] == (row.pk,)
    assert (row.state, row.results["added"]) == (ImportState.DONE, 700)
    assert ShipMethod.objects.filter(target="GROUND", version=1).count() == 700
    assert MappingChange.objects.filter(batch=row.batch).count() == 700


def swept(task: str) -> list[tuple[int, ...]]:
    OrmQ.objects.all().delete()
    sweep.sweep(timezone.now())
    return [one.task["args"] for one in OrmQ.objects.all() if one.task["func"].endswith(task)]


@pytest.mark.django_db(transaction=True)
def test_two_that_write_one_file_write_each_row_once(transactional_db: None) -> None:
    account = make_account("shoes")
    make_warehouse(account, partner=make_partner())
    store = make_store(account)
    client = signed_in(account)
    page = send(client, "ship_codes", many(store, 1200))
    pk = page.context["found"].pk
    assert word_import.begin(page.context["found"], now=timezone.now())

    at_once(*[lambda: word_import.go_on(pk, seconds=60)] * 3)

    row = WordImport.objects.get(pk=pk)
    assert (row.state, row.results["added"]) == (ImportState.DONE, 1200)
    assert MappingChange.objects.count() == 1200
    assert set(ShipMethod.objects.values_list("version", flat=True)) == {1}


# --- taking back ----------------------------------------------------------------------------------------------------


def test_an_import_is_taken_back_where_nobody_changed_it_since(client: Client, store: Store) -> None:
    was_empty = make_ship_method(store, "Standard")
    was_ground = make_ship_method(store, "Fast", target="GROUND", target_carrier="UPS", target_service="Ground")
    since = make_ship_method(store, "Slow")
    page = send(
        client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\nFast,EXPRESS\nSlow,EXPRESS\nNew,GROUND\n"
    )
    press(client, page)
    since.refresh_from_db()
    map_ship_method(since, "GROUND", by="Ann", now=timezone.now())

    asked = client.get(f"/a/shoes/mappings/files/{page.context['found'].pk}/back/")
    assert "3 mappings go back. 1 was changed since and stays as it is." in words(asked)
    assert "Slow Ann" in words(asked)
    done = press(client, page, "back")

    assert meaning(was_empty) == ("", "", "")
    assert meaning(was_ground) == ("GROUND", "UPS", "Ground")
    assert meaning(since)[0] == "GROUND"
    assert not ShipMethod.objects.filter(title="New").exists()
    assert "3 mappings mean again what they meant before; 1 was left." in words(done)
    assert "Somebody has changed it since." in words(done)
    history = MappingChange.objects.filter(table="shipmethod", row=was_ground.pk).order_by("pk")
    assert [one.after["target"] for one in history] == ["EXPRESS", "GROUND"]
    assert [one.version for one in history] == [1, 2]


def test_taking_back_holds_orders_again_that_no_warehouse_has(client: Client, account: Account, store: Store) -> None:
    make_listing(store, "MUG", make_product(account, "MUG"))
    Store.objects.filter(pk=store.pk).update(hands_over=False)
    order = make_order(store, ship="Standard")
    page = send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\n")
    press(client, page)
    tasks.lift_mapped()
    assert Order.objects.get(pk=order.pk).ship_code == "GROUND"

    press(client, page, "back")
    tasks.lift_mapped()

    order.refresh_from_db()
    assert (order.ship_code, order.state) == ("", "held")


def test_taking_back_that_was_killed_goes_on_and_pressed_twice_happens_once(
    client: Client, store: Store, monkeypatch: Any
) -> None:
    page = send(client, "ship_codes", many(store, 700))
    press(client, page)
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)

    press(client, page, "back")
    press(client, page, "back")
    row = WordImport.objects.get()
    assert (row.state, row.position) == (ImportState.UNDOING, 500)
    tasks.import_words(row.pk)

    row.refresh_from_db()
    assert (row.state, row.results["back"]["done"], row.results["back"]["left"]) == (ImportState.UNDONE, 700, 0)
    assert ShipMethod.objects.filter(target="", version=2).count() == 700
    assert MappingChange.objects.count() == 1400


@pytest.mark.req("TECH-38")
def test_a_carrier_that_shipments_use_is_named_by_a_file_and_stays_when_that_goes_back(
    client: Client, account: Account, store: Store
) -> None:
    CarrierOut.objects.create(account=account, store=store, carrier="GLS", first_seen_at=NOW, last_seen_on=NOW.date())
    (line,) = rows_in(download(client, "carriers"))
    assert (line["Carrier"], line["Name for the store"], line["First seen"], line["Last seen"]) == (
        "GLS", "", "2026-11-20", "2026-11-20"
    )  # fmt: skip

    page = send(client, "carriers", "Carrier,Name for the store,Last seen\ngls,GLS DE,2026-11-20\n")
    assert found(page) == [(2, "added", "", "GLS DE")]
    done = press(client, page)
    row = CarrierOut.objects.get()
    assert (row.carrier, row.name, row.version) == ("GLS", "GLS DE", 1)

    press(client, done, "back")

    row.refresh_from_db()
    assert (row.name, row.version, row.first_seen_at) == ("", 2, NOW)


def test_carriers_go_back_too(client: Client, account: Account, store: Store) -> None:
    CarrierOut.objects.create(account=account, store=store, carrier="GLS", name="gls")
    page = send(client, "carriers", "Carrier,Name for the store\nDHL,dhl\nGLS,(none)\n")
    press(client, page)

    press(client, page, "back")

    assert list(CarrierOut.objects.values_list("carrier", "name")) == [("GLS", "gls")]


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_whoever_sent_a_file_imports_it_and_viewers_do_not(client: Client, account: Account, store: Store) -> None:
    word = make_ship_method(store, "Standard")
    page = send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\n")
    viewer, colleague = signed_in(account, Role.VIEWER), signed_in(account, Role.OPERATOR)

    assert "Send your own to import it yourself" in words(press(colleague, page))
    assert send(viewer, "ship_codes", "a,b\n").status_code == 403
    assert press(viewer, page).status_code == 403
    assert press(viewer, page, "back").status_code == 403
    assert viewer.get(address("ship_codes", "?format=csv")).status_code == 200
    assert meaning(word)[0] == ""


def test_strangers_things_mean_nothing(client: Client, account: Account, store: Store) -> None:
    theirs = make_account("theirs")
    house = make_warehouse(theirs, code="SECRET", partner=make_partner(ship_codes=[{"code": "HIDDEN"}]))
    make_product(theirs, "SECRET")
    shop = integrate(make_store(theirs, uid="site-9"), "TheirShop")
    make_ship_method(shop, "Standard")
    make_listing(store, "CAP")
    make_location(store, "nj")
    stranger = Client()
    stranger.force_login(make_user(theirs))
    page = send(client, "skus", "SKU in the store,Product SKU\nCAP,SECRET\n")
    pk = page.context["found"].pk

    assert reasons(page)[2] == "You have no product with the SKU “SECRET”."
    assert (
        "no warehouse" in reasons(send(client, "locations", f"Location in the store,Warehouse\nNj,{house.code}\n"))[2]
    )
    named = "Integration,Shipping option,Ship code\nTheirShop,Standard,GROUND\n"
    assert "You have no integration TheirShop" in reasons(send(client, "ship_codes", named))[2]
    by_id = "Store id,Shipping option,Ship code\nsite-9,Standard,GROUND\n"
    assert "You have no integration site-9" in reasons(send(client, "ship_codes", by_id))[2]
    assert (
        "knows the ship code “HIDDEN”"
        in reasons(send(client, "ship_codes", "Shipping option,Ship code\nX,HIDDEN\n"))[2]
    )
    assert client.get(address("ship_codes", f"?store={shop.pk}")).status_code == 404
    assert stranger.get(f"/a/theirs/mappings/files/{pk}/").status_code == 404
    assert stranger.post(f"/a/theirs/mappings/files/{pk}/go/").status_code == 404
    assert stranger.post(f"/a/theirs/mappings/files/{pk}/back/").status_code == 404
    chosen = send(client, "ship_codes", "Shipping option,Ship code\nStandard,GROUND\n", store=shop.pk)
    assert "store" in chosen.context["form"].errors


def test_the_lists_and_tabs_lead_to_the_files(client: Client, store: Store) -> None:
    integration = Integration.objects.get(store=store)
    for kind, where in KINDS.items():
        page = client.get(f"/a/shoes/mappings/{where}/")
        assert f'href="{address(kind)}"' in page.content.decode(), kind
    for kind, tab in {"ship_codes": "carriers", "skus": "skus", "locations": "warehouses"}.items():
        page = client.get(f"/a/shoes/integrations/{integration.pk}/{tab}/")
        assert f'href="{address(kind, f"?store={store.pk}")}"' in page.content.decode(), kind

"""Levels from files and into files: looked at, imported, exported; and every kind of file that is none."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from fcp import spreadsheets
from fcp.file_writing import begin
from fcp.models import Account, AuditEntry, ImportState
from fcp.roles import Role
from integrations import sweep, tasks
from inventory import level_import
from inventory.levels import LevelItem, report_levels
from inventory.models import LevelImport, MovementKind, Product, StockLevel, StockMovement, Warehouse
from tests.build import make_account, make_partner, make_product, make_user, make_warehouse
from tests.integrations.pages.reading import words
from tests.threads import at_once

HEADER = "Warehouse,SKU,Quantity\n"


@pytest.fixture
def account(db: None) -> Account:
    account = make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")
    for sku in ("MUG", "CUP", "HAT"):
        make_product(account, sku)
    return account


@pytest.fixture
def house(account: Account) -> Warehouse:
    return make_warehouse(account, code="NJ1", name="New Jersey")


def signed_in(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(account, role))
    return client


@pytest.fixture
def client(account: Account, house: Warehouse) -> Client:
    return signed_in(account)


def send(client: Client, content: bytes | str, name: str = "levels.csv", **fields: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post("/a/shoes/stock/import/", {"file": SimpleUploadedFile(name, data), **fields}, follow=True)


def found(page: Any) -> list[tuple[Any, ...]]:
    """Row, SKU, what would happen, before, after."""
    return [(row.number, row.sku, str(row.found), row.before, row.after) for row in page.context["page"].rows]


def reasons(page: Any) -> dict[int, str]:
    return {row.number: row.reason for row in page.context["page"].rows if row.found == "refused"}


def go(client: Client, page: Any) -> Any:
    return client.post(f"/a/shoes/stock/import/{page.context['found'].pk}/go/", follow=True)


def levels() -> dict[tuple[str, str], int]:
    return {
        (one.warehouse.code, one.product.sku): one.quantity
        for one in StockLevel.objects.select_related("warehouse", "product")
    }


def level(house: Warehouse, sku: str, quantity: int, ago: dt.timedelta = dt.timedelta(hours=1)) -> None:
    now = timezone.now()
    items = [LevelItem(sku, quantity, now - ago)]
    [answer] = report_levels(house, items, actor="test", now=now, kind=MovementKind.COUNT)
    assert answer.taken


def sheet(*rows: tuple[Any, ...], header: tuple[str, ...] = ("Warehouse", "SKU", "Quantity")) -> bytes:
    book = Workbook()
    for row in (header, *rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- look, then import ----------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_and_nothing_is_written_before_somebody_says_so(
    client: Client, account: Account, house: Warehouse
) -> None:
    level(house, "MUG", 5)
    level(house, "CUP", 7)
    before = StockMovement.objects.count()

    page = send(client, HEADER + "NJ1,MUG,9\nNJ1,CUP,7\nNJ1,HAT,0\nNJ1,NONE,3\nNJ1,MUGS,\n")

    assert found(page) == [
        (2, "MUG", "changed", 5, 9),
        (3, "CUP", "unchanged", 7, 7),
        (4, "HAT", "new", None, 0),
        (5, "NONE", "refused", None, None),
        (6, "MUGS", "empty", None, None),
    ]
    assert page.context["found"].counts == {"changed": 1, "unchanged": 1, "new": 1, "refused": 1, "empty": 1}
    assert reasons(page)[5].startswith("No product has this SKU")
    assert levels() == {("NJ1", "MUG"): 5, ("NJ1", "CUP"): 7}
    assert StockMovement.objects.count() == before
    assert Product.objects.filter(stock_seq__gt=2).count() == 0

    done = go(client, page)

    assert levels() == {("NJ1", "MUG"): 9, ("NJ1", "CUP"): 7, ("NJ1", "HAT"): 0}
    assert "2 levels are changed" in words(done)
    newest = StockMovement.objects.filter(product__sku="MUG").latest("pk")
    assert (newest.kind, newest.quantity, newest.source_kind) == (MovementKind.COUNT, 4, "import")
    history = client.get(f"/a/shoes/stock/{newest.product_id}/movements/")
    assert f"/a/shoes/stock/import/{page.context['found'].pk}/" in history.content.decode()
    assert AuditEntry.objects.filter(account=account, code="levels_imported").count() == 1


def test_pressed_twice_it_is_written_once(client: Client, house: Warehouse) -> None:
    page = send(client, HEADER + "NJ1,MUG,9\n")

    go(client, page)
    again = go(client, page)

    assert StockMovement.objects.count() == 1
    assert "1 level is changed" in words(again)


def test_what_moves_between_looking_and_importing_stays_on_top(client: Client, house: Warehouse) -> None:
    page = send(client, HEADER + "NJ1,MUG,9\nNJ1,CUP,4\n")
    level(house, "CUP", 2, ago=dt.timedelta(seconds=-30))  # counted after the upload

    done = go(client, page)

    assert levels() == {("NJ1", "MUG"): 9, ("NJ1", "CUP"): 2}
    assert "1 was refused while writing" in words(done)
    assert done.context["found"].results["rows"][0][2] == "CUP"


def test_a_column_time_says_when_it_was_counted(client: Client, account: Account, house: Warehouse) -> None:
    level(house, "MUG", 5, ago=dt.timedelta(days=2))
    yesterday = timezone.localtime(timezone.now(), account.zone) - dt.timedelta(days=1)
    yesterday = yesterday.replace(hour=12, second=0, microsecond=0)  # an hour that there is once on every day

    page = send(
        client,
        "Warehouse;SKU;Quantity;Counted at\n"
        f"NJ1;MUG;6;{yesterday:%Y-%m-%d %H:%M}\nNJ1;CUP;1;2001-01-01\nNJ1;HAT;1;yesterday\n",
    )
    go(client, page)

    assert reasons(page) == {4: "The time is not clear. Write it like 2026-11-22 14:30."}
    assert StockLevel.objects.get(product__sku="MUG").taken_at == yesterday
    assert StockLevel.objects.get(product__sku="CUP").taken_at == dt.datetime(2000, 12, 31, 23, tzinfo=dt.UTC)


def test_one_warehouse_may_be_chosen_for_a_file_that_names_none(client: Client, account: Account) -> None:
    other = make_warehouse(account, code="CA1")

    unclear = send(client, "SKU,Qty\nMUG,3\n")
    page = send(client, "SKU,Qty\nMUG,3\n", warehouse=other.pk)
    go(client, page)

    assert "has no column with the warehouse" in str(unclear.context["form"].errors)
    assert levels() == {("CA1", "MUG"): 3}


def test_where_the_partner_reports_levels_a_file_is_refused_row_by_row(client: Client, account: Account) -> None:
    make_warehouse(account, code="WMS", name="Northside", partner=make_partner())

    page = send(client, HEADER + "WMS,MUG,3\nNJ1,MUG,4\nXX,CUP,1\n")

    assert "Northside reports its levels itself" in reasons(page)[2]
    assert reasons(page)[4] == "No warehouse of yours has the code XX."
    assert found(page)[1] == (3, "MUG", "new", None, 4)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        ("-1", "There cannot be less than 0."),
        ("2.5", "This is not a whole number of pieces"),
        ("1.000", "This is not a whole number of pieces"),
        ("1 200", "This is not a whole number of pieces"),
        ("many", "This is not a number."),
        ("=1+2", "This is not a number."),
        ("@SUM(A1)", "This is not a number."),
        ("99999999", "The quantity must be a whole number from 0 to 10,000,000."),
        ("1e3", "This is not a number."),
        ("٣", "This is not a number."),
    ],
)
def test_a_quantity_that_is_none_is_refused_for_its_row_alone(client: Client, quantity: str, reason: str) -> None:
    page = send(client, f"Warehouse;SKU;Quantity\nNJ1;MUG;{quantity}\nNJ1;CUP;4\n")

    assert reasons(page)[2].startswith(reason)
    assert found(page)[1] == (3, "CUP", "new", None, 4)


def test_a_product_that_stands_twice_is_refused_in_every_row(client: Client) -> None:
    page = send(client, HEADER + "NJ1,MUG,3\nNJ1,CUP,1\nnj1,mug ,5\n")

    assert set(reasons(page)) == {2, 4}
    assert "rows 2, 4" in reasons(page)[2]


def test_formulas_are_never_worked_out_and_a_sku_may_look_like_one(client: Client, account: Account) -> None:
    make_product(account, "=HYPERLINK(1)")
    make_product(account, "-DASH")

    text = send(client, HEADER + "NJ1,=HYPERLINK(1),3\nNJ1,'-DASH,4\n")
    book = send(client, sheet(("NJ1", "=HYPERLINK(1)", 3), ("NJ1", "MUG", "=1+2")), "levels.xlsx")

    assert [row[2] for row in found(text)] == ["new", "new"]
    assert set(reasons(book).values()) == {"A formula stands here. Paste its value instead."}


# --- kinds of files -------------------------------------------------------------------------------------------------

GERMAN = "Lager;Artikel;Bestand\nNJ1;TÜRKIS;4\n"


@pytest.mark.parametrize(
    "content",
    [
        GERMAN.encode(),
        codecs.BOM_UTF8 + GERMAN.encode(),
        GERMAN.encode("utf-16"),
        GERMAN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"),
        GERMAN.encode("cp1252"),
        ("sep=;\r\n" + GERMAN.replace("\n", "\r\n")).encode(),
        GERMAN.replace(";", "\t").encode(),
        GERMAN.replace(";", "|").encode(),
        ("Stocktaking of today\n\n" + GERMAN).encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16 bare", "utf-16-be", "windows", "sep", "tab", "bar", "title above"],
)
def test_usual_encodings_and_separators_are_read(client: Client, account: Account, content: bytes) -> None:
    make_product(account, "TÜRKIS")

    page = send(client, content)

    assert [row[1:] for row in found(page)] == [("TÜRKIS", "new", None, 4)]


def test_an_excel_workbook_is_read_as_people_type_it(client: Client, account: Account) -> None:
    make_product(account, "4711")
    day = dt.datetime(2026, 11, 1, 8, 30)

    page = send(
        client,
        sheet(
            ("NJ1", 4711, 3.0, day), (None, None, None), ("NJ1", "MUG", "4"), ("NJ1", day, 1), ("NJ1", "CUP", True),
            ("NJ1", "HAT", 1.5), header=("Warehouse", "SKU", "On hand", "Time"),
        ),
        "levels.xlsx",
    )  # fmt: skip

    assert [row[:3] for row in found(page)] == [
        (2, "4711", "new"), (4, "MUG", "new"), (5, "2026-11-01 08:30:00", "refused"), (6, "CUP", "refused"),
        (7, "HAT", "refused"),
    ]  # fmt: skip
    assert "turned this SKU into a date" in reasons(page)[5]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            parts.writestr(name, "<x/>")
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * (spreadsheets.MAX_UNZIPPED + 1))
    return out.getvalue()


def with_entities() -> bytes:
    """A workbook whose sheet would grow to gigabytes by its own entities."""
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    evil = f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]>'
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(("NJ1", "MUG", 1)))) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b"<worksheet", evil.encode() + b"<worksheet").replace(b"<v>", b"<v>&l9;", 1)
            new.writestr(part, data)
    return out.getvalue()


def cut_off() -> bytes:
    whole = sheet(("NJ1", "MUG", 1))
    return whole[: len(whole) // 2]


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "levels.csv", "The file is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "levels.xls", "old Excel"),
        (b"%PDF-1.7 ...", "levels.pdf", "This is no table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "levels.csv", "This is no table"),
        (b"PK\x03\x04nonsense", "levels.xlsx", "cannot be opened"),
        (cut_off(), "levels.xlsx", "cannot be opened"),
        (bomb(), "levels.xlsx", "too large once unpacked"),
        (with_entities(), "levels.xlsx", "cannot be opened"),
        (b"\x81\x8d\x8f\x90\x9d;" * 20, "levels.csv", "letters of this file cannot be read"),
        (b"Dear Ann,\nthe mugs are gone.\n", "letter.txt", "must name the columns"),
        (b"Warehouse,SKU,Quantity\n", "levels.csv", "no rows below the header"),
        (b'Warehouse,SKU,Quantity\nNJ1,"MUG,3\nNJ1,CUP,4\n', "levels.csv", "Row 2 cannot be read"),
        (b"Warehouse,SKU,Quantity\n" + b"NJ1,MUG,1\n" * 50_001, "levels.csv", "more than 50,000 rows"),
        (b"x" * (spreadsheets.MAX_BYTES + 1), "levels.csv", "larger than 10 MB"),
    ],
    ids=["empty", "xls", "pdf", "png", "no zip", "cut off", "bomb", "entities", "letters", "no header", "only header",
         "open quote", "too many", "too large"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gets_a_sentence(client: Client, content: bytes, name: str, sentence: str) -> None:
    page = send(client, content, name)

    assert page.status_code == 200
    assert sentence in str(page.context["form"].errors)
    assert LevelImport.objects.count() == 0


def crowded(part: str, before: bytes, what: bytes) -> bytes:
    """A small file that unpacks into a great deal of `what`, in one of its parts."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sheet(("NJ1", "MUG", 1)))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.infolist():
            data = old.read(one)
            if one.filename == part:
                assert before in data
                data = data.replace(before, what + before, 1)
            new.writestr(one.filename, data)
        if part not in old.namelist():  # Excel writes it, openpyxl does not
            new.writestr(part, b"<sst>" + what + before)
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "before", "what"),
    [
        ("xl/worksheets/sheet1.xml", b"</row>", b"<c/>" * 100_001),
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b"<row>" * 2 + b"</row>" * 2 + b"<z/>" * 300_001),
        ("xl/worksheets/sheet1.xml", b"</sheetData>", (b"<row>" + b"<c/>" * 50_000 + b"</row>") * 61),
        ("xl/worksheets/sheet1.xml", b"</worksheet>", b"<z " + b" " * 600_000 + b"/>"),
        ("xl/styles.xml", b"</cellXfs>", b"<xf/>" * 300_001),
        ("xl/sharedStrings.xml", b"</sst>", b"<si/>" * 1_000_001),
    ],
    ids=["cells of a row", "beside the rows", "cells in all", "one tag", "styles", "texts"],
)
def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_is_opened(
    client: Client, monkeypatch: Any, part: str, before: bytes, what: bytes
) -> None:
    monkeypatch.setattr(spreadsheets, "load_workbook", None)
    page = send(client, crowded(part, before, what), "levels.xlsx")

    assert "too much in this workbook" in str(page.context["form"].errors)


def test_a_sheet_that_claims_a_billion_rows_ends(client: Client) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(("NJ1", "MUG", 1)))) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b'<row r="2"', b'<row r="999999999"').replace(b'2"', b'999999999"')
            new.writestr(part, data)

    page = send(client, out.getvalue(), "levels.xlsx")

    assert "too many empty rows" in str(page.context["form"].errors)


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_whoever_sent_a_file_imports_it(client: Client, account: Account) -> None:
    page = send(client, HEADER + "NJ1,MUG,3\n")
    colleague = signed_in(account, Role.WAREHOUSE)

    seen = colleague.get(f"/a/shoes/stock/import/{page.context['found'].pk}/")
    refused = go(colleague, page)

    assert "Whoever sent the file imports it" in words(seen)
    assert "Send your own to import it yourself" in words(refused)
    assert levels() == {}


def test_viewers_and_strangers_import_nothing(client: Client, account: Account) -> None:
    page = send(client, HEADER + "NJ1,MUG,3\n")
    make_account("theirs")
    stranger = Client()
    stranger.force_login(make_user(Account.objects.get(slug="theirs")))
    pk = page.context["found"].pk

    assert signed_in(account, Role.VIEWER).get("/a/shoes/stock/import/").status_code == 403
    assert signed_in(account, Role.VIEWER).post(f"/a/shoes/stock/import/{pk}/go/").status_code == 403
    assert stranger.get(f"/a/theirs/stock/import/{pk}/").status_code == 404
    assert stranger.post(f"/a/theirs/stock/import/{pk}/go/").status_code == 404
    assert levels() == {}


def test_a_strangers_warehouse_and_sku_mean_nothing(client: Client) -> None:
    theirs = make_account("theirs")
    house = make_warehouse(theirs, code="THEIRS")
    make_product(theirs, "SECRET")

    page = send(client, HEADER + "THEIRS,MUG,3\nNJ1,SECRET,3\n")
    chosen = send(client, "SKU,Qty\nMUG,3\n", warehouse=house.pk)

    assert set(reasons(page)) == {2, 3}
    assert "warehouse" in chosen.context["form"].errors


# --- long files -----------------------------------------------------------------------------------------------------


def many(account: Account, number: int) -> str:
    skus = [f"S{n:05}" for n in range(number)]
    Product.objects.bulk_create(Product(account=account, sku=sku, sku_key=sku, name=sku) for sku in skus)
    return HEADER + "".join(f"NJ1,{sku},{n % 90}\n" for n, sku in enumerate(skus))


def test_a_long_file_goes_on_behind_the_page(client: Client, account: Account, monkeypatch: Any) -> None:
    """Two batches: the request writes one and rings; the task writes the other."""
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)
    page = send(client, many(account, 1500))

    going = go(client, page)
    row = going.context["found"]
    assert (row.state, row.position) == (ImportState.IMPORTING, 1000)
    assert "1000 of 1500" in words(going)
    followed = client.get(f"/a/shoes/stock/import/{row.pk}/", headers={"HX-Request": "true"})
    assert "1000 of 1500" in words(followed)

    tasks.import_levels(row.pk)

    assert StockLevel.objects.count() == 1500
    done = client.get(f"/a/shoes/stock/import/{row.pk}/", headers={"HX-Request": "true"})
    assert done.headers["HX-Refresh"] == "true"
    assert "1,500 levels are changed" in words(client.get(f"/a/shoes/stock/import/{row.pk}/"))


def test_an_import_that_was_killed_is_found_again(client: Client, account: Account) -> None:
    page = send(client, HEADER + "NJ1,MUG,3\n")
    row = page.context["found"]
    killed_at = timezone.now() - dt.timedelta(minutes=5)
    LevelImport.objects.filter(pk=row.pk).update(state=ImportState.IMPORTING, touched_at=killed_at)

    sweep.sweep(timezone.now())
    from django_q.models import OrmQ

    rung = [one.task["args"] for one in OrmQ.objects.all() if one.task["func"].endswith("import_levels")]
    for args in rung:
        tasks.import_levels(*args)

    assert rung == [(row.pk,)]
    assert levels() == {("NJ1", "MUG"): 3}


@pytest.mark.django_db(transaction=True)
def test_two_that_write_one_file_write_each_row_once(transactional_db: None) -> None:
    account = make_account("shoes")
    make_warehouse(account, code="NJ1")
    client = signed_in(account)
    page = send(client, many(account, 2500))
    pk = page.context["found"].pk
    assert begin(page.context["found"], now=timezone.now())

    at_once(*[lambda: level_import.go_on(pk, seconds=60)] * 3)

    row = LevelImport.objects.get(pk=pk)
    assert (row.state, row.position, row.results["taken"]) == (ImportState.DONE, 2500, 2500)
    assert StockMovement.objects.count() == 2500
    assert connection.vendor in ("sqlite", "postgresql")


# --- out ------------------------------------------------------------------------------------------------------------


def test_the_stock_list_goes_out_and_comes_back_unchanged(client: Client, account: Account, house: Warehouse) -> None:
    level(house, "MUG", 5)
    other = make_warehouse(account, code="CA1")
    level(other, "MUG", 2)
    level(house, "CUP", 0)
    before = StockMovement.objects.count()

    text = client.get("/a/shoes/stock/", {"format": "csv"}).getvalue()
    book = client.get("/a/shoes/stock/", {"format": "xlsx"}).getvalue()
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    cells = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(book)).active]

    assert [row[:4] for row in rows] == [
        ["Warehouse", "SKU", "Product", "Quantity"],
        ["NJ1", "CUP", "Cup", "0"],
        ["CA1", "HAT", "Hat", ""],
        ["CA1", "MUG", "Mug", "2"],
        ["NJ1", "MUG", "Mug", "5"],
    ]
    assert [[str(one or "") if one != 0 else "0" for one in row[:4]] for row in cells] == [row[:4] for row in rows]
    for content, name in ((text, "stock.csv"), (book, "stock.xlsx")):
        page = send(client, content, name)
        assert [row[2] for row in found(page)] == ["unchanged", "empty", "unchanged", "unchanged"]
        go(client, page)
    assert StockMovement.objects.count() == before


def test_an_old_export_does_not_undo_what_moved_since(client: Client, house: Warehouse) -> None:
    level(house, "MUG", 5)
    text = client.get("/a/shoes/stock/", {"format": "csv"}).getvalue()
    stale = text.replace(b"+00:00", b"").decode("utf-8-sig")
    level(house, "MUG", 1, ago=dt.timedelta(seconds=-60))

    page = send(client, stale)

    assert "A level taken at the same moment or later is stored" in next(iter(reasons(page).values()))


def test_names_that_look_like_formulas_go_out_as_text(client: Client, account: Account, house: Warehouse) -> None:
    make_product(account, "=1+1", name='@SUM(1) "x"')
    level(house, "=1+1", 5)

    text = client.get("/a/shoes/stock/", {"format": "csv", "q": "="}).getvalue().decode("utf-8-sig")
    book = client.get("/a/shoes/stock/", {"format": "xlsx", "q": "="}).getvalue()

    assert list(csv.reader(io.StringIO(text)))[1][1:3] == ["'=1+1", '\'@SUM(1) "x"']
    cells = list(load_workbook(io.BytesIO(book)).active)[1]
    assert [(cell.value, cell.data_type) for cell in cells[1:3]] == [("=1+1", "s"), ('@SUM(1) "x"', "s")]
    assert [row[2] for row in found(send(client, text))] == ["unchanged"]
    assert [row[2] for row in found(send(client, book, "stock.xlsx"))] == ["unchanged"]


def test_an_export_follows_the_lists_filters(client: Client, account: Account, house: Warehouse) -> None:
    level(house, "MUG", 5)
    level(make_warehouse(account, code="CA1"), "CUP", 2)

    text = client.get("/a/shoes/stock/", {"format": "csv", "warehouse": house.pk}).getvalue().decode()

    assert [row[:2] for row in csv.reader(io.StringIO(text))][1:] == [["NJ1", "MUG"]]

"""Tracking numbers from a file: looked at first, shipped by the code of the page To ship, never twice."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from fcp.file_writing import begin
from fcp.models import Account, ImportState
from fcp.roles import Role
from integrations import sweep, tasks
from integrations.models import Integration
from orders import tracking_import
from orders.fulfilling import void
from orders.models import Fulfillment, Hold, Order, OrderEvent, SeenOrder, ShippingRequest, TrackingImport
from orders.models.orders import number_key_of
from orders.models.shipping import Origin, RequestState
from orders.release import offer
from orders.shipping import acknowledge
from orders.state import State
from orders.tracking_rows import OpenLine, OpenRequest, Recorded, Standing, TrackingRow, plan
from tests.build import make_user
from tests.integrations.pages.reading import words
from tests.orders.making import make_account, make_order, make_partner, make_store, make_warehouse, offered, taken
from tests.threads import at_once

HEADER = "Order number,Carrier,Tracking number\n"
BY_SKU = "Order number,SKU,Quantity,Carrier,Tracking number\n"


@pytest.fixture
def account(db: None) -> Account:
    return make_account("Shoes")


@pytest.fixture
def store(account: Account) -> Any:
    store = make_store(account, name="Shoes of Berlin")
    Integration.objects.create(account=account, store=store, nickname="MyShop", variant="v1")
    return store


@pytest.fixture
def house(account: Account) -> Any:
    return make_warehouse(account, name="Nord")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account)


def signed_in(account: Account, role: Role = Role.WAREHOUSE) -> Client:
    client = Client()
    client.force_login(make_user(account, role))
    return client


@pytest.fixture
def order(store: Any, house: Any) -> Order:
    """Two mugs and a cup, offered to a warehouse without an API."""
    order = make_order(store, {"MUG": 2, "CUP": 1}, warehouse=house, number="1001")
    offered(order)
    return order


def send(client: Client, content: str | bytes, name: str = "tracking.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post("/a/shoes/to-ship/tracking/", {"file": SimpleUploadedFile(name, data)}, follow=True)


def go(client: Client, page: Any) -> Any:
    return client.post(f"/a/shoes/to-ship/tracking/{page.context['found'].pk}/go/", follow=True)


def found(page: Any) -> list[tuple[int, str, str]]:
    return [(row.number, str(row.found), row.reason) for row in page.context["page"].rows]


def left(order: Order) -> list[tuple[dict[str, int], list[str], str]]:
    """What left of an order: pieces by SKU, tracking numbers, carrier."""
    return [
        (
            {line.line.sku: line.quantity for line in one.lines.select_related("line")},
            [parcel.tracking for parcel in one.parcels.all()],
            one.carrier,
        )
        for one in Fulfillment.objects.filter(order=order, voided_at=None).order_by("pk")
    ]


# --- what ships -----------------------------------------------------------------------------------------------------


def test_a_file_says_what_would_ship_and_ships_it_when_somebody_says_so(client: Client, order: Order) -> None:
    page = send(client, HEADER + "#1001,UPS,1Z999\n")

    assert found(page) == [(2, "ships", "Ships 2 of 2 lines.")]
    assert Fulfillment.objects.count() == 0
    done = go(client, page)

    assert "1 row has shipped." in words(done)
    assert left(order) == [({"MUG": 2, "CUP": 1}, ["1Z999"], "UPS")]
    order.refresh_from_db()
    assert order.state == State.SHIPPED
    one = Fulfillment.objects.get()
    assert (one.origin, one.told) == (Origin.PERSON, "due")
    events = OrderEvent.objects.filter(order=order).order_by("pk").values_list("code", "actor")
    assert [code for code, _ in events if code in ("acknowledged", "shipped")] == ["acknowledged", "shipped"]
    assert {actor for code, actor in events if code == "shipped"} == {page.context["found"].actor}


def test_several_rows_of_an_order_are_several_parcels(client: Client, order: Order) -> None:
    go(client, send(client, HEADER + "1001,UPS,A1\n1001,ups,A2\n1001,,A3\n"))

    assert left(order) == [({"MUG": 2, "CUP": 1}, ["A1", "A2", "A3"], "UPS")]


def test_rows_with_an_sku_say_what_is_in_which_parcel(client: Client, order: Order) -> None:
    page = send(client, BY_SKU + "1001,mug,1,UPS,A1\n1001,CUP,,UPS,A1\n1001,MUG,,DHL,A2\n")

    assert [row[2] for row in found(page)] == [
        "Ships 2 of 2 lines, 2 of 3 pieces.", "Ships 2 of 2 lines, 2 of 3 pieces.", "Ships 1 of 1 line.",
    ]  # fmt: skip
    go(client, page)

    assert left(order) == [({"MUG": 1, "CUP": 1}, ["A1"], "UPS"), ({"MUG": 1}, ["A2"], "DHL")]
    assert ShippingRequest.objects.get().state == RequestState.SHIPPED


def test_a_part_ships_and_the_rest_stays_with_the_warehouse(client: Client, order: Order) -> None:
    go(client, send(client, BY_SKU + "1001,MUG,1,UPS,A1\n"))

    order.refresh_from_db()
    assert (order.state, ShippingRequest.objects.get().state) == (State.PARTLY_SHIPPED, RequestState.PARTLY_SHIPPED)
    go(client, send(client, HEADER + "1001,UPS,A2\n"))
    assert left(order) == [({"MUG": 1}, ["A1"], "UPS"), ({"MUG": 1, "CUP": 1}, ["A2"], "UPS")]


def test_the_ship_date_counts_in_the_accounts_zone(client: Client, account: Account, order: Order) -> None:
    Account.objects.filter(pk=account.pk).update(time_zone="Europe/Berlin")
    ahead = (timezone.now() + dt.timedelta(days=5)).date()

    page = send(client, f"Order number,Ship date,Tracking number\n1001,2026-11-20,A1\n1001,{ahead},A2\n1001,soon,A3\n")
    assert [row[2] for row in found(page)[1:]] == [
        "The ship date lies in the future.", "The ship date is not clear. Write it like 2026-11-22.",
    ]  # fmt: skip
    go(client, page)

    assert Fulfillment.objects.get().shipped_at == dt.datetime(2026, 11, 19, 23, 0, tzinfo=dt.UTC)


def test_the_same_file_again_ships_nothing_twice(client: Client, order: Order) -> None:
    text = BY_SKU + "1001,MUG,1,UPS,A1\n"
    go(client, send(client, text))

    again = send(client, text)

    assert found(again) == [(2, "already", "Shipped with this number already.")]
    assert again.context["found"].writable == 0
    assert "There is nothing to ship." in words(again)
    go(client, again)
    assert left(order) == [({"MUG": 1}, ["A1"], "UPS")]


def test_two_previews_of_one_file_ship_once(client: Client, order: Order) -> None:
    text = HEADER + "1001,UPS,A1\n"
    first, second = send(client, text), send(client, text)

    go(client, first)
    done = go(client, second)

    assert left(order) == [({"MUG": 2, "CUP": 1}, ["A1"], "UPS")]
    assert Fulfillment.objects.count() == 1
    assert done.context["found"].results.get("refused", 0) == 0


def test_what_was_voided_can_ship_again_with_the_same_number(client: Client, order: Order) -> None:
    text = HEADER + "1001,UPS,A1\n"
    go(client, send(client, text))
    void(Fulfillment.objects.get(), by="Ann", now=timezone.now())

    go(client, send(client, text))

    assert left(order) == [({"MUG": 2, "CUP": 1}, ["A1"], "UPS")]
    assert Fulfillment.objects.count() == 2


# --- what does not --------------------------------------------------------------------------------------------------


def test_every_row_that_cannot_ship_says_why(client: Client, account: Account, store: Any, house: Any) -> None:
    partner = make_warehouse(account, make_partner(), name="Robots")
    make_order(store, {"MUG": 1}, warehouse=house, number="new")
    offered(make_order(store, {"MUG": 1}, warehouse=partner, number="theirs"))
    held = make_order(store, {"MUG": 1}, warehouse=house, number="held", state="held")
    Hold.objects.create(account=account, order=held, kind="fraud", placed_at=timezone.now(), placed_by="Ann")
    stopped = taken(make_order(store, {"MUG": 1}, warehouse=house, number="stop"))
    ShippingRequest.objects.filter(pk=stopped.pk).update(state=RequestState.CANCEL_ASKED)
    offered(make_order(store, {"MUG": 1}, warehouse=house, number="good"))

    page = send(
        client,
        "Order number,SKU,Quantity,Carrier,Tracking number\n"
        "none,,,UPS,A\nnew,,,UPS,A\ntheirs,,,UPS,A\nheld,,,UPS,A\nstop,,,UPS,A\ngood,HAT,,UPS,A\ngood,MUG,3,UPS,B\n"
        "good,MUG,x,UPS,C\n,,,UPS,A\ngood,,,UPS,\ngood,,2,UPS,D\ngood,,,UPS,---\n",
    )  # fmt: skip

    assert [row[2] for row in found(page)] == [
        "No order has this number.",
        "It was not handed to a warehouse yet.",
        "Robots has a system of its own, which reports what it ships.",
        "It is held: fraud check.",
        "The warehouse was asked to stop it. Say on To ship first whether it was stopped.",
        "“HAT” is not to ship in this order.",
        "Only 1 of “MUG” is left to ship.",
        "The quantity must be a whole number from 1.",
        "The order number is missing.",
        "No tracking number",
        "A quantity needs the SKU that it counts.",
        "This is no tracking number.",
    ]
    assert {row[1] for row in found(page)} == {"refused", "empty"}
    assert "No row can be shipped." in words(page)


def test_what_could_mean_two_things_is_refused_for_the_whole_parcel(client: Client, order: Order) -> None:
    mixed = send(client, BY_SKU + "1001,MUG,,UPS,A\n1001,,,UPS,B\n")
    carriers = send(client, HEADER + "1001,UPS,A\n1001,DHL,B\n")
    twice = send(client, BY_SKU + "1001,MUG,1,UPS,A\n1001,MUG,1,UPS,A\n")

    for page, sentence in ((mixed, "others none"), (carriers, "different carriers"), (twice, "stands twice")):
        assert all(sentence in row[2] for row in found(page)), found(page)
        assert page.context["found"].writable == 0


def test_a_number_that_several_stores_have_asks_for_the_integration(
    client: Client, account: Account, order: Order, house: Any
) -> None:
    other = make_store(account, name="Outlet")
    there = make_order(other, {"HAT": 1}, warehouse=house, number="1001")
    offered(there)

    lost = send(client, HEADER + "1001,UPS,A1\n")
    named = send(client, "Integration,Order,Tracking\nOUTLET,1001,A1\nMyShop,1001,A2\nNone,1001,A3\n")

    assert "Several orders have this number (MyShop, Outlet)" in found(lost)[0][2]
    assert [row[1] for row in found(named)] == ["ships", "ships", "refused"]
    go(client, named)
    assert left(there) == [({"HAT": 1}, ["A1"], "")]
    assert left(order) == [({"MUG": 2, "CUP": 1}, ["A2"], "")]


def test_an_order_left_out_by_the_settings_leads_to_where_is_my_order(
    client: Client, account: Account, store: Any
) -> None:
    SeenOrder.objects.create(
        account=account, store=store, uid="x", number="77", number_key=number_key_of("77"), fingerprint=1,
        outcome="skipped", settings_version=1, seen_by="poll", first_seen_at=timezone.now(), changed_at=timezone.now(),
    )  # fmt: skip

    assert "Where is my order?" in found(send(client, HEADER + "77,UPS,A1\n"))[0][2]


def test_an_order_of_two_warehouses_asks_for_the_skus(client: Client, account: Account, store: Any, house: Any) -> None:
    order = make_order(store, {"MUG": 1, "CUP": 1}, warehouse=house, number="2001")
    order.lines.filter(sku="CUP").update(warehouse=make_warehouse(account))
    with transaction.atomic():
        offer(store, [order.pk], now=timezone.now(), actor="test")

    plain = send(client, HEADER + "2001,UPS,A1\n")
    by_sku = send(client, BY_SKU + "2001,CUP,,UPS,A1\n2001,MUG,,UPS,A2\n")

    assert "Several warehouses ship parts of this order" in found(plain)[0][2]
    go(client, by_sku)
    assert left(order) == [({"CUP": 1}, ["A1"], "UPS"), ({"MUG": 1}, ["A2"], "UPS")]


def test_what_changed_between_the_look_and_the_press_is_refused_and_the_rest_ships(
    client: Client, order: Order, store: Any, house: Any
) -> None:
    other = make_order(store, {"HAT": 1}, warehouse=house, number="1002")
    offered(other)
    page = send(client, HEADER + "1001,UPS,A1\n1002,UPS,A2\n")
    ShippingRequest.objects.filter(order=order).update(revision=2)

    done = go(client, page)

    assert left(order) == []
    assert left(other) == [({"HAT": 1}, ["A2"], "UPS")]
    assert "1 row has shipped. 1 was refused while shipping." in words(done)
    assert "changed since the file was looked at" in words(done)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffOrder number;Carrier;Tracking number\n1001;UPS;A1\n".encode(),
        "Order number\tCarrier\tTracking number\n1001\tUPS\tA1\n".encode("utf-16"),
        b"What left today\n\nTRACKING NO,carrier,ORDER\nA1,UPS,1001\n",
    ],
    ids=["bom and semicolons", "utf-16", "title and order"],
)
def test_files_of_every_usual_make_are_read(client: Client, order: Order, content: bytes) -> None:
    go(client, send(client, content))

    assert left(order) == [({"MUG": 2, "CUP": 1}, ["A1"], "UPS")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"), (b"%PDF", "This is no table"), (b"PK\x03\x04x", "cannot be opened"),
        (b"a,b\n1,2\n", "must name the columns"), (b"Order number,Tracking number\n", "no rows below the header"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_gets_a_sentence(client: Client, content: bytes, sentence: str) -> None:
    page = send(client, content)

    assert sentence in str(page.context["form"].errors)
    assert not TrackingImport.objects.exists()


def test_a_formula_and_a_shortened_number_are_refused(client: Client, order: Order) -> None:
    book = Workbook()
    for row in (("Order number", "Tracking number"), (1001, "=A1"), (1001.0, 1.5e30)):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)

    page = send(client, out.getvalue(), "tracking.xlsx")

    assert [row[2].split(".")[0] for row in found(page)] == [
        "A formula stands here", "The spreadsheet shortened this tracking number",
    ]  # fmt: skip


# --- long files, cut off, at once -----------------------------------------------------------------------------------


def many(store: Any, house: Any, number: int) -> str:
    for n in range(number):
        offered(make_order(store, {"MUG": 1}, warehouse=house, number=f"L{n}"))
    return HEADER + "".join(f"L{n},UPS,T{n}\n" for n in range(number))


def test_a_long_file_that_was_cut_off_goes_on_and_counts_once(
    client: Client, store: Any, house: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("fcp.file_pages.AT_ONCE", 0.0)
    page = send(client, many(store, house, 30))
    going = go(client, page)
    row = going.context["found"]
    assert (row.state, row.position) == (ImportState.IMPORTING, 20)
    assert "20 of 30" in words(going)
    # As if it had been killed after the batch had shipped, before it was noted.
    killed_at = timezone.now() - dt.timedelta(minutes=2)
    TrackingImport.objects.filter(pk=row.pk).update(position=0, results={}, touched_at=killed_at)

    OrmQ.objects.all().delete()
    sweep.sweep(timezone.now())
    rung = [one.task["args"] for one in OrmQ.objects.all() if one.task["func"].endswith("import_tracking")]
    for args in rung:
        tasks.import_tracking(*args)

    row.refresh_from_db()
    assert rung == [(row.pk,)]
    assert (row.state, row.results) == (ImportState.DONE, {"ships": 30})
    assert Fulfillment.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_two_that_ship_one_file_ship_each_order_once(transactional_db: None) -> None:
    account = make_account("Shoes")
    store, house = make_store(account), make_warehouse(account)
    page = send(signed_in(account), many(store, house, 25))
    pk = page.context["found"].pk
    assert begin(page.context["found"], now=timezone.now())

    at_once(*[lambda: tracking_import.go_on(pk, seconds=60)] * 3)

    row = TrackingImport.objects.get(pk=pk)
    assert (row.state, row.results) == (ImportState.DONE, {"ships": 25})
    assert Fulfillment.objects.count() == 25


# --- whose it is, and the way there ---------------------------------------------------------------------------------


def test_strangers_orders_and_viewers_ship_nothing(client: Client, account: Account, order: Order) -> None:
    theirs = make_account("Theirs")
    secret = make_order(make_store(theirs), {"MUG": 1}, warehouse=make_warehouse(theirs), number="9001")
    offered(secret)
    page = send(client, HEADER + "9001,UPS,A1\n1001,UPS,A2\n")
    pk = page.context["found"].pk
    stranger, viewer, colleague = signed_in(theirs), signed_in(account, Role.VIEWER), signed_in(account)

    assert found(page)[0][2] == "No order has this number."
    assert stranger.get(f"/a/theirs/to-ship/tracking/{pk}/").status_code == 404
    assert stranger.post(f"/a/theirs/to-ship/tracking/{pk}/go/").status_code == 404
    assert viewer.get("/a/shoes/to-ship/tracking/").status_code == 403
    assert viewer.post(f"/a/shoes/to-ship/tracking/{pk}/go/").status_code == 403
    assert "imports it" in words(go(colleague, page))
    assert Fulfillment.objects.count() == 0


def test_to_ship_leads_to_a_file_to_fill_in_that_ships_what_was_filled_in(
    client: Client, order: Order, account: Account
) -> None:
    acknowledge(ShippingRequest.objects.get(), 1, by="Ann", now=timezone.now())
    page = client.get("/a/shoes/to-ship/")
    assert "/a/shoes/to-ship/tracking/" in page.content.decode()
    form = client.get("/a/shoes/to-ship/tracking/")
    assert "/a/shoes/to-ship/tracking/fill-in/" in form.content.decode()

    sheet = b"".join(client.get("/a/shoes/to-ship/tracking/fill-in/").streaming_content).decode("utf-8-sig")
    header, mug, cup = sheet.splitlines()
    assert mug == "1001,MyShop,MUG,2,,,,"
    filled = f"{header}\n{mug.replace(',,,,', ',UPS,,A1,')}\n{cup}\n"
    page = send(client, filled)

    assert [row[1] for row in found(page)] == ["ships", "empty"]
    go(client, page)
    assert left(order) == [({"MUG": 2}, ["A1"], "UPS")]


# --- the plan itself ------------------------------------------------------------------------------------------------

LINES = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 4)), min_size=1, max_size=4)
FILE = st.lists(
    st.tuples(st.sampled_from(["", "A", "B", "C", "D"]), st.sampled_from(["", "1", "2", "5"]), st.sampled_from("XYZ")),
    min_size=1, max_size=6,
)  # fmt: skip


@given(LINES, FILE)
@settings(max_examples=200, deadline=None)
def test_a_plan_ships_no_piece_twice_and_each_row_has_one_answer(
    lines: list[tuple[str, int]], file: list[tuple[str, str, str]]
) -> None:
    request = OpenRequest(1, 1, tuple(OpenLine(n, frozenset({sku}), left) for n, (sku, left) in enumerate(lines)))
    rows = [
        TrackingRow(n, "1", "", "UPS", "", number, "", sku, pieces if sku else "",
                    pieces=int(pieces) if pieces and sku else None)
        for n, (sku, pieces, number) in enumerate(file)
    ]  # fmt: skip

    parts = plan(Standing(1, (request,), ()), rows)

    shipped = {line.id: sum(part.lines.get(line.id, 0) for part in parts) for line in request.lines}
    assert all(shipped[line.id] <= line.left for line in request.lines)
    assert {row.found for row in rows} <= {"ships", "refused"}
    assert sorted(row.number for part in parts for row in part.rows) == [r.number for r in rows if r.found == "ships"]
    assert len({part.ref for part in parts}) == len(parts)
    # What was planned, once recorded, is nothing to do any more.
    recorded = tuple(
        Recorded(
            frozenset(row.tracking for row in part.rows),
            {sku: sum(part.lines.get(line.id, 0) for line in request.lines if sku in line.skus) for sku in "ABC"},
            part.ref,
        )
        for part in parts
    )
    done = [row for row in rows if row.found == "ships"]
    if len(done) == len(rows):
        assert plan(Standing(1, (), recorded, why_not="gone"), rows) == []
        assert {row.found for row in rows} == {"already"}

"""The proof that adding a platform is one folder: an invented one walks the whole way, with nothing else changed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind
from integrations.models import Exchange, Flow, Integration, Run
from inventory.models import Warehouse
from mappings.models import Location, ShipMethod
from orders.models import Order, ShippingRequest
from tests.api.conftest import partner_api
from tests.build import make_account, make_partner, make_user, make_warehouse
from tests.integrations.flows.world import sync, work
from tests.integrations.pages.conftest import signed_in
from tests.integrations.pages.reading import assert_in_order, form_of, words
from tests.integrations.shared.world import after
from tests.platforms.corner.store import CornerShop

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
ADD = "/a/shoes/integrations/add/"


@pytest.fixture
def account(transactional_db: None) -> Account:
    account = make_account("shoes", name="Shoes Ltd", time_zone="Europe/Berlin")
    make_warehouse(account, partner=make_partner(), name="Berlin", code="BER")
    return account


@pytest.fixture
def staff(account: Account) -> Client:
    """The operator, who may name the till's address here: it runs on this machine."""
    return signed_in(make_user(account, is_staff=True, is_superuser=True))


def paired(client: Client, shop: CornerShop) -> Integration:
    """As a person does it: find the platform, type number and PIN, name it."""
    asked = client.post(f"{ADD}corner/pairing/", {"shop_no": "4711", "pin": shop.pin, "api_url": shop.url})
    assert asked.status_code == 302, words(asked)
    saved = client.post(asked["Location"], {"name": "Corner Shop"})
    assert saved.status_code == 302, words(saved)
    return Integration.objects.get()


def set_up(client: Client, shop: CornerShop) -> Integration:
    integration = paired(client, shop)
    at = f"/a/shoes/integrations/{integration.pk}/"
    form = form_of(client.get(f"{at}setup/"), "setup", orders_interval="10", inventory_interval="30")
    done = client.post(f"{at}setup/", form)
    assert done.status_code == 302, words(done)
    page = form_of(client.get(at), "settings", fulfillments_mode="push", fulfillments_interval="10")
    assert client.post(at, page).status_code == 302
    work()
    return integration


# --- where it shows by itself -------------------------------------------------------------------------------------


def test_the_catalogue_lists_it_and_finds_it(staff: Client, corner: CornerShop) -> None:
    assert_in_order(words(staff.get(ADD)), "Wix", "Corner Till", "Orders, tracking and stock of a shop")
    found = words(staff.get(ADD, {"q": "till"}, headers={"HX-Request": "true"}))
    assert "Corner Till" in found
    assert "Wix" not in found
    assert "#receipt" in staff.get(ADD).content.decode()  # the sign that it declares


def test_the_page_to_connect_it_asks_for_what_it_declares(staff: Client, account: Account, corner: CornerShop) -> None:
    page = staff.get(ADD + "corner/", follow=True)

    text = words(page)
    assert_in_order(text, "Connect Corner Till", "press Programs", "Shop number", "Pairing PIN", "Till address")
    for word in ("Wix", "Site ID", "API key", "catalog"):
        assert word not in text
    merchant = signed_in(make_user(account))
    assert "Till address" not in words(merchant.get(ADD + "corner/pairing/"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"shop_no": "47-11"}, "Digits only."),
        ({"pin": ""}, "Fill this in."),
        ({"pin": "00000000"}, "The till does not take this PIN."),
        ({"api_url": "https://evil.example/till/2"}, "This is not an address that Corner Till uses."),
    ],
)
def test_what_the_till_does_not_take_is_said_and_nothing_is_saved(
    staff: Client, corner: CornerShop, typed: dict[str, str], sentence: str
) -> None:
    good = {"shop_no": "4711", "pin": corner.pin, "api_url": corner.url}

    page = staff.post(f"{ADD}corner/pairing/", good | typed)

    assert sentence in words(page)
    assert not Integration.objects.exists()


def test_a_pin_that_pairs_once_is_used_once(staff: Client, corner: CornerShop) -> None:
    integration = paired(staff, corner)

    assert corner.calls.count("POST /till/pair") == 1
    store = integration.store
    assert (store.platform, store.uid, store.currency, store.time_zone) == ("corner", "4711", "EUR", "Europe/Berlin")
    assert (integration.variant, integration.name, integration.nickname) == ("", "Corner Shop", "CornerShop")
    kinds = {flow.kind: flow.due_at is not None for flow in Flow.objects.filter(integration=integration)}
    assert kinds == {"orders": False, "inventory": False, "fulfillments": False, "locations": True}


def test_its_settings_are_those_that_it_declares(staff: Client, corner: CornerShop) -> None:
    integration = paired(staff, corner)
    at = f"/a/shoes/integrations/{integration.pk}/"

    main = words(staff.get(at))
    assert_in_order(main, "Corner Shop", "History", "Payment Status", "Status of the sale", "Parked")
    for word in ("Wix", "Catalog V1", "Channel Mode", "Webhooks", "This site uses", "Pull products"):
        assert word not in main
    assert_in_order(words(staff.get(f"{at}channel/")), "Till address", "Shop number", "Process Pickup Orders")
    form = staff.get(f"{at}reconnect/").context["form"]
    assert (form["shop_no"].value(), form["pin"].value()) == ("4711", None)

    changed = form_of(staff.get(at), "settings", history="45", order_status=["approved", "pending"])
    assert staff.post(at, changed).status_code == 302
    assert_in_order(words(staff.get(f"{at}versions/")), "45")


def test_every_page_of_it_opens(staff: Client, corner: CornerShop) -> None:
    integration = set_up(staff, corner)
    pages = ["", "advanced/", "channel/", "carriers/", "skus/", "warehouses/", "webhooks/", "products/", "stock/",
             "runs/", "exchanges/", "versions/", "sync/", "try/", "delete/", "reconnect/", "checklist/", "state/",
             ]  # fmt: skip
    for page in pages:
        answer = staff.get(f"/a/shoes/integrations/{integration.pk}/{page}")
        assert answer.status_code == 200, page
        assert "Wix" not in words(answer), page
    for page in ("", "orders/", "held/", "to-ship/", "push-preview/", "settings/alerts/"):
        assert "Wix" not in words(staff.get(f"/a/shoes/{page}", follow=True)), page
    rows = words(staff.get("/a/shoes/integrations/", headers={"HX-Request": "true"}))
    assert_in_order(rows, "CornerShop", "every 10 min")
    assert "Corner Shop ·" not in rows  # no empty place where others name their catalogue


def test_help_lists_what_it_can_do_and_its_guide(staff: Client, account: Account, corner: CornerShop) -> None:
    text = words(staff.get("/a/shoes/help/"))
    assert_in_order(text, "Corner Till", "1 shipment in a call", "shows each parcel with its own tracking number")
    guide = words(staff.get("/a/shoes/help/guides/corner/corner-pairing/"))
    assert_in_order(guide, "Pair a Corner Till", "press Programs")


def test_the_operator_s_pages_show_it(staff: Client, corner: CornerShop) -> None:
    integration = set_up(staff, corner)
    for page in ("fcp/store", "integrations/integration", "integrations/flow", "integrations/exchange"):
        answer = staff.get(f"/admin/{page}/")
        assert answer.status_code == 200
        assert corner.pin not in answer.content.decode() or not corner.pin
    assert "Corner" in staff.get("/admin/fcp/store/").content.decode()
    assert "corner" in staff.get("/admin/integrations/rateprofile/add/").content.decode()
    assert staff.get(f"/admin/integrations/integration/{integration.pk}/change/").status_code == 200


def test_nobody_announces_anything_to_a_platform_without_webhooks(corner: CornerShop, account: Account) -> None:
    client = Client(raise_request_exception=False)

    assert client.post("/hooks/corner/", b"{}", "application/json").status_code == 403
    assert client.post("/hooks/corner/some-token/", b"{}", "application/json").status_code == 404
    assert client.get("/install/corner/").status_code == 404


# --- the way of an order ------------------------------------------------------------------------------------------


def test_an_order_comes_in_is_held_is_mapped_ships_and_the_till_shows_each_parcel(
    staff: Client, account: Account, corner: CornerShop
) -> None:
    sale = corner.sell("MUG-RED TEA", pieces=2, post="Parcel by van", say="Ring twice")
    integration = set_up(staff, corner)
    order = Order.objects.get(store=integration.store)
    assert (order.number, order.state, order.buyer_note) == (sale["slip"], "held", "Ring twice")
    assert {hold.kind for hold in order.holds.filter(lifted_at=None)} >= {"ship_code", "sku"}
    held = words(staff.get("/a/shoes/held/"))
    assert "Parcel by van" in held

    # A person maps what the till calls things.
    assert staff.post(f"/a/shoes/integrations/{integration.pk}/skus/take/").status_code == 302
    word = ShipMethod.objects.get(store=integration.store, title="Parcel by van")
    staff.post(f"/a/shoes/mappings/ship-codes/{word.pk}/", {"target": "GROUND"})
    warehouse = account_warehouse(account)
    for place in Location.objects.filter(store=integration.store):
        staff.post(f"/a/shoes/mappings/locations/{place.pk}/", {"target": str(warehouse.pk)})
    assert staff.post(f"/a/shoes/integrations/{integration.pk}/live/").status_code == 302
    work()

    # The warehouse asks, takes and ships, in two parcels.
    api = partner_api(warehouse.partner)
    offered = api.get("/shipping-requests").json()["results"]
    request = ShippingRequest.objects.get(order=order)
    assert [row["id"] for row in offered] == [str(request.pk)]
    taken = api.post(f"/shipping-requests/{request.pk}/acknowledge", {"revision": request.revision}, "a1")
    assert taken.status_code == 200, taken.content
    lines = [{"id": str(line.line_id), "quantity": line.quantity} for line in request.lines.all()]
    parcels = [{"tracking_number": number} for number in ("VAN-1", "VAN-2")]
    body = {"id": "S-1", "carrier": "UPS", "parcels": parcels, "lines": lines}
    shipped = api.post(f"/shipping-requests/{request.pk}/fulfillments", body, "a2")
    assert shipped.status_code in (200, 201), shipped.content
    work()

    first, second = corner.parcels_of(sale["sale_no"])
    assert [first["barcode"], second["barcode"]] == ["VAN-1", "VAN-2"]
    assert (first["pieces"], second["with"]) == ({"1": 2, "2": 2}, first["parcel_no"])
    assert corner.sales[sale["sale_no"]]["gone"] == "all"
    order.refresh_from_db()
    assert order.state == "confirmed"
    page = words(staff.get(f"/a/shoes/orders/{order.pk}/"))
    assert "VAN-1" in page
    assert "VAN-2" in page


def account_warehouse(account: Account) -> Warehouse:
    return Warehouse.objects.for_account(account).select_related("partner").get()


# --- the way of a quantity ----------------------------------------------------------------------------------------


def test_stock_goes_to_the_till_by_code_and_counter_and_is_known_once_its_job_is_done(
    staff: Client, account: Account, corner: CornerShop, time_machine: Any
) -> None:
    for code in ("MUG-RED", "TEA"):
        corner.sell(code)  # the till lists nothing: what it sells shows in its sales
    integration = set_up(staff, corner)
    staff.post(f"/a/shoes/integrations/{integration.pk}/skus/take/")
    warehouse = account_warehouse(account)
    back_room = Location.objects.get(store=integration.store, name="Back room")
    staff.post(f"/a/shoes/mappings/locations/{back_room.pk}/", {"target": str(warehouse.pk)})
    staff.post(f"/a/shoes/integrations/{integration.pk}/live/")
    work()
    levels = [{"sku": "MUG-RED", "quantity": 31}, {"sku": "TEA", "quantity": 7}]
    body = {"warehouse": str(warehouse.pk), "taken_at": timezone.now().isoformat(), "levels": levels}
    assert partner_api(warehouse.partner).post("/stock-levels", body).status_code == 200
    work()
    preview = words(staff.get("/a/shoes/push-preview/", follow=True))
    assert "CornerShop" in preview
    assert corner.stock["MUG-RED", 2] == 5  # nothing before a person has seen the preview

    corner.slow_jobs = True
    assert staff.post(f"/a/shoes/integrations/{integration.pk}/stock/send/").status_code == 302
    work()
    assert (corner.stock["MUG-RED", 2], corner.stock["TEA", 2]) == (30, 6)  # one of each is sold
    assert corner.stock["MUG-RED", 1] == 4  # the counter that nobody mapped keeps its own
    flow = Flow.objects.get(integration=integration, kind=FlowKind.INVENTORY)
    assert "ticket" in flow.position
    after(time_machine, 0.5)
    assert "ticket" in Flow.objects.get(pk=flow.pk).position
    corner.slow_jobs = False
    after(time_machine, 0.5)

    flow.refresh_from_db()
    assert ("ticket" in flow.position, flow.failures) == (False, 0)
    run = Run.objects.filter(flow=flow).latest("pk")
    assert run.created == 2
    assert corner.calls.count("POST /stock/counts") == 1


# --- its key ------------------------------------------------------------------------------------------------------


def test_its_pass_is_renewed_with_a_token_that_changes_each_time(
    staff: Client, corner: CornerShop, time_machine: Any
) -> None:
    integration = set_up(staff, corner)
    renewals = {corner.renewal}
    for _ in range(3):
        time_machine.move_to(timezone.now() + dt.timedelta(minutes=40))
        corner.sell()
        sync(integration)
        renewals.add(corner.renewal)

    assert len(renewals) >= 4
    assert Order.objects.filter(store=integration.store).count() == 3
    assert not Flow.objects.filter(integration=integration, failures__gt=0).exists()
    written = repr(list(Exchange.objects.values_list()))
    assert [secret for secret in corner.secrets if secret and secret in written] == []


# --- what a platform may lean on ----------------------------------------------------------------------------------


def test_no_file_of_the_product_names_the_invented_platform(corner: CornerShop) -> None:
    assert connector_class("corner").platform.label == "Corner Till"
    sources = [path for app in ("fcp", "inventory", "mappings", "orders", "integrations", "templates")
               for path in (ROOT / app).rglob("*") if path.suffix in {".py", ".html", ".js"}]  # fmt: skip
    assert len(sources) > 200
    assert [path for path in sources if "corner_till" in path.read_text().lower().replace(" ", "_")] == []

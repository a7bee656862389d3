"""The stand-in warehouse works through the partner API over HTTP, and goes on where it was."""

import datetime as dt
import signal
import socket
import subprocess
import sys

import pytest
from django.utils import timezone

from fcp.models import ApiKey
from fcp.scopes import FOR_PARTNER
from integrations.sandbox.tracking import CARRIERS, carrier_of, dhl, fedex, post, ups, usps
from integrations.sandbox.warehouse import Wait, Warehouse
from orders.models import Fulfillment, ShippingRequest
from orders.models.shipping import RequestState
from tests.orders.making import make_partner, new_order, offered
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
SOON = dt.timedelta(seconds=6)


@pytest.fixture
def partner(transactional_db):
    return make_partner()


@pytest.fixture
def key_file(partner, tmp_path):
    file = tmp_path / "warehouse.key"
    file.write_text(ApiKey.objects.issue("WMS", sorted(FOR_PARTNER), partner=partner)[1])
    return file


@pytest.fixture
def warehouse(live_server, key_file):
    return Warehouse(f"{live_server.url}/api/v1", key_file, seed=1)


def state(request):
    request.refresh_from_db()
    return request.state


def shipped_whole(warehouse, partner):
    """A request that this warehouse's seed ships at once."""
    while True:
        request = offered(new_order({"MUG": 4}, partner))
        if not warehouse._in_parts({"id": str(request.pk), "lines": [{"quantity": 4}]}):
            return request


def shipped_in_parts(warehouse, partner):
    while True:
        request = offered(new_order({"MUG": 3, "CUP": 1}, partner))
        if warehouse._in_parts({"id": str(request.pk), "lines": [{"quantity": 4}]}):
            return request


def test_an_order_is_taken_at_once_and_shipped_some_seconds_later(warehouse, partner):
    request, now = shipped_whole(warehouse, partner), timezone.now()

    warehouse.work(now)
    assert state(request) == "acknowledged"
    warehouse.work(now)
    assert state(request) == "acknowledged"
    warehouse.work(timezone.now() + SOON)

    assert state(request) == "shipped"
    fulfillment = Fulfillment.objects.get(request=request)
    assert (fulfillment.carrier, fulfillment.partner_ref) == ("DHL", f"WH-{request.pk}-1")
    assert request.acknowledged_at < fulfillment.shipped_at < request.acknowledged_at + SOON
    assert len(fulfillment.parcels.get().tracking) == 20


def test_some_orders_ship_in_parts(warehouse, partner):
    request = shipped_in_parts(warehouse, partner)
    warehouse.work(timezone.now())
    request.refresh_from_db()
    taken = request.acknowledged_at

    for _ in range(2):
        warehouse.work(taken + SOON)
        assert state(request) == "partly_shipped"

    warehouse.work(taken + 2 * SOON)

    assert state(request) == "shipped"
    parts = Fulfillment.objects.filter(request=request).order_by("pk")
    assert [sum(line.quantity for line in part.lines.all()) for part in parts] == [2, 2]


def test_another_process_goes_on_and_ships_nothing_twice(warehouse, live_server, key_file, partner):
    request = shipped_in_parts(warehouse, partner)
    warehouse.work(timezone.now())
    warehouse.work(timezone.now() + SOON)
    again = Warehouse(f"{live_server.url}/api/v1", key_file, seed=1)

    for later in (SOON, 2 * SOON, 3 * SOON):
        again.work(timezone.now() + later)

    parts = Fulfillment.objects.filter(request=request).order_by("pk")
    assert [part.partner_ref for part in parts] == [f"WH-{request.pk}-1", f"WH-{request.pk}-2"]
    assert sum(line.quantity for part in parts for line in part.lines.all()) == 4


def test_who_asks_in_time_is_stopped_and_who_asks_late_is_told(warehouse, partner):
    early, late = shipped_whole(warehouse, partner), shipped_whole(warehouse, partner)
    warehouse.work(timezone.now())
    for request, seconds in ((early, 0.5), (late, 5)):
        request.refresh_from_db()
        asked = request.acknowledged_at + dt.timedelta(seconds=seconds)
        ShippingRequest.objects.filter(pk=request.pk).update(state=RequestState.CANCEL_ASKED, cancel_asked_at=asked)

    warehouse.work(timezone.now())

    assert (state(early), state(late)) == ("canceled", "acknowledged")
    assert late.reason == "The parcel is packed and on its way to the truck."


def test_what_is_refused_for_one_order_does_not_keep_back_the_others(warehouse, partner):
    gone, other = shipped_whole(warehouse, partner), shipped_whole(warehouse, partner)
    warehouse.work(timezone.now())
    Fulfillment.objects.create(
        account=gone.account, store=gone.order.store, order=gone.order, request=gone, origin="partner",
        partner_ref=f"WH-{gone.pk}-1", carrier="Other", shipped_at=timezone.now(), created_at=timezone.now(),
        told="not_wanted",
    )  # fmt: skip

    warehouse.work(timezone.now() + SOON)

    assert (state(gone), state(other)) == ("acknowledged", "shipped")


def test_a_refused_key_is_waited_for_and_a_new_one_used(warehouse, key_file, partner):
    request = offered(new_order({"MUG": 1}, partner))
    key_file.write_text("fcp_0_nothing")
    with pytest.raises(Wait, match="no such API key"):
        warehouse.work(timezone.now())

    key_file.write_text(ApiKey.objects.issue("New", sorted(FOR_PARTNER), partner=partner)[1] + "\n")
    warehouse.work(timezone.now())

    assert state(request) == "acknowledged"


def test_a_panel_that_is_not_up_and_a_key_that_is_not_there_are_waited_for(tmp_path, key_file):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v1"
        with pytest.raises(Wait, match="does not answer yet"):
            Warehouse(url, key_file).work(timezone.now())
        with pytest.raises(Wait, match="no key in"):
            Warehouse(url, tmp_path / "none").work(timezone.now())


def test_too_many_calls_are_waited_for(warehouse, partner, settings):
    settings.FCP_API_RATE = 1

    with pytest.raises(Wait) as wait:
        warehouse.work(timezone.now())

    assert 1 <= wait.value.seconds <= 60


def test_the_program_ships_an_order_and_ends_when_asked(live_server, key_file, partner, child_environment):
    request = offered(new_order({"MUG": 1}, partner))
    command = [sys.executable, "manage.py", "warehouse", "--url", f"{live_server.url}/api/v1", "--key-file", key_file]
    with subprocess.Popen([*command, "--every", "0.2"], env=child_environment) as process:
        try:
            assert wait_until(lambda: state(request) == "shipped", 90)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_tracking_numbers_carry_the_carriers_check_digits():
    """Each pair: a number that the carrier itself prints as an example, and ours, checked alike."""

    def usps_ok(number):
        return sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(reversed(number))) % 10 == 0

    def fedex_ok(number):
        weighted = sum(int(sign) * (3, 1, 7)[place % 3] for place, sign in enumerate(number[:-1]))
        return weighted % 11 % 10 == int(number[-1])

    def ups_ok(number):
        signs = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:]]
        weighted = sum(sign * (2 if place % 2 else 1) for place, sign in enumerate(signs[:-1]))
        return (weighted + signs[-1]) % 10 == 0

    def post_ok(number):
        total = sum(int(sign) * weight for sign, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
        return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == int(number[10])

    for ok, example, make in (
        (post_ok, "RR473124829FI", post),
        (usps_ok, "9400111202555842332669", usps),
        (usps_ok, "00340434161094042557", dhl),
        (fedex_ok, "986578788855", fedex),
        (ups_ok, "1Z999AA10123456784", ups),
    ):
        ours = [make(f"order {n}") for n in range(20)]
        assert all(ok(number) for number in [example, *ours])
        assert {len(number) for number in ours} == {len(example)}
        assert len(set(ours)) == 20
    assert set(CARRIERS) == {"ups", "usps", "fedex", "dhl"}


@pytest.mark.parametrize(
    ("carrier", "ship_code", "country", "taken"),
    [
        ("FedEx", "STD", "DE", "FedEx"),
        ("", "USPS-GROUND", "US", "USPS"),
        ("PostNord", "SE-PARCEL", "NL", "PostNord"),
        ("", "STD", "US", "UPS"),
        ("", "STD", "FR", "DHL"),
    ],
)
def test_the_carrier_is_the_one_that_the_request_names(carrier, ship_code, country, taken):
    assert carrier_of(carrier, ship_code, country)[0] == taken

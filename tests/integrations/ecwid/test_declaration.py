"""What Ecwid declares: the five flows, labels, defaults and limits as the requirements name them."""

from __future__ import annotations

import re

import pytest

from integrations.connectors.declaring import ANY, FlowKind, Mode, Setting
from integrations.connectors.ecwid.declaration import PLATFORM
from integrations.connectors.ecwid.words import FULFILLMENT, PAYMENT
from integrations.setting_fields import mode_label
from orders.shapes import Status

SETTINGS = {setting.key: setting for setting in PLATFORM.settings}
FLOWS = {flow.kind: flow for flow in PLATFORM.flows}


def labels(kind: FlowKind) -> list[str]:
    offer = FLOWS[kind]
    modes = [*offer.modes] if offer.always_on else [Mode.DISABLED, *offer.modes]
    return [mode_label(offer, mode, PLATFORM) for mode in modes]


def values(setting: Setting) -> set[str]:
    return {choice.value for choice in setting.choices} - {ANY}


@pytest.mark.req("P17-1", "P17-9", "P17-11")
def test_five_flows_with_the_words_that_merchants_know() -> None:
    assert labels(FlowKind.ORDERS) == ["Disabled", "Pull orders from Ecwid"]
    assert labels(FlowKind.PRODUCTS)[:3] == ["Disabled", "Pull from Ecwid", "Push to Ecwid"]
    assert labels(FlowKind.INVENTORY) == ["Disabled", "Push to Ecwid"]
    assert labels(FlowKind.FULFILLMENTS) == ["Disabled", "Push to Ecwid"]
    assert labels(FlowKind.LOCATIONS) == ["Pull from Ecwid"]


@pytest.mark.req("P17-15", "P17-17", "P17-20")
def test_only_locations_cannot_be_switched_off_and_it_is_said_why() -> None:
    assert [kind for kind, flow in FLOWS.items() if flow.always_on] == [FlowKind.LOCATIONS]
    assert FLOWS[FlowKind.LOCATIONS].help == "Always on: processing orders depends on the store's locations."
    assert all(flow.help.endswith(".") for flow in PLATFORM.flows)


def test_every_filter_starts_with_any_and_the_release_with_paid() -> None:
    assert [SETTINGS[key].default for key in ("payment_status", "fulfillment_status", "order_status")] == [(ANY,)] * 3
    assert SETTINGS["release"].default == "paid"
    assert SETTINGS["process_pickup"].default is True  # all orders, these too
    assert (SETTINGS["first_push"].default, SETTINGS["first_pull"].default) == ("changes", "changes")


def test_every_word_of_ecwid_has_a_label_and_no_other_is_offered() -> None:
    payments = {payment.value for payment, _ in PAYMENT.values()}
    fulfillments = {word.value for word in FULFILLMENT.values()}
    statuses = {status.value for _, status in PAYMENT.values()} | {Status.CANCELED.value}
    assert {choice.value for choice in PLATFORM.payments} == values(SETTINGS["payment_status"]) == payments
    assert {choice.value for choice in PLATFORM.fulfillments} == values(SETTINGS["fulfillment_status"]) == fulfillments
    assert {choice.value for choice in PLATFORM.statuses} == values(SETTINGS["order_status"]) == statuses


def test_two_hosts_and_the_documented_rate() -> None:
    assert PLATFORM.hosts == ("app.ecwid.com", "my.ecwid.com")
    assert PLATFORM.rates[SETTINGS["throughput"].default] == PLATFORM.calls_per_minute == 600
    assert (PLATFORM.page, PLATFORM.variants) == (100, {})
    assert SETTINGS["api_url"].staff_only
    assert SETTINGS["store_id"].read_only


def test_the_token_comes_first_and_the_app_needs_one_of_the_operator() -> None:
    token, app = PLATFORM.ways_in
    assert (token.key, token.needs_app, token.redirect) == ("custom_app", False, False)
    assert [(field.key, field.secret, field.required) for field in token.fields] == [
        ("store_id", False, True),
        ("token", True, True),
        ("client_secret", True, False),
    ]
    assert (app.key, app.needs_app, app.redirect, app.fields) == ("app", True, True, ())
    assert re.search(token.fields[0].pattern, "1003")
    assert not re.search(token.fields[0].pattern, "secret_1")


def test_each_guide_marks_what_is_done_at_ecwid_and_each_way_in_has_one() -> None:
    for way in PLATFORM.ways_in:
        assert {step.in_store for step in way.steps} == {True, False}
        assert all(step.text.endswith(".") for step in way.steps)
    assert {guide.way for guide in PLATFORM.guides if guide.way} == {way.key for way in PLATFORM.ways_in}


@pytest.mark.req("P17-3")
def test_the_guides_say_before_the_steps_what_is_needed() -> None:
    for guide in PLATFORM.guides:
        if guide.way:
            assert any("account here" in need for need in guide.needs)
            assert any("sign-in of its owner" in need for need in guide.needs)


def test_the_screen_says_what_ecwid_can_show_of_a_shipment_and_that_it_mails_the_buyer() -> None:
    assert "one tracking number and one status for each order" in PLATFORM.shipments_note
    for said in (PLATFORM.shipments_note, FLOWS[FlowKind.FULFILLMENTS].help):
        assert "mails the buyer" in said

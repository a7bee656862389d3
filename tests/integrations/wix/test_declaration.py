"""What Wix declares: labels, defaults and values as the requirements name them, one home for every setting."""

import re

import pytest

from integrations.connectors import platforms
from integrations.connectors.declaring import ANY, FlowKind, Setting, SettingKind
from integrations.connectors.wix.declaration import PLATFORM
from integrations.connectors.wix.words import FULFILLMENT, PAYMENT, STATUS

SETTINGS = {setting.key: setting for setting in PLATFORM.settings}
FLOWS = {flow.kind: flow for flow in PLATFORM.flows}


def labels(setting: Setting) -> list[str]:
    return [choice.label for choice in setting.choices]


def defaults(setting: Setting) -> list[str]:
    wanted = setting.default if isinstance(setting.default, tuple) else (setting.default,)
    return [choice.label for choice in setting.choices if choice.value in wanted]


def test_payment_status_offers_unpaid_paid_pending_first_and_starts_with_paid() -> None:
    setting = SETTINGS["payment_status"]
    assert setting.label == "Payment Status"
    assert labels(setting)[:3] == ["Unpaid", "Paid", "Pending"]
    assert defaults(setting) == ["Paid"]


def test_fulfillment_status_offers_two_values_and_starts_with_not_fulfilled() -> None:
    setting = SETTINGS["fulfillment_status"]
    assert labels(setting) == ["Not Fulfilled", "Partially Fulfilled", "Any"]
    assert defaults(setting) == ["Not Fulfilled"]


@pytest.mark.parametrize("key", ["payment_status", "fulfillment_status", "order_status"])
def test_any_is_an_explicit_choice_and_an_empty_selection_is_not_one(key: str) -> None:
    setting = SETTINGS[key]
    assert setting.kind is SettingKind.CHOICES
    assert setting.required
    assert [choice.value for choice in setting.choices].count(ANY) == 1
    assert ANY not in setting.default


def test_order_age_and_history_are_one_setting_of_one_to_365_days() -> None:
    setting = SETTINGS["history"]
    assert (setting.label, setting.install_label) == ("History", "Order Age")
    assert (setting.default, setting.minimum, setting.maximum, setting.unit) == (30, 1, 365, "days")


def test_orders_are_retrieved_every_thirty_minutes_by_default() -> None:
    flow = FLOWS[FlowKind.ORDERS]
    assert (flow.interval_label, flow.interval) == ("Interval to Retrieve Orders", 30)


def test_inventory_is_synced_hourly_and_shipments_every_thirty_minutes_by_default() -> None:
    assert FLOWS[FlowKind.INVENTORY].interval_label == "Interval to Sync Inventory"
    assert FLOWS[FlowKind.INVENTORY].interval == 60
    assert FLOWS[FlowKind.FULFILLMENTS].interval == 30
    assert [kind for kind, flow in FLOWS.items() if flow.always_on] == [FlowKind.LOCATIONS]


def test_five_order_statuses_can_be_downloaded_and_approved_is_the_ordinary_one() -> None:
    setting = SETTINGS["order_status"]
    assert setting.label == "Download Orders with the following Order Status"
    assert labels(setting) == ["Initialized", "Approved", "Pending", "Canceled", "Rejected", "Any"]
    assert defaults(setting) == ["Approved"]


def test_the_switches_offer_the_words_that_merchants_know() -> None:
    assert SETTINGS["reject_unmapped"].label == "Reject Unmapped Shipping Codes"
    assert sorted(labels(SETTINGS["reject_unmapped"])) == ["Disable", "Enable"]
    assert SETTINGS["reject_unmapped"].default is True
    assert SETTINGS["process_pickup"].label == "Process Pickup Orders"
    assert labels(SETTINGS["process_pickup"]) == ["Yes", "No"]
    assert SETTINGS["process_pickup"].default is False


def test_release_and_later_changes_start_with_the_careful_value() -> None:
    assert labels(SETTINGS["release"]) == ["When paid", "When paid or cash on delivery", "Whatever the payment"]
    assert defaults(SETTINGS["release"]) == ["When paid"]
    assert labels(SETTINGS["later_changes"]) == ["Ignore", "Update until released", "Update and ask after release"]
    assert defaults(SETTINGS["later_changes"]) == ["Update and ask after release"]


def test_every_word_of_the_vendor_has_a_label() -> None:
    assert {word.value for word in PAYMENT.values()} == {choice.value for choice in PLATFORM.payments}
    assert {word.value for word in FULFILLMENT.values()} == {choice.value for choice in PLATFORM.fulfillments}
    assert {word.value for word in STATUS.values()} == {choice.value for choice in PLATFORM.statuses}


def test_throughput_names_a_rate_for_each_choice_and_starts_with_wix_s_limit() -> None:
    setting = SETTINGS["throughput"]
    assert {choice.value for choice in setting.choices} == set(PLATFORM.rates)
    assert PLATFORM.rates[setting.default] == PLATFORM.calls_per_minute == 200


def test_the_site_id_is_letters_digits_and_dashes_in_both_places() -> None:
    (field,) = [one for one in PLATFORM.ways_in[0].fields if one.key == "site_id"]
    assert field.pattern == SETTINGS["site_id"].pattern
    assert re.search(field.pattern, "3f2b1c4d-0000-4000-8000-1234567890ab")
    for wrong in ("", "abc", "a b-c", "-a", "a-", "https://x/a-b", "a_b-c"):
        assert not re.search(field.pattern, wrong)


def test_the_api_key_comes_first_and_the_app_needs_one_of_the_operator() -> None:
    key, *of_app = PLATFORM.ways_in
    assert (key.key, key.needs_app) == ("api_key", False)
    assert [field.secret for field in key.fields] == [True, False]
    assert [(way.key, way.needs_app, way.redirect, way.staff_only) for way in of_app] == [
        ("market", True, True, False), ("app", True, False, True),
    ]  # fmt: skip


def test_each_guide_marks_which_of_its_steps_are_done_in_wix() -> None:
    for way in PLATFORM.ways_in:
        assert {step.in_store for step in way.steps} == {True, False}
        assert all(step.text.endswith(".") for step in way.steps)


@pytest.mark.parametrize("platform", [connector.platform for connector in platforms()], ids=lambda one: one.key)
def test_every_setting_has_one_home_and_says_its_effect_in_a_sentence(platform: object) -> None:
    settings = platform.settings  # type: ignore[attr-defined]
    keys = [setting.key for setting in settings]
    assert len(keys) == len(set(keys))
    for setting in settings:
        assert setting.help.endswith("."), setting.key
        assert setting.tab in {"main", "advanced", "channel"}
        values = {choice.value for choice in setting.choices}
        if setting.kind is SettingKind.CHOICES:
            assert set(setting.default) <= values
        elif setting.kind is SettingKind.CHOICE:
            assert setting.default in values


def test_only_staff_see_the_address_of_the_api_and_nobody_types_the_installation_s_id() -> None:
    assert SETTINGS["api_url"].staff_only
    assert SETTINGS["instance_id"].read_only
    assert PLATFORM.hosts == ("www.wixapis.com",)

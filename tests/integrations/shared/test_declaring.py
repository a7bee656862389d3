"""What every platform's declaration keeps to, so that pages, forms and flows made from it hold together."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fcp.errors import Rejected
from integrations.connectors.base import Connector
from integrations.connectors.declaring import FlowKind
from integrations.settings_document import defaults
from tests.integrations.shared.adapter import Shop

SPRITE = Path(__file__).parents[3] / "fcp/static/vendor/icons/icons.svg"
NEEDS = {  # what a flow asks of a connector
    FlowKind.ORDERS: ("orders", "order", "order_by_number", "shape_order"),
    FlowKind.PRODUCTS: ("listings",),
    FlowKind.INVENTORY: ("push_stock", "stock", "stock_of"),
    FlowKind.FULFILLMENTS: ("push_shipments", "told_shipments"),
    FlowKind.LOCATIONS: ("locations", "check"),
}


def test_its_sign_is_one_that_the_panel_has(shop: Shop) -> None:
    assert f'id="{shop.platform.logo}"' in SPRITE.read_text()


def test_its_settings_have_one_home_each_and_say_what_they_do(shop: Shop) -> None:
    platform = shop.platform
    keys = [setting.key for setting in platform.settings]
    assert len(set(keys)) == len(keys)
    fields = [field for way in platform.ways_in for field in way.fields]
    for setting in (*platform.settings, *fields):
        assert setting.label
        assert setting.help.endswith(".")
        assert not (setting.secret and setting.said)
        assert setting.said in ("", "store_uid", "install_uid")
    assert all(not setting.secret for setting in platform.settings)  # a key is a credential, not a setting
    assert any(field.said == "store_uid" or way.needs_app for way in platform.ways_in for field in way.fields)


def test_its_first_document_has_every_setting_and_only_flows_that_are_always_on(shop: Shop) -> None:
    platform = shop.platform
    document = defaults(platform)
    assert set(document) == {*(setting.key for setting in platform.settings), "flows", "wms"}
    on = {kind for kind, flow in document["flows"].items() if flow["mode"] != "disabled"}
    assert on == {offer.kind.value for offer in platform.flows if offer.always_on}


def test_calls_go_to_its_own_hosts_over_https(shop: Shop) -> None:
    parts = urlsplit(shop.platform.api_url)
    assert parts.scheme == "https"
    assert parts.hostname in shop.platform.hosts


def test_each_flow_that_it_offers_is_one_that_its_connector_can_do(shop: Shop) -> None:
    for offer in shop.platform.flows:
        for name in NEEDS[offer.kind]:
            assert getattr(shop.connector, name) is not getattr(Connector, name), name
    for stock in shop.platform.stock.values():
        assert not stock.later_from or shop.connector.poll is not Connector.poll


def test_its_variants_are_those_that_it_says_something_of(shop: Shop) -> None:
    variants = set(shop.platform.variants) or {""}
    assert set(shop.platform.stock) <= variants
    assert set(shop.platform.products) <= variants
    assert {guide.variant for guide in shop.platform.guides} - {""} <= set(shop.platform.variants)
    assert shop.reach().connected.variant in variants


def test_its_guides_lead_to_ways_and_guides_that_there_are(shop: Shop) -> None:
    ways = {way.key for way in shop.platform.ways_in}
    guides = {guide.key for guide in shop.platform.guides}
    assert len(guides) == len(shop.platform.guides) > 0
    for guide in shop.platform.guides:
        assert guide.way in {"", *ways}
        assert guide.twin in {"", *guides}
        assert guide.steps


def test_what_nobody_vouches_for_is_refused(shop: Shop) -> None:
    with pytest.raises(Rejected):
        shop.connector.verify(b'{"id": 1}', {}, shop.app, dt.datetime.now(dt.UTC))
    with pytest.raises(Rejected):
        shop.connector.announced(b"no json", "store")

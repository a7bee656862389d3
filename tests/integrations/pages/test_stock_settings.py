"""The Stock card of an integration's settings: labels, values, defaults, and what is offered only to some platforms."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from fcp.panel import PanelRequest
from integrations.connectors.common import STOCK_SETTINGS
from integrations.connectors.declaring import StockOffer
from integrations.connectors.wix.declaration import PLATFORM
from integrations.forms import NO_QUANTITY
from integrations.models import Integration, StockPush
from integrations.settings_document import defaults, document_of
from integrations.views.page import find
from inventory.models import AliasType
from tests.build import make_account, make_warehouse
from tests.integrations.flows.world import change_settings
from tests.integrations.pages.reading import form_of, words
from tests.integrations.pages.test_main_settings import at, save_page


def options(page: object, name: str) -> dict[str, str]:
    field = next(f for card in page.context["cards"] for f in card.fields if f.name == name)  # type: ignore[attr-defined]
    return {str(label): str(value) for value, label in field.field.choices}


@pytest.mark.req("EIM-24")
def test_stock_may_be_of_all_warehouses_together_or_of_one(client: Client, account: Account, shop: Integration) -> None:
    warehouse = make_warehouse(account, name="New Jersey", code="NJ1")
    make_warehouse(make_account(), name="Theirs")
    page = client.get(at(shop))

    offered = options(page, "stock_warehouse")
    assert next(iter(offered)) == "COMBINE ALL WAREHOUSES"
    assert offered["COMBINE ALL WAREHOUSES"] == ""
    assert offered["New Jersey (NJ1)"] == str(warehouse.pk)
    assert not any("Theirs" in label for label in offered)
    assert "Sync Inventory With Warehouse" in words(page)

    save_page(client, at(shop), stock_warehouse=str(warehouse.pk))
    shop.refresh_from_db()
    assert document_of(shop)["stock_warehouse"] == warehouse.pk
    save_page(client, at(shop), stock_warehouse="")
    shop.refresh_from_db()
    assert document_of(shop)["stock_warehouse"] is None


@pytest.mark.req("EIM-26")
def test_the_stores_sku_is_the_master_sku_or_of_one_of_the_accounts_alias_types(
    client: Client, account: Account, shop: Integration
) -> None:
    kind = AliasType.objects.create(account=account, name="EAN")
    strange = AliasType.objects.create(account=make_account(), name="Theirs")
    page = client.get(at(shop))

    assert options(page, "stock_alias") == {"Master SKU": "", "EAN": str(kind.pk)}
    assert "Sync Inventory Alias" in words(page)
    save_page(client, at(shop), stock_alias=str(kind.pk))
    shop.refresh_from_db()
    assert document_of(shop)["stock_alias"] == kind.pk

    answer = client.post(at(shop), form_of(client.get(at(shop)), stock_alias=str(strange.pk)))
    assert "valid choice" in words(answer)
    shop.refresh_from_db()
    assert document_of(shop)["stock_alias"] == kind.pk


@pytest.mark.req("EIM-35")
def test_the_help_of_the_alias_leads_to_the_products(client: Client, account: Account, shop: Integration) -> None:
    page = client.get(at(shop)).content.decode()

    help_of_alias = page.partition('id="id_stock_alias_helptext"')[2].partition("</div>")[0]

    assert f'<a href="/a/{account.slug}/products/">product' in help_of_alias


@pytest.mark.req("EIM-29")
def test_the_minimum_inventory_level_is_a_number_and_0_at_first(client: Client, shop: Integration) -> None:
    page = client.get(at(shop))
    assert "Minimum Inventory Level" in words(page)
    assert document_of(shop)["stock_minimum"] == 0

    save_page(client, at(shop), stock_minimum="4")
    shop.refresh_from_db()
    assert document_of(shop)["stock_minimum"] == 4

    answer = client.post(at(shop), form_of(client.get(at(shop)), stock_minimum="a few"))
    assert "Give a whole number from 0 to 99999." in words(answer)


@pytest.mark.req("EIM-31")
def test_a_platform_that_takes_no_quantity_has_the_minimum_disabled_with_the_reason(
    client: Client, shop: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get(at(shop))
    assert NO_QUANTITY not in words(page)
    before = document_of(shop)

    monkeypatch.setitem(PLATFORM.stock, "v1", StockOffer(per_call=1, quantity=False))  # type: ignore[index]
    page = client.get(at(shop))

    assert NO_QUANTITY in words(page)
    assert 'name="stock_minimum"' in page.content.decode()
    assert "stock_minimum" not in form_of(page)
    client.post(at(shop), form_of(page, stock_minimum="7", stock_reserve="1"))
    shop.refresh_from_db()
    assert document_of(shop) == before | {"stock_reserve": 1}


def test_choosing_the_first_push_undoes_nothing_that_somebody_else_saves_at_that_moment(
    client: Client, shop: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    StockPush.objects.create(account=shop.account, store=shop.store, read_at=timezone.now())

    def late(request: PanelRequest, pk: int) -> Integration:
        found = find(request, pk)
        change_settings(Integration.objects.get(pk=pk), history="20")
        return found

    monkeypatch.setattr("integrations.views.stock.find", late)

    client.post(f"/a/shoes/integrations/{shop.pk}/stock/send/", {"first_push": "changes"})

    shop.refresh_from_db()
    document = document_of(shop)
    assert (document["first_push"], document["history"]) == ("changes", 20)


def test_the_defaults_of_stock_are_what_the_help_says(client: Client, shop: Integration) -> None:
    page = client.get(at(shop))
    cards = {card.title: [field.name for field in card.fields] for card in page.context["cards"]}

    assert cards["Stock"] == [setting.key for setting in STOCK_SETTINGS]
    stock = {key: value for key, value in defaults(PLATFORM).items() if key in cards["Stock"]}
    assert stock == {
        "stock_warehouse": None, "stock_alias": None, "stock_minimum": 0, "stock_reserve": 0, "stock_cap": None,
        "stock_unpaid": True, "first_push": "differences", "stock_zeroing": 20, "stock_old": 48,
    }  # fmt: skip
    for setting in STOCK_SETTINGS:
        assert setting.label in words(page)
        assert setting.help in words(page)

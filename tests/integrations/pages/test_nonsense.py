"""Whatever is typed or pasted into an address or a field, a page answers; nothing breaks and nothing is half saved."""

from __future__ import annotations

import pytest
from django.test import Client

from integrations.models import Integration, SettingsVersion
from inventory.models import Product, Warehouse
from mappings.models import CarrierOut, MappingChange
from tests.build import make_listing, make_location, make_ship_method
from tests.integrations.pages.reading import form_of

ODD = [
    "\x00",
    "\x00\x00abc",
    "'; DROP TABLE x --",
    "%_\\",
    "😀" * 300,
    "-1",
    "1e400",
    "9" * 30,
    "‮abc",
    "<b>x</b>",
    "\ud83d",
]
LISTS = (
    "integrations/runs/", "integrations/failed/", "mappings/ship-codes/all/", "mappings/skus/all/",
    "mappings/locations/all/", "mappings/carriers/", "products/", "warehouses/", "integrations/add/",
)  # fmt: skip


@pytest.fixture
def words_of_store(shop: Integration) -> dict[str, int]:
    return {
        "ship-codes": make_ship_method(shop.store).pk,
        "skus": make_listing(shop.store, "MUG").pk,
        "locations": make_location(shop.store, "loc").pk,
    }


@pytest.mark.parametrize("page", LISTS)
def test_lists_answer_any_search_filter_and_page(client: Client, shop: Integration, page: str) -> None:
    for odd in ODD:
        text = odd.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        query = dict.fromkeys(("q", "store", "state", "integration", "page"), text)
        assert client.get(f"/a/shoes/{page}", query).status_code == 200


def test_ids_beyond_any_row_are_not_found(client: Client, shop: Integration) -> None:
    for pk in (0, 2**31, 2**63, 10**40):
        for page in (
            "integrations/{}/",
            "integrations/runs/{}/",
            "mappings/skus/{}/",
            "products/{}/",
            "warehouses/{}/",
        ):
            assert client.get(f"/a/shoes/{page.format(pk)}").status_code == 404


@pytest.mark.parametrize("page", ["", "channel/", "setup/"])
def test_settings_refuse_nonsense_in_every_field(staff: Client, shop: Integration, page: str) -> None:
    url = f"/a/shoes/integrations/{shop.pk}/{page}"
    shown = form_of(staff.get(url), "setup" if page == "setup/" else "settings")
    for odd in ODD[:-1]:
        answer = staff.post(url, dict.fromkeys(shown, odd))
        assert answer.status_code == 200
        assert answer.context["form"].errors
    for name in shown:
        assert staff.post(url, {**shown, name: "-1"}).status_code in (200, 302)
    last = SettingsVersion.objects.filter(store=shop.store).order_by("-number").first()
    assert last is not None
    assert "DROP" not in str(last.document)
    assert staff.get(url).status_code == 200


def test_mappings_refuse_nonsense(client: Client, shop: Integration, words_of_store: dict[str, int]) -> None:
    for odd in ODD[:-1]:
        for kind, pk in words_of_store.items():
            answer = client.post(
                f"/a/shoes/mappings/{kind}/{pk}/", {"target": odd, "units": odd}, headers={"HX-Request": "1"}
            )
            assert answer.status_code == 200
            assert "<b>x</b>" not in answer.content.decode()
        client.post("/a/shoes/mappings/carriers/add/", {"store": odd, "carrier": odd, "name": odd, "link": odd})
    assert CarrierOut.objects.count() == 0
    assert MappingChange.objects.filter(table__in=["listing", "location"]).count() == 0


def test_products_and_warehouses_refuse_or_escape_nonsense(client: Client, shop: Integration) -> None:
    for odd in ODD[:-1]:
        given = {"sku": odd, "name": odd, "barcode": odd, "weight_grams": odd, "customs_code": odd, "origin": odd}
        assert client.post("/a/shoes/products/add/", given).status_code in (200, 302)
        given = {"code": odd, "name": odd, "country": odd, "partner": odd, "kept_by": odd}
        assert client.post("/a/shoes/warehouses/add/", given).status_code == 200
    assert Product.objects.count() == 0  # none of these is a weight and a country too
    assert Warehouse.objects.count() == 1


def test_actions_refuse_nonsense(client: Client, shop: Integration) -> None:
    url = f"/a/shoes/integrations/{shop.pk}/"
    for odd in ODD[:-1]:
        assert client.post(f"{url}sync/", {"flows": [odd]}).status_code == 200
        assert client.post(f"{url}try/", {"number": odd}).status_code == 200
        assert client.post(f"{url}reconnect/", {"api_key": odd, "site_id": odd}).status_code == 200
        assert client.post(f"{url}setup/look/", {"history": odd, "payment_status": odd}).status_code == 200
        assert (
            client.post("/a/shoes/integrations/add/wix/api_key/", {"api_key": odd, "site_id": odd}).status_code == 200
        )
    assert client.get(f"{url}sync/").status_code == 200
    assert client.get(f"{url}live/").status_code == 405

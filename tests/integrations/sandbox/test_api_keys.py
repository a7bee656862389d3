"""The API Keys Manager, and what the keys made there may do."""

import re

import pytest

from integrations.sandbox.server import Sandbox

from .client import Wix, look

VERSION, SEARCH = "/stores/v3/provision/version", "/ecom/v1/orders/search"
PLACES, PRODUCTS = "/locations/v1/locations/query", "/stores-reader/v1/products/query"


def make(box: Sandbox, permissions: list[str], sites: list[str]) -> str:
    """The key as the page shows it, once."""
    form = {"name": "Fulfillment <1>", "permission": permissions, "site": sites}
    status, text, _ = look(box, "/account/api-keys", form)
    assert status == 200, text
    found = re.search(r"IST\.[A-Za-z0-9_-]{40,}", text)
    assert found, text
    return found[0]


def with_key(box: Sandbox, key: str, site: str = "v1") -> Wix:
    wix = Wix(box, site)
    wix.headers = {"Authorization": key, "wix-site-id": box.info["wix"][f"site_id_{site}"]}
    return wix


def test_a_key_may_what_was_ticked_and_nothing_else(sandbox):
    order = sandbox.wix.place_order("v1")
    wix = with_key(sandbox, make(sandbox, ["orders.read", "locations.read"], [sandbox.info["wix"]["site_id_v1"]]))

    assert wix.get(VERSION)[0] == 200
    assert wix.post(SEARCH, {"search": {}})[1]["orders"][0]["id"] == order["id"]
    assert wix.post(PLACES, {"query": {}})[0] == 200
    assert wix.post(PRODUCTS, {"query": {}})[0] == 403
    assert wix.get("/apps/v1/instance")[0] == 403
    assert wix.fulfill(order)[0] == 403  # read, not manage
    assert sandbox.wix.told("v1", order["id"]) == []


def test_a_key_with_manage_reads_and_writes(sandbox):
    order = sandbox.wix.place_order("v1")
    wix = with_key(sandbox, make(sandbox, ["orders.manage"], [sandbox.info["wix"]["site_id_v1"]]))

    assert wix.post(SEARCH, {"search": {}})[0] == 200
    assert wix.fulfill(order)[0] == 200


def test_a_key_works_on_the_chosen_sites_only(sandbox):
    key = make(sandbox, ["orders.read"], [sandbox.info["wix"]["site_id_v3"]])

    assert with_key(sandbox, key, "v3").get(VERSION)[0] == 200
    assert with_key(sandbox, key, "v1").get(VERSION)[0] == 403


def test_a_revoked_key_stops_and_the_demos_own_goes_on(sandbox):
    key = make(sandbox, ["orders.read"], [sandbox.info["wix"]["site_id_v1"]])
    page = look(sandbox, "/account/api-keys")[1]
    revoke = re.search(r"/wix(/account/api-keys/\w+/revoke)", page)
    assert revoke

    _, _, back = look(sandbox, revoke[1], {})

    assert back == "/wix/account/api-keys"
    assert with_key(sandbox, key).get(VERSION)[0] == 403
    assert with_key(sandbox, sandbox.info["wix"]["api_key"]).get(VERSION)[0] == 200


def test_a_key_is_shown_once(sandbox):
    key = make(sandbox, ["orders.read"], [sandbox.info["wix"]["site_id_v1"]])

    page = look(sandbox, "/account/api-keys")[1]

    assert key not in page
    assert f"IST.…{key[-4:]}" in page
    assert "Fulfillment &lt;1&gt;" in page


@pytest.mark.parametrize("left_out", ["name", "permission", "site"])
def test_a_key_needs_a_name_permissions_and_sites(sandbox, left_out):
    form = {"name": "F", "permission": ["orders.read"], "site": [sandbox.info["wix"]["site_id_v1"]]}

    assert look(sandbox, "/account/api-keys", {**form, left_out: ""})[0] == 400
    assert "No key was made yet" in look(sandbox, "/account/api-keys")[1]


def test_keys_stay_over_a_restart_but_their_text_is_kept_nowhere(tmp_path):
    state = tmp_path / "state.sqlite3"
    with Sandbox(products=1, state=str(state)) as box:
        key = make(box, ["orders.read"], [box.info["wix"]["site_id_v1"]])
        assert all(key.encode() not in file.read_bytes() for file in tmp_path.iterdir())

    with Sandbox(products=1, state=str(state)) as box:
        assert with_key(box, key).post(SEARCH, {"search": {}})[0] == 200


def test_a_key_with_site_properties_learns_what_the_site_is_called(sandbox):
    wix = with_key(sandbox, make(sandbox, ["site.read"], [sandbox.info["wix"]["site_id_v3"]]), "v3")

    _, body = wix.get("/site-properties/v4/properties")

    properties = body["properties"]
    assert (properties["siteDisplayName"], properties["paymentCurrency"]) == ("NordicCup", "SEK")
    assert properties["timeZone"] == "Europe/Stockholm"

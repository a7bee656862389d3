"""The two ways in, what a store is asked on connecting, and renewing the app's token."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import responses

from fcp.errors import Refused, SyncError
from fcp.http import Session
from integrations.connectors.shapes import AppSecrets, Connected
from integrations.connectors.wix.connector import WixConnector
from integrations.sandbox.server import Sandbox

from .conftest import Reach

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
API = "https://www.wixapis.com"
SITE_ID = "3f2b1c4d-0000-4000-8000-1234567890ab"


@pytest.fixture
def connect(sandbox: Sandbox, settings: Any) -> Any:
    settings.FCP_SANDBOX_PORT = sandbox.server.server_address[1]
    info = sandbox.info["wix"]
    app = AppSecrets(info["app_id"], info["app_secret"], info["public_key"])

    def connected(way: str, app: AppSecrets = app, **received: str) -> Connected:
        session = Session(WixConnector.platform.hosts)
        return WixConnector.finish(way, app, received, session, info["base_url"], NOW)

    return connected


def refused(call: Any, *args: Any, **kw: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **kw)
    return caught.value


@pytest.mark.parametrize(("site", "variant"), [("v1", "v1"), ("v3", "v3")])
def test_an_api_key_and_a_site_id_connect_the_store(sandbox: Sandbox, connect: Any, site: str, variant: str) -> None:
    info = sandbox.info["wix"]
    found = connect("api_key", api_key=info["api_key"], site_id=f" {info[f'site_id_{site}']} ")
    store = sandbox.wix.site(site)
    assert found.variant == variant
    assert (found.store_uid, found.install_uid) == (store.site_id, store.instance_id)
    assert (found.name, found.currency, found.time_zone) == (store.name, store.currency, store.time_zone)
    assert found.credential.expires_at is None


@pytest.mark.parametrize("site", ["v1", "v3"])
def test_the_app_connects_the_same_store_by_its_instance_id(sandbox: Sandbox, connect: Any, site: str) -> None:
    info = sandbox.info["wix"]
    by_app = connect("app", instance_id=info[f"instance_{site}"])
    by_key = connect("api_key", api_key=info["api_key"], site_id=info[f"site_id_{site}"])
    assert replace(by_app, credential=by_key.credential) == by_key
    assert by_app.credential.expires_at is not None
    assert dt.timedelta(hours=3) < by_app.credential.expires_at - NOW < dt.timedelta(hours=4)
    assert info["app_secret"] not in str(by_app.credential.values)


@pytest.mark.parametrize(
    "site_id", ["", "abc", "no spaces-here", "https://manage.wix.com/dashboard/1-2", "1-2\n3", "-"]
)
def test_a_site_id_of_another_form_is_refused_before_any_call(connect: Any, sandbox: Sandbox, site_id: str) -> None:
    error = refused(connect, "api_key", api_key="IST.0123456789", site_id=site_id)
    assert error.code == "site_id_format"
    assert error.sentence.startswith("The Site ID is not complete.")
    assert sandbox.wix.site("v1").total_calls == 0


def test_a_wrong_api_key_says_what_to_look_at(connect: Any, sandbox: Sandbox) -> None:
    error = refused(connect, "api_key", api_key="IST.wrong-wrong-wrong", site_id=sandbox.info["wix"]["site_id_v1"])
    assert error.sentence.startswith("Wix does not accept the API key for this site.")
    assert "wrong-wrong" not in f"{error.detail} {error.sentence}"


def test_a_key_of_another_account_s_site_is_refused(connect: Any, sandbox: Sandbox) -> None:
    error = refused(connect, "api_key", api_key=sandbox.info["wix"]["api_key"], site_id=SITE_ID)
    assert error.code == "credentials_refused"


def test_an_app_that_is_not_installed_says_so(connect: Any, sandbox: Sandbox) -> None:
    sandbox.wix.misbehave("revoked", site="v1")
    error = refused(connect, "app", instance_id=sandbox.info["wix"]["instance_v1"])
    assert error.code == "app_refused"
    assert "Add it to the site again" in error.sentence


def test_a_wrong_app_secret_is_refused_without_naming_it(connect: Any, sandbox: Sandbox) -> None:
    info = sandbox.info["wix"]
    error = refused(
        connect, "app", app=AppSecrets(info["app_id"], "not-the-secret", ""), instance_id=info["instance_v1"]
    )
    assert error.code == "app_refused"
    assert "not-the-secret" not in f"{error.detail} {error.sentence}"


def test_without_an_app_of_the_operator_the_app_way_says_so(connect: Any, sandbox: Sandbox) -> None:
    error = refused(connect, "app", app=AppSecrets(), instance_id=sandbox.info["wix"]["instance_v1"])
    assert error.code == "no_app"


def test_a_dead_token_is_told_apart_and_a_new_one_works(reach: Reach) -> None:
    store = reach("v3")
    store.host.misbehave("expire_tokens", site="v3")
    error = refused(store.page)
    assert error.code == "token_expired"

    fresh = store.connector.renew(NOW)
    assert fresh.values["access_token"] != store.connector.bound.credential.values["access_token"]
    store.connector.bound = replace(store.connector.bound, credential=fresh)
    assert store.page().items == []


def test_an_api_key_needs_no_renewal(reach: Reach) -> None:
    store = reach("v1")
    assert store.connector.renew(NOW) is store.connector.bound.credential
    assert store.calls == []


def test_a_check_says_that_a_permission_is_gone(reach: Reach) -> None:
    store = reach("v3")
    store.host.misbehave("forbidden", site="v3")
    assert refused(store.connector.check).code == "app_refused"


def test_no_token_reaches_the_log_of_calls(reach: Reach) -> None:
    store = reach("v3")
    store.connector.renew(NOW)
    store.host.misbehave("unauthorized", site="v3")
    refused(store.page)
    token = store.connector.bound.credential.values["access_token"]
    assert [call.path for call in store.calls] == ["/wix/oauth2/token", "/wix/ecom/v1/orders/search"]
    assert token not in str(store.calls)
    assert store.connector.bound.app.client_secret not in str(store.calls)
    assert token not in repr(store.connector.bound.credential)


# --- what the stand-in store does not show ------------------------------------------------------------------------


def connect_for_real(site_id: str = SITE_ID) -> Connected:
    received = {"api_key": "IST.0123456789", "site_id": site_id}
    return WixConnector.finish("api_key", AppSecrets(), received, Session(WixConnector.platform.hosts), API, NOW)


def version(value: str = "V1_CATALOG") -> None:
    responses.get(f"{API}/stores/v3/provision/version", json={"catalogVersion": value})


@responses.activate
def test_the_calls_carry_the_bare_key_and_the_site() -> None:
    version("STORES_NOT_INSTALLED")
    refused(connect_for_real)
    headers = responses.calls[0].request.headers
    assert headers["Authorization"] == "IST.0123456789"
    assert headers["wix-site-id"] == SITE_ID


@responses.activate
def test_a_site_without_a_store_says_what_to_add() -> None:
    version("STORES_NOT_INSTALLED")
    error = refused(connect_for_real)
    assert error.code == "stores_not_installed"
    assert "add Wix Stores" in error.sentence


@responses.activate
def test_a_catalog_version_we_do_not_know_is_named() -> None:
    version("V4_CATALOG")
    with pytest.raises(SyncError, match="V4_CATALOG"):
        connect_for_real()


@responses.activate
def test_where_a_key_may_not_ask_for_the_app_the_site_s_own_properties_are_read() -> None:
    version()
    responses.get(f"{API}/apps/v1/instance", json={"message": "no app"}, status=403)
    properties = {"siteDisplayName": "Tea & Co", "paymentCurrency": "gbp", "timeZone": "Europe/London"}
    responses.get(f"{API}/site-properties/v4/properties", json={"properties": properties, "version": "7"})
    found = connect_for_real(SITE_ID.upper())
    assert (found.store_uid, found.name) == (SITE_ID, "Tea & Co")
    assert (found.currency, found.time_zone) == ("GBP", "Europe/London")


@responses.activate
def test_a_store_that_shows_nothing_more_is_connected_all_the_same() -> None:
    version()
    for path in ("/apps/v1/instance", "/site-properties/v4/properties"):
        responses.get(f"{API}{path}", json={}, status=403)
    responses.post(f"{API}/locations/v1/locations/query", json={}, status=403)
    found = connect_for_real()
    assert (found.name, found.currency, found.time_zone) == ("Wix 3f2b1c4d", "", "UTC")


@responses.activate
def test_a_time_zone_that_is_none_falls_back_to_that_of_the_default_location() -> None:
    version()
    site = {"siteDisplayName": "Shop", "paymentCurrency": "USD", "siteId": SITE_ID}
    responses.get(f"{API}/apps/v1/instance", json={"site": site, "instance": {}})
    places = [
        {"id": "a", "timeZone": "Europe/Rome"},
        {"id": "b", "default": True, "timeZone": "America/New_York"},
        {"id": "c", "timeZone": "Mars/Base"},
    ]
    responses.post(f"{API}/locations/v1/locations/query", json={"locations": places, "pagingMetadata": {}})
    assert connect_for_real().time_zone == "America/New_York"

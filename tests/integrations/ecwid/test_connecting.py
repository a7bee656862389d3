"""The two ways into an Ecwid store, and what is said where one of them is closed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
import responses

from fcp.errors import Refused, Rejected, SyncError, Unreadable
from fcp.http import Session
from integrations.connectors.ecwid.connector import EcwidConnector
from integrations.connectors.shapes import AppSecrets, Connected, Redirect
from integrations.sandbox.server import Sandbox

from .conftest import Reached, app_of, received
from .test_shaping import PAYLOADS

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
API = "https://app.ecwid.com/api/v3"
RETURN = "http://127.0.0.1:8000/install/ecwid/return/"
TOKEN = "secret_0123456789abcdef0123456789abcdef"


@pytest.fixture
def connect(sandbox: Sandbox, settings: Any) -> Any:
    settings.FCP_SANDBOX_PORT = sandbox.server.server_address[1]

    def connected(way: str = "custom_app", app: AppSecrets | None = None, **given: str) -> Connected:
        session = Session(EcwidConnector.platform.hosts)
        url = sandbox.info["ecwid"]["api_base_url"]
        return EcwidConnector.finish(way, app or app_of(sandbox), given, session, url, NOW)

    return connected


def refused(call: Any, *args: Any, **kw: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **kw)
    return caught.value


# --- the token of a custom app ------------------------------------------------------------------------------------


def test_a_store_id_and_its_secret_token_connect_the_store(sandbox: Sandbox, connect: Any) -> None:
    given = received(sandbox)
    found = connect(store_id=f" {given['store_id']} ", token=given["token"], client_secret="")
    assert (found.store_uid, found.install_uid, found.variant) == (given["store_id"], given["store_id"], "")
    assert (found.name, found.currency, found.time_zone) == ("PaperBoat", "USD", "America/Los_Angeles")
    assert found.credential.kind == "custom_app"
    assert dict(found.credential.values) == given
    assert found.credential.expires_at is None


def test_the_secret_of_a_custom_app_is_kept_with_its_token(sandbox: Sandbox, connect: Any) -> None:
    found = connect(**received(sandbox), client_secret="of-the-merchants-own")
    assert found.credential.values["client_secret"] == "of-the-merchants-own"


@pytest.mark.parametrize(
    ("store_id", "token", "code", "sentence"),
    [
        ("", TOKEN, "store_id_format", "The Store ID is a number"),
        ("10 03", TOKEN, "store_id_format", "The Store ID is a number"),
        ("1003/../1004", TOKEN, "store_id_format", "The Store ID is a number"),
        ("1003", "public_0123456789abcdef", "token_format", "This is the public token."),
        ("1003", "secret_", "token_format", "The secret token is not complete."),
        ("1003", "", "token_format", "The secret token is not complete."),
        ("1003", "secret_01234567\nX-More: 1", "token_format", "The secret token is not complete."),
    ],
)
def test_what_cannot_be_right_is_said_before_any_call(
    connect: Any, sandbox: Sandbox, store_id: str, token: str, code: str, sentence: str
) -> None:
    error = refused(connect, store_id=store_id, token=token)
    assert (error.code, error.sentence.startswith(sentence)) == (code, True)
    assert sandbox.ecwid.store.total_calls == 0


def test_a_wrong_token_is_tried_once_and_never_again(connect: Any, sandbox: Sandbox) -> None:
    error = refused(connect, store_id=received(sandbox)["store_id"], token=TOKEN)
    assert error.code == "token_dead"
    assert error.sentence.startswith("Ecwid no longer accepts our token")
    assert TOKEN not in f"{error.detail} {error.sentence}"
    assert len(sandbox.ecwid.access.dead_calls) == 1  # Ecwid shuts out who goes on


def test_a_store_id_of_nobody_says_so(connect: Any, sandbox: Sandbox) -> None:
    error = refused(connect, store_id="1", token=received(sandbox)["token"])
    assert error.code == "store_not_found"
    assert "Look it up" in error.sentence


@pytest.mark.parametrize(
    ("switch", "code", "sentence"),
    [
        ("free_plan", "free_plan", "Upgrade the plan at Ecwid."),
        ("suspended", "store_suspended", "Ecwid has suspended this store."),
    ],
)
def test_a_plan_without_apps_and_a_suspended_store_each_have_their_own_sentence(
    connect: Any, sandbox: Sandbox, switch: str, code: str, sentence: str
) -> None:
    sandbox.ecwid.misbehave(switch)
    error = refused(connect, **received(sandbox))
    assert error.code == code
    assert sentence in error.sentence


def test_missing_permissions_are_named_before_anything_is_saved(connect: Any, sandbox: Sandbox) -> None:
    sandbox.ecwid.misbehave("missing_scopes", scopes=["read_orders", "read_catalog", "update_catalog"])
    error = refused(connect, **received(sandbox))
    assert error.code == "scopes_missing"
    assert "cannot send tracking numbers" in error.sentence
    assert "update_orders is missing" in error.sentence


def test_a_token_needs_no_renewal_and_a_check_asks_again_whether_all_stands(store: Reached) -> None:
    assert store.connector.renew(NOW) is store.connector.bound.credential
    assert store.calls == []
    assert store.connector.check().store_uid == store.box.info["ecwid"]["store_id"]
    store.host.misbehave("missing_scopes", scopes=["read_orders"])
    assert refused(store.connector.check).code == "scopes_missing"


# --- by the operator's app ----------------------------------------------------------------------------------------


def consent(sandbox: Sandbox, answer: str = "yes", state: str = "the-state") -> dict[str, str]:
    """The owner reads the page that Connect opens, and answers: the query that comes back with the browser."""
    step = EcwidConnector.begin("app", app_of(sandbox), {}, state, RETURN)
    assert isinstance(step, Redirect)
    page = requests.get(step.url, timeout=30)
    assert page.status_code == 200
    assert "Install" in page.text
    sent = {name: values[0] for name, values in parse_qs(urlsplit(step.url).query).items()}
    url = f"{sandbox.info['ecwid']['oauth_base_url']}/authorize"
    back = requests.post(url, data=sent | {"answer": answer}, allow_redirects=False, timeout=30).headers["Location"]
    assert back.startswith(RETURN)
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def arrive(sandbox: Sandbox, query: dict[str, str]) -> dict[str, str]:
    arrived = EcwidConnector.arrived(query, app_of(sandbox), NOW)
    assert (arrived.way, arrived.signed) == ("app", False)
    return {**arrived.received, "return_url": RETURN}


def test_the_owner_s_consent_connects_the_same_store_and_brings_our_state_back(sandbox: Sandbox, connect: Any) -> None:
    query = consent(sandbox)
    assert query["state"] == "the-state"
    found = connect("app", **arrive(sandbox, query))
    assert found.store_uid == received(sandbox)["store_id"]
    assert found.credential.kind == "app"
    assert found.credential.values["token"].startswith("secret_")
    assert found.credential.values["token"] != received(sandbox)["token"]
    assert set(found.credential.values) == {"store_id", "token"}  # no secret of ours, no address of the owner


def test_a_refused_consent_says_so_and_connects_nothing(sandbox: Sandbox) -> None:
    query = consent(sandbox, "no")
    with pytest.raises(Rejected) as caught:
        EcwidConnector.arrived(query, app_of(sandbox), NOW)
    assert caught.value.code == "consent_refused"
    assert caught.value.sentence.startswith("The store's owner did not agree at Ecwid")


def test_a_return_without_a_code_is_not_believed(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected) as caught:
        EcwidConnector.arrived({"state": "the-state"}, app_of(sandbox), NOW)
    assert caught.value.code == "no_code"


def test_a_code_that_was_used_already_says_to_begin_again(sandbox: Sandbox, connect: Any) -> None:
    given = arrive(sandbox, consent(sandbox))
    connect("app", **given)
    error = refused(connect, "app", **given)
    assert error.code == "code_used"
    assert error.sentence.endswith("Begin again.")
    assert given["code"] not in f"{error.detail} {error.sentence}"


def test_a_code_for_another_return_address_is_refused(sandbox: Sandbox, connect: Any) -> None:
    given = arrive(sandbox, consent(sandbox))
    assert refused(connect, "app", **given | {"return_url": "http://127.0.0.1:8000/else/"}).code == "code_used"


def test_a_wrong_app_secret_is_the_operator_s_to_mend_and_is_not_named(sandbox: Sandbox, connect: Any) -> None:
    wrong = AppSecrets(app_of(sandbox).client_id, "not-the-secret", installer_url=app_of(sandbox).installer_url)
    error = refused(connect, "app", wrong, **arrive(sandbox, consent(sandbox)))
    assert error.code == "app_unknown"
    assert "not-the-secret" not in f"{error.detail} {error.sentence}"
    assert refused(connect, "app", AppSecrets(), code="x").code == "no_app"


def test_permissions_that_were_not_given_are_named_at_the_exchange(sandbox: Sandbox, connect: Any) -> None:
    given = arrive(sandbox, consent(sandbox))
    sandbox.ecwid.misbehave("missing_scopes", scopes=["read_orders", "update_orders", "read_catalog"])
    error = refused(connect, "app", **given)
    assert (error.code, "update_catalog is missing" in error.sentence) == ("scopes_missing", True)


@responses.activate
def test_the_code_goes_to_ecwid_s_own_host_by_a_get_as_documented() -> None:
    answer = {"access_token": TOKEN, "token_type": "bearer", "store_id": 1003, "email": "owner@shop.example"}
    responses.get("https://my.ecwid.com/api/oauth/token", json=answer)
    responses.get(f"{API}/1003/profile", json=orjson.loads((PAYLOADS / "store-profile-2024.json").read_bytes()))
    responses.get(f"{API}/1003/application/token", status=404)
    app = AppSecrets("our-app", "our-secret")
    given = {"code": "abc123", "state": "s", "return_url": RETURN}
    found = EcwidConnector.finish("app", app, given, Session(EcwidConnector.platform.hosts), API, NOW)
    sent = parse_qs(urlsplit(responses.calls[0].request.url or "").query)
    assert sent == {
        "client_id": ["our-app"],
        "client_secret": ["our-secret"],
        "code": ["abc123"],
        "redirect_uri": [f"{RETURN}?state=s"],
        "grant_type": ["authorization_code"],
    }
    assert (found.store_uid, found.name, found.currency) == ("1003", "API Team Store", "EUR")
    assert (found.time_zone, found.url) == ("Europe/London", "https://store1003.company.site/products")


@responses.activate
def test_the_token_stands_in_the_header_and_nowhere_else() -> None:
    responses.get(f"{API}/1003/profile", json={"generalInfo": {"storeId": 1003}})
    responses.get(f"{API}/1003/application/token", json={"permissions": ["read_orders"]})
    given = {"store_id": "1003", "token": TOKEN}
    session = Session(EcwidConnector.platform.hosts)
    refused(EcwidConnector.finish, "custom_app", AppSecrets(), given, session, API, NOW)
    for call in responses.calls:
        assert call.request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(call.request.url)


@pytest.mark.parametrize(
    ("profile", "error", "said"),
    [
        ({"generalInfo": {"storeId": 1004}}, Refused, "belongs to another Ecwid store"),
        ({"generalInfo": {"storeId": 1003}, "account": {"suspended": True}}, Refused, "has suspended this store"),
        ({"generalInfo": {}}, Unreadable, "cannot read"),
        ([], Unreadable, "cannot read"),
    ],
)
@responses.activate
def test_a_profile_that_is_not_this_store_s_connects_nothing(profile: Any, error: type[SyncError], said: str) -> None:
    responses.get(f"{API}/1003/profile", json=profile)
    given = {"store_id": "1003", "token": TOKEN}
    with pytest.raises(error) as caught:
        EcwidConnector.finish("custom_app", AppSecrets(), given, Session(EcwidConnector.platform.hosts), API, NOW)
    assert said in caught.value.sentence

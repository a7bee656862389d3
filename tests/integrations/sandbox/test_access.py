"""Who may call the stand-in Wix."""

import pytest

from integrations.sandbox.server import Sandbox

from .client import Wix, code

VERSION = "/stores/v3/provision/version"


def test_a_token_works_bare_and_as_bearer(sandbox):
    wix = Wix(sandbox)
    token = wix.headers["Authorization"]

    bare = wix.get(VERSION)
    wix.headers["Authorization"] = f"Bearer {token}"

    assert bare == wix.get(VERSION) == (200, {"catalogVersion": "V1_CATALOG"})
    assert wix.answer_headers["X-Wix-Request-Id"]


@pytest.mark.parametrize("token", ["", "nonsense", "OauthNG.JWS.e30.00"])
def test_without_a_true_token_nothing_is_answered(sandbox, token):
    wix = Wix(sandbox)
    wix.headers["Authorization"] = token

    assert wix.get(VERSION)[0] == 401


def test_a_wrong_secret_or_an_unknown_instance_gets_no_token(sandbox):
    wix = Wix(sandbox)

    assert wix.ask_token(client_secret="wrong")[0] == 401
    assert wix.ask_token(instance_id="00000000-0000-4000-8000-000000000000")[0] == 403


def test_an_api_key_needs_the_header_that_names_the_site(sandbox):
    wix = Wix(sandbox)

    wix.headers = {"Authorization": wix.info["api_key"]}
    without = wix.get(VERSION)
    wix.headers["wix-site-id"] = wix.info["site_id_v3"]

    assert without[0] == 403
    assert wix.get(VERSION) == (200, {"catalogVersion": "V3_CATALOG"})


def test_a_removed_app_gets_neither_token_nor_answers_until_it_is_back(sandbox):
    wix = Wix(sandbox)

    sandbox.wix.misbehave("revoked", "v1")
    refused = wix.get(VERSION)[0], wix.ask_token()[0]
    sandbox.wix.behave("v1")

    assert refused == (403, 403)
    assert wix.get(VERSION)[0] == 200


def test_an_expired_token_is_refused_and_a_new_one_works(sandbox):
    wix = Wix(sandbox)

    sandbox.wix.misbehave("expire_tokens", "v1")
    expired = wix.get(VERSION)
    wix.headers["Authorization"] = wix.ask_token()[1]["access_token"]

    assert (expired[0], code(expired[1])) == (401, "UNAUTHENTICATED")
    assert wix.get(VERSION)[0] == 200


def test_more_than_the_calls_of_a_minute_are_refused_per_site():
    with Sandbox(products=1, rate_limit=3) as box:
        first, third = Wix(box, "v1"), Wix(box, "v3")

        statuses = [first.get(VERSION)[0] for _ in range(4)]

        assert statuses == [200, 200, 200, 429]
        assert "Retry-After" not in first.answer_headers
        assert third.get(VERSION)[0] == 200

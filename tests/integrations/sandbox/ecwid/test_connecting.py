"""Connecting to the stand-in Ecwid by OAuth, and the owner's pages."""

import http.client
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from integrations.sandbox.server import Sandbox

from .client import Ecwid, code

SCOPES = "read_store_profile read_orders update_orders"


def look(box: Sandbox, path: str, form: dict | None = None, **headers: str) -> tuple[int, str, str]:
    """One page as a browser asks for it: status, text, and where it sends the browser on."""
    connection = http.client.HTTPConnection("127.0.0.1", box.server.server_address[1], timeout=30)
    try:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form) if form is not None else None
        connection.request("GET" if form is None else "POST", "/ecwid" + path, body, {**kind, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("Location", "")
    finally:
        connection.close()


@pytest.fixture
def asked(ecwid) -> dict[str, str]:
    back = "http://127.0.0.1:8020/connect/ecwid/?nonce=n1&next=a%20b"
    return {
        "client_id": ecwid.info["client_id"],
        "redirect_uri": back,
        "response_type": "code",
        "scope": SCOPES,
    }


def token_of(box: Sandbox, asked: dict[str, str], answered: dict[str, str], **other: str) -> tuple[int, dict]:
    ecwid = Ecwid(box)
    query = {
        "client_id": ecwid.info["client_id"],
        "client_secret": ecwid.info["client_secret"],
        "redirect_uri": asked["redirect_uri"],
        "grant_type": "authorization_code",
        "code": answered.get("code", ""),
    } | other
    status, text, _ = look(box, "/oauth/token?" + urlencode(query))
    return status, json.loads(text)


def agreed(box: Sandbox, asked: dict[str, str], yes: str = "yes") -> dict[str, str]:
    status, _, back = look(box, "/oauth/authorize", {**asked, "answer": yes})
    assert status == 303
    return dict(parse_qsl(urlsplit(back).query))


def test_the_owner_reads_what_the_app_may_do_and_agrees(box, ecwid, asked):
    ecwid.host.remove_app()
    status, page, _ = look(box, "/oauth/authorize?" + urlencode(asked))
    answered = agreed(box, asked)
    status_of_token, token = token_of(box, asked, answered)

    assert status == 200
    assert "PaperBoat" in page
    assert "see who bought what" in page
    assert "change products" not in page
    assert (answered["nonce"], answered["next"]) == ("n1", "a b")
    assert status_of_token == 200
    assert (token["token_type"], token["scope"], token["store_id"]) == ("bearer", SCOPES, int(ecwid.info["store_id"]))
    ecwid.headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert ecwid.get("/orders")[0] == 200
    assert code(ecwid.get("/products")) == (403, "INSUFFICIENT_APP_SCOPE")


def test_a_refusal_comes_back_as_one(box, ecwid, asked):
    ecwid.host.remove_app()

    assert agreed(box, asked, yes="no")["error"] == "access_denied"
    assert ecwid.host.store.installed is False


def test_a_code_is_good_once_and_a_second_time_takes_the_token_away(box, ecwid, asked):
    answered = agreed(box, asked)
    ecwid.headers = {"Authorization": f"Bearer {token_of(box, asked, answered)[1]['access_token']}"}
    before = ecwid.get("/orders")[0]

    again = token_of(box, asked, answered)

    assert before == 200
    assert again == (400, {"error": "invalid_grant"})
    assert code(ecwid.get("/orders")) == (403, "INVALID_API_TOKEN")


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"redirect_uri": "http://127.0.0.1:8020/else"}, "invalid_grant"),
        ({"code": "none"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_alone_is_not_enough(box, asked, other, error):
    answered = agreed(box, asked)

    assert token_of(box, asked, answered, **other) == (400, {"error": error})
    assert token_of(box, asked, answered)[0] == 200


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"client_id": "other"}, "names no app"),
        ({"scope": "read_orders read_promotion"}, "not registered for what it asks for: read_promotion"),
        ({"redirect_uri": "https://evil.example/"}, "not the one that the app is registered with"),
        ({"response_type": ""}, "lacks response_type"),
    ],
)
def test_a_link_that_asks_for_too_much_is_refused(box, asked, other, words):
    status, page, _ = look(box, "/oauth/authorize?" + urlencode(asked | other))
    sent, _, _ = look(box, "/oauth/authorize", {**asked, **other, "answer": "yes"})

    assert (status, sent) == (400, 400)
    assert words in page


def test_a_page_of_another_site_cannot_agree(box, asked):
    assert look(box, "/oauth/authorize", {**asked, "answer": "yes"}, Origin="https://evil.example")[0] == 403


def test_the_owner_copies_the_secrets_of_a_custom_app(box, ecwid):
    _, page, _ = look(box, "/develop-apps")

    assert all(ecwid.info[name] in page for name in ("store_id", "token", "client_secret"))


def test_the_owner_removes_the_app_and_makes_another(box, ecwid, asked):
    token = token_of(box, asked, agreed(box, asked))[1]["access_token"]
    look(box, "/apps/remove", {})
    removed = code(ecwid.get("/profile"))
    look(box, "/develop-apps", {})

    assert removed == (403, "INVALID_API_TOKEN")
    assert ecwid.get("/profile")[0] == 200
    ecwid.headers = {"Authorization": f"Bearer {token}"}
    assert code(ecwid.get("/profile")) == (403, "INVALID_API_TOKEN")


def test_a_token_is_known_after_a_restart(tmp_path):
    options = {"platforms": ("ecwid",), "products": 2, "state": str(tmp_path / "state.sqlite3")}
    with Sandbox(**options) as box:
        ecwid = Ecwid(box)
        back = "http://127.0.0.1/back"
        given = box.ecwid.agree(["read_orders"], back)
        token = token_of(box, {"redirect_uri": back}, {"code": given})[1]["access_token"]
    with Sandbox(**options) as box:
        ecwid = Ecwid(box)
        ecwid.headers = {"Authorization": f"Bearer {token}"}
        before = ecwid.get("/orders")[0]
        again = token_of(box, {"redirect_uri": back}, {"code": given})

        assert before == 200
        assert again[0] == 400
        assert code(ecwid.get("/orders")) == (403, "INVALID_API_TOKEN")

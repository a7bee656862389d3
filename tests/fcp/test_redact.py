"""What a log keeps of an answer. Every example is the kind of text that a store really sends back."""

import orjson
import pytest

from fcp.redact import HIDDEN, redacted_body


def kept(value: object) -> str:
    return redacted_body(orjson.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        {"access_token": "OauthNG.JWS.eyJraWQiOiJ"},
        {"message": "token eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ3aXgifQ was refused"},
        {"message": "Authorization: Bearer abc123"},
        {"order": {"buyerInfo": {"email": "ann@example.com", "contactId": "abc"}}},
        {"message": "ann@example.com is not a valid address"},
        {"message": "phone +49 40 555 0100 is not valid"},
        {"billingInfo": {"address": {"city": "Hamburg"}}},
        {"a": [{"firstName": "Ann"}, {"lastName": "Lee"}]},
        {"buyerNote": "leave it with Ann"},
        {"options": {"customTextFields": {"Engraving": "Ann and Bob"}}},
        {"items": [{"shippingPerson": {"stateOrProvinceName": "Hamburg"}, "billingPerson": {"name": "Ann"}}]},
        {"orderComments": "leave it with Ann", "selectedOptions": [{"name": "Engraving", "value": "Ann and Bob"}]},
        {"code": "the-authorization-code"},
    ],
)
def test_secrets_and_persons_are_removed(value: object) -> None:
    text = kept(value)
    assert HIDDEN in text
    for gone in ("eyJ", "abc", "ann@", "555 0100", "Hamburg", "Ann", "Lee", "authorization-code", "leave"):
        assert gone not in text


def test_what_one_looks_for_in_a_log_stays() -> None:
    value = {
        "message": "line item 00000000-0000-0000-0000-000000000001: 3 asked, 1 open",
        "details": {
            "applicationError": {"code": "TRACKING_NUMBER_ALREADY_EXISTS", "data": {"lineItemId": "0001", "open": 1}},
            "validationError": {"fieldViolations": [{"field": "search.cursorPaging.limit", "violatedRule": "MAX"}]},
        },
    }
    assert orjson.loads(kept(value)) == value


def test_text_that_is_no_json_is_cut_and_cleaned() -> None:
    assert redacted_body(b"<h1>Sorry, ann@example.com</h1>\x00") == f"<h1>Sorry, {HIDDEN}</h1>"
    assert len(redacted_body(b"x " * 10_000)) == 4096


def test_half_a_json_is_not_kept_at_all() -> None:
    assert redacted_body(b'{"firstName": "Ann", "las') == "[broken JSON]"


def test_a_body_that_is_nested_without_end_is_cut() -> None:
    assert "Ann" not in redacted_body(b'{"a":' * 500 + b'{"x": "Ann"}' + b"}" * 500)

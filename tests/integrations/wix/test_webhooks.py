"""Webhooks of the Wix app: what is genuine, and what each event says."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fcp.errors import Rejected
from integrations.connectors.shapes import AppSecrets, Hint
from integrations.connectors.wix.connector import WixConnector
from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.access import make_key
from integrations.sandbox.wix.events import sign

from .test_shaping import payload

APPROVED = payload("wix-ecom-v1-order-approved-event.json")
ORDER = APPROVED["entityId"]


class Wix:
    """The stand-in app: signs what it is given, as Wix does."""

    def __init__(self, box: Sandbox) -> None:
        self.host = box.wix
        info = box.info["wix"]
        self.app = AppSecrets(info["app_id"], info["app_secret"], info["public_key"])
        self.instance = info["instance_v1"]

    def delivery(self, event_type: str = "wix.ecom.v1.order_approved", event: Any = APPROVED) -> bytes:
        site = self.host.site("v1")
        return sign(site, self.host.private_key, self.app.client_id, event_type, event, time.time()).encode()

    def signed(self, *, key: str | None = None, algorithm: str = "RS256", **claims: Any) -> bytes:
        """A delivery with claims of its own; None takes one away."""
        good = jwt.decode(self.delivery(), options={"verify_signature": False})
        kept = {name: value for name, value in {**good, **claims}.items() if value is not None}
        return jwt.encode(kept, key or self.host.private_key, algorithm=algorithm).encode()

    def read(self, body: bytes, later: dt.timedelta = dt.timedelta(0), app: AppSecrets | None = None) -> Any:
        return WixConnector.verify(body, {}, app or self.app, dt.datetime.now(dt.UTC) + later)


@pytest.fixture
def wix(sandbox: Sandbox) -> Wix:
    return Wix(sandbox)


def refused(wix: Wix, body: bytes, **kw: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        wix.read(body, **kw)
    assert caught.value.code == "webhook_refused"
    return caught.value


def test_a_genuine_delivery_is_a_hint_at_its_order(wix: Wix) -> None:
    instance, hints = wix.read(wix.delivery())
    assert instance == wix.instance
    assert hints == [
        Hint(
            event_id="520d5673-b7fb-4e7f-8e05-e6489a73d734",
            kind="order",
            object_uid=ORDER,
            at=dt.datetime(2022, 12, 21, 13, 30, 39, 75000, tzinfo=dt.UTC),  # the order's own, not the event's
        )
    ]


@pytest.mark.parametrize("action", [None, {}, {"body": None}, {"body": {"order": {"updatedDate": 7}}}, "x"])
def test_an_event_that_does_not_carry_its_order_says_when_by_its_own_time(wix: Wix, action: Any) -> None:
    _, (hint,) = wix.read(wix.delivery(event=APPROVED | {"actionEvent": action}))
    assert hint.at == dt.datetime(2022, 12, 21, 13, 30, 45, 872000, tzinfo=dt.UTC)


def test_everything_that_the_stand_in_tells_of_an_order_is_understood(wix: Wix) -> None:
    told: list[tuple[str, Any]] = []
    wix.host.site("v1").raise_event = lambda kind, event: told.append((kind, event))
    order = wix.host.place_order("v1")
    wix.host.change_order("v1", order["number"], {"buyerNote": "x"})
    wix.host.fulfill("v1", order["number"], tracking="1Z1")
    wix.host.cancel_order("v1", order["number"])
    wix.host.set_payment("v1", order["number"], "FULLY_REFUNDED")

    hints = [hint for kind, event in told for hint in wix.read(wix.delivery(kind, event))[1]]
    assert {kind for kind, _ in told} >= {
        "wix.ecom.v1.order_created",
        "wix.ecom.v1.order_approved",
        "wix.ecom.v1.order_updated",
        "wix.ecom.v1.order_canceled",
        "wix.ecom.v1.order_fulfilled",
        "wix.ecom.v1.fulfillments_updated",
    }
    assert len(hints) == len([kind for kind, _ in told if kind.startswith("wix.ecom.")])
    assert {hint.object_uid for hint in hints} == {order["id"]}
    assert {hint.kind for hint in hints} == {"order", "fulfillments"}
    sequences = [hint.sequence for hint in hints]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == len({hint.event_id for hint in hints}) == len(hints)


@pytest.mark.parametrize(("event_type", "kind"), [("AppInstalled", "installed"), ("AppRemoved", "removed")])
def test_installing_and_removing_the_app_name_the_installation(wix: Wix, event_type: str, kind: str) -> None:
    body = wix.delivery(event_type, {"appId": wix.app.client_id})
    instance, (hint,) = wix.read(body)
    assert (hint.kind, hint.object_uid) == (kind, instance)
    assert wix.read(body)[1] == [hint]  # the same delivery again is the same event, though it carries no id
    assert wix.read(wix.signed(iat=int(time.time()) - 9))[1] != [hint]


@pytest.mark.parametrize(
    "event_type", ["wix.stores.catalog.v3.product_created", "PaidPlanPurchased", "something.new", ""]
)
def test_events_that_say_nothing_to_us_are_genuine_and_give_no_hint(wix: Wix, event_type: str) -> None:
    assert wix.read(wix.delivery(event_type, {"productId": "p"})) == (wix.instance, [])


def test_the_public_key_may_be_given_as_base64_too(wix: Wix) -> None:
    coded = base64.b64encode(wix.app.public_key.encode()).decode()
    app = AppSecrets(wix.app.client_id, "", coded)
    assert wix.read(wix.delivery(), app=app)[0] == wix.instance


# --- forged -------------------------------------------------------------------------------------------------------


def test_a_delivery_signed_with_another_key_is_refused(wix: Wix) -> None:
    assert "InvalidSignature" in refused(wix, wix.signed(key=make_key())).detail


def test_a_changed_delivery_is_refused(wix: Wix) -> None:
    head, body, seal = wix.delivery().split(b".")
    claims = json.loads(base64.urlsafe_b64decode(body + b"=="))
    claims["data"] = claims["data"].replace(ORDER, "0" * 36)
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    refused(wix, b".".join([head, forged, seal]))


def test_a_delivery_without_a_signature_is_refused(wix: Wix) -> None:
    claims = jwt.decode(wix.delivery(), options={"verify_signature": False})
    refused(wix, jwt.encode(claims, None, algorithm="none").encode())


def test_a_delivery_sealed_with_the_public_key_as_a_password_is_refused(wix: Wix) -> None:
    def part(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = jwt.decode(wix.delivery(), options={"verify_signature": False})
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    seal = hmac.new(wix.app.public_key.encode(), signed, hashlib.sha256).digest()
    refused(wix, signed + b"." + base64.urlsafe_b64encode(seal).rstrip(b"="))


def test_a_delivery_for_another_app_or_from_another_issuer_is_refused(wix: Wix) -> None:
    assert wix.read(wix.signed(aud=None, iss=None))[0] == wix.instance  # checked where present
    assert wix.read(wix.signed(aud=["x", wix.app.client_id]))[0] == wix.instance
    refused(wix, wix.signed(aud="another-app"))
    refused(wix, wix.signed(iss="evil.example"))


def test_an_old_or_expired_delivery_is_refused_and_a_repeat_of_two_days_is_not(wix: Wix) -> None:
    now = int(time.time())
    two_days = dt.timedelta(days=2)
    assert wix.read(wix.signed(iat=now, exp=now + 3 * 86400), later=two_days)[1]
    assert wix.read(wix.signed(iat=now, exp=None), later=two_days)[1]
    refused(wix, wix.signed(iat=now, exp=None), later=dt.timedelta(days=4))
    refused(wix, wix.signed(iat=now, exp=now + 60), later=dt.timedelta(minutes=10))
    refused(wix, wix.signed(iat=now + 3600, exp=now + 7200))
    refused(wix, wix.signed(iat=None, exp=None))
    refused(wix, wix.signed(iat=None, exp=1e300))


@pytest.mark.parametrize("body", [b"", b"hello", b"a.b.c", b"\xff\xfe", b"{}", b"." * 100, b"x" * 2_000_000])
def test_what_is_no_delivery_is_refused(wix: Wix, body: bytes) -> None:
    refused(wix, body)


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "no json",
        "[]",
        "{}",
        '{"instanceId": "", "eventType": "AppRemoved"}',
        '{"instanceId": ["a"], "eventType": "AppRemoved"}',
        '{"instanceId": "a", "eventType": ["AppRemoved"]}',
        '{"instanceId": "a", "eventType": "wix.ecom.v1.order_updated", "data": "[]"}',
        '{"instanceId": "a", "eventType": "wix.ecom.v1.order_updated", "data": "{}"}',
        '{"instanceId": "a", "eventType": "wix.ecom.v1.order_updated", "data": "{\\"entityId\\": 7}"}',
        '{"instanceId": "a", "eventType": "wix.ecom.v1.order_updated", "data": "{\\"entityId\\": \\"a\\\\u0000b\\"}"}',
    ],
)
def test_a_genuine_delivery_of_another_form_is_refused_without_a_fall(wix: Wix, data: Any) -> None:
    refused(wix, wix.signed(data=data))


@pytest.mark.parametrize("key", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_without_a_good_public_key_nothing_is_genuine(wix: Wix, key: str) -> None:
    refused(wix, wix.delivery(), app=AppSecrets(wix.app.client_id, "", key))


def test_a_key_that_is_not_rsa_is_refused(wix: Wix) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    refused(wix, wix.delivery(), app=AppSecrets(wix.app.client_id, "", pem))

"""No page shows, counts or changes what belongs to another account: every address is walked with a stranger's ids."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from fcp.models import Account, AuditEntry
from fcp.roles import Role
from tests.build import PASSWORD, make_account, make_user
from tests.fcp.everything import dump, fill

pytestmark = pytest.mark.django_db

OURS, THEIRS = 501, 777
MARK = "Marmalade"
# What stands in addresses beside numbers.
TEXTS = {"platform": "wix", "way": "api_key", "guide": "api-key", "key": "open"}

# Every name under which a form or an address might name a row.
NAMES = (
    "row", "pk", "id", "ids", "order", "orders", "hold", "cause", "warehouse", "warehouse_id", "product", "product_id",
    "store", "store_id", "integration", "flow", "run", "listing", "location", "line", "fulfillment", "request",
    "member", "ship_method", "partner", "account", "batch", "target", "page", "after", "only", "group",
    "client", "like",
)  # fmt: skip


class Address(NamedTuple):
    name: str
    numbers: tuple[str, ...]
    texts: dict[str, str]

    def url(self, slug: str, *ids: int) -> str:
        return reverse(self.name, kwargs={"account": slug, **self.texts, **dict(zip(self.numbers, ids, strict=True))})


def addresses() -> list[Address]:
    """Every address below /a/<account>/."""
    (root,) = [one for one in get_resolver().url_patterns if str(one.pattern).startswith("a/<")]
    return list(_walk(root, ""))


def _walk(resolver: URLResolver, namespace: str) -> Iterator[Address]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _walk(one, f"{one.namespace}:" if one.namespace else namespace)
        elif isinstance(one, URLPattern):
            converters = one.pattern.converters
            numbers = tuple(name for name, kind in converters.items() if isinstance(kind, IntConverter))
            texts = {name: TEXTS[name] for name in converters if name not in numbers}
            yield Address(f"{namespace}{one.name}", numbers, texts)


@pytest.fixture
def ours() -> Account:
    account = make_account("ours", name="Ours")
    make_user(account, Role.OWNER, email="us@example.com")
    fill(account, OURS, make_user(email="colleague@example.com"), "Plum")
    return account


@pytest.fixture
def theirs() -> Account:
    account = make_account("theirs", name=f"{MARK} Ltd")
    fill(account, THEIRS, make_user(email="them@example.com", first_name=MARK), MARK)
    return account


@pytest.fixture
def us(ours: Account, client: Client) -> Client:
    client.raise_request_exception = False
    client.login(email="us@example.com", password=PASSWORD)
    return client


def test_a_strangers_row_is_not_here(us: Client, theirs: Account) -> None:
    wrong = []
    for address in addresses():
        if not address.numbers:
            continue
        mixed = [(OURS,) * cut + (THEIRS,) * (len(address.numbers) - cut) for cut in range(len(address.numbers))]
        for ids in mixed:
            url = address.url("ours", *ids)
            answers = {us.get(url).status_code, us.post(url, {}).status_code}
            if not answers <= {404, 405} or 404 not in answers:
                wrong.append((url, answers))

    assert wrong == []


def test_the_same_addresses_are_here_for_their_own_people(us: Client) -> None:
    """The control of the test above: with our own ids the rows are found."""
    wrong = []
    for address in addresses():
        url = address.url("ours", *(OURS,) * len(address.numbers))
        status = us.get(url).status_code
        if status not in (200, 204, 302, 405):
            wrong.append((url, status))

    assert len(addresses()) > 60
    assert wrong == []


def test_another_account_is_not_here(us: Client, theirs: Account) -> None:
    wrong = []
    for address in addresses():
        url = address.url("theirs", *(THEIRS,) * len(address.numbers))
        if (us.get(url).status_code, us.post(url, {}).status_code) != (404, 404):
            wrong.append(url)

    assert wrong == []
    assert us.get("/a/nobody/").status_code == 404


def test_nothing_of_a_stranger_is_shown_or_changed_by_what_queries_and_forms_name(us: Client, theirs: Account) -> None:
    before, shown = dump(theirs), []
    named: dict[str, Any] = dict.fromkeys(NAMES, THEIRS)
    questions = [{**named, "q": MARK[:5], "kind": "ship_code"}, {**named, "kind": "sku", "state": "held"}]
    for address in addresses():
        url = address.url("ours", *(OURS,) * len(address.numbers))
        for question in questions:
            answer = us.get(url, question)
            if answer.status_code >= 500 or MARK in _body(answer):
                shown.append(("GET", url, answer.status_code))
        for question in questions:
            answer = us.post(url, {**question, "text": MARK[:5], "all": "1"})
            if answer.status_code >= 500 or MARK in _body(answer):
                shown.append(("POST", url, answer.status_code))

    assert shown == []
    assert dump(theirs) == before


def _body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_without_a_sign_in_every_address_asks_for_one(client: Client, ours: Account) -> None:
    wrong = []
    for address in addresses():
        url = address.url("ours", *(OURS,) * len(address.numbers))
        for answer in (client.get(url), client.post(url, {})):
            if answer.status_code != 302 or not answer["Location"].startswith("/accounts/login/"):
                wrong.append((url, answer.status_code))

    assert wrong == []


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(client: Client, ours: Account) -> None:
    answer = client.get("/a/ours/pulse/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/accounts/login/")


@pytest.mark.parametrize(
    ("page", "sign_in"),
    [
        ("http://testserver/a/ours/held/?page=2", "/accounts/login/?next=/a/ours/held/%3Fpage%3D2"),
        ("http://elsewhere.example/a/ours/held/", "/accounts/login/"),
    ],
)
def test_after_the_sign_in_one_is_back_on_the_page_that_had_asked(client: Client, ours: Account, page, sign_in) -> None:
    answer = client.get("/a/ours/pulse/", headers={"HX-Request": "true", "HX-Current-URL": page})

    assert answer["HX-Redirect"] == sign_in


def test_staff_may_look_in_and_leave_a_trace_once_a_session(client: Client, theirs: Account) -> None:
    staff = make_user(email="staff@example.com", is_staff=True)
    client.force_login(staff)

    page = client.get("/a/theirs/")
    client.get("/a/theirs/")

    assert "Viewing as staff" in page.content.decode()
    seen = AuditEntry.objects.filter(account=theirs, code="viewed_as_staff")
    assert [entry.actor for entry in seen] == [str(staff)]
    assert client.get("/a/theirs/settings/keys/").status_code == 403  # keys and team stay with the account

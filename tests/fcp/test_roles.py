"""Who may do what: the one table in fcp.roles, as the pages hold it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from fcp.models import Account, AuditEntry, Membership
from fcp.roles import ALLOWED, May, Role, allows, roles_that_may
from tests.build import PASSWORD, make_account, make_user
from tests.fcp.everything import dump, fill
from tests.fcp.test_tenancy import OURS, addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    account = make_account("ours")
    fill(account, OURS, make_user(email="colleague@example.com"), "Plum")
    return account


def signed_in(account: Account, role: Role) -> Client:
    user = make_user(account, role, email=f"{role}@example.com")
    client = Client(raise_request_exception=False)
    client.login(email=user.email, password=PASSWORD)
    return client


def right_of(url: str) -> May | None:
    view: Any = get_resolver().resolve(url).func
    return getattr(view, "right", None)


def own(address: Any) -> str:
    return address.url("ours", *(OURS,) * len(address.numbers))


@pytest.mark.parametrize("role", list(Role))
def test_a_page_lets_in_the_roles_of_the_table_and_names_them_to_the_others(account: Account, role: Role) -> None:
    client, wrong = signed_in(account, role), []
    for address in addresses():
        right = right_of(own(address))
        if right is None:
            continue
        answer = client.get(own(address))
        if answer.status_code == 405 and not allows(role, right):
            answer = client.post(own(address), {})
        refused = answer.status_code == 403
        named = ", ".join(roles_that_may(right)) in answer.content.decode() if refused else True
        if refused == allows(role, right) or not named:
            wrong.append((address.name, right, answer.status_code))

    assert wrong == []


def test_a_viewer_changes_nothing_whatever_is_sent(account: Account) -> None:
    client, before = signed_in(account, Role.VIEWER), dump(account)

    answers = {a.name: client.post(own(a), {"row": OURS, "all": "1"}).status_code for a in addresses()}

    assert dump(account) == before
    assert {name for name, status in answers.items() if status == 404 or status >= 500} == set()
    assert sum(status == 403 for status in answers.values()) > 20


def test_every_role_sees_and_only_owners_and_admins_manage() -> None:
    assert all(May.VIEW in rights for rights in ALLOWED.values())
    assert roles_that_may(May.MANAGE) == ["Owner", "Admin"]
    assert roles_that_may(May.SHIP) == ["Owner", "Admin", "Operator", "Warehouse"]
    assert not allows("warehouse", May.WORK_ORDERS)


def test_a_refused_part_of_a_page_is_a_plain_sentence(account: Account) -> None:
    client = signed_in(account, Role.VIEWER)

    answer = client.get("/a/ours/settings/keys/", headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.decode().strip() == (
        "Your role does not let you manage the team, API keys and account settings. These roles may: Owner, Admin."
    )


def test_the_last_owner_stays(account: Account) -> None:
    Membership.objects.filter(account=account).delete()
    client = signed_in(account, Role.OWNER)
    me = Membership.objects.get(account=account)

    client.post(f"/a/ours/settings/team/{me.pk}/", {"role": "viewer"})
    client.post(f"/a/ours/settings/team/{me.pk}/", {"remove": "1"})
    assert Membership.objects.get(account=account).role == "owner"

    other = make_user(account, Role.VIEWER)
    theirs = Membership.objects.get(user=other)
    client.post(f"/a/ours/settings/team/{theirs.pk}/", {"role": "owner"})
    client.post(f"/a/ours/settings/team/{me.pk}/", {"role": "operator"})

    assert {m.user_id: m.role for m in Membership.objects.filter(account=account)} == {
        me.user_id: "operator", other.pk: "owner",
    }  # fmt: skip
    assert AuditEntry.objects.filter(account=account, code="role_changed").count() == 2


def test_an_admin_neither_makes_an_owner_nor_unmakes_one(account: Account) -> None:
    owner = make_user(account, Role.OWNER)
    client = signed_in(account, Role.ADMIN)
    roles = {one.role: one.pk for one in Membership.objects.filter(account=account)}
    before = list(Membership.objects.order_by("pk").values_list("pk", "role"))

    answers = [
        client.post(f"/a/ours/settings/team/{roles['admin']}/", {"role": "owner"}),
        client.post(f"/a/ours/settings/team/{roles['owner']}/", {"role": "viewer"}),
        client.post(f"/a/ours/settings/team/{roles['owner']}/", {"remove": "1"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Owner" in answers[0].content.decode()
    assert list(Membership.objects.order_by("pk").values_list("pk", "role")) == before
    page = client.get("/a/ours/settings/team/").content.decode()
    assert f"Role of {owner}" not in page
    assert 'value="owner"' not in page

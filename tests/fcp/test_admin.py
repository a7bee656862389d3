"""The admin: for staff, behind the panel's sign-in, without secrets."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fcp.models import Account, ApiKey, User
from orders.holding import place_hold
from orders.holds import HoldKind
from orders.models import Hold
from orders.shapes import Payment
from tests.build import NOW, make_account, make_order, make_partner, make_store, make_user
from tests.fcp.everything import OURS, fill, tables

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(make_user(email="boss@example.com", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(email="staff@example.com", is_staff=True))
    return client


def test_the_admin_asks_for_the_panels_sign_in(client: Client):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")

    client.force_login(make_user(make_account()))
    assert client.get("/admin/login/").status_code == 403


def test_every_list_and_row_opens(boss: Client):
    fill(make_account(), 501, make_user(), "Plum")
    wrong = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{name}_changelist"), f"{reverse(f'{name}_changelist')}?q=plum"]
        if model in tables():
            urls.append(reverse(f"{name}_change", args=[501]))
        wrong += [url for url in urls if boss.get(url).status_code != 200]

    assert wrong == []


LARGE = ["orders_order", "orders_seenorder", "orders_orderevent", "integrations_exchange", "integrations_run",
         "integrations_hint"]  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_the_list_of_a_large_table_does_not_ask_it_for_all_the_values_it_has(boss: Client, name: str):
    with CaptureQueriesContext(connection) as context:
        assert boss.get(reverse(f"admin:{name}_changelist")).status_code == 200

    table = f'FROM "{name}"'
    assert [q["sql"] for q in context.captured_queries if "DISTINCT" in q["sql"] and table in q["sql"]] == []


def test_orders_are_found_by_their_payment(boss: Client):
    store = make_store(make_account())
    make_order(store, uid="a", number="1001", payment=Payment.PAID)
    make_order(store, uid="b", number="1002", payment=Payment.UNPAID)
    listed = reverse("admin:orders_order_changelist")

    page = boss.get(listed, {"payment": "unpaid"}).content.decode()

    assert "1002" in page
    assert "1001" not in page
    assert "1001" in boss.get(listed, {"payment": "nonsense"}).content.decode()


@pytest.mark.parametrize("app", OURS)
def test_every_table_that_a_person_must_look_up_is_registered(app: str):
    lines = {"RequestLine", "FulfillmentLine", "OrderLine", "Parcel", "OrderParty", "Payload", "Credential"}
    missing = {
        model.__name__
        for model in apps.get_app_config(app).get_models()
        if model not in admin.site._registry and model.__name__ not in lines
    }

    assert missing == set()


def test_staff_look_up_what_superusers_change(staff: Client):
    account = make_account(name="Before")
    change = reverse("admin:fcp_account_change", args=[account.pk])

    assert staff.get(change).status_code == 200
    assert staff.post(change, {"name": "After"}).status_code == 403
    assert Account.objects.get().name == "Before"


def test_the_list_of_people_does_not_tell_a_password_by_who_is_found(staff: Client):
    boss = make_user(email="boss@example.com", is_superuser=True)

    answer = staff.get(reverse("admin:fcp_user_changelist"), {"password__startswith": boss.password[:30]})

    assert "boss@example.com" not in answer.content.decode()


def test_only_superusers_change_a_superuser_even_where_staff_may_change_people(staff: Client):
    from django.contrib.auth.models import Permission

    User.objects.get().user_permissions.set(Permission.objects.filter(content_type__app_label="fcp"))
    boss, other = make_user(email="boss@example.com", is_superuser=True), make_user(email="other@example.com")

    for one in (boss, other):
        address = reverse("admin:fcp_user_change", args=[one.pk])
        staff.post(address, {"email": f"mine{one.pk}@example.com", "is_active": "on"})
        staff.post(reverse("admin:fcp_user_delete", args=[one.pk]), {"post": "yes"})

    assert User.objects.filter(email="boss@example.com").exists()
    assert not User.objects.filter(pk=other.pk).exists()


CLOSED = ["django_q_schedule", "django_q_ormq", "account_emailaddress", "mfa_authenticator", "auth_group"]


@pytest.mark.parametrize("name", CLOSED)
def test_queue_and_sign_in_data_are_for_superusers_even_with_the_permission(staff: Client, name: str):
    from django.contrib.auth.models import Permission

    user = User.objects.get()
    user.user_permissions.set(Permission.objects.all())

    assert staff.get(reverse(f"admin:{name}_changelist")).status_code == 403
    assert staff.get(reverse(f"admin:{name}_add")).status_code == 403


def test_a_new_account_gets_its_owner_and_a_link_to_the_panel(boss: Client):
    owner = make_user()
    form = {"name": "Nordic Mugs", "time_zone": "UTC", "currency": "EUR", "settings": "{}", "owner": owner.pk}

    boss.post(reverse("admin:fcp_account_add"), form)

    account = Account.objects.get()
    assert (account.slug, account.memberships.get().user) == ("nordic-mugs", owner)
    assert 'href="/a/nordic-mugs/"' in boss.get(reverse("admin:fcp_account_change", args=[account.pk])).content.decode()


def test_a_key_is_shown_once_and_never_its_hash(boss: Client):
    form = {"name": "WMS", "partner": make_partner().pk, "scopes": ["requests:read"]}

    made = boss.post(reverse("admin:fcp_apikey_add"), form, follow=True).content.decode()
    key = ApiKey.objects.get()
    later = boss.get(reverse("admin:fcp_apikey_change", args=[key.pk])).content.decode()

    assert f"fcp_{key.prefix}_" in made
    assert f"fcp_{key.prefix}_" not in later.replace(f"(fcp_{key.prefix}_…)", "")
    assert key.hash not in made + later

    boss.post(reverse("admin:fcp_apikey_changelist"), {"action": "revoke", "_selected_action": key.pk})
    key.refresh_from_db()
    assert key.revoked_at


def test_a_key_belongs_to_one_owner(boss: Client):
    answer = boss.post(reverse("admin:fcp_apikey_add"), {"name": "WMS", "scopes": ["requests:read"]})

    assert "A key belongs to an account or to a partner" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_staff_lift_holds_that_a_person_may_lift(staff: Client):
    order = make_order(make_store(), ship="Unknown")
    place_hold(order, HoldKind.OPERATOR, "look at it", by="me", now=NOW)
    by_hand, by_itself = (Hold.objects.get(kind=kind) for kind in ("operator", "ship_code"))

    answer = staff.post(
        reverse("admin:orders_hold_changelist"),
        {"action": "lift", "_selected_action": [by_hand.pk, by_itself.pk]},
        follow=True,
    ).content.decode()

    by_hand.refresh_from_db()
    by_itself.refresh_from_db()
    assert (by_hand.lifted_by, by_itself.lifted_at) == ("staff@example.com", None)
    assert "1 hold is lifted" in answer
    assert "lifts itself once its cause is mended" in answer

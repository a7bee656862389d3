"""The shell: where one lands, the dashboard, search, the parts that every page shows."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from fcp import panel
from fcp.models import ApiKey, AuditEntry, Membership
from fcp.panel import Card, navigation, panel_url
from fcp.roles import May, Role
from fcp.templatetags.panel import ago, money, plural, span, sparkline, when
from integrations.models import Integration
from orders.held_groups import keep
from orders.holds import HoldKind
from orders.models import Fulfillment, Hold, Order, Parcel
from tests.build import (
    PASSWORD,
    a_line,
    make_account,
    make_listing,
    make_order,
    make_product,
    make_store,
    make_user,
    make_warehouse,
)

pytestmark = pytest.mark.django_db


class Shop:
    """An account with a store, a mapped listing, and a signed-in owner."""

    def __init__(self, client: Client) -> None:
        self.account = make_account("shop", name="Shop Ltd", time_zone="Europe/Berlin")
        self.user = make_user(self.account, Role.OWNER, email="owner@example.com")
        self.store = make_store(self.account, name="MyShop", hands_over=False)
        make_warehouse(self.account)
        make_listing(self.store, "MUG", make_product(self.account, "MUG"))
        self.client = client
        client.login(email="owner@example.com", password=PASSWORD)

    def page(self, rest: str = "", **headers: str) -> str:
        answer = self.client.get(f"/a/shop/{rest}", headers=headers or None)
        assert answer.status_code == 200, answer
        return answer.content.decode()

    def order(self, **values) -> Order:
        return make_order(self.store, **values)


@pytest.fixture
def shop(client: Client) -> Shop:
    return Shop(client)


def text_of(page: str) -> str:
    """What a person reads, white space folded."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("&#x27;", "'").split())


# --- where one lands --------------------------------------------------------------------------------------------


def test_one_account_opens_its_dashboard_several_open_all_accounts(shop):
    assert shop.client.get("/")["Location"] == "/a/shop/"
    assert shop.client.get("/carts/")["Location"] == "/a/shop/integrations/"
    assert shop.client.get("/channels/")["Location"] == "/a/shop/integrations/"

    Membership.objects.create(account=make_account(), user=shop.user, role="viewer")

    assert shop.client.get("/")["Location"] == "/all-accounts/"


def test_all_accounts_lists_ones_own_only_the_one_in_trouble_first(shop):
    calm, stranger = make_account("calm", name="Aaa calm"), make_account("stranger", name="Stranger")
    Membership.objects.create(account=calm, user=shop.user, role="owner")
    shop.order(ship="Unknown", number="1")

    page = shop.client.get("/all-accounts/").content.decode()

    assert page.index("Shop Ltd") < page.index("Aaa calm")
    assert stranger.name not in page


def test_all_accounts_counts_orders_that_are_held_not_what_holds_them(shop):
    shop.order(ship="Unknown", number="1", lines=(a_line("NEW"),))  # for its shipping option, and for its SKU

    page = text_of(shop.client.get("/all-accounts/").content.decode())

    assert Hold.objects.open().count() > 1
    assert re.search(r"Shop Ltd .* – 1, oldest ", page)


def test_all_accounts_says_why_it_is_empty(shop, settings):
    found = text_of(shop.client.get("/all-accounts/?q=zzz").content.decode())
    Membership.objects.all().delete()
    settings.FCP_SUPPORT_CONTACT = "help@example.com"
    none = text_of(shop.client.get("/all-accounts/").content.decode())

    assert "Nothing matches" in found
    assert "No account You" not in found
    assert "You are not a member of any account yet. Ask help@example.com to add you." in none


def test_the_team_page_says_who_adds_people(shop):
    owner = text_of(shop.page("settings/team/"))
    make_user(email="root@example.com", is_staff=True, is_superuser=True)
    shop.client.login(email="root@example.com", password=PASSWORD)
    root = shop.page("settings/team/")

    assert "Somebody is missing? Ask whoever runs this panel for you to add them." in owner
    assert f"/admin/fcp/membership/add/?account={shop.account.pk}" in root


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_an_empty_list_offers_to_add_only_to_whoever_may(shop, role):
    Membership.objects.update(role=role)

    lists = ("products/groups/", "mappings/aliases/")
    offered = [path for path in lists if f'href="/a/shop/{path}add/"' in shop.page(path)]

    assert offered == (list(lists) if role == "owner" else [])


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_pages_lead_nobody_where_he_is_refused(shop, role):
    Membership.objects.update(role=role)

    pages = shop.page() + shop.page("help/api/")

    assert ('href="/a/shop/integrations/add/"' in shop.page()) == (role == "owner")
    assert (">API keys</a>" in pages) == (role == "owner")


def test_accounts_are_looked_for_by_any_nonsense(shop):
    assert shop.client.get("/all-accounts/?q=%00Shop").status_code == 200


def test_the_account_one_works_in_stands_on_every_page(shop):
    assert "Account: Shop Ltd . Switch account" in text_of(shop.page("orders/"))


# --- navigation -------------------------------------------------------------------------------------------------


def test_every_registered_page_leads_somewhere(shop):
    for section in panel.SECTIONS.values():
        for page in section.pages:
            assert shop.client.get(panel_url(shop.account, page.view)).status_code == 200, page.view


def test_the_navigation_counts_what_waits_and_lights_the_page_up(shop):
    shop.order(ship="Unknown", number="1")
    shop.order(ship="Unknown", number="2")

    links = {
        link.page.view: link
        for group in navigation(shop.account, frozenset(May), "orders:held")
        for link in group.links
    }

    assert (links["orders:held"].count, links["orders:held"].active) == (2, True)
    assert links["mappings:ship_codes"].count == 1
    assert not links["orders:orders"].active


def test_a_role_is_not_shown_pages_that_it_may_not_open(shop):
    Membership.objects.update(role="viewer")

    page = shop.page()

    assert "/a/shop/settings/keys/" not in page
    assert "/a/shop/to-ship/" not in page
    assert "/a/shop/settings/team/" in page


# --- dashboard --------------------------------------------------------------------------------------------------


def shipped(order: Order) -> None:
    now = timezone.now()
    Fulfillment.objects.create(
        account_id=order.account_id, store_id=order.store_id, order=order, origin="person", shipped_at=now,
        created_at=now, told="told",
    )  # fmt: skip


def test_a_new_account_sees_the_first_steps_and_nothing_else(shop):
    page = text_of(shop.page())

    for step in ("Connect a store", "Map the first ship code", "Connect the warehouse", "Ship the first order"):
        assert step in page
    assert "Open orders" not in page


def test_the_open_orders_add_up_and_lead_to_their_lists(shop):
    states = ["new", "held", "held", "ready", "at_warehouse", "partly_shipped", "shipped", "confirmed"]
    for number, state in enumerate(states):
        order = shop.order(number=str(number))
        Order.objects.filter(pk=order.pk).update(state=state)
    shipped(order)

    page = shop.page()
    tiles = dict(re.findall(r'href="/a/shop/(?:orders/\?state=)?(\w+)/?"[^>]*>\s*<span class="tile-label">.*?'
                            r'<span class="tile-number">(\d+)<', page, re.S))  # fmt: skip

    assert tiles == {"new": "1", "held": "2", "ready": "1", "at_warehouse": "1", "partly_shipped": "1", "shipped": "1"}
    assert "7 orders" in text_of(page)


def test_the_cause_that_keeps_most_orders_waiting_is_said_in_one_sentence_with_the_button(shop):
    for number in range(3):
        shop.order(number=str(number), ship="std-eu", placed_at=timezone.now() - dt.timedelta(hours=3, minutes=5))
    shipped(shop.order(number="9", ship="rare"))
    method = Order.objects.get(number="0").ship_method

    page = shop.page()

    assert "3 orders wait for one missing ship code, std-eu on MyShop, oldest" in text_of(page)
    assert "80 EUR" in text_of(page)  # three of 26.60
    assert f'/a/shop/held/?kind=ship_code&amp;cause={method.pk}"' in page
    assert "Map it" in page


def test_the_loudest_cause_is_said_though_many_small_ones_are_older(shop):
    for number in range(9):
        shop.order(number=f"1{number}", ship=f"rare-{number}", placed_at=timezone.now() - dt.timedelta(days=9))
    for number in range(3):
        shop.order(number=f"2{number}", ship="std-eu", placed_at=timezone.now() - dt.timedelta(hours=1))
    shipped(shop.order(number="3", placed_at=timezone.now()))

    page = text_of(shop.page())

    assert "3 orders wait for one missing ship code, std-eu on MyShop, oldest" in page
    assert "1 order · Ship code missing: rare-0" in page
    assert "3 orders · Ship code missing: std-eu" not in page  # said once


def test_a_snoozed_cause_is_no_alarm(shop):
    for number in range(3):
        shop.order(number=str(number), ship="std-eu")
    shipped(shop.order(number="3"))
    method = Order.objects.get(number="0").ship_method
    later = timezone.now() + dt.timedelta(days=1)
    keep(
        shop.account, HoldKind.SHIP_CODE, str(method.pk), owner=None, note="", until=later, by="Ann", now=timezone.now()
    )

    assert 'class="alarm"' not in shop.page()


def test_one_order_that_waits_is_no_alarm(shop):
    shop.order(number="1", ship="rare")
    shipped(shop.order(number="2"))

    page = shop.page()

    assert 'class="alarm"' not in page
    assert "1 order · Ship code missing: rare" in text_of(page)


def test_a_card_that_fails_says_so_in_its_place_and_the_others_stand(shop, monkeypatch):
    shipped(shop.order(number="1"))
    broken = Card("open", "orders/parts/card_open.html", lambda request, now: 1 / 0, order=1)
    monkeypatch.setitem(panel.CARDS, "open", broken)

    page = text_of(shop.page())

    assert "This part could not be loaded" in page
    assert "Waiting for you" in page


def test_today_stands_beside_what_is_usual_for_this_weekday(shop, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 14, 0, tzinfo=dt.UTC), tick=False)
    now = timezone.now()
    for week, number in ((0, 3), (1, 2), (2, 4)):
        for n in range(number):
            shop.order(number=f"{week}-{n}", placed_at=now - dt.timedelta(weeks=week, hours=1))
        shop.order(number=f"{week}-later", placed_at=now - dt.timedelta(weeks=week) + dt.timedelta(hours=2))
    shipped(Order.objects.get(number="0-0"))

    page = text_of(shop.page())

    assert "Came in 3 usually 3" in page
    assert "beside a usual Friday by this time" in page


def test_the_chart_has_a_table_with_the_same_numbers(shop, time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC), tick=False)  # the 21st in Berlin
    shop.order(number="1", placed_at=timezone.now() - dt.timedelta(minutes=5))
    shop.order(number="2", placed_at=timezone.now() - dt.timedelta(days=1))

    page = shop.page("cards/fortnight/")

    assert "Sat 21 Nov 1 0 Fri 20 Nov 1 0 Thu 19 Nov 0 0" in text_of(page)
    assert '"labels": ["8 Nov"' in page


def test_the_dashboard_asks_the_database_a_bounded_number_of_times(shop, django_assert_max_num_queries):
    for number in range(12):
        shop.order(number=str(number), ship=f"way {number}")
    shipped(Order.objects.get(number="0"))
    shop.page()

    with django_assert_max_num_queries(32):
        shop.page()


def test_the_pulse_refreshes_the_counts_of_the_navigation(shop):
    shop.order(ship="Unknown", number="1")

    page = shop.page("pulse/", **{"HX-Request": "true"})

    assert re.search(r'id="tally-ordersheld" class="tally tally-urgent"\s+hx-swap-oob="true">1<', page)
    assert "Nothing is running now" in page


# --- search -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1004", "#10044"),
        ("#10044", "#10044"),
        ("ann@exa", "#10044"),
        ("mug", "#10044"),
        ("0034 04", "#10044"),
        ("held", "Held"),
        ("myshop", "MyShop"),
        ("ltd", "MyShop"),  # any word of its name
        ("channels", "View Integrations"),
    ],
)
def test_search_finds_by_the_beginning_of_numbers_addresses_skus_tracking_names_and_pages(shop, text, found):
    Integration.objects.create(account=shop.account, store=shop.store, name="Mugs Ltd", nickname="MyShop", variant="v1")
    order = shop.order(number="10044")
    shipped(order)
    left = Fulfillment.objects.get()
    Parcel.objects.create(account=shop.account, fulfillment=left, tracking="003404-1", tracking_key="0034041")

    assert found in text_of(shop.page(f"search/?q={text.replace('#', '%23')}"))


@pytest.mark.parametrize("text", ["044", "%00", "'; drop table", "x" * 300, "   "])
def test_search_that_finds_nothing_says_where_it_looked(shop, text):
    shop.order(number="10044")

    page = text_of(shop.page(f"search/?q={text}"))

    assert "#10044" not in page


# --- settings ---------------------------------------------------------------------------------------------------


def test_the_account_is_renamed_with_a_trace(shop):
    shop.client.post("/a/shop/settings/account/", {"name": "New name", "time_zone": "Asia/Tokyo", "currency": "JPY"})

    shop.account.refresh_from_db()
    assert (shop.account.name, shop.account.time_zone, shop.account.slug) == ("New name", "Asia/Tokyo", "shop")
    entry = AuditEntry.objects.get(account=shop.account)
    assert (entry.code, entry.actor, entry.params["time_zone"]) == ("account_changed", str(shop.user), "Asia/Tokyo")


def test_a_keys_last_day_is_not_the_calendars(shop):
    sent = {"name": "WMS", "scopes": ["stock:read"], "expires_on": "9999-12-31"}

    assert "Choose an earlier day" in shop.client.post("/a/shop/settings/keys/", sent).content.decode()


def test_a_key_whose_last_day_is_past_is_not_made(shop):
    long_ago = timezone.localdate() - dt.timedelta(days=2)  # past in every zone
    sent = {"name": "WMS", "scopes": ["stock:read"], "expires_on": long_ago.isoformat()}

    assert "That day is past." in shop.client.post("/a/shop/settings/keys/", sent).content.decode()
    assert not ApiKey.objects.exists()


def test_a_keys_text_is_shown_once_and_works_until_it_is_revoked(shop):
    made = shop.client.post("/a/shop/settings/keys/", {"name": "Packing", "scopes": ["warehouses:read"]})
    text = re.search(r"fcp_[0-9a-f]+_[\w-]+", made.content.decode())
    assert text
    assert made["Cache-Control"] == "no-store"
    assert text.group() not in shop.page("settings/keys/")

    api = Client(headers={"Authorization": f"Bearer {text.group()}"})
    assert api.get("/api/v1/warehouses").status_code == 200

    pk = re.search(r"/settings/keys/(\d+)/revoke/", shop.page("settings/keys/"))
    assert pk
    shop.client.post(f"/a/shop/settings/keys/{pk.group(1)}/revoke/")

    assert api.get("/api/v1/warehouses").status_code == 401
    assert set(AuditEntry.objects.values_list("code", flat=True)) == {"api_key_made", "api_key_revoked"}


# --- when something is wrong ------------------------------------------------------------------------------------


def test_errors_have_pages_that_say_what_to_do(shop, monkeypatch):
    monkeypatch.setattr("fcp.views.checklist", lambda account: 1 / 0)
    shop.client.raise_request_exception = False

    broken = shop.client.get("/a/shop/")
    forged = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    missing = shop.client.get("/a/shop/orders/999/")

    assert (broken.status_code, forged.status_code, missing.status_code) == (500, 403, 404)
    assert "nothing of yours is lost" in broken.content.decode()
    assert "Nothing was changed" in forged.content.decode()
    assert "There is no such page" in missing.content.decode()


# --- parts ------------------------------------------------------------------------------------------------------


def test_every_icon_that_a_template_or_the_registry_names_is_in_the_sprite():
    file = Path(settings.BASE_DIR, "fcp/static/vendor/icons/icons.svg")
    sprite = set(re.findall(r'<symbol id="([^"]+)"', file.read_text()))
    named = {chip.icon for chip in panel.CHIPS.values()} | {section.icon for section in panel.SECTIONS.values()}
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        source = template.read_text()
        named |= set(re.findall(r"{% icon ['\"]([\w-]+)['\"]", source))
        named |= set(re.findall(r"icon_name=['\"]([\w-]+)['\"]", source))

    assert named - sprite == set()


INLINE = r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son(?!e=)[a-z]+=|javascript:"


def test_templates_bring_no_script_or_style_of_their_own():
    wrong = []
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        source = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", template.read_text(), flags=re.S)
        if re.search(INLINE, source):
            wrong.append(template.name)

    assert wrong == []


def test_money_keeps_its_currency_and_that_currencys_decimals():
    assert money(Decimal("2140.5"), "EUR") == "2,140.50 EUR"
    assert money(Decimal(2140), "JPY") == "2,140 JPY"
    assert money("1.2345", "KWD") == "1.234 KWD"
    assert money(Decimal("2140.5"), "EUR", whole=True) == "2,140 EUR"
    assert money(None, "EUR") == "–"


def test_times_are_the_accounts_with_the_exact_one_on_hover():
    at = dt.datetime(2026, 11, 20, 13, 5, tzinfo=dt.UTC)
    with timezone.override("Europe/Berlin"):
        shown = when(at, "exact")

    assert 'datetime="2026-11-20T14:05:00+01:00"' in shown
    assert 'title="20 Nov 2026, 14:05:00 (CET)"' in shown


def test_spans_and_counts_read_like_speech():
    now = timezone.now()

    assert [span(s) for s in (45, 60, 3 * 3600 + 5, 9 * 86400)] == ["45 s", "1 min", "3 h", "9 d"]
    assert ago(now - dt.timedelta(hours=3), now) == "3 h ago"
    assert ago(now + dt.timedelta(minutes=26), now) == "in 26 min"
    assert [plural(1, "order"), plural(2140, "order")] == ["1 order", "2,140 orders"]
    assert plural(2, "cause waits,causes wait") == "2 causes wait"


def test_a_sparkline_says_what_it_shows():
    drawn = sparkline([0, 2, 4], "Orders per hour", 100, 20)

    assert 'aria-label="Orders per hour"' in drawn
    assert 'points="0.0,18.0 50.0,10.0 100.0,2.0"' in drawn

"""Help: the master list, the set-up guides, the question mark, the search field."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from fcp.models import Account
from integrations.connectors import connector_class
from integrations.connectors.wix.words import EVENTS
from integrations.models import GuideOpinion, Integration
from tests.integrations.pages.reading import assert_in_order, form_of, words

HELP = "/a/shoes/help/"
GUIDES = f"{HELP}guides/"
WIX = connector_class("wix").platform
MARKET = "https://www.wix.com/app-market/our-slug"


def guide(key: str) -> str:
    return f"{GUIDES}wix/{key}/"


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer
    return html.unescape(answer.content.decode())


def steps_of(page: str) -> list[str]:
    """The steps of a guide, each with its mark, as a person reads them."""
    (steps,) = re.findall(r'<ol class="guide">(.*?)</ol>', page, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in re.findall(r"<li>(.*?)</li>", steps, re.S)]


# --- the master list -------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-3", "TECH-1")
def test_the_master_list_shows_each_kind_of_store_with_what_it_supports(client: Client):
    page = page_of(client, HELP)
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]

    [v1] = [row for row in rows if row.startswith("Wix, Catalog V1")]
    [v3] = [row for row in rows if row.startswith("Wix, Catalog V3")]
    assert "one number for the whole store" in v1
    assert "each location for itself" in v3
    for row in (v1, v3):
        assert "Pull" in row
        assert "links to FedEx, UPS" in row
        assert "Each change, to the app" in row
        assert "API key" in row
    assert guide("catalog-v1") in page
    assert guide("catalog-v3") in page


def test_the_master_list_is_made_from_the_declarations(client: Client):
    page = page_of(client, HELP)

    for status in WIX.statuses:
        assert status.label in page
    for note in (*WIX.product_notes, WIX.shipments_note, *WIX.stock["v1"].notes):
        assert note in page
    for one in WIX.announcements:
        assert f"{one.label.lower()}, by an automation of the store" in page.lower()


@pytest.mark.req("TECH-3")
@pytest.mark.parametrize("key", [one.key for one in WIX.guides])
def test_every_guide_leads_to_the_master_list_and_names_the_account_before_any_step(client: Client, key: str):
    page = page_of(client, guide(key))

    assert f'href="{HELP}"' in page[page.index("<main") :]
    assert page.index("You are working in <strong>Shoes Ltd</strong>") < page.index('<ol class="guide">')


# --- the guides ------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-7")
def test_every_way_in_and_every_variant_has_a_guide(client: Client):
    ways = {way.key for way in WIX.ways_in if not way.staff_only}

    assert {one.way for one in WIX.guides if one.way} == ways
    assert {one.variant for one in WIX.guides if one.variant} == set(WIX.variants)
    listed = page_of(client, GUIDES)
    for one in WIX.guides:
        assert guide(one.key) in listed
        assert steps_of(page_of(client, guide(one.key)))


@pytest.mark.req("EIM-7")
def test_the_guide_of_the_key_says_how_to_get_it(client: Client):
    text = " ".join(steps_of(page_of(client, guide("api-key"))))

    assert_in_order(
        text, "API Keys Manager", "Generate API Key", "copy the key", "after /dashboard/", "Site ID", "Paste both"
    )


@pytest.mark.req("EFS-2")
def test_the_guide_leads_to_the_apps_own_page_where_the_installation_has_one(client: Client, settings):
    settings.FCP_WIX_MARKET_URL = MARKET
    assert f'href="{MARKET}"' in page_of(client, guide("app-market"))

    settings.FCP_WIX_MARKET_URL = ""
    page = page_of(client, guide("app-market"))
    assert "wix.com/app-market/" not in page
    assert "own page in the Wix App Market" not in " ".join(steps_of(page))


@pytest.mark.req("EFS-3", "TECH-8")
def test_the_guide_has_the_way_through_the_navigation_bar_of_wix(client: Client):
    text = " ".join(steps_of(page_of(client, guide("app-market"))))

    assert_in_order(
        text, "in the navigation bar choose Apps, then App Market", "manage.wix.com/app-market",
        "Search for the app's name", "its tile", "Add to Site", "agree", "Sign in", "Finish Setup",
    )  # fmt: skip


@pytest.mark.req("TECH-7")
@pytest.mark.parametrize("key", [one.key for one in WIX.guides])
def test_what_is_done_at_wix_is_marked_as_wixs_own(client: Client, key: str):
    page = page_of(client, guide(key))
    [declared] = [one for one in WIX.guides if one.key == key]
    shown = {step: text for step in declared.steps for text in steps_of(page) if text.startswith(step.text[:60])}

    for step, text in shown.items():
        assert ("In Wix" in text) is step.in_store, text
    assert any(step.in_store for step in declared.steps)
    assert "They belong to Wix, which may change them without notice." in " ".join(page.split())


@pytest.mark.req("TECH-1", "TECH-2")
@pytest.mark.parametrize(("key", "other"), [("catalog-v1", "catalog-v3"), ("catalog-v3", "catalog-v1")])
def test_the_two_guides_lead_to_each_other_in_their_first_line_and_say_how_to_look_the_version_up(
    client: Client, key: str, other: str
):
    page = page_of(client, guide(key))
    first_line = page[page.index("This guide is for a site with") :]
    first_line = first_line[: first_line.index("</p>")]

    assert f'href="{guide(other)}"' in first_line
    steps = steps_of(page)
    assert "Collections" in steps[0]
    assert "Categories" in steps[0]
    assert "https://www.wixapis.com/stores/v3/provision/version" in steps[1]
    connect = next(number for number, step in enumerate(steps) if step.startswith("Connect the site"))
    assert connect > 1  # looked up before connecting


@pytest.mark.req("TECH-48", "TECH-49", "TECH-50")
def test_the_guide_on_webhooks_goes_word_by_word_through_our_steps_and_those_of_wix(client: Client):
    steps = steps_of(page_of(client, guide("webhooks")))

    assert_in_order(
        " ".join(steps), "Channel Mode", "press Create", "Type", "Copy the URL", "manage.wix.com", "Automations",
        "Create Automation", "Start from Scratch", "Order placed", "+", "Send HTTP Request", "Paste the URL",
        "Activate", "top right corner",
    )  # fmt: skip
    assert "Cancel" in steps[2]
    assert "the copied URL works at once" in steps[2]


def test_the_guide_on_an_app_of_ones_own_names_this_installations_addresses_and_every_event(client: Client, settings):
    settings.FCP_PUBLIC_URL = "https://panel.example.com"
    page = page_of(client, guide("own-app"))

    for address in ("/hooks/wix/", "/install/wix/", "/install/wix/return/"):
        assert f"https://panel.example.com{address}" in page
    for event in EVENTS:
        assert event in page
    for setting in ("FCP_WIX_APP_ID", "FCP_WIX_APP_SECRET", "FCP_WIX_PUBLIC_KEY"):
        assert setting in page
    assert not re.search(r"\{[a-z]+\}", " ".join(steps_of(page)))


def test_a_way_that_is_not_offered_says_so_and_leads_to_the_app(client: Client, settings, tmp_path):
    settings.FCP_SANDBOX, settings.FCP_WIX_APP_ID = False, ""

    page = page_of(client, guide("app-market"))

    assert "so this way is not offered" in page
    assert guide("own-app") in page
    assert "so this way is not offered" not in page_of(client, guide("api-key"))


@pytest.mark.parametrize("url", [f"{GUIDES}wix/none/", f"{GUIDES}ebay/api-key/"])
def test_a_guide_that_does_not_exist_is_not_here(client: Client, url: str):
    assert client.get(url).status_code == 404
    assert client.post(f"{url}opinion/").status_code == 404


# --- was it helpful --------------------------------------------------------------------------------------------------


@pytest.mark.req("TECH-52")
def test_a_guide_ends_with_the_question_whether_it_was_helpful(client: Client, account: Account):
    url = guide("api-key")
    page = client.get(url)
    assert words(page).index("Was this helpful?") > words(page).index("Steps")

    given = form_of(page, f"{url}opinion/", helpful="no", reason="outdated", text="The button has another name.")
    answer = client.post(f"{url}opinion/", given, follow=True)

    kept = GuideOpinion.objects.get()
    assert (kept.account, kept.guide, kept.helpful, kept.reason) == (account, "wix/api-key", False, "outdated")
    assert kept.text == "The button has another name."
    assert "Thank you." in answer.content.decode()


def test_an_opinion_without_an_answer_is_asked_again(client: Client, account: Account):
    answer = client.post(f"{guide('api-key')}opinion/", {"text": "Hm."})

    assert "This field is required" in words(answer)
    assert not GuideOpinion.objects.exists()


# --- the question mark -----------------------------------------------------------------------------------------------


def question_mark(page: str) -> str:
    """Where it leads, or nothing where it opens the page's help."""
    found = re.search(r'<a class="bar-button" href="([^"]*)"[^>]*aria-label="Guide for this page', page)
    return found[1] if found else ""


@pytest.mark.req("EIM-7")
def test_the_question_mark_of_a_set_up_page_opens_its_guide(client: Client, shop: Integration):
    opened = {
        "integrations/add/wix/api_key/": "api-key",
        f"integrations/{shop.pk}/setup/": "catalog-v1",
        f"integrations/{shop.pk}/webhooks/": "webhooks",
        f"integrations/{shop.pk}/reconnect/api_key/": "api-key",
        "integrations/invitations/": "invitation",
    }

    for rest, key in opened.items():
        assert question_mark(page_of(client, f"/a/shoes/{rest}")) == guide(key), rest


def test_the_question_mark_of_any_other_page_opens_its_help_with_the_guides_that_concern_it(
    client: Client, shop: Integration
):
    for rest in ("", "orders/", "integrations/runs/"):
        page = page_of(client, f"/a/shoes/{rest}")
        assert not question_mark(page)
        assert 'data-open="#help"' in page
        assert guide("api-key") not in page

    of_one = page_of(client, f"/a/shoes/integrations/{shop.pk}/channel/")
    assert not question_mark(of_one)
    assert guide("catalog-v1") in of_one
    assert guide("catalog-v3") not in of_one
    assert guide("api-key") in page_of(client, "/a/shoes/integrations/")


def test_help_is_found_by_the_search_field(client: Client):
    def found(text: str) -> str:
        return page_of(client, f"/a/shoes/search/?q={text}")

    assert guide("api-key") in found("api key")
    assert guide("invitation") in found("invit") or guide("invitation") in found("owner connect")
    assert guide("catalog-v3") in found("catalog v3")
    assert guide("catalog-v1") not in found("catalog v3")
    assert HELP in found("platforms")
    assert guide("api-key") not in found("zebra")


def test_the_api_has_a_page_of_help(client: Client):
    page = page_of(client, f"{HELP}api/")

    assert 'href="/api/"' in page
    assert "/api/v1/shipping-requests" in page

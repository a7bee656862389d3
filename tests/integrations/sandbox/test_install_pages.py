"""What the owner of the stand-in sites sees and does: App Market, consent, dashboard."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from integrations.sandbox.server import Sandbox

from .client import Wix, look
from .test_webhooks import Panel, panel, read  # noqa: F401  (a fixture)

PANEL = "http://127.0.0.1:8020"
SEARCH = "/ecom/v1/orders/search"


@pytest.fixture
def box(panel: Panel) -> Iterator[Sandbox]:  # noqa: F811
    with Sandbox(products=12, webhook_urls=(panel.url,), panel_url=PANEL, rate_limit=0) as box:
        yield box


def app_of(box: Sandbox, **more: str) -> dict[str, str]:
    return {"appId": box.info["wix"]["app_id"], **more}


def outside(box: Sandbox, back: str = f"{PANEL}/install/wix/return/?state=s1", **more: str) -> dict[str, str]:
    return app_of(box, postInstallationUrl=back, **more)


def told_of(box: Sandbox, panel: Panel) -> list[tuple[str, str]]:  # noqa: F811
    assert box.wix.sender.drain()
    outer = [read(box, body)[0] for body in panel.bodies]
    return [(each["eventType"], each["instanceId"]) for each in outer]


@pytest.mark.req("EFS-2", "EFS-3", "TECH-8")
def test_the_app_is_found_by_its_name_and_has_a_page_of_its_own(box):
    own = urlsplit(box.info["wix"]["market_url"]).path.removeprefix("/wix")

    found, elsewhere = look(box, "/app-market?q=fulfillment")[1], look(box, "/app-market?q=postcards")[1]

    assert f'href="/wix{own}"' in found
    assert own not in elsewhere
    assert "No app is called" in look(box, "/app-market?q=zzz")[1]
    assert "Add to Site" in look(box, own)[1]


@pytest.mark.req("EFS-4", "TECH-9", "TECH-10")
def test_added_from_the_app_market_it_leads_to_our_page_with_a_signed_instance(box, panel):  # noqa: F811
    info, start = box.info["wix"], app_of(box, **{"from": "app-market"})
    choice = look(box, f"/app-installer?{urlencode(start)}")[1]
    chosen = {**start, "site": info["site_id_new"]}
    consent = look(box, f"/app-installer/consent?{urlencode(chosen)}")[1]
    before = box.wix.site("new").installed

    status, _, there = look(box, "/app-installer/consent", chosen)

    signature, data = parse_qs(urlsplit(there).query)["instance"][0].split(".")
    digest = hmac.new(info["app_secret"].encode(), data.encode(), hashlib.sha256).digest()
    shown = json.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
    assert all(name in choice for name in ("MyShop", "NordicCup", "TeaCorner", "Portfolio"))
    assert "Read and manage orders" in consent
    assert (before, status, box.wix.site("new").installed) == (False, 303, True)
    assert there.startswith(f"{PANEL}/install/wix/?")
    assert signature == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (shown["instanceId"], shown["permissions"]) == (info["instance_new"], "OWNER")
    assert told_of(box, panel) == [("AppInstalled", info["instance_new"])]
    assert Wix(box, "new").get("/stores/v3/provision/version") == (200, {"catalogVersion": "V1_CATALOG"})


def test_started_from_outside_it_leads_back_with_its_query_and_what_wix_adds(box):
    start = outside(box, f"{PANEL}/install/wix/return/?state=s%201&x=", site=box.info["wix"]["site_id_new"])

    _, _, there = look(box, "/app-installer/consent", start)

    assert there.partition("?")[0] == f"{PANEL}/install/wix/return/"
    assert parse_qs(urlsplit(there).query, keep_blank_values=True) == {
        "state": ["s 1"],
        "x": [""],
        "appId": [box.info["wix"]["app_id"]],
        "tenantId": [box.info["wix"]["site_id_new"]],
        "instanceId": [box.info["wix"]["instance_new"]],
    }


def test_a_site_that_has_the_app_is_chosen_again_without_being_told_twice(box, panel):  # noqa: F811
    start = outside(box, site=box.info["wix"]["site_id_v3"])

    _, _, there = look(box, "/app-installer/consent", start)

    assert box.info["wix"]["instance_v3"] in there
    assert told_of(box, panel) == []


@pytest.mark.parametrize(("more", "leads"), [({"from": "app-market"}, "/wix/app-market/"), ({}, "/wix/app-installer?")])
def test_cancel_goes_back_and_adds_nothing(box, more, leads):
    start = (app_of(box, **more) if more else outside(box)) | {"site": box.info["wix"]["site_id_new"]}

    consent = look(box, f"/app-installer/consent?{urlencode(start)}")[1]

    cancel = next(part for part in consent.split("<a ") if ">Cancel<" in part)
    assert f'href="{leads}' in cancel
    assert box.wix.site("new").installed is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"appId": "00000000-0000-4000-8000-000000000000"},
        {"postInstallationUrl": ""},
        {"postInstallationUrl": "/install/wix/return/"},
        {"postInstallationUrl": "javascript:alert(1)"},
        {"postInstallationUrl": "ftp://127.0.0.1:8020/"},
        {"postInstallationUrl": "https://evil.example/install/"},
        {"postInstallationUrl": "http://127.0.0.1:8021/"},
        {"postInstallationUrl": "http://127.0.0.1:8020@evil.example/"},
        {"postInstallationUrl": "http://[broken/"},
        {"site": "nowhere"},
    ],
)
def test_a_link_that_is_not_right_is_said_and_adds_nothing(box, wrong):
    start = {**outside(box, site=box.info["wix"]["site_id_new"]), **wrong}

    asked = look(box, f"/app-installer/consent?{urlencode(start)}")
    agreed = look(box, "/app-installer/consent", start)

    assert (asked[0], agreed[0], agreed[2]) == (400, 400, "")
    assert "This cannot be done" in agreed[1]
    assert box.wix.site("new").installed is False


def test_another_name_of_this_machine_is_the_same_panel(box):
    start = outside(box, "http://localhost:8020/install/wix/return/", site=box.info["wix"]["site_id_new"])

    assert look(box, "/app-installer/consent", start)[2].startswith("http://localhost:8020/install/wix/return/?appId=")


def test_another_site_in_the_same_browser_can_add_nothing(box):
    start = outside(box, site=box.info["wix"]["site_id_new"])

    assert look(box, "/app-installer/consent", start, Origin="https://evil.example")[0] == 403
    assert look(box, "/account/sites", Host="evil.example")[0] == 403
    assert box.wix.site("new").installed is False


@pytest.mark.req("TECH-30")
def test_the_site_id_stands_in_the_address_of_the_dashboard_and_only_it(box):
    info = box.info["wix"]
    sites = look(box, "/account/sites")[1]

    home = f"/dashboard/{info['site_id_v1']}/home"

    assert f'href="/wix{home}"' in sites
    assert "MyShop" in look(box, home)[1]
    assert look(box, f"/dashboard/{info['site_id_v1']}/orders")[2] == "/control/v1"
    assert look(box, f"/dashboard/{info['instance_v1']}/home")[0] == 400
    assert look(box, "/dashboard/v1/home")[0] == 400


def test_the_app_is_opened_removed_and_added_again_with_the_same_instance_id(box, panel):  # noqa: F811
    info, wix = box.info["wix"], Wix(box, "v1")
    apps = f"/dashboard/{info['site_id_v1']}/apps"
    opened = look(box, f"{apps}/open")[2]

    look(box, f"{apps}/remove", {})
    removed = wix.get("/stores/v3/provision/version")[0], wix.ask_token()[0], look(box, f"{apps}/open")[0]
    look(box, "/app-installer/consent", outside(box, site=info["site_id_v1"]))

    assert opened.startswith(f"{PANEL}/install/wix/?instance=")
    assert removed == (403, 403, 400)
    assert wix.ask_token()[0] == 200
    assert told_of(box, panel) == [("AppRemoved", info["instance_v1"]), ("AppInstalled", info["instance_v1"])]


def test_token_info_knows_a_signed_instance_and_refuses_a_forged_one(box):
    wix, info = Wix(box, "v3"), box.info["wix"]
    signed = parse_qs(urlsplit(look(box, f"/dashboard/{info['site_id_v3']}/apps/open")[2]).query)["instance"][0]
    signature, data = signed.split(".")
    other = data[:-4] + ("AAAA" if data[-4:] != "AAAA" else "BBBB")

    status, body = wix.post("/oauth2/token-info", {"token": signed})

    assert (status, body["instanceId"], body["clientId"]) == (200, info["instance_v3"], info["app_id"])
    assert body["active"] is True
    for forged in (f"{signature}.{other}", f".{data}", data, signature, ""):
        assert wix.post("/oauth2/token-info", {"token": forged})[0] == 401


def test_a_site_without_wix_stores_says_so(box):
    look(box, "/app-installer/consent", outside(box, site=box.info["wix"]["site_id_empty"]))

    assert Wix(box, "empty").get("/stores/v3/provision/version") == (200, {"catalogVersion": "STORES_NOT_INSTALLED"})


def test_misbehaviour_that_ends_adds_the_app_only_where_it_was_taken_off(box):
    box.wix.misbehave("revoked")
    box.wix.misbehave("revoked", "v1")
    box.wix.behave()

    assert [site.installed for site in box.wix.sites.values()] == [True, True, False, False]


def test_without_a_panel_the_app_market_way_says_what_is_missing_and_adds_nothing(sandbox):
    start = app_of(sandbox, **{"from": "app-market"}, site=sandbox.info["wix"]["site_id_new"])

    status, text, _ = look(sandbox, "/app-installer/consent", start)

    assert (status, "--panel" in text) == (400, True)
    assert sandbox.wix.site("new").installed is False


def test_who_added_the_app_is_known_after_a_restart(tmp_path):
    state = str(tmp_path / "state.sqlite3")
    with Sandbox(products=1, state=state, panel_url=PANEL) as box:
        look(box, "/app-installer/consent", outside(box, site=box.info["wix"]["site_id_new"]))
        look(box, f"/dashboard/{box.info['wix']['site_id_v3']}/apps/remove", {})

    with Sandbox(products=1, state=state, panel_url=PANEL) as box:
        assert [site.installed for site in box.wix.sites.values()] == [True, False, True, False]

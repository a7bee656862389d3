"""The owner's sites, and the dashboard of one: its id stands in the address, and its apps are managed there."""

from html import escape

from integrations.sandbox.control.html import form, quiet, section
from integrations.sandbox.wire import Reply

from .consent import landing_of
from .market import HERE, NAME, SLUG
from .screens import NotSo, Visit, frame, go, link, screen
from .site import Site

CATALOGS = {"v1": "Wix Stores, Catalog V1", "v3": "Wix Stores, Catalog V3", "": "Without Wix Stores"}


@screen("GET", "")
def start(visit: Visit) -> Reply:
    return go("account/sites")


@screen("GET", "/account/sites")
def all_sites(visit: Visit) -> Reply:
    cards = "".join(
        f'<a class="card" href="/wix/dashboard/{site.site_id}/home"><h2>{escape(site.name)}</h2>'
        f'<p class="quiet">{escape(CATALOGS[site.catalog])}</p></a>'
        for site in visit.wix.sites.values()
    )
    return frame("Sites", f'<h1>Your sites</h1><div class="cards">{cards}</div>', here="account/sites")


@screen("GET", "/dashboard/{site}")
def short(visit: Visit) -> Reply:
    return go(f"dashboard/{visit.site.site_id}/home")


@screen("GET", "/dashboard/{site}/home")
def home(visit: Visit) -> Reply:
    site = visit.site
    facts = {"Orders": len(site.orders), "Products": len(site.products)}
    listed = "".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for name, count in facts.items())
    words = f"{CATALOGS[site.catalog]} · {site.currency} · {site.time_zone}"
    about = quiet("The site's id stands in the address of this page, after /dashboard/.")
    content = f'<h1>{escape(site.name)}</h1><p class="lead">{escape(words)}</p>'
    content += section("At a glance", f"<dl>{listed}</dl>") + about
    return frame(site.name, content, site, "home")


@screen("GET", "/dashboard/{site}/orders")
def orders(visit: Visit) -> Reply:
    return go(f"/control/{visit.site.key}")


@screen("GET", "/dashboard/{site}/apps")
def apps(visit: Visit) -> Reply:
    site, below = visit.site, f"dashboard/{visit.site.site_id}/apps"
    market = '<div class="row">' + link(HERE, "App Market", "button quiet") + "</div>"
    if site.installed:
        buttons = link(f"{below}/open", "Open", "button") + link(f"{below}/remove", "Remove app", "button quiet")
        ours = section(NAME, f'<div class="row">{buttons}</div>')
    else:
        ours = section("No app is on this site", link(f"app-market/{SLUG}", f"Add {NAME}", "button"))
    return frame("Manage apps", f"<h1>Manage apps</h1>{ours}{market}", site, "apps")


@screen("GET", "/dashboard/{site}/apps/open")
def open_app(visit: Visit) -> Reply:
    return go(landing_of(visit, with_app(visit)))


@screen("GET", "/dashboard/{site}/apps/remove")
def ask_removal(visit: Visit) -> Reply:
    site = with_app(visit)
    address = f"dashboard/{site.site_id}/apps"
    sure = form(f"{address}/remove", '<button class="bad">Remove app</button>', below="/wix/")
    buttons = f'<div class="row">{sure}{link(address, "Keep it", "button quiet")}</div>'
    words = f"<h1>Remove {escape(NAME)} from {escape(site.name)}?</h1><p>It can no longer see or change this site.</p>"
    return frame("Remove app", words + buttons, site, "apps")


@screen("POST", "/dashboard/{site}/apps/remove")
def remove(visit: Visit) -> Reply:
    visit.wix.remove_app(visit.site)
    return go(f"dashboard/{visit.site.site_id}/apps")


def with_app(visit: Visit) -> Site:
    if not visit.site.installed:
        raise NotSo(f"{NAME} is not on this site. Add it in the App Market.")
    return visit.site

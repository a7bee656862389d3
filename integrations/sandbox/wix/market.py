"""The App Market: a search, tiles, and an app's own page with "Add to Site"."""

from html import escape

from integrations.sandbox.control.html import form, hidden, quiet, section
from integrations.sandbox.wire import Reply

from .screens import NotSo, Visit, frame, link, screen

SLUG = "fulfillment-control-panel"
NAME = "Fulfillment Control Panel"
# What the market has: slug -> name, what it says of itself. Ours is the only one that can be added.
APPS = {
    SLUG: (NAME, "Your warehouse ships what your shop sells: orders go out, stock and tracking numbers come back."),
    "loyal-buyers": ("Loyal Buyers", "Points and presents for those who come again."),
    "parcel-postcards": ("Parcel Postcards", "A printed card in every parcel."),
    "tax-desk": ("Tax Desk", "Sales by country and rate, for the accountant."),
}
HERE = "app-market"


@screen("GET", "/app-market")
def shelves(visit: Visit) -> Reply:
    sought = visit.query.get("q", "").strip()
    found = {slug: app for slug, app in APPS.items() if sought.lower() in " ".join(app).lower()}
    search = (
        f'<form class="search" role="search"><input name="q" value="{escape(sought)}" placeholder="Search for apps" '
        'aria-label="Search for apps"><button>Search</button></form>'
    )
    tiles = "".join(
        f'<a class="card" href="/wix/app-market/{slug}"><h2>{escape(name)}</h2><p class="quiet">{escape(words)}</p></a>'
        for slug, (name, words) in found.items()
    )
    listed = f'<div class="cards">{tiles}</div>' if found else quiet(f"No app is called “{sought}”.")
    return frame("App Market", f"<h1>App Market</h1>{search}{listed}", here=HERE)


@screen("GET", "/app-market/{slug}")
def one_app(visit: Visit) -> Reply:
    if visit.ids["slug"] not in APPS:
        raise NotSo("There is no such app in the App Market.")
    name, words = APPS[visit.ids["slug"]]
    ours = visit.ids["slug"] == SLUG
    start = form(
        "app-installer",
        hidden(appId=visit.wix.access.app_id, **{"from": HERE}),
        "<button>Add to Site</button>",
        below="/wix/",
        method="get",
    )
    on = [site for site in visit.wix.sites.values() if ours and site.installed]
    listed = "".join(f"<li>{link(f'dashboard/{site.site_id}/apps', site.name)}</li>" for site in on)
    content = f'<p class="lead">{escape(words)}</p>' + (start if ours else quiet("Only here to be looked at."))
    content += section("Already added to", f"<ul>{listed}</ul>") if on else ""
    return frame(name, f"<h1>{escape(name)}</h1>{content}", here=HERE)

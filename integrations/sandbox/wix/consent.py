"""Adding our app to a site: which site, what the app may do, yes or no, and back to the panel.

Started at the app's page in the App Market (from=app-market), or by a link from outside that says where the browser
goes afterwards (postInstallationUrl). Wix takes only https there; the stand-in takes what lies on the panel's own
origin.
"""

from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations.sandbox.control.html import form, hidden, quiet
from integrations.sandbox.wire import Reply, origin_of

from .market import HERE, NAME, SLUG
from .screens import NotSo, Visit, frame, go, link, screen, site_of
from .site import Site

# What the app asks for, as its owner chose it at Wix: see places.PERMISSIONS.
ASKED = {
    "Read and manage orders": "see who bought what, and where it goes",
    "Read and manage fulfillments": "write tracking numbers to your orders",
    "Read and manage products": "see what you sell, and change it when you say so",
    "Read and manage inventory": "set how many you have",
    "Read business locations": "see from where you ship",
    "Read site properties": "see the site's name, currency and time zone",
}


@screen("GET", "/app-installer")
def choose_site(visit: Visit) -> Reply:
    start = start_of(visit.query, visit)
    chosen = visit.query.get("site", "")
    choices = "".join(
        f'<label class="choice"><input type="radio" name="site" value="{site.site_id}" required'
        f"{' checked' if site.site_id == chosen else ''}><span>{escape(site.name)}<small>{_about(site)}</small></span>"
        "</label>"
        for site in visit.wix.sites.values()
    )
    legend = f"You have several sites. To which one do you want to add {NAME}?"
    fields = f'<fieldset class="choices"><legend>{escape(legend)}</legend>{choices}</fieldset>'
    begun = form(
        "app-installer/consent", hidden(**start), fields, "<button>Add to Site</button>", below="/wix/", method="get"
    )
    return frame("Choose a site", f'<div class="narrow"><h1>Choose a site</h1>{begun}</div>', here=HERE)


def _about(site: Site) -> str:
    return escape(f"{site.url.removeprefix('https://')}{', the app is there already' if site.installed else ''}")


@screen("GET", "/app-installer/consent")
def ask_consent(visit: Visit) -> Reply:
    start, site = start_of(visit.query, visit), site_of(visit.wix, visit.query.get("site", ""))
    listed = "".join(f"<li><b>{escape(name)}</b>: {escape(words)}</li>" for name, words in ASKED.items())
    agree = form(
        "app-installer/consent", hidden(**start, site=site.site_id), "<button>Agree &amp; Add</button>", below="/wix/"
    )
    address, query = (f"app-market/{SLUG}", {}) if "from" in start else ("app-installer", start)
    cancel = link(address, "Cancel", "button quiet", **query)
    content = (
        f"<h1>Add {escape(NAME)} to {escape(site.name)}?</h1><p>The app will be able to:</p><ul>{listed}</ul>"
        f'<div class="row">{agree}{cancel}</div>' + quiet("You can remove the app later, in the site's dashboard.")
    )
    return frame("Permissions", f'<div class="narrow">{content}</div>', here=HERE)


@screen("POST", "/app-installer/consent")
def agree(visit: Visit) -> Reply:
    sent = {name: values[-1] for name, values in visit.form.items()}
    start, site = start_of(sent, visit), site_of(visit.wix, sent.get("site", ""))
    if "from" in start:
        landing = landing_of(visit, site)
        visit.wix.add_app(site)
        return go(landing)
    visit.wix.add_app(site)
    there = urlsplit(start["postInstallationUrl"])
    told = {"appId": visit.wix.access.app_id, "tenantId": site.site_id, "instanceId": site.instance_id}
    query = urlencode([*parse_qsl(there.query, keep_blank_values=True), *told.items()])
    return go(there._replace(query=query).geturl())


def landing_of(visit: Visit, site: Site) -> str:
    """Our own page that Wix opens for the app on a site, with the signed instance."""
    if not visit.wix.setup.panel_url:
        raise NotSo("The stand-in does not know where the panel is. Start it with --panel and its address.")
    return f"{visit.wix.setup.panel_url}/install/wix/?{urlencode({'instance': visit.wix.access.sign_instance(site)})}"


def start_of(sent: dict[str, str], visit: Visit) -> dict[str, str]:
    """How it was started, to be handed from step to step. NotSo where the link is none of Wix's."""
    if sent.get("appId") != visit.wix.access.app_id:
        raise NotSo("This link names no app that Wix knows. Check the app id (appId).")
    if sent.get("from") == HERE:
        return {"appId": sent["appId"], "from": HERE}
    address = sent.get("postInstallationUrl", "")
    if not address:
        raise NotSo("This link does not say where to go afterwards (postInstallationUrl).")
    if origin_of(address) is None:
        raise NotSo("The address to go to afterwards (postInstallationUrl) is not a whole web address.")
    if origin_of(address) != origin_of(visit.wix.setup.panel_url):
        raise NotSo("The address to go to afterwards (postInstallationUrl) is not one of the panel's.")
    return {"appId": sent["appId"], "postInstallationUrl": address}

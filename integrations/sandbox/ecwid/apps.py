"""The owner's pages on apps: ours, with a button to remove it, and the store's own custom app with its secrets."""

from html import escape

from integrations.sandbox.control.html import form, quiet, section
from integrations.sandbox.wire import Reply

from .oauth import BELOW, NAME
from .screens import Visit, frame, go, screen


@screen("GET", "")
def start(visit: Visit) -> Reply:
    return go("apps")


@screen("GET", "/apps")
def apps(visit: Visit) -> Reply:
    store = visit.store
    if store.installed:
        remove = '<a class="button quiet" href="/ecwid/apps/remove">Remove app</a>'
        ours = section(NAME, f'<div class="row">{remove}</div>')
    else:
        ours = section("No app is in this store", quiet("Connect the store in the panel to install it."))
    orders = f'<div class="row"><a class="button quiet" href="/control/{store.key}">Orders and stock</a></div>'
    return frame("Apps", f"<h1>{escape(store.name)}</h1>{ours}{orders}", here="apps")


@screen("GET", "/apps/remove")
def ask_removal(visit: Visit) -> Reply:
    sure = form("apps/remove", '<button class="bad">Remove app</button>', below=BELOW)
    buttons = f'<div class="row">{sure}<a class="button quiet" href="/ecwid/apps">Keep it</a></div>'
    words = f"<h1>Remove {escape(NAME)} from {escape(visit.store.name)}?</h1>"
    return frame("Remove app", f"{words}<p>It can no longer see or change this store.</p>{buttons}", here="apps")


@screen("POST", "/apps/remove")
def remove(visit: Visit) -> Reply:
    visit.host.remove_app(visit.store.key)
    return go("apps")


@screen("GET", "/develop-apps")
def custom_app(visit: Visit) -> Reply:
    """What the merchant copies to connect the store without OAuth."""
    access = visit.host.access
    rows = {"Store ID": str(visit.store.store_id), "Secret token": access.token, "Client secret": access.client_secret}
    shown = "".join(f'<p>{escape(name)}</p><code class="once">{escape(value)}</code>' for name, value in rows.items())
    add = form("develop-apps", "<button>Create a custom app</button>", below=BELOW)
    content = shown if visit.store.installed else quiet("There is no custom app in this store.") + add
    return frame("Custom apps", f'<h1>Custom apps</h1><div class="narrow">{content}</div>', here="develop-apps")


@screen("POST", "/develop-apps")
def create_custom_app(visit: Visit) -> Reply:
    visit.host.add_app(visit.store.key)
    return go("develop-apps")

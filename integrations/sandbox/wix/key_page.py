"""The API Keys Manager: keys of the owner's account, each for some sites and some things, shown once."""

from html import escape

from integrations.sandbox.control.html import enter, form, quiet, section, table
from integrations.sandbox.wire import Reply

from .keys import PERMISSIONS, Key
from .screens import NotSo, Visit, frame, go, screen

HERE = "account/api-keys"


@screen("GET", "/account/api-keys")
def all_keys(visit: Visit) -> Reply:
    names = {site.site_id: site.name for site in visit.wix.sites.values()}
    rows = [_line(key, names) for key in visit.wix.access.keys.by_id.values() if not key.revoked]
    listed = table(["Name", "Key", "Sites", "Permissions", ""], rows, "No key was made yet.")
    seeded = quiet("Beside these there is the demo's own key, which may do everything on every site.")
    content = f"<h1>API Keys Manager</h1>{section('Keys', listed, seeded, name='keys')}{_making(names)}"
    return frame("API Keys Manager", content, here=HERE)


def _line(key: Key, names: dict[str, str]) -> list[str]:
    revoke = form(f"{HERE}/{key.id}/revoke", '<button class="quiet">Revoke</button>', below="/wix/")
    sites = ", ".join(names[site_id] for site_id in key.sites)
    may = "".join(f"<li>{escape(PERMISSIONS[name])}</li>" for name in key.permissions)
    return [escape(key.name), f"IST.…{escape(key.ending)}", escape(sites), f"<ul>{may}</ul>", revoke]


def _making(names: dict[str, str]) -> str:
    fields = [
        enter("Name", "name", 'required maxlength="80"'),
        _ticks("Permissions", "permission", PERMISSIONS),
        _ticks("Sites", "site", names),
        '<div class="wide"><button>Generate Key</button></div>',
    ]
    return section("Generate API Key", form(HERE, *fields, style="grid", below="/wix/"), name="generate")


def _ticks(legend: str, name: str, choices: dict[str, str]) -> str:
    boxes = "".join(
        f'<label class="choice"><input type="checkbox" name="{name}" value="{escape(value)}"> {escape(text)}</label>'
        for value, text in choices.items()
    )
    return f'<fieldset class="choices wide"><legend>{legend}</legend>{boxes}</fieldset>'


@screen("POST", "/account/api-keys")
def make(visit: Visit) -> Reply:
    sent, known = visit.form, [site.site_id for site in visit.wix.sites.values()]
    sites = [site_id for site_id in sent.get("site", []) if site_id in known]
    try:
        key = visit.wix.access.keys.make(sent.get("name", [""])[0], sent.get("permission", []), sites)
    except ValueError as problem:
        raise NotSo(str(problem)) from None
    shown = f'<h1>Your new API key</h1><p>Copy it now: it is not shown again.</p><code class="once">{key}</code>'
    return frame("Your new API key", f'{shown}<p><a href="/wix/{HERE}">Back to all keys</a></p>', here=HERE)


@screen("POST", "/account/api-keys/{key}/revoke")
def revoke(visit: Visit) -> Reply:
    if visit.ids["key"] not in visit.wix.access.keys.by_id:
        raise NotSo("There is no such key.")
    visit.wix.access.keys.revoke(visit.ids["key"])
    return go(HERE)

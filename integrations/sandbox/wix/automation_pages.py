"""The pages of Automations, from Create Automation to Activate.

In between: Start from Scratch, a trigger, +, Send HTTP Request, the URL.
"""

from html import escape
from typing import Any

from integrations.sandbox.control.html import choose, form, quiet, section, table
from integrations.sandbox.wire import Reply

from . import automations
from .automations import ACTION, DATA, TRIGGERS
from .screens import NotSo, Visit, frame, go, link, screen

HERE = "automations"
OTHER_ACTIONS = ("Send an email", "Create task", "Delay")


def _below(visit: Visit, *rest: str) -> str:
    return "/".join([f"dashboard/{visit.site.site_id}/automations", *rest])


@screen("GET", "/dashboard/{site}/automations")
def all_automations(visit: Visit) -> Reply:
    rows = [_line(visit, one) for one in visit.site.automations]
    listed = table(["Name", "Trigger", "Action", ""], rows, "Nothing is automated on this site yet.")
    create = link(_below(visit, "new"), "Create Automation", "button")
    content = f'<div class="row apart"><h1>Automations</h1>{create}</div>{section("Your automations", listed)}'
    return frame("Automations", content, visit.site, HERE)


def _line(visit: Visit, one: dict[str, Any]) -> list[str]:
    name = link(_below(visit, one["id"]), one["name"])
    return [name, escape(TRIGGERS.get(one["trigger"], "none")), escape(one["action"] or "none"), _badge(one)]


def _badge(one: dict[str, Any]) -> str:
    return '<span class="badge good">Active</span>' if one["active"] else '<span class="badge">Not active</span>'


@screen("GET", "/dashboard/{site}/automations/new")
def how_to_begin(visit: Visit) -> Reply:
    scratch = form(_below(visit), "<button>Start from Scratch</button>", below="/wix/")
    content = f"<h1>Create a new automation</h1>{quiet('Choose how to begin.')}{section('An empty one', scratch)}"
    return frame("Create Automation", content, visit.site, HERE)


@screen("POST", "/dashboard/{site}/automations")
def begin(visit: Visit) -> Reply:
    return go(_below(visit, automations.begin(visit.site)["id"]))


@screen("GET", "/dashboard/{site}/automations/{automation}")
def editor(visit: Visit) -> Reply:
    one = _one(visit)
    button = "Deactivate" if one["active"] else "Activate"
    switch = f'<button form="editor" name="do" value="{button.lower()}">{button}</button>'
    head = f'<div class="row apart"><h1>{escape(one["name"])} {_badge(one)}</h1>{switch}</div>'
    content = f"{head}{_form(visit, '', '', name='editor')}{_trigger(visit, one)}"
    if one["trigger"]:
        content += _action(visit, one)
    content += f"<p>{link(_below(visit), 'Back to all automations', 'button quiet')}</p>"
    return frame(one["name"], content, visit.site, HERE)


def _one(visit: Visit) -> dict[str, Any]:
    try:
        return automations.find(visit.site, visit.ids["automation"])
    except KeyError:
        raise NotSo("There is no such automation on this site.") from None


def _form(visit: Visit, step: str, content: str, name: str = "") -> str:
    address = escape(f"/wix/{_below(visit, visit.ids['automation'], *([step] if step else []))}")
    mark = f' id="{name}"' if name else ""
    return f'<form method="post" action="{address}"{mark}>{content}</form>'


def _trigger(visit: Visit, one: dict[str, Any]) -> str:
    if one["trigger"]:
        return section("Trigger", f"<p><b>{escape(TRIGGERS[one['trigger']])}</b></p>")
    offered = "".join(
        f'<button class="quiet" name="trigger" value="{value}">{escape(label)}</button>'
        for value, label in TRIGGERS.items()
    )
    return section("Choose a trigger", _form(visit, "trigger", f'<div class="row">{offered}</div>'))


def _action(visit: Visit, one: dict[str, Any]) -> str:
    if one["action"]:
        field = f'<input name="url" form="editor" value="{escape(one["url"])}" required>'
        url = f'<label class="wide">Target URL{field}</label>'
        data = choose("Body", "data", DATA, one["data"]).replace("<select ", '<select form="editor" ')
        return section(ACTION, f'<div class="grid">{url}{data}</div>', _sent(visit, one))
    if "add" not in visit.query:
        return f"<p>{link(_below(visit, one['id']), '+', 'button quiet', add='1')}</p>"
    others = "".join(f'<button class="quiet" disabled>{name}</button>' for name in OTHER_ACTIONS)
    ours = f'<button class="quiet" name="action" value="{ACTION}">{ACTION}</button>'
    return section("Choose an action", _form(visit, "action", f'<div class="row">{ours}{others}</div>'))


def _sent(visit: Visit, one: dict[str, Any]) -> str:
    entries = [entry for entry in reversed(visit.wix.sender.deliveries()) if entry["url"] == one["url"]]
    rows = [[escape(entry["event"]), _taken(entry)] for entry in entries[:5]]
    return table(["Last runs", ""], rows, "It has not run yet.") if one["active"] else ""


def _taken(entry: dict[str, Any]) -> str:
    if entry["taken"]:
        return '<span class="badge good">taken</span>'
    return '<span class="badge bad">not taken</span>' if entry["tries"] else '<span class="badge">on its way</span>'


@screen("POST", "/dashboard/{site}/automations/{automation}/trigger")
def choose_trigger(visit: Visit) -> Reply:
    trigger = _sent_value(visit, "trigger")
    if trigger not in TRIGGERS:
        raise NotSo("Choose one of the triggers.")
    return _changed(visit, trigger=trigger, name=f"{TRIGGERS[trigger]} automation")


@screen("POST", "/dashboard/{site}/automations/{automation}/action")
def choose_action(visit: Visit) -> Reply:
    if _sent_value(visit, "action") != ACTION:
        raise NotSo("The stand-in has only one action.")
    return _changed(visit, action=ACTION)


@screen("POST", "/dashboard/{site}/automations/{automation}")
def switch(visit: Visit) -> Reply:
    """Activate, with the URL as it stands in the form; or switch off."""
    if _sent_value(visit, "do") != "activate":
        return _changed(visit, active=False)
    data = _sent_value(visit, "data")
    return _changed(visit, active=True, url=_sent_value(visit, "url"), data=data if data in DATA else "all")


def _sent_value(visit: Visit, name: str) -> str:
    return visit.form.get(name, [""])[-1].strip()


def _changed(visit: Visit, **values: Any) -> Reply:
    uid = _one(visit)["id"]
    try:
        automations.change(visit.site, uid, **values)
    except ValueError as problem:
        raise NotSo(str(problem)) from None
    return go(_below(visit, uid))

"""The control pages, in plain HTML: the stores, a store's orders, one order and what the store was told of it."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from integrations.sandbox.wire import Reply

from . import stock_page
from .desk import Action, Desk, Shown, Site
from .html import choose, enter, form, quiet, section, table, tick

if TYPE_CHECKING:
    from integrations.sandbox.server import Sandbox

STYLE = (Path(__file__).parent / "control.css").read_bytes()
PAGE = 30
TIMES = {"1": "Once", "5": "5 times", "50": "50 times", "0": "Until told to behave"}


def answer(box: "Sandbox", method: str, path: list[str], query: dict[str, str], form: dict[str, str]) -> Reply:
    match [method, *path]:
        case ["GET", "style.css"]:
            return Reply(200, STYLE, {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=60"})
        case ["GET"]:
            return page("The stand-in stores", front(box), trail=offices(box))
        case ["GET" | "POST", name, *rest]:
            desk, site = found(box, name)
            return one_store(desk, site, [method, *rest], query, form)
    raise KeyError("There is nothing at this address.")


def found(box: "Sandbox", name: str) -> tuple[Desk, Site]:
    """A store of any platform, and the desk that knows it."""
    for host in box.hosts.values():
        try:
            return host.desk, host.site(name)
        except KeyError:
            continue
    raise KeyError(f"no such store: {name}")


def one_store(desk: Desk, site: Site, asked: list[str], query: dict[str, str], form: dict[str, str]) -> Reply:
    host = desk.host
    match asked:
        case ["GET"]:
            return page(site.name, store(desk, site, query), trail=trail(desk, site))
        case ["GET", "stock"]:
            return page(f"Stock of {site.name}", stock_page.shown(desk, site, query), trail=trail(desk, site))
        case ["POST", "stock"]:
            return back(site, f"stock?q={quote(stock_page.set_one(desk, site, form))}")
        case ["GET", "orders", uid]:
            order = desk.show(host.order(site.key, uid))
            return page(f"Order {order.number}", one_order(desk, site, order), trail=trail(desk, site))
        case ["POST", "orders"]:
            return back(site, f"orders/{quote(desk.place(site, form))}")
        case ["POST", "orders", uid, action]:
            desk.act(site, uid, action, form)
            return back(site, "" if action == "delete" else f"orders/{quote(uid)}")
        case ["POST", "misbehave"]:
            count = int(form.get("count") or 0) or None
            host.misbehave(form["kind"], site.key, **({} if form["kind"] in desk.switches else {"count": count}))
            return back(site, "#misbehave")
        case ["POST", "behave"]:
            host.behave(site.key)
            return back(site, "#misbehave")
        case ["POST", action]:
            desk.own("POST", [action], site.key, query, dict(form))
            return back(site, f"#{action}")
    raise KeyError("There is nothing at this address.")


def back(site: Site, rest: str) -> Reply:
    return Reply(303, b"", {"Location": f"/control/{quote(site.key)}/{rest}"})


def trail(desk: Desk, site: Site) -> str:
    store = f'<a href="/control/{quote(site.key)}">{escape(site.name)}</a>'
    return f'{store}<a href="{escape(desk.home(site))}">{escape(f"{desk.label} {desk.office}")}</a>'


def offices(box: "Sandbox") -> str:
    desks = [host.desk for host in box.hosts.values()]
    links = [f'<a href="{escape(desk.home())}">{escape(f"{desk.label} {desk.office}")}</a>' for desk in desks]
    return "".join(links)


def page(title: str, content: str, trail: str = "", status: int = 200) -> Reply:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · The stand-in stores</title><link rel="stylesheet" href="/control/style.css"></head>
<body><header><a class="brand" href="/control/">The stand-in stores</a>{trail}</header>
<main>{content}</main>
<footer>These shops are invented and live on this machine only. They speak as the real ones do.</footer>
</body></html>"""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return Reply(status, text.encode("utf-8", "replace"), headers)


def problem(text: str) -> Reply:
    return page(
        "Not possible",
        f'<h1>That did not work</h1><p>{escape(text)}</p><p><a href="/control/">Back</a></p>',
        status=404,
    )


def badge(word: str, desk: Desk | None = None) -> str:
    words, tones = (desk.words, desk.tones) if desk else ({}, {"taken": "good"})
    return f'<span class="badge {tones.get(word, "plain")}">{escape(words.get(word, word))}</span>'


def when(text: str) -> str:
    return f'<time datetime="{escape(text)}">{text[:10]} {text[11:16]} UTC</time>'


def front(box: "Sandbox") -> str:
    cards = []
    for desk, site in ((host.desk, site) for host in box.hosts.values() for site in host.sites.values()):
        sums = {"Orders": len(site.orders), "Not shipped": desk.waiting(site), "Products": len(site.products)}
        listed = "".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for name, count in sums.items())
        mark = '<span class="badge bad">misbehaves</span>' if site.faults or site.revoked else ""
        cards.append(
            f'<a class="card" href="/control/{quote(site.key)}"><h2>{escape(site.name)} {mark}</h2>'
            f"<p>{escape(f'{desk.label}, {desk.about(site)}')}</p><dl>{listed}</dl></a>"
        )
    lead = (
        "Invented shops to try things with. Choose one: order as a buyer would, see what it is told of its parcels, "
        "or make it misbehave, at the end of its page."
    )
    sent = "".join(
        webhooks(host, f"Webhooks sent by {host.desk.label}" if len(box.hosts) > 1 else "Webhooks sent")
        for host in box.hosts.values()
    )
    head = f'<h1>The stand-in stores</h1><p class="lead" id="misbehave">{lead}</p>'
    return f'{head}<div class="cards">{"".join(cards)}</div>{sent}'


def webhooks(host: object, title: str) -> str:
    sender = host.sender  # type: ignore[attr-defined]
    sent = [
        [escape(entry["event"]), str(entry["tries"]), badge("taken" if entry["taken"] else "waiting")]
        for entry in reversed(sender.deliveries()[-10:])
    ]
    none = "Nothing sent yet." if sender.urls else "Switched off: no address was given."
    return section(title, table(["Event", "#Tries", ""], sent, none))


def store(desk: Desk, site: Site, query: dict[str, str]) -> str:
    start, sought = max(0, int(query.get("from") or 0)), query.get("q", "").strip()
    rows = desk.host.newest(site.key, PAGE + 1, start, sought)
    older = f'<a class="button quiet" href="?from={start + PAGE}&amp;q={quote(sought)}">Older orders</a>'
    search = (
        f'<form class="search"><input name="q" value="{escape(sought)}" placeholder="Order number" '
        'aria-label="Order number"><button class="quiet">Find</button></form>'
    )
    columns = ["Number", "Placed", "Shipping", "Payment", "Status", "#Total"]
    listed = table(columns, [order_line(desk, site, desk.show(row.load())) for row in rows[:PAGE]], "No orders.")
    orders = section("Orders", search, listed, older if len(rows) > PAGE else "")
    stock = f'<p><a class="button quiet" href="/control/{site.key}/stock">Stock</a></p>'
    rest = desk.more(site) + misbehaviour(desk, site)
    return f"<h1>{escape(site.name)}</h1>{stock}{place_form(desk, site)}{orders}{rest}"


def order_line(desk: Desk, site: Site, order: Shown) -> list[str]:
    return [
        f'<a href="/control/{site.key}/orders/{quote(order.uid)}">{escape(order.number)}</a>',
        when(order.placed),
        escape(order.shipping or "none"),
        badge(order.payment, desk),
        badge(order.status, desk),
        escape(order.total),
    ]


def place_form(desk: Desk, site: Site) -> str:
    countries, home = desk.countries(site)
    fields = [
        choose("Product", "sku", {"": "A surprise", **desk.goods(site)}, style="wide"),
        enter("Quantity", "quantity", 'type="number" min="1" max="1000" value="1"'),
        choose("Shipping option", "shipping", {title: title for title in desk.ways(site)}),
        enter("Another shipping option", "other", 'placeholder="as the merchant would call it"'),
        choose("Country", "country", countries, home),
        choose("Payment", "payment", desk.payments),
        enter("Text to engrave", "text", 'maxlength="200"'),
        enter("Buyer's note", "note", 'maxlength="1000"'),
        choose("What is odd about it", "odd", desk.odd),
        tick("Sell it even when it is sold out, as two buyers at one moment can", "force", style="wide"),
        '<div class="wide"><button>Place order</button></div>',
    ]
    return section("Place an order", form(f"{site.key}/orders", *fields, style="grid"))


def one_order(desk: Desk, site: Site, order: Shown) -> str:
    badges = " ".join(badge(word, desk) for word in order.words)
    lines = [
        [
            f"{escape(line.name[:200])}<small>{escape(line.choices)}</small>",
            escape(line.sku[:60]),
            escape(line.quantity),
        ]
        for line in order.lines
    ]
    about = f"<p>Total {escape(order.total)} · {escape(order.shipping or 'nothing to ship')}</p>"
    note = quiet(f"“{order.note[:500]}”") if order.note else ""
    goods = section("Lines", table(["Product", "SKU", "#Units"], lines, "No lines."), about, note)
    address = "<p>" + "<br>".join(escape(part) for part in order.address if part) + "</p>"
    return (
        f'<h1>Order {escape(order.number)} {badges}</h1><p class="quiet">Placed {when(order.placed)} · changed '
        f"{when(order.changed)}{escape(f' · {order.uid}' if order.uid != order.number else '')}</p>"
        + section("What the store was told", told_of(desk, site, order.uid))
        + f'<div class="split">{goods}{section("Ship to", address)}</div>'
        + section("Do as buyer or merchant", f'<div class="actions">{actions(desk, site, order.uid)}</div>')
    )


def actions(desk: Desk, site: Site, uid: str) -> str:
    return "".join(button(f"{site.key}/orders/{quote(uid)}/{action.key}", action) for action in desk.actions)


def button(address: str, action: Action) -> str:
    hint = f'placeholder="{action.field.capitalize()}" aria-label="{action.label}: {action.field}"'
    box = f'<input name="{action.field}" {hint}>' if action.field else ""
    box += tick(action.tick_label, action.tick, on=True) if action.tick else ""
    return form(address, box, f'<button class="{action.style}">{escape(action.label)}</button>')


def told_of(desk: Desk, site: Site, uid: str) -> str:
    rows = []
    for told in desk.told(site, uid):
        number = escape(told.number or "no number")
        if told.link.startswith("http"):
            number = f'<a href="{escape(told.link)}" rel="noreferrer">{number}</a>'
        tracking = f'<span class="tracking">{number}</span>'
        rows.append([when(told.at), escape(told.carrier), tracking, escape(told.what)])
    none = "Nothing yet: no parcel has been reported to the store."
    return table(["When", desk.who, "Tracking number", desk.what], rows, none)


def misbehaviour(desk: Desk, site: Site) -> str:
    now = desk.broken(site)
    listed = "".join(f"<li>{escape(text)}</li>" for text in now)
    fields = [
        choose("What goes wrong", "kind", desk.kinds),
        choose("How often", "count", TIMES),
        '<div><button class="bad">Misbehave</button></div>',
    ]
    return section(
        "Make it misbehave",
        f"<ul>{listed}</ul>" if now else quiet("It behaves."),
        form(f"{site.key}/misbehave", *fields, style="grid"),
        form(f"{site.key}/behave", '<button class="quiet">Behave again</button>'),
        name="misbehave",
    )

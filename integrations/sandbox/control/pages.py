"""The control pages, in plain HTML: the stores, a store's orders, one order and what the store was told of it."""

from decimal import Decimal
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from integrations.sandbox.faults import KINDS
from integrations.sandbox.wire import Reply
from integrations.sandbox.wix.shop import PEOPLE
from integrations.sandbox.wix.site import OrderRow, Site, name_of

from . import stock_page
from .html import choose, enter, form, quiet, section, table, tick

if TYPE_CHECKING:
    from integrations.sandbox.server import Sandbox

STYLE = (Path(__file__).parent / "control.css").read_bytes()
PAGE = 30
PAYMENTS = {
    "PAID": "Paid",
    "NOT_PAID": "Not paid",
    "PENDING": "Payment pending",
    "cod": "Cash on delivery",
}
ODD = {
    "": "An ordinary order",
    "nul": "With a NUL character in a name",
    "long": "With over-long values",
    "no_lines": "Without lines",
    "no_street": "Without a street",
    "no_sku": "With a product without SKU",
    "digital": "Only digital goods",
    "pickup": "Picked up by the buyer",
}
WORDS = {
    "APPROVED": "Approved",
    "CANCELED": "Canceled",
    "PENDING": "Pending",
    "REJECTED": "Rejected",
    "INITIALIZED": "Not finished",
    "PAID": "Paid",
    "NOT_PAID": "Not paid",
    "PARTIALLY_PAID": "Partly paid",
    "FULLY_REFUNDED": "Refunded",
    "PARTIALLY_REFUNDED": "Partly refunded",
    "DECLINED": "Declined",
    "FULFILLED": "Fulfilled",
    "PARTIALLY_FULFILLED": "Partly fulfilled",
    "NOT_FULFILLED": "Not fulfilled",
}
TONES = {"PAID": "good", "FULFILLED": "good", "taken": "good", "CANCELED": "bad", "REJECTED": "bad", "DECLINED": "bad"}


def answer(box: "Sandbox", method: str, path: list[str], query: dict[str, str], form: dict[str, str]) -> Reply:
    match [method, *path]:
        case ["GET", "style.css"]:
            return Reply(200, STYLE, {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=60"})
        case ["GET"]:
            return page("The stand-in store", front(box))
        case ["GET", name]:
            site = box.wix.site(name)
            return page(site.name, store(box, site, query), site)
        case ["GET", name, "stock"]:
            site = box.wix.site(name)
            return page(f"Stock of {site.name}", stock_page.shown(box, site, query), site)
        case ["POST", name, "stock"]:
            return back(name, f"stock?q={quote(stock_page.set_one(box, name, form))}")
        case ["GET", name, "orders", order]:
            site = box.wix.site(name)
            return page(f"Order {box.wix.order(name, order)['number']}", one_order(box, site, order), site)
        case ["POST", name, "orders"]:
            return back(name, f"orders/{place(box, name, form)}")
        case ["POST", name, "orders", order, action]:
            act(box, name, order, action, form)
            return back(name, f"orders/{order}")
        case ["POST", name, "misbehave"]:
            count = int(form.get("count") or 0) or None
            box.wix.misbehave(form["kind"], name, **({} if form["kind"] == "revoked" else {"count": count}))
            return back(name, "#misbehave")
        case ["POST", name, "migrate"]:
            box.wix.migrate(name)
            return back(name, "#catalog")
        case ["POST", name, "behave"]:
            box.wix.behave(name)
            return back(name, "#misbehave")
    raise KeyError("There is nothing at this address.")


def back(site: str, rest: str) -> Reply:
    return Reply(303, b"", {"Location": f"/control/{quote(site)}/{rest}"})


def page(title: str, content: str, site: Site | None = None, status: int = 200) -> Reply:
    trail = f'<a href="/control/{site.key}">{escape(site.name)}</a>' if site else ""
    wix = f"/wix/dashboard/{site.site_id}/home" if site else "/wix/account/sites"
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · The stand-in store</title><link rel="stylesheet" href="/control/style.css"></head>
<body><header><a class="brand" href="/control/">The stand-in store</a>{trail}<a href="{wix}">Wix dashboard</a></header>
<main>{content}</main>
<footer>These shops are invented and live on this machine only. They speak as Wix does.</footer></body></html>"""
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


def badge(word: str) -> str:
    return f'<span class="badge {TONES.get(word, "plain")}">{escape(WORDS.get(word, word))}</span>'


def when(text: str) -> str:
    return f'<time datetime="{text}">{text[:10]} {text[11:16]} UTC</time>'


def front(box: "Sandbox") -> str:
    cards = []
    for site in box.wix.sites.values():
        waiting = sum(row.status == "APPROVED" and row.fulfillment == "NOT_FULFILLED" for row in site.orders)
        sums = {"Orders": len(site.orders), "Not shipped": waiting, "Products": len(site.products)}
        listed = "".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for name, count in sums.items())
        mark = '<span class="badge bad">misbehaves</span>' if site.faults or site.revoked else ""
        catalog = f"Catalog {site.catalog.upper()}" if site.catalog else "without Wix Stores"
        about = f"Wix, {catalog} · {site.currency} · {site.time_zone}"
        cards.append(
            f'<a class="card" href="/control/{site.key}"><h2>{escape(site.name)} {mark}</h2>'
            f"<p>{escape(about)}</p><dl>{listed}</dl></a>"
        )
    sent = [
        [escape(entry["event"]), str(entry["tries"]), badge("taken" if entry["taken"] else "waiting")]
        for entry in reversed(box.wix.sender.deliveries()[-10:])
    ]
    none = "Nothing sent yet." if box.wix.sender.urls else "Switched off: no address was given."
    lead = "Invented shops to try things with. Order as a buyer would, and see what the shop is told of its parcels."
    return f'<h1>The stand-in store</h1><p class="lead">{lead}</p><div class="cards">{"".join(cards)}</div>' + section(
        "Webhooks sent", table(["Event", "#Tries", ""], sent, none)
    )


def store(box: "Sandbox", site: Site, query: dict[str, str]) -> str:
    start, sought = max(0, int(query.get("from") or 0)), query.get("q", "").strip()
    rows = box.wix.newest(site.key, PAGE + 1, start, sought)
    older = f'<a class="button quiet" href="?from={start + PAGE}&amp;q={quote(sought)}">Older orders</a>'
    search = (
        f'<form class="search"><input name="q" value="{escape(sought)}" placeholder="Order number" '
        'aria-label="Order number"><button class="quiet">Find</button></form>'
    )
    columns = ["Number", "Placed", "Shipping", "Payment", "Status", "#Total"]
    listed = table(columns, [order_line(site, row) for row in rows[:PAGE]], "No orders.")
    orders = section("Orders", search, listed, older if len(rows) > PAGE else "")
    stock = f'<p><a class="button quiet" href="/control/{site.key}/stock">Stock</a></p>'
    return f"<h1>{escape(site.name)}</h1>{stock}{place_form(site)}{orders}{catalog(site)}{misbehaviour(site)}"


def catalog(site: Site) -> str:
    """Moving a site to the newer catalogue, as Wix does one day."""
    if site.catalog != "v1":
        return ""
    about = quiet(
        "Products and variants get new ids. There is no way back but deleting the state of the stand-in stores."
    )
    move = form(f"{site.key}/migrate", '<button class="bad">Migrate this site to Catalog V3</button>')
    return section("Catalog V1", about, move, name="catalog")


def order_line(site: Site, row: OrderRow) -> list[str]:
    order = row.load()
    return [
        f'<a href="/control/{site.key}/orders/{quote(row.id)}">{escape(row.number)}</a>',
        when(row.created),
        escape(order.get("shippingInfo", {}).get("title", "none")),
        badge(row.payment),
        badge(row.status if row.status != "APPROVED" else row.fulfillment),
        escape(order["priceSummary"]["total"]["formattedAmount"]),
    ]


def place_form(site: Site) -> str:
    goods = {"": "A surprise"}
    for product in list(site.products)[:40]:
        for variant in product["variants"]:
            label = " / ".join([product["name"], *variant["choices"].values()])
            goods[name_of(product, variant)] = f"{label} ({variant['sku'] or 'no SKU'})"
    ways = {option["title"]: option["title"] for option in site.shipping if not option["pickup"]}
    countries = {person["address"]["country"]: person["address"]["countryFullname"] for person in PEOPLE}
    fields = [
        choose("Product", "sku", goods, style="wide"),
        enter("Quantity", "quantity", 'type="number" min="1" max="1000" value="1"'),
        choose("Shipping option", "shipping", ways),
        enter("Another shipping option", "other", 'placeholder="as the merchant would call it"'),
        choose("Country", "country", countries, site.country),
        choose("Payment", "payment", PAYMENTS),
        enter("Text to engrave", "text", 'maxlength="200"'),
        enter("Buyer's note", "note", 'maxlength="1000"'),
        choose("What is odd about it", "odd", ODD),
        tick("Sell it even when it is sold out, as two buyers at one moment can", "force", style="wide"),
        '<div class="wide"><button>Place order</button></div>',
    ]
    return section("Place an order", form(f"{site.key}/orders", *fields, style="grid"))


def place(box: "Sandbox", site: str, form: dict[str, str]) -> str:
    odd, payment = form.get("odd", ""), form.get("payment", "PAID")
    kind = "cod" if payment == "cod" else odd if odd in ("no_sku", "digital", "pickup") else "plain"
    order = box.wix.place_order(
        site,
        kind=kind,
        skus=[form["sku"]] if form.get("sku") and kind in ("plain", "cod") else None,
        quantity=int(form.get("quantity") or 1),
        shipping=None if kind == "pickup" else form.get("other") or form.get("shipping"),
        country=form.get("country"),
        payment=None if payment == "cod" else payment,
        text=form.get("text", ""),
        note=form.get("note", ""),
        odd=odd,
        force=bool(form.get("force") or odd),
    )
    return order["id"]


def act(box: "Sandbox", site: str, order: str, action: str, form: dict[str, str]) -> None:
    wix, where = box.wix, "shippingInfo.logistics.shippingDestination"
    match action:
        case "pay":
            wix.set_payment(site, order, "PAID")
        case "refund":
            wix.set_payment(site, order, "FULLY_REFUNDED")
        case "cancel":
            wix.cancel_order(site, order, restock=bool(form.get("restock")))
        case "part_refund":
            total = wix.order(site, order)["priceSummary"]["total"]["amount"]
            wix.refund(site, order, str(Decimal(total) / 4))
        case "part":
            wix.fulfill(site, order, form.get("tracking", ""), lines={0: 1})
        case "take_back":
            wix.take_back(site, order)
        case "ship":
            wix.fulfill(site, order, form.get("tracking", ""))
        case "address":
            street = form.get("street") or "New Street 99"
            wix.change_order(site, order, {f"{part}.address.addressLine": street for part in ("recipientInfo", where)})
        case "quantity":
            quantity = wix.order(site, order)["lineItems"][0]["quantity"]
            wix.change_order(site, order, {"lineItems.0.quantity": quantity + 1})
        case "note":
            wix.change_order(site, order, {"buyerNote": form.get("note", "")})
        case _:
            raise KeyError(f"There is no action {action}.")


def one_order(box: "Sandbox", site: Site, uid: str) -> str:
    order, told = box.wix.order(site.key, uid), box.wix.told(site.key, uid)
    shipping = order.get("shippingInfo", {})
    title = f"Order {escape(order['number'])}"
    badges = " ".join(badge(order[name]) for name in ("status", "paymentStatus", "fulfillmentStatus"))
    lines = [
        [
            f"{escape(line['productName']['original'][:200])}<small>{escape(choices(line))}</small>",
            escape(line["physicalProperties"].get("sku", "no SKU")[:60]),
            escape(str(line["quantity"])),
        ]
        for line in order["lineItems"]
    ]
    total = order["priceSummary"]["total"]["formattedAmount"]
    about = f"<p>Total {escape(total)} · {escape(shipping.get('title', 'nothing to ship'))}</p>"
    goods = section("Lines", table(["Product", "SKU", "#Units"], lines, "No lines."), about, note_of(order))
    return (
        f'<h1>{title} {badges}</h1><p class="quiet">Placed {when(order["createdDate"])} · changed '
        f"{when(order['updatedDate'])} · {escape(order['id'])}</p>"
        + section("What the store was told", told_of(told))
        + f'<div class="split">{goods}{section("Ship to", ship_to(order))}</div>'
        + section("Do as buyer or merchant", f'<div class="actions">{actions(site, order["id"])}</div>')
    )


def note_of(order: dict[str, Any]) -> str:
    return quiet(f"“{order['buyerNote'][:500]}”") if order.get("buyerNote") else ""


def ship_to(order: dict[str, Any]) -> str:
    logistics = order.get("shippingInfo", {}).get("logistics", {})
    party = logistics.get("shippingDestination") or order["recipientInfo"]
    person, place = party["contactDetails"], party["address"]
    name = " ".join(filter(None, (person.get("firstName"), person.get("lastName"))))
    town = " ".join(filter(None, (place.get("postalCode"), place.get("city"))))
    street = (place.get("addressLine"), place.get("addressLine2"))
    parts = [name, person.get("company"), *street, town, place.get("countryFullname")]
    return "<p>" + "<br>".join(escape(part) for part in parts if part) + "</p>"


def actions(site: Site, uid: str) -> str:
    def button(action: str, label: str, field: str = "", style: str = "quiet") -> str:
        hint = f'placeholder="{field.capitalize()}" aria-label="{label}: {field}"'
        box = f'<input name="{field}" {hint}>' if field else ""
        return form(f"{site.key}/orders/{quote(uid)}/{action}", box, f'<button class="{style}">{label}</button>')

    return (
        button("pay", "Mark as paid")
        + button("refund", "Refund all")
        + button("part_refund", "Refund a quarter")
        + button("quantity", "One more of the first line")
        + button("address", "Change the address", "street")
        + button("note", "Change the note", "note")
        + button("ship", "Ship it from the shop", "tracking")
        + button("part", "Ship one piece of the first line", "tracking")
        + button("take_back", "Delete the first shipment")
        + form(
            f"{site.key}/orders/{quote(uid)}/cancel",
            tick("Put the goods back into the stock", "restock", on=True),
            '<button class="bad">Cancel the order</button>',
        )
    )


def choices(line: dict[str, Any]) -> str:
    picked = line["catalogReference"].get("options", {})
    return ", ".join([*picked.get("options", {}).values(), *picked.get("customTextFields", {}).values()])


def told_of(told: list[dict[str, Any]]) -> str:
    rows = []
    for fulfillment in told:
        tracking = fulfillment.get("trackingInfo", {})
        number, link = escape(tracking.get("trackingNumber", "no number")), tracking.get("trackingLink", "")
        if link.startswith("http"):
            number = f'<a href="{escape(link)}" rel="noreferrer">{number}</a>'
        units = sum(line["quantity"] for line in fulfillment["lineItems"])
        carrier = escape(tracking.get("shippingProvider", ""))
        rows.append([when(fulfillment["createdDate"]), carrier, f'<span class="tracking">{number}</span>', str(units)])
    none = "Nothing yet: no parcel has been reported to the store."
    return table(["When", "Carrier", "Tracking number", "#Units"], rows, none)


def misbehaviour(site: Site) -> str:
    now = [] if site.installed else ["The app is not on this site."]
    for fault in site.faults:
        words = {None: "until told to behave", 1: "once more"}
        how_long = words.get(fault.count, f"{fault.count} more times")
        now.append(f"{KINDS[fault.kind]}: {how_long}")
    listed = "".join(f"<li>{escape(text)}</li>" for text in now)
    times = {"1": "Once", "5": "5 times", "50": "50 times", "0": "Until told to behave"}
    fields = [
        choose("What goes wrong", "kind", {**KINDS, "revoked": "Removes the app, so that our key is refused"}),
        choose("How often", "count", times),
        '<div><button class="bad">Misbehave</button></div>',
    ]
    return section(
        "Make it misbehave",
        f"<ul>{listed}</ul>" if now else quiet("It behaves."),
        form(f"{site.key}/misbehave", *fields, style="grid"),
        form(f"{site.key}/behave", '<button class="quiet">Behave again</button>'),
        name="misbehave",
    )

"""The control pages, in plain HTML: the stores, a store's orders, one order and what the store was told of it."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from integrations.sandbox.faults import KINDS, Fault
from integrations.sandbox.wire import Reply
from integrations.sandbox.wix.shop import PEOPLE
from integrations.sandbox.wix.site import OrderRow, Site

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
TONES = {"PAID": "good", "FULFILLED": "good", "CANCELED": "bad", "REJECTED": "bad", "DECLINED": "bad"}


def answer(box: "Sandbox", method: str, path: list[str], query: dict[str, str], form: dict[str, str]) -> Reply:
    match [method, *path]:
        case ["GET", "style.css"]:
            return Reply(200, STYLE, {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=60"})
        case ["GET"]:
            return page("The stand-in store", front(box))
        case ["GET", name]:
            site = box.wix.site(name)
            return page(site.name, store(box, site, query), site)
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
        case ["POST", name, "behave"]:
            box.wix.behave(name)
            return back(name, "#misbehave")
    raise KeyError("There is nothing at this address.")


def back(site: str, rest: str) -> Reply:
    return Reply(303, b"", {"Location": f"/control/{quote(site)}/{rest}"})


def page(title: str, content: str, site: Site | None = None, status: int = 200) -> Reply:
    trail = f'<a href="/control/{site.key}">{escape(site.name)}</a>' if site else ""
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · The stand-in store</title><link rel="stylesheet" href="/control/style.css"></head>
<body><header><a class="brand" href="/control/">The stand-in store</a>{trail}</header>
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


def options(choices: dict[str, str], chosen: str = "") -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in choices.items()
    )


def when(text: str) -> str:
    return f'<time datetime="{text}">{text[:10]} {text[11:16]} UTC</time>'


def front(box: "Sandbox") -> str:
    cards = []
    for site in box.wix.sites.values():
        waiting = sum(row.status == "APPROVED" and row.fulfillment == "NOT_FULFILLED" for row in site.orders)
        catalogue = "Catalog V3" if site.v3 else "Catalog V1"
        faults = '<span class="badge bad">misbehaves</span>' if site.faults or not site.installed else ""
        cards.append(f"""<a class="card" href="/control/{site.key}"><h2>{escape(site.name)} {faults}</h2>
<p>Wix, {catalogue} · {site.currency} · {escape(site.time_zone)}</p>
<dl><div><dt>Orders</dt><dd>{len(site.orders)}</dd></div><div><dt>Not shipped yet</dt><dd>{waiting}</dd></div>
<div><dt>Products</dt><dd>{len(site.products)}</dd></div><div><dt>Calls taken</dt><dd>{site.total_calls}</dd></div></dl></a>""")
    lines = "".join(
        f"<tr><td>{escape(entry['event'].removeprefix('wix.ecom.v1.'))}</td><td class=number>{entry['tries']}</td>"
        f"<td>{badge('taken') if entry['taken'] else badge('waiting')}</td></tr>"
        for entry in reversed(box.wix.sender.deliveries()[-10:])
    )
    hooks = (
        f"<table><thead><tr><th>Event</th><th class=number>Tries</th><th></th></tr></thead><tbody>{lines}</tbody></table>"
        if lines
        else f"<p class=quiet>{'Nothing sent yet.' if box.wix.sender.urls else 'Switched off: no address was given.'}</p>"
    )
    return f"""<h1>The stand-in store</h1><p class="lead">Invented shops to try things with. Place an order as a buyer would,
change or cancel it, and see what the shop was told about its parcels.</p>
<div class="cards">{"".join(cards)}</div><section><h2>Webhooks sent</h2>{hooks}</section>"""


def store(box: "Sandbox", site: Site, query: dict[str, str]) -> str:
    start = max(0, int(query.get("from") or 0))
    rows = box.wix.newest(site.key, PAGE + 1, start, query.get("q", "").strip())
    older = (
        f'<a class="button quiet" href="?from={start + PAGE}&q={quote(query.get("q", ""))}">Older orders</a>'
        if len(rows) > PAGE
        else ""
    )
    listed = (
        "".join(order_line(site, row) for row in rows[:PAGE])
        or '<tr><td colspan="6" class="quiet">No orders.</td></tr>'
    )
    return f"""<h1>{escape(site.name)}</h1>{place_form(site)}
<section><h2>Orders</h2><form class="search"><input name="q" value="{escape(query.get("q", ""))}" placeholder="Order number"
aria-label="Order number"><button class="quiet">Find</button></form>
<div class="scroll"><table><thead><tr><th>Number</th><th>Placed</th><th>Shipping</th><th>Payment</th><th>Status</th>
<th class="number">Total</th></tr></thead><tbody>{listed}</tbody></table></div>{older}</section>{misbehaviour(site)}"""


def order_line(site: Site, row: OrderRow) -> str:
    order = row.load()
    status = row.status if row.status != "APPROVED" else row.fulfillment
    shipping = order.get("shippingInfo", {}).get("title", "none")
    return (
        f'<tr><td><a href="/control/{site.key}/orders/{quote(row.id)}">{escape(row.number)}</a></td><td>{when(row.created)}</td>'
        f"<td>{escape(shipping)}</td><td>{badge(row.payment)}</td><td>{badge(status)}</td>"
        f'<td class="number">{escape(order["priceSummary"]["total"]["formattedAmount"])}</td></tr>'
    )


def place_form(site: Site) -> str:
    goods = {"": "A surprise"}
    for product in list(site.products)[:40]:
        for variant in product["variants"]:
            label = " / ".join([product["name"], *variant["choices"].values()])
            goods[variant["sku"] or variant["id"]] = f"{label} ({variant['sku'] or 'no SKU'})"
    ways = {option["title"]: option["title"] for option in site.shipping if not option["pickup"]}
    countries = {person["address"]["country"]: person["address"]["countryFullname"] for person in PEOPLE}
    return f"""<section><h2>Place an order</h2><form class="grid" method="post" action="/control/{site.key}/orders">
<label class="wide">Product<select name="sku">{options(goods)}</select></label>
<label>Quantity<input name="quantity" type="number" min="1" max="1000" value="1"></label>
<label>Shipping option<select name="shipping">{options(ways)}</select></label>
<label>Another shipping option<input name="other" placeholder="as the merchant would call it"></label>
<label>Country<select name="country">{options(countries, site.country)}</select></label>
<label>Payment<select name="payment">{options(PAYMENTS)}</select></label>
<label>Text to engrave<input name="text" maxlength="200"></label>
<label>Buyer's note<input name="note" maxlength="1000"></label>
<label>What is odd about it<select name="odd">{options(ODD)}</select></label>
<div class="wide"><button>Place order</button></div></form></section>"""


def place(box: "Sandbox", site: str, form: dict[str, str]) -> str:
    odd, payment = form.get("odd", ""), form.get("payment", "PAID")
    strange: dict[str, dict[str, Any]] = {
        "nul": {"lineItems.0.productName.original": "Mug\x00 blue", "recipientInfo.contactDetails.lastName": "Lee\x00"},
        "long": {"lineItems.0.productName.original": "Mug " * 2000, "lineItems.0.physicalProperties.sku": "SKU" * 500},
        "no_lines": {"lineItems": []},
        "no_street": {
            f"{party}.address.{part}": None
            for party in ("recipientInfo", "shippingInfo.logistics.shippingDestination")
            for part in ("addressLine", "streetAddress")
        },
    }
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
        changes=strange.get(odd),
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
            wix.cancel_order(site, order)
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


def button(site: Site, order: str, action: str, label: str, field: str = "", style: str = "quiet") -> str:
    return (
        f'<form method="post" action="/control/{site.key}/orders/{quote(order)}/{action}">{field}'
        f'<button class="{style}">{escape(label)}</button></form>'
    )


def one_order(box: "Sandbox", site: Site, uid: str) -> str:
    order, told = box.wix.order(site.key, uid), box.wix.told(site.key, uid)
    uid = order["id"]
    lines = "".join(
        f"<tr><td>{escape(line['productName']['original'][:200])}<small>{escape(choices(line))}</small></td>"
        f"<td>{escape(line['physicalProperties'].get('sku', 'no SKU')[:60])}</td><td class=number>{escape(str(line['quantity']))}</td></tr>"
        for line in order["lineItems"]
    )
    shipping = order.get("shippingInfo", {})
    party = shipping.get("logistics", {}).get("shippingDestination") or order["recipientInfo"]
    person, place = party["contactDetails"], party["address"]
    name = " ".join(filter(None, (person.get("firstName"), person.get("lastName"))))
    town = " ".join(filter(None, (place.get("postalCode"), place.get("city"))))
    address = [
        name,
        person.get("company"),
        place.get("addressLine"),
        place.get("addressLine2"),
        town,
        place.get("countryFullname"),
    ]
    written = "<br>".join(escape(part) for part in address if part)
    street = '<input name="street" placeholder="New street and number" aria-label="New street and number">'
    tracking = '<input name="tracking" placeholder="Tracking number" aria-label="Tracking number">'
    note = '<input name="note" placeholder="New note" aria-label="New note">'
    buttons = [
        button(site, uid, "pay", "Mark as paid"),
        button(site, uid, "refund", "Refund all"),
        button(site, uid, "quantity", "One more of the first line"),
        button(site, uid, "address", "Change the address", street),
        button(site, uid, "note", "Change the note", note),
        button(site, uid, "ship", "Ship it from the shop", tracking),
        button(site, uid, "cancel", "Cancel the order", style="bad"),
    ]
    return f"""<h1>Order {escape(order["number"])} {badge(order["status"])} {badge(order["paymentStatus"])}
{badge(order["fulfillmentStatus"])}</h1>
<p class="quiet">Placed {when(order["createdDate"])} · changed {when(order["updatedDate"])} · {escape(order["id"])}</p>
<section><h2>What the store was told</h2>{told_of(told)}</section>
<div class="split"><section><h2>Lines</h2><table><tbody>{lines}</tbody></table>
<p>Total {escape(order["priceSummary"]["total"]["formattedAmount"])} · {escape(shipping.get("title", "nothing to ship"))}</p>
<p class="quiet">{escape(order.get("buyerNote", "")[:500])}</p></section>
<section><h2>Ship to</h2><p>{written}</p></section></div>
<section><h2>Do as the merchant would</h2><div class="actions">{"".join(buttons)}</div></section>"""


def choices(line: dict[str, Any]) -> str:
    picked = line["catalogReference"].get("options", {})
    return ", ".join([*picked.get("options", {}).values(), *picked.get("customTextFields", {}).values()])


def told_of(told: list[dict[str, Any]]) -> str:
    if not told:
        return '<p class="quiet">Nothing yet: no parcel has been reported to the store.</p>'
    rows = []
    for fulfillment in told:
        tracking = fulfillment.get("trackingInfo", {})
        number, link = escape(tracking.get("trackingNumber", "no number")), tracking.get("trackingLink", "")
        number = f'<a href="{escape(link)}" rel="noreferrer">{number}</a>' if link.startswith("http") else number
        units = sum(line["quantity"] for line in fulfillment["lineItems"])
        rows.append(
            f"<tr><td>{when(fulfillment['createdDate'])}</td><td>{escape(tracking.get('shippingProvider', ''))}</td>"
            f'<td class="tracking">{number}</td><td class="number">{units}</td></tr>'
        )
    head = '<tr><th>When</th><th>Carrier</th><th>Tracking number</th><th class="number">Units</th></tr>'
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def misbehaviour(site: Site) -> str:
    def described(fault: Fault) -> str:
        how_long = "until it is told to behave" if fault.count is None else f"{fault.count} more times"
        return f"<li>{escape(KINDS[fault.kind])}: {how_long}</li>"

    now = "".join(described(fault) for fault in site.faults) + ("" if site.installed else "<li>The app is removed</li>")
    times = {"1": "Once", "5": "5 times", "50": "50 times", "0": "Until told to behave"}
    kinds = {**KINDS, "revoked": "Removes the app: our key is refused"}
    return f"""<section id="misbehave"><h2>Make it misbehave</h2>{f"<ul>{now}</ul>" if now else '<p class="quiet">It behaves.</p>'}
<form class="grid" method="post" action="/control/{site.key}/misbehave">
<label class="wide">What goes wrong<select name="kind">{options(kinds)}</select></label>
<label>How often<select name="count">{options(times)}</select></label><div class="wide"><button class="bad">Misbehave</button></div></form>
<form method="post" action="/control/{site.key}/behave"><button class="quiet">Behave again</button></form></section>"""

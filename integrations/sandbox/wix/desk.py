"""The stand-in Wix at the control pages: what its orders and stock look like, and what can be done with them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from integrations.sandbox.control.desk import Action, Desk, Form, Line, Shown, Told
from integrations.sandbox.control.html import form, quiet, section

from . import stock
from .errors import WixError
from .shop import PEOPLE
from .site import Site, name_of


class WixDesk(Desk):
    label, office = "Wix", "dashboard"
    refusal = WixError
    payments = {"PAID": "Paid", "NOT_PAID": "Not paid", "PENDING": "Payment pending", "cod": "Cash on delivery"}
    odd = {
        "": "An ordinary order",
        "nul": "With a NUL character in a name",
        "long": "With over-long values",
        "no_lines": "Without lines",
        "no_street": "Without a street",
        "no_sku": "With a product without SKU",
        "digital": "Only digital goods",
        "pickup": "Picked up by the buyer",
    }
    words = {
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
    tones = {"PAID": "good", "FULFILLED": "good", "CANCELED": "bad", "REJECTED": "bad", "DECLINED": "bad"}
    switches = {
        "revoked": "Removes the app, so that our key is refused",
        "expire_tokens": "Forgets the tokens that it gave (401)",
    }
    actions = (
        Action("pay", "Mark as paid"),
        Action("refund", "Refund all"),
        Action("part_refund", "Refund a quarter"),
        Action("quantity", "One more of the first line"),
        Action("address", "Change the address", "street"),
        Action("note", "Change the note", "note"),
        Action("ship", "Ship it from the shop", "tracking"),
        Action("part", "Ship one piece of the first line", "tracking"),
        Action("take_back", "Delete the first shipment"),
        Action(
            "cancel", "Cancel the order", style="bad", tick="restock", tick_label="Put the goods back into the stock"
        ),
    )

    def home(self, site: Site | None = None) -> str:
        return f"/wix/dashboard/{site.site_id}/home" if site else "/wix/account/sites"

    def about(self, site: Site) -> str:
        catalog = f"Catalog {site.catalog.upper()}" if site.catalog else "without Wix Stores"
        return f"{catalog} · {site.currency} · {site.time_zone}"

    def waiting(self, site: Site) -> int:
        return sum(row.status == "APPROVED" and row.fulfillment == "NOT_FULFILLED" for row in site.orders)

    def goods(self, site: Site) -> dict[str, str]:
        found = {}
        for product in list(site.products)[:40]:
            for variant in product["variants"]:
                label = " / ".join([product["name"], *variant["choices"].values()])
                found[name_of(product, variant)] = f"{label} ({variant['sku'] or 'no SKU'})"
        return found

    def ways(self, site: Site) -> list[str]:
        return [option["title"] for option in site.shipping if not option["pickup"]]

    def countries(self, site: Site) -> tuple[dict[str, str], str]:
        return {one["address"]["country"]: one["address"]["countryFullname"] for one in PEOPLE}, site.country

    def show(self, order: dict[str, Any]) -> Shown:
        status = order["status"] if order["status"] != "APPROVED" else order["fulfillmentStatus"]
        return Shown(
            uid=order["id"],
            number=order["number"],
            placed=order["createdDate"],
            changed=order["updatedDate"],
            shipping=order.get("shippingInfo", {}).get("title", ""),
            payment=order["paymentStatus"],
            status=status,
            total=order["priceSummary"]["total"]["formattedAmount"],
            words=(order["status"], order["paymentStatus"], order["fulfillmentStatus"]),
            lines=[line_of(line) for line in order["lineItems"]],
            address=address_of(order),
            note=order.get("buyerNote", ""),
        )

    def told(self, site: Site, order: str) -> list[Told]:
        found = []
        for fulfillment in self.host.told(site.key, order):
            tracking = fulfillment.get("trackingInfo", {})
            number, link = tracking.get("trackingNumber", ""), tracking.get("trackingLink", "")
            units = str(sum(line["quantity"] for line in fulfillment["lineItems"]))
            found.append(Told(fulfillment["createdDate"], tracking.get("shippingProvider", ""), number, units, link))
        return found

    def place(self, site: Site, form: Form) -> str:
        odd, payment = form.get("odd", ""), form.get("payment", "PAID")
        kind = "cod" if payment == "cod" else odd if odd in ("no_sku", "digital", "pickup") else "plain"
        order: dict[str, str] = self.host.place_order(
            site.key,
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

    def act(self, site: Site, order: str, action: str, form: Form) -> None:
        host, key = self.host, site.key
        does: dict[str, Callable[[], Any]] = {
            "pay": lambda: host.set_payment(key, order, "PAID"),
            "refund": lambda: host.set_payment(key, order, "FULLY_REFUNDED"),
            "part_refund": lambda: host.refund(key, order, self._quarter(key, order)),
            "cancel": lambda: host.cancel_order(key, order, restock=bool(form.get("restock"))),
            "ship": lambda: host.fulfill(key, order, form.get("tracking", "")),
            "part": lambda: host.fulfill(key, order, form.get("tracking", ""), lines={0: 1}),
            "take_back": lambda: host.take_back(key, order),
            "address": lambda: self._move(key, order, form.get("street") or "New Street 99"),
            "quantity": lambda: self._one_more(key, order),
            "note": lambda: host.change_order(key, order, {"buyerNote": form.get("note", "")}),
        }
        self.can(does, action)

    def _quarter(self, key: str, order: str) -> str:
        return str(Decimal(self.host.order(key, order)["priceSummary"]["total"]["amount"]) / 4)

    def _move(self, key: str, order: str, street: str) -> None:
        places = ("recipientInfo", "shippingInfo.logistics.shippingDestination")
        self.host.change_order(key, order, {f"{place}.address.addressLine": street for place in places})

    def _one_more(self, key: str, order: str) -> None:
        quantity = self.host.order(key, order)["lineItems"][0]["quantity"]
        self.host.change_order(key, order, {"lineItems.0.quantity": quantity + 1})

    def levels(self, site: Site, sought: str) -> Iterator[tuple[str, str, str, str, int | None]]:
        for product in site.products:
            for variant in product["variants"]:
                name, label = name_of(product, variant), " / ".join([product["name"], *variant["choices"].values()])
                if sought.lower() not in f"{name} {label}".lower():
                    continue
                places = stock.by_place(site, product, variant) or {"": None}
                for place, quantity in places.items():
                    yield name, variant["sku"], label, place, quantity

    def more(self, site: Site) -> str:
        """Moving a site to the newer catalogue, as Wix does one day."""
        if site.catalog != "v1":
            return ""
        about = quiet(
            "Products and variants get new ids. There is no way back but deleting the state of the stand-in stores."
        )
        move = form(f"{site.key}/migrate", '<button class="bad">Migrate this site to Catalog V3</button>')
        return section("Catalog V1", about, move, name="migrate")

    def own(self, method: str, path: list[str], site: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        host = self.host
        match [method, *path]:
            case ["POST", "migrate"]:
                host.migrate(site)
                return {}
            case ["GET", "webhook"] if "event" in query:
                return host.signed_app_event(site, query["event"])
            case ["GET", "webhook"]:
                return host.signed_order_event(site, query["order"], query.get("slug", "approved"))
            case ["GET", "instance"]:
                return host.access.sign_instance(host.site(site))
            case ["POST", "orders", order, "edit"]:
                places = {int(place): int(quantity) for place, quantity in body.get("set_to", {}).items()}
                remove = tuple(body.get("remove", ()))
                return {"order": host.edit_order(site, order, add=body.get("add"), set_to=places, remove=remove)}
            case ["POST", "orders", order, "take-back"]:
                host.take_back(site, order, int(body.get("place", 0)))
                return {"fulfillments": host.told(site, order)}
        raise KeyError("there is no such control call")


def line_of(line: dict[str, Any]) -> Line:
    picked = line["catalogReference"].get("options", {})
    choices = ", ".join([*picked.get("options", {}).values(), *picked.get("customTextFields", {}).values()])
    sku = line["physicalProperties"].get("sku", "no SKU")
    return Line(line["productName"]["original"], choices, sku, str(line["quantity"]))


def address_of(order: dict[str, Any]) -> tuple[str, ...]:
    logistics = order.get("shippingInfo", {}).get("logistics", {})
    party = logistics.get("shippingDestination") or order["recipientInfo"]
    person, place = party["contactDetails"], party["address"]
    name = " ".join(filter(None, (person.get("firstName"), person.get("lastName"))))
    town = " ".join(filter(None, (place.get("postalCode"), place.get("city"))))
    parts = (name, person.get("company"), place.get("addressLine"), place.get("addressLine2"), town)
    return tuple(part for part in (*parts, place.get("countryFullname")) if part)

"""The stand-in Ecwid at the control pages: what its orders and stock look like, and what can be done with them."""

from collections.abc import Callable, Iterator
from typing import Any

from integrations.sandbox.control.desk import Action, Desk, Form, Line, Shown, Told

from . import stock
from .errors import EcwidError
from .order import CENT, money
from .orders import FULFILLMENT, PAYMENT
from .profile import CUSTOM_NAMES
from .shop import PEOPLE, SHOP
from .store import Store, name_of
from .wire import read_time

SWITCHES = {
    "revoked": "Removes the app, so that our token is refused",
    "free_plan": "Goes back to the free plan, which has no API (402)",
    "suspended": "Is suspended (402)",
    "missing_scopes": "Lets the app only read the profile (403)",
    "webhooks_twice": "Sends the next ten webhooks twice",
    "webhooks_swapped": "Sends the next ten webhooks in another order",
}
AS_KIND = ("digital", "pickup", "delivery", "preorder", "no_sku")  # that stand among what is odd


class EcwidDesk(Desk):
    label, office = "Ecwid", "control panel"
    who, what = "Staff notes", "Status"
    refusal = EcwidError
    switches = SWITCHES
    payments = {
        "PAID": "Paid",
        "AWAITING_PAYMENT": "Awaiting payment",
        "cod": "Cash on delivery",
        "INCOMPLETE": "Not finished",
    }
    odd = {
        "": "An ordinary order",
        "nul": "With a NUL character in a name",
        "long": "With over-long values",
        "no_lines": "Without lines",
        "no_street": "Without a street",
        "no_sku": "With a line without product and SKU",
        "digital": "Only digital goods",
        "pickup": "Picked up by the buyer",
        "delivery": "Delivered at a time",
        "preorder": "Ordered before it is there",
    }
    words = {
        **{word: word.replace("_", " ").capitalize() for word in (*PAYMENT, *FULFILLMENT)},
        "INCOMPLETE": "Not finished",
        "CANCELLED": "Canceled",
        **CUSTOM_NAMES,
    }
    tones = {"PAID": "good", "SHIPPED": "good", "DELIVERED": "good", "CANCELLED": "bad", "WILL_NOT_DELIVER": "bad"}
    actions = (
        Action("pay", "Mark as paid"),
        Action("refund", "Refund all"),
        Action("part_refund", "Refund a quarter"),
        Action("quantity", "One more of the first line"),
        Action("address", "Change the address", "street"),
        Action("note", "Change the note", "note"),
        Action("ship", "Ship it from the shop", "tracking"),
        Action("will_not", "Will not deliver"),
        Action("cancel", "Cancel the order", style="bad", tick="restock", tick_label="Put the goods back"),
        Action("delete", "Delete the order", style="bad"),
    )

    def home(self, site: Store | None = None) -> str:
        return "/ecwid/apps"

    def about(self, site: Store) -> str:
        return f"store {site.store_id} · {SHOP['currency']} · {SHOP['time_zone']}"

    def waiting(self, site: Store) -> int:
        return sum(row.payment == "PAID" and row.fulfillment == "AWAITING_PROCESSING" for row in site.orders)

    def broken(self, site: Store) -> list[str]:
        plans = {"free": ["The store is on the free plan."], "suspended": ["The store is suspended."]}
        scopes = [] if site.allowed is None else [f"The app may only: {', '.join(site.allowed) or 'read the profile'}."]
        return plans.get(site.plan, []) + scopes + super().broken(site)

    def goods(self, site: Store) -> dict[str, str]:
        found = {}
        for product in list(site.products)[:40]:
            for one in product["combinations"] or (None,):
                found[name_of(product, one)] = f"{title_of(product, one)} ({sku_of(product, one) or 'no SKU'})"
        return found

    def ways(self, site: Store) -> list[str]:
        return [one["title"] for one in SHOP["shipping"] if one["kind"] == "shipping"]

    def countries(self, site: Store) -> tuple[dict[str, str], str]:
        return {one["countryCode"]: one["countryName"] for one in PEOPLE}, SHOP["company"]["countryCode"]

    def show(self, order: dict[str, Any]) -> Shown:
        option = order.get("shippingOption", {})
        gone = order["paymentStatus"] in ("CANCELLED", "INCOMPLETE")
        return Shown(
            uid=order["id"],
            number=order["id"],
            placed=iso(order["createDate"]),
            changed=iso(order["updateDate"]),
            shipping=option.get("shippingMethodName", ""),
            payment=order["paymentStatus"],
            status=order["paymentStatus"] if gone else order["fulfillmentStatus"],
            total=f"${order['total']:.2f}",
            words=(order["paymentStatus"], order["fulfillmentStatus"]),
            lines=[line_of(line) for line in order["items"]],
            address=address_of(order),
            note=order.get("orderComments", ""),
        )

    def told(self, site: Store, order: str) -> list[Told]:
        """One status and one tracking number an order; what changed at a time is one row."""
        return [
            Told(
                iso(row["at"]),
                row.get("privateAdminNotes", ""),
                row.get("trackingNumber", ""),
                self.words.get(status, status),
            )
            for row in self.host.told(site.key, order)
            for status in [row.get("fulfillmentStatus", "")]
        ]

    def place(self, site: Store, form: Form) -> str:
        odd, payment = form.get("odd", ""), form.get("payment", "PAID")
        kind = "cod" if payment == "cod" else odd if odd in AS_KIND else "plain"
        own_way = kind in ("pickup", "delivery")
        order: dict[str, str] = self.host.place_order(
            site.key,
            kind=kind,
            skus=[form["sku"]] if form.get("sku") and kind in ("plain", "cod") else None,
            quantity=int(form.get("quantity") or 1),
            shipping=None if own_way or kind == "digital" else form.get("other") or form.get("shipping"),
            country=form.get("country"),
            payment=None if payment == "cod" else payment,
            text=form.get("text", ""),
            note=form.get("note", ""),
            odd="" if odd in AS_KIND else odd,
            force=bool(form.get("force") or odd),
        )
        return order["id"]

    def act(self, site: Store, order: str, action: str, form: Form) -> None:
        host, key = self.host, site.key
        does: dict[str, Callable[[], Any]] = {
            "pay": lambda: host.set_payment(key, order, "PAID"),
            "refund": lambda: host.set_payment(key, order, "REFUNDED"),
            "part_refund": lambda: host.refund(key, order, self._quarter(key, order)),
            "cancel": lambda: host.cancel_order(key, order, restock=bool(form.get("restock"))),
            "delete": lambda: host.delete_order(key, order),
            "ship": lambda: host.fulfill(key, order, form.get("tracking", "")),
            "will_not": lambda: host.fulfill(key, order, status="WILL_NOT_DELIVER"),
            "address": lambda: self._change(key, order, "shippingPerson.street", form.get("street") or "99 New Street"),
            "quantity": lambda: self._one_more(key, order),
            "note": lambda: self._change(key, order, "orderComments", form.get("note", "")),
        }
        self.can(does, action)

    def _change(self, key: str, order: str, path: str, value: Any) -> None:
        self.host.change_order(key, order, {path: value})

    def _quarter(self, key: str, order: str) -> str:
        return str((money(self.host.order(key, order)["total"]) / 4).quantize(CENT))

    def _one_more(self, key: str, order: str) -> None:
        self._change(key, order, "items.0.quantity", self.host.order(key, order)["items"][0]["quantity"] + 1)

    def levels(self, site: Store, sought: str) -> Iterator[tuple[str, str, str, str, int | None]]:
        for product, one, source in stock.sources(site):
            name, title = name_of(product, one), title_of(product, one)
            if sought.lower() in f"{name} {title}".lower():
                yield name, source.get("sku", ""), title, "", source.get("quantity")

    def own(self, method: str, path: list[str], site: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        host = self.host
        match [method, *path]:
            case ["POST", "orders", order, "delete"]:
                host.delete_order(site, order)
                return {}
            case ["POST", "numbering"]:
                host.number_orders(site, body.get("prefix", ""), body.get("suffix", ""))
                return {}
            case ["POST", "sale"]:
                host.buy_in_store(site, body["sku"], int(body.get("quantity", 1)))
                return {"stock": host.stock_of(site, body["sku"])}
            case ["GET", "mails"]:
                return {"mails": host.mails(site)}
            case ["POST", "remove-app"]:
                host.remove_app(site)
                return {}
            case ["GET", "webhook"]:
                sent = host.signed_event(site, query.get("event", "order.created"), query.get("order", ""))
                return {"query": sent[0], "headers": sent[1], "body": sent[2].decode()}
        raise KeyError("there is no such control call")


def iso(text: str) -> str:
    """Ecwid's time, as the pages write all times."""
    return text[:10] + "T" + text[11:19] + "Z" if read_time(text) else text


def sku_of(product: dict[str, Any], one: dict[str, Any] | None) -> str:
    return (one or {}).get("sku") or product.get("sku", "")


def title_of(product: dict[str, Any], one: dict[str, Any] | None) -> str:
    return " / ".join([product["name"], *(option["value"] for option in (one or {}).get("options", ()))])


def line_of(line: dict[str, Any]) -> Line:
    choices = ", ".join(str(option.get("value", "")) for option in line.get("selectedOptions", ()))
    return Line(line.get("name", ""), choices, line.get("sku") or "no SKU", str(line.get("quantity", "")))


def address_of(order: dict[str, Any]) -> tuple[str, ...]:
    person = order.get("shippingPerson") or order.get("billingPerson", {})
    street = person.get("street", "").split("\n")
    town = " ".join(filter(None, (person.get("postalCode"), person.get("city"))))
    parts = (person.get("name"), person.get("companyName"), *street, town, person.get("countryName"))
    return tuple(part for part in parts if part)

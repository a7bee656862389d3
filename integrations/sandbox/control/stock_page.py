"""What a stand-in store has in stock, place by place, with a field to correct each number."""

from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from integrations.sandbox.wix import stock
from integrations.sandbox.wix.site import Site, name_of

from .html import form, section, table

if TYPE_CHECKING:
    from integrations.sandbox.server import Sandbox

PAGE = 30


def shown(box: "Sandbox", site: Site, query: dict[str, str]) -> str:
    start, sought = max(0, int(query.get("from") or 0)), query.get("q", "").strip()
    with box.wix.working():
        rows = list(islice(_lines(site, sought), start, start + PAGE + 1))
        sold = [[escape(sku), str(count)] for sku, count in site.oversold.items()]
    search = (
        f'<form class="search"><input name="q" value="{escape(sought)}" placeholder="SKU or product" '
        'aria-label="SKU or product"><button class="quiet">Find</button></form>'
    )
    more = f'<a class="button quiet" href="?from={start + PAGE}&amp;q={quote(sought)}">More</a>'
    listed = table(["SKU", "Product", "Location", "In stock"], rows[:PAGE], "No such product.")
    oversold = table(["SKU", "#Pieces"], sold, "Nothing was sold that was not there.")
    return (
        f"<h1>Stock of {escape(site.name)}</h1>"
        + section("Stock", search, listed, more if len(rows) > PAGE else "", name="stock")
        + section("Oversold", oversold, name="oversold")
    )


def _lines(site: Site, sought: str) -> Iterator[list[str]]:
    for product in site.products:
        for variant in product["variants"]:
            label = " / ".join([product["name"], *variant["choices"].values()])
            if sought.lower() not in f"{name_of(product, variant)} {label}".lower():
                continue
            places = stock.by_place(site, product, variant) or {"": None}
            for place, quantity in places.items():
                names = [variant["sku"] or "no SKU", label, place or "all"]
                yield [*map(escape, names), _field(site, name_of(product, variant), place, quantity)]


def _field(site: Site, sku: str, place: str, quantity: int | None) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("sku", sku), ("place", place))
    )
    value = "" if quantity is None else quantity
    label = f'placeholder="not counted" aria-label="Stock of {escape(sku)}"'
    number = f'<input name="quantity" type="number" value="{value}" {label}>'
    return form(f"{site.key}/stock", hidden, number, '<button class="quiet">Set</button>', style="set")


def set_one(box: "Sandbox", site: str, sent: dict[str, str]) -> str:
    """Set one number; an empty one means that the store stops counting. Gives what to search for next."""
    quantity = sent.get("quantity", "").strip()
    box.wix.set_stock(site, sent["sku"], int(quantity) if quantity else None, sent.get("place", ""))
    return sent["sku"]

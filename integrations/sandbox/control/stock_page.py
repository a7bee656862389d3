"""What a stand-in store has in stock, place by place, with a field to correct each number."""

from html import escape
from itertools import islice
from urllib.parse import quote

from .desk import Desk, Site
from .html import form, hidden, section, table

PAGE = 30


def shown(desk: Desk, site: Site, query: dict[str, str]) -> str:
    start, sought = max(0, int(query.get("from") or 0)), query.get("q", "").strip()
    with desk.host.working():
        rows = [
            [escape(sku or "no SKU"), escape(title), escape(place or "all"), _field(site, name, place, quantity)]
            for name, sku, title, place, quantity in islice(desk.levels(site, sought), start, start + PAGE + 1)
        ]
        oversold: dict[str, int] = getattr(site, "oversold", {})
        sold = [[escape(sku), str(count)] for sku, count in oversold.items()]
    search = (
        f'<form class="search"><input name="q" value="{escape(sought)}" placeholder="SKU or product" '
        'aria-label="SKU or product"><button class="quiet">Find</button></form>'
    )
    more = f'<a class="button quiet" href="?from={start + PAGE}&amp;q={quote(sought)}">More</a>'
    listed = table(["SKU", "Product", "Location", "In stock"], rows[:PAGE], "No such product.")
    gone = table(["SKU", "#Pieces"], sold, "Nothing was sold that was not there.")
    return (
        f"<h1>Stock of {escape(site.name)}</h1>"
        + section("Stock", search, listed, more if len(rows) > PAGE else "", name="stock")
        + section("Oversold", gone, name="oversold")
    )


def _field(site: Site, name: str, place: str, quantity: int | None) -> str:
    value = "" if quantity is None else quantity
    label = f'placeholder="not counted" aria-label="Stock of {escape(name)}"'
    number = f'<input name="quantity" type="number" value="{value}" {label}>'
    set_it = '<button class="quiet">Set</button>'
    return form(f"{site.key}/stock", hidden(sku=name, place=place), number, set_it, style="set")


def set_one(desk: Desk, site: Site, sent: dict[str, str]) -> str:
    """Set one number; an empty one means that the store stops counting. Gives what to search for next."""
    quantity = sent.get("quantity", "").strip()
    desk.host.set_stock(site.key, sent["sku"], int(quantity) if quantity else None, sent.get("place", ""))
    return sent["sku"]

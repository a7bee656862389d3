"""What Ecwid's refusals of stock and of products mean, alone or within a batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fcp.errors import NotFound, Rejected, Stale, SyncError
from fcp.http import ErrorTable, Reply

from . import errors

_Meaning = Mapping[str, tuple[type[SyncError], str, str]]  # errorCode -> class, our code, sentence

STOCK: _Meaning = {
    "PRODUCT_NOT_FOUND": (NotFound, "product_not_found", "Ecwid no longer has this product."),
    "COMBINATION_NOT_FOUND": (NotFound, "variant_not_found", "Ecwid no longer has this variation of the product."),
    "DIFFERENT_COMBINATION_STOCK": (
        Rejected,
        "same_sku",
        "In Ecwid this variation has its product's SKU, so both must show the same number. Let both mean the same "
        "product here, or give the variation an SKU of its own in Ecwid.",
    ),
    "NOT_ALLOWED_TO_UPDATE_PARAMETER": (
        Rejected,
        "kept_elsewhere",
        "Ecwid does not let us set this stock: the store is linked with a cash register that keeps it.",
    ),
}
STOCK_REFUSED = (
    "Ecwid does not accept this quantity. Look at the product in Ecwid: whether its stock is counted there, and "
    "whether it still has this variation."
)
PRODUCTS: _Meaning = {
    "PRODUCT_NOT_FOUND": STOCK["PRODUCT_NOT_FOUND"],
    "COMBINATION_NOT_FOUND": STOCK["COMBINATION_NOT_FOUND"],
    "SKU_ALREADY_EXISTS": (
        Rejected,
        "sku_taken",
        "Ecwid has another product with this SKU. Look for it in Ecwid, or give this one another SKU.",
    ),
    "COMBINATION_LIMIT_PER_REQUEST_EXCEEDED": (
        Rejected,
        "too_many_variants",
        "Ecwid does not take so many variations of one product.",
    ),
    "COMBINATION_DUPLICATED": (
        Rejected,
        "options_differ",
        "Ecwid has a variation with these options already. Look at the product in Ecwid.",
    ),
    "COMBINATION_CONTAINS_REMOVED_OPTION": (
        Rejected,
        "options_differ",
        "Ecwid no longer has one of the options of these variations. Look at the product in Ecwid.",
    ),
    "COMBINATION_CONTAINS_REMOVED_OPTION_VALUE": (
        Rejected,
        "options_differ",
        "Ecwid no longer has one of the choices of these variations. Look at the product in Ecwid.",
    ),
    "DIFFERENT_COMBINATION_STOCK": (
        Rejected,
        "same_sku",
        "One of the variations has its product's SKU, and Ecwid then wants both to show one number. Give it another.",
    ),
    "MAX_PRODUCTS_FOR_API_REQUEST_LIMIT_EXCEEDED": (
        Rejected,
        "too_many_products",
        "This Ecwid store holds as many products as its plan allows.",
    ),
}
PRODUCT_REFUSED = (
    "Ecwid does not accept this product. Look at it in Ecwid; what Ecwid answered stands in the log of calls."
)


CHANGED = "It changed in Ecwid meanwhile. We read it again."


def _refused(meaning: _Meaning, otherwise: str, reply: Reply) -> SyncError:
    code, _ = errors.code_of(reply)
    detail = errors.detail_of(reply)
    if reply.status == 409 and code == "CONSTRAINT_VIOLATION":
        return Stale(detail, code="changed_there", sentence=CHANGED)
    if code in meaning:
        kind, ours, sentence = meaning[code]
        return kind(detail, code=ours, sentence=sentence)
    if reply.status == 404:
        return errors.gone(reply)
    return Rejected(detail, sentence=otherwise)


def _plan(reply: Reply) -> SyncError:
    """A 402 mostly speaks of the store, and once of a single call."""
    code, _ = errors.code_of(reply)
    return _refused(PRODUCTS, PRODUCT_REFUSED, reply) if code in PRODUCTS else errors.plan_refused(reply)


def stock_table(method: str, path: str) -> ErrorTable:
    refused = partial(_refused, STOCK, STOCK_REFUSED)
    return {**errors.table(method, path), **dict.fromkeys((400, 404, 409, 422), refused)}


def product_table(method: str, path: str) -> ErrorTable:
    refused = partial(_refused, PRODUCTS, PRODUCT_REFUSED)
    return {**errors.table(method, path), **dict.fromkeys((400, 404, 409, 422), refused), 402: _plan}

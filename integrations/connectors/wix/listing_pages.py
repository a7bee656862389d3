"""Pages of what a site sells: the whole of it, or what changed since a time.

V1 goes by rising numeric id, whole or changed, since its offset paging ends at 10,000 products. V3's variants come a
thousand a page with their product's name, yet without its description; what changed is asked of its products.
Source: dev.wix.com, Query Products (V1, V3), Query Variants (V3).
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from fcp.http import ErrorTable

from ..shapes import IncomingListing, Page
from .listings import of_rows, v1_listings, v3_description, v3_listing
from .products import QUERY_V1, QUERY_V3, QUERY_VARIANTS_V3, v3_variants_of
from .reading import Json, iso, text
from .replies import Query, by_numeric_id, cursor_gone, next_of, part_of, rows_of

VARIANT_ROWS, PRODUCT_ROWS = 1000, 100  # of a V3 page, at most


def v1(query: Query, token: str | None, since: dt.datetime | None) -> Page[IncomingListing]:
    more = {"includeVariants": True, "includeHiddenProducts": True}
    condition: Json = {"lastUpdated": {"$gte": iso(since)}} if since else {}
    rows, following = by_numeric_id(query, QUERY_V1, "products", token, more, condition)
    found, bad = of_rows(rows, v1_listings)
    return Page(found, bad, following)


def v3(call: Any, token: str | None, since: dt.datetime | None) -> Page[IncomingListing]:
    """By variants: Wix's product queries leave the variants out, its variant query carries the product."""
    if since is not None:
        return _v3_changed(call, token, since)
    paging: Json = {"limit": VARIANT_ROWS, **({"cursor": token} if token else {})}
    body = {"query": {"cursorPaging": paging}, "fields": ["WEIGHT_MEASUREMENT_UNIT_INFO"]}
    reply = call("POST", QUERY_VARIANTS_V3, body, reads=True, table=_gone(token))
    found, bad = of_rows(rows_of(reply, "variants"), v3_listing)
    return Page(found, bad, next_of(part_of(reply, "pagingMetadata"), token))


def _v3_changed(call: Any, token: str | None, since: dt.datetime) -> Page[IncomingListing]:
    """Products by the time of their last change, then their variants."""
    rows, following = _v3_products(call, token, {"updatedDate": {"$gte": iso(since)}}, "updatedDate")
    texts, odd = of_rows(rows, v3_description)
    uids = [text(row, "id", 100) for row in rows if isinstance(row.get("id"), str)]
    variants = v3_variants_of(partial(call, reads=True), uids)
    found, bad = of_rows(variants, partial(v3_listing, descriptions=dict(texts)))
    return Page(found, [*odd, *bad], following)


def descriptions(call: Any, token: str | None) -> Page[tuple[str, str]]:
    rows, following = _v3_products(call, token, {}, "createdDate")
    found, bad = of_rows(rows, v3_description)
    return Page([(uid, said) for uid, said in found if said], bad, following)


def _v3_products(call: Any, token: str | None, condition: Json, sort: str) -> tuple[list[Json], str | None]:
    """Filter and sort go with the first page only: the cursor carries them."""
    paging: Json = {"limit": PRODUCT_ROWS}
    first: Json = {"sort": [{"fieldName": sort, "order": "ASC"}], "cursorPaging": paging}
    if condition:
        first["filter"] = condition
    asked = {"cursorPaging": {**paging, "cursor": token}} if token else first
    body = {"query": asked, "fields": ["PLAIN_DESCRIPTION"]}
    reply = call("POST", QUERY_V3, body, reads=True, table=_gone(token))
    return rows_of(reply, "products"), next_of(part_of(reply, "pagingMetadata"), token)


def _gone(token: str | None) -> ErrorTable:
    return {400: cursor_gone} if token else {}

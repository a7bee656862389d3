"""Wix business locations, Stores locations, catalogue version, app instance, site properties."""

from typing import Any

from integrations.sandbox.tables import matches

from .api import Call, checked, read_limit, route
from .errors import not_found

PERMISSIONS = [
    "ECOM.READ_ORDERS",
    "ECOM.MODIFY_ORDERS",
    "ECOM.READ_FULFILLMENTS",
    "ECOM.MODIFY_FULFILLMENTS",
    "LOCATIONS.READ",
    "WIX_STORES.CATALOG_VERSION_READ",
]
VERSIONS = {"v1": "V1_CATALOG", "v3": "V3_CATALOG", "": "STORES_NOT_INSTALLED"}


@route("GET", "/stores/v3/provision/version")
def catalog_version(call: Call) -> dict:
    return {"catalogVersion": VERSIONS[call.site.catalog]}


@route("GET", "/apps/v1/instance")
def app_instance(call: Call) -> dict:
    site = call.site
    return {
        "instance": {
            "instanceId": site.instance_id,
            "appName": "Fulfillment Control Panel",
            "appVersion": "1.0.0",
            "isFree": True,
            "permissions": PERMISSIONS,
            "availablePlans": [],
            "copiedFromTemplate": False,
            "freeTrialAvailable": False,
        },
        "site": {
            "siteDisplayName": site.name,
            "locale": site.language,
            "paymentCurrency": site.currency,
            "url": site.url,
            "siteId": site.site_id,
            "installedWixApps": ["stores"] if site.catalog else [],
            "ownerInfo": {"email": f"owner@{site.name.lower()}.example", "emailStatus": "VERIFIED"},
            "multilingual": {"isMultiLingual": False, "supportedLanguages": []},
        },
    }


@route("GET", "/site-properties/v4/properties")
def site_properties(call: Call) -> dict:
    site = call.site
    properties = {
        "language": site.language,
        "locale": {"languageCode": site.language, "country": site.country},
        "paymentCurrency": site.currency,
        "timeZone": site.time_zone,
        "email": f"owner@{site.name.lower()}.example",
        "siteDisplayName": site.name,
        "businessName": site.name,
        "trackClicksAnalytics": False,
    }
    return {"version": "1", "properties": properties}


def paged(rows: list[dict], call: Call, filters: set[str]) -> tuple[list[dict], dict[str, Any]]:
    """Rows and metadata of a short list with offset paging."""
    query = call.body.get("query") or {}
    condition = checked(query.get("filter"), filters)
    paging = query.get("paging") or query.get("cursorPaging") or {}
    limit, offset = read_limit(paging, 50, 1000, "query.paging"), paging.get("offset") or 0
    found = [row for row in rows if matches(row, condition)]
    some = found[offset : offset + limit]
    return some, {"count": len(some), "offset": offset, "hasNext": offset + limit < len(found)}


@route("POST", "/locations/v1/locations/query")
def query_locations(call: Call) -> dict:
    fields = {
        "id",
        "name",
        "archived",
        "default",
        "status",
        "email",
        "phone",
        "fax",
        "timeZone",
        "revision",
        "address.country",
        "address.city",
    }
    rows, paging = paged(call.site.locations, call, fields)
    return {"locations": rows, "pagingMetadata": paging}


@route("GET", "/locations/v1/locations")
def list_locations(call: Call) -> dict:
    rows, paging = paged(call.site.locations, call, set())
    return {"locations": rows, "pagingMetadata": paging}


@route("GET", "/locations/v1/locations/{id}")
def get_location(call: Call) -> dict:
    return {"location": _one(call.site.locations, call.ids["id"])}


@route("POST", "/stores/v3/locations/query")
def query_stores_locations(call: Call) -> dict:
    rows, paging = paged(
        call.site.stores_locations, call, {"id", "wixLocationId", "name", "locationType", "defaultLocation"}
    )
    return {"storesLocations": rows, "pagingMetadata": {"count": paging["count"], "cursors": {}, "hasNext": False}}


@route("GET", "/stores/v3/locations/default")
def default_location(call: Call) -> dict:
    return {"storesLocation": next(row for row in call.site.stores_locations if row["defaultLocation"])}


@route("GET", "/stores/v3/locations/{id}")
def get_stores_location(call: Call) -> dict:
    return {"storesLocation": _one(call.site.stores_locations, call.ids["id"])}


def _one(rows: list[dict], uid: str) -> dict:
    found = next((row for row in rows if row["id"] == uid), None)
    if found is None:
        raise not_found("location")
    return found

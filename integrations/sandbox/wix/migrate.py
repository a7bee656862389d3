"""Moving a site from Catalog V1 to V3, as Wix does one day. There is no way back.

Which ids Wix keeps is not documented. Here products and variants get new ones, which is the harder case; orders that
were placed before keep the ids they named, and the app, its permissions and the site's ids stay.
"""

from typing import Any

from .demo import add_item
from .site import Site


def migrate(site: Site) -> None:
    if site.catalog != "v1":
        raise ValueError("this site has Catalog V3 already, or no store")
    old = list(site.products)
    for product in old:
        site.products.delete(product["id"])
        site.save(site.key, "product", product["id"], b"null")  # gone, also after a restart
    site.set_meta("catalog", "v3")
    for product in old:
        moved = _moved(site, product)
        site.put_product(moved)
        if moved["type"] == "physical":
            _count(site, moved)
    site.note("migrate", products=len(old))


def _moved(site: Site, product: dict[str, Any]) -> dict[str, Any]:
    variants = [{**variant, "id": site.new_id()} for variant in product["variants"]]
    return {**product, "id": site.new_id(), "revision": "1", "variants": variants, "updatedDate": site.now()}


def _count(site: Site, product: dict[str, Any]) -> None:
    """What was there lies at the default location now."""
    place = site.stores_locations[0]["id"]
    for variant in product["variants"]:
        add_item(site, product, variant, place, product["updatedDate"], variant["quantity"])

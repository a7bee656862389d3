"""The text above the addresses on the API's page; Markdown. No import: the settings read it."""

GUIDE = """
Orders to ship, their acknowledgement, what has left the warehouse, and what lies in it.

**Keys.** An account makes its keys on the page *API keys*, a warehouse partner gets its key from whoever runs this
installation. A partner's key sees the work of all warehouses that it serves, an account's key its own. Each key has
scopes; every address below names the one it asks for.

    curl -H "Authorization: Bearer $KEY" $PANEL/api/v1/shipping-requests
    curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
         -d '{"revision": 1, "reference": "WMS-7"}' $PANEL/api/v1/shipping-requests/12/acknowledge
    curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
         -d '{"id": "S-1", "lines": [{"id": "34", "quantity": 2}], "carrier": "DHL",
              "parcels": [{"tracking_number": "00340434161094042557"}]}' \\
         $PANEL/api/v1/shipping-requests/12/fulfillments

**The way of a request.** *offered*: listed until you acknowledge or reject it. *acknowledged*: it is yours; what
changes in the store afterwards is asked, never rewritten. *partly_shipped*, *shipped*: as you report. *cancel_asked*:
the merchant wants it stopped; say whether it was. *withdrawn*, *canceled*, *rejected*: do not
ship it. Where the address changed after you took it, the new one stands in `change` until you say whether you use it.

**Stock.** Report levels: what lies there, not what changed, with the time you counted. Up to 1,000 in one call, in any
order, as often as you like; each is answered in its place, and one that is refused keeps back none of the others.

    curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
         -d '{"warehouse": "3", "taken_at": "2026-11-22T06:00:00Z",
              "levels": [{"sku": "MUG", "quantity": 12}, {"sku": "CUP", "quantity": 0}]}' $PANEL/api/v1/stock-levels
    curl -H "Authorization: Bearer $KEY" "$PANEL/api/v1/stock-levels?warehouse=3"

The time decides: a level taken before the known one is *older* and not stored; what shipped after it was taken is
counted on top of it. So report the moment of counting, not of sending, and never adjust for a shipment: its report
moves the stock. `/products` lists the SKUs; one that was never reported has no level, which is not 0, and its stock is
not sent to any store. `reserved` is what open orders need of a level, `available` what they leave.

**Aliases, and what you want to know.** `/aliases` takes other codes of the products, by which stores' SKUs can be
matched. By `/partner` a warehouse partner says whether it does that, where its guide is, and which fields it wants
filled in for each store; what was filled in comes with each shipping request, as `wms`.

**Once only.** Send an `Idempotency-Key` with each write: sent again, it answers the first reply (names and addresses
in it as they are now). A shipment also carries your own id, and an acknowledgement its revision, so that a repeated
call does nothing twice.

**Pages.** Lists give `next`; send it as `after`. A page costs the same wherever it lies.

**Errors** have one shape: `{"error": {"code": "stale_revision", "message": "...", "fields": {"revision": ["..."]}}}`.
Programs read `code`, people `message`. An id that is not yours does not exist: 404.

**Limits.** So many calls a minute for each key as whoever runs this installation allows (600 by default); beyond them
429 with `Retry-After` in seconds. Bodies up to 256 kB, reports of stock up to 1 MB.
"""

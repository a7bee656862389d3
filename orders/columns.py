"""The columns of rows that are stored many at a time, in the order in which their values are given."""

ORDER_COLUMNS = (
    "id", "account", "store", "uid", "number", "number_key", "email_key", "placed_at", "changed_at", "imported_at",
    "state", "state_since", "status", "payment", "fulfillment", "pickup", "cash_on_delivery", "archived", "channel",
    "currency", "subtotal", "shipping", "tax", "discount", "total", "refunded", "country", "units",
    "ship_method", "ship_code", "carrier", "service", "location", "warehouse",
    "buyer_note", "gift_note", "delivery_note", "note", "tags", "edited", "ruled",
    "revision", "mapping_version", "settings_version", "rules_version", "canceled_at", "released_at", "tried",
)  # fmt: skip
LINE_COLUMNS = (
    "id", "account", "order", "uid", "listing", "product", "warehouse", "location", "sku", "sku_key", "title",
    "options", "quantity", "store_quantity", "shipped", "units", "ships", "price", "total", "weight_grams",
    "mapping_version", "removed_at",
)  # fmt: skip
PARTY_COLUMNS = (
    "account", "order", "role", "name", "company", "street1", "street2", "city", "region", "postcode", "country",
    "phone", "email",
)  # fmt: skip
HOLD_COLUMNS = (
    "account", "order", "kind", "cause", "params", "note", "placed_at", "placed_by", "lifted_at", "lifted_by",
    "until",
)  # fmt: skip
EVENT_COLUMNS = ("account", "order", "at", "actor", "code", "params")
PAYLOAD_COLUMNS = ("account", "order", "revision", "packed", "created_at")

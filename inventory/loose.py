"""SKUs compared loosely: without separators and leading zeros. Only ever to suggest what a listing may be."""

from __future__ import annotations

from django.db.models import CharField, Func

SEPARATORS = "-_./ "


class Loose(Func):
    """The same in the database, so that an index can carry it. Written out: SQLite uses no index for bound values."""

    template = (
        "LTRIM(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(%(expressions)s, '-', ''), '_', ''), '.', ''), '/', ''), "
        "' ', ''), '0')"
    )
    output_field = CharField()


def loose(sku_key: str) -> str:
    """Of an SKU as it is compared (`sku_key_of`); empty where nothing is left."""
    for sign in SEPARATORS:
        sku_key = sku_key.replace(sign, "")
    return sku_key.lstrip("0")

"""Taking back what one press changed, however much that is: a while at once, the rest behind the page.

What a file changed goes back by the file's own row. Any other batch gets such a row, without a file, when somebody
takes it back: so whoever goes on after a crash finds it, and of two who press at once one does it (`word_import`).
"""

from __future__ import annotations

import datetime as dt

from fcp.file_rows import pack
from fcp.models import Account, ImportState, User

from .alias_changes import TABLE as ALIASES
from .models import MappingChange, WordImport, WordKind

KIND_OF = {
    "shipmethod": WordKind.SHIP_CODES, "listing": WordKind.SKUS, "location": WordKind.LOCATIONS,
    "carrierout": WordKind.CARRIERS, ALIASES: WordKind.ALIASES,
}  # fmt: skip


def known_back(account: Account, batch: str) -> WordImport | None:
    """The file that made these changes, or what took them back; None where neither is known (any more)."""
    return WordImport.objects.for_account(account).filter(batch=batch).first()


def back_of(account: Account, user: User, batch: str, *, now: dt.datetime) -> WordImport | None:
    """The same, made if need be; None where there is no such batch. Nothing is taken back yet."""
    if found := known_back(account, batch):
        return found
    changes = MappingChange.objects.for_account(account).filter(batch=batch).exclude(batch="")
    table = changes.order_by("pk").values_list("table", flat=True).first()
    if table is None:
        return None
    values = {
        "user": user, "actor": str(user)[:120], "kind": KIND_OF[table], "file_name": "", "packed": pack([]),
        "state": ImportState.DONE, "created_at": now, "touched_at": now,
    }  # fmt: skip
    return WordImport.objects.get_or_create(account=account, batch=batch, defaults=values)[0]

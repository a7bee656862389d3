"""Reading a store's locations, and once a day what else it says of itself: name, currency, variant, permissions."""

from __future__ import annotations

from operator import itemgetter

from fcp.insert import make_rows, take_ids, update_rows
from fcp.models import Store
from integrations import migrating
from integrations.runs import Slice
from integrations.store_facts import facts_of
from mappings.models import Location
from orders.intake import Counts

COLUMNS = (
    "name", "id", "account_id", "store_id", "version", "applied_version", "first_seen_at", "last_seen_on", "uid",
    "warehouse_id",
)  # fmt: skip
UID = COLUMNS.index("uid")


def pull(run: Slice) -> bool:
    connected = run.ask(lambda connector: connector.check())
    if connected.variant != run.integration.variant and migrating.begin(run, connected.variant):
        return True
    shown = {place.uid[:100]: place for place in run.ask(lambda connector: connector.locations()) if place.uid}
    with run.page() as page:
        facts = facts_of(connected)
        if facts != {name: getattr(run.store, name) for name in facts}:
            Store.objects.filter(pk=run.store.pk).update(**facts)
        names = {uid: place.name[:255] for uid, place in shown.items()}
        there = {row.uid: row for row in Location.objects.filter(store=run.store, uid__in=shown).order_by("pk")}
        day = page.now.date()
        new = [uid for uid in shown if uid not in there]
        store, ids = (run.store.account_id, run.store.pk), take_ids(Location, len(new))
        rows = [(names[uid], pk, *store, 0, 0, page.now, day, uid, None) for pk, uid in zip(ids, new, strict=True)]
        # Ids in the store's sequence; rows in that in which orders make them, so that no two wait for each other. One
        # that an order names at this moment gets the store's name.
        rows.sort(key=itemgetter(UID))
        make_rows(Location, COLUMNS, rows, key=("store_id", "uid"), returning=("id",))
        renamed = [(names[uid], day, row.pk) for uid, row in there.items() if row.name != names[uid]]
        update_rows(Location, ("name", "last_seen_on"), renamed)
        last = names[new[-1]] if new else ""
        page.count(Counts(len(new), len(renamed), len(there) - len(renamed), last_item=last))
    return False

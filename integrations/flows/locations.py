"""Reading a store's locations, and once a day what else it says of itself: name, currency, variant, permissions."""

from __future__ import annotations

from fcp.insert import insert_rows, update_rows
from fcp.models import Store
from integrations import migrating
from integrations.runs import Slice
from integrations.store_facts import facts_of
from mappings.models import Location
from orders.intake import Counts

COLUMNS = (
    "account", "store", "version", "applied_version", "first_seen_at", "last_seen_on", "uid", "name", "warehouse",
)  # fmt: skip


def pull(run: Slice) -> bool:
    connected = run.ask(lambda connector: connector.check())
    if connected.variant != run.integration.variant and migrating.begin(run, connected.variant):
        return True
    shown = {place.uid: place for place in run.ask(lambda connector: connector.locations()) if place.uid}
    with run.page() as page:
        facts = facts_of(connected)
        if facts != {name: getattr(run.store, name) for name in facts}:
            Store.objects.filter(pk=run.store.pk).update(**facts)
        there = {row.uid: row for row in Location.objects.filter(store=run.store, uid__in=shown)}
        day = page.now.date()
        new = [place for uid, place in shown.items() if uid not in there]
        insert_rows(
            Location,
            COLUMNS,
            [(run.store.account_id, run.store.pk, 0, 0, page.now, day, p.uid[:100], p.name[:255], None) for p in new],
        )
        names = {uid: place.name[:255] for uid, place in shown.items()}
        renamed = [(names[uid], day, row.pk) for uid, row in there.items() if row.name != names[uid]]
        update_rows(Location, ("name", "last_seen_on"), renamed)
        last = new[-1].name if new else ""
        page.count(Counts(len(new), len(renamed), len(there) - len(renamed), last_item=last))
    return False

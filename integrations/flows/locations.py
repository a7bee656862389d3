"""Reading a store's locations, and once a day what else it says of itself: name, currency, variant, permissions."""

from __future__ import annotations

from fcp.insert import make_rows, update_rows
from fcp.models import Store
from integrations import migrating
from integrations.runs import Slice
from integrations.store_facts import facts_of
from mappings.models import Location
from orders.intake import Counts

COLUMNS = (
    "name", "account_id", "store_id", "version", "applied_version", "first_seen_at", "last_seen_on", "uid",
    "warehouse_id",
)  # fmt: skip


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
        new = sorted(shown.keys() - there.keys())
        make_rows(  # an order may name one at this moment: that has the name then
            Location,
            COLUMNS,
            [(names[uid], run.store.account_id, run.store.pk, 0, 0, page.now, day, uid, None) for uid in new],
            key=("store_id", "uid"),
            returning=("id",),
        )
        renamed = [(names[uid], day, row.pk) for uid, row in there.items() if row.name != names[uid]]
        update_rows(Location, ("name", "last_seen_on"), renamed)
        last = names[new[-1]] if new else ""
        page.count(Counts(len(new), len(renamed), len(there) - len(renamed), last_item=last))
    return False

"""What django-q starts by the clock: few fixed rows, made after each migrate. Flows have due times of their own.

One row that cannot be read stops all schedules, so nobody else makes any.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django_q.models import Schedule

SCHEDULES: dict[str, dict[str, Any]] = {
    "tick": {"func": "integrations.tasks.tick", "schedule_type": Schedule.MINUTES, "minutes": 1},
    "alerts": {"func": "integrations.tasks.alerts", "schedule_type": Schedule.MINUTES, "minutes": 5},
    "prune": {"func": "integrations.tasks.prune", "schedule_type": Schedule.DAILY},
}


def make_schedules(using: str, **signal: Any) -> None:
    """Receiver of post_migrate. A row that is right already keeps its next time."""
    if using != settings.Q_CLUSTER["orm"]:
        return
    rows = Schedule.objects.using(using)
    with transaction.atomic(using=using):
        rows.exclude(name__in=SCHEDULES).delete()
        for name, wanted in SCHEDULES.items():
            wanted = {"repeats": -1, "cluster": None, "args": None, "kwargs": None, **wanted}
            if rows.filter(name=name, **wanted).count() != 1:
                rows.filter(name=name).delete()
                rows.create(name=name, **wanted)

"""One worker process that delivers as django-q does: a task is taken, run, and taken off the queue afterwards.

`python -m tests.faults.worker`; it ends when it is killed.
"""

import datetime as dt
import os
import pydoc
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fcp.settings")
django.setup()

from django.utils import timezone  # noqa: E402
from django_q.models import OrmQ  # noqa: E402
from django_q.signing import SignedPackage  # noqa: E402

from integrations import tasks  # noqa: E402

RETRY = dt.timedelta(seconds=600)
TICK = 0.3  # seconds


def main() -> None:
    next_tick = 0.0
    while True:
        if time.monotonic() >= next_tick:
            tasks.tick()
            next_tick = time.monotonic() + TICK
        now = timezone.now()
        row = OrmQ.objects.filter(lock__lte=now).order_by("id").first()
        if row is None:
            time.sleep(0.02)
            continue
        if OrmQ.objects.filter(pk=row.pk, lock=row.lock).update(lock=now + RETRY):
            task = SignedPackage.loads(row.payload)
            pydoc.locate(task["func"])(*task["args"], **task["kwargs"])  # type: ignore[operator]
            OrmQ.objects.filter(pk=row.pk).delete()


if __name__ == "__main__":
    main()

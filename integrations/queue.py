"""The doorbell: tasks of django-q in the database, put there in the same transaction as the rows they are about.

A task carries ids only. Many at once are one statement; the rows are what `django_q.tasks.async_task` would write
(tests/integrations/flows/test_queue.py lets a real worker run them).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Min
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from fcp.insert import insert_rows


class Queue(StrEnum):
    """`key` is django-q's name of the cluster; always said, since inside the slow cluster the default is slow."""

    DEFAULT = "default"
    SLOW = "slow"  # catalogues and first imports

    @property
    def key(self) -> str:
        return str(settings.Q_CLUSTER["name"]) if self is Queue.DEFAULT else self.value

    @property
    def seconds(self) -> int:
        """How long a task of it may take; after that its worker is killed."""
        cluster = settings.Q_CLUSTER if self is Queue.DEFAULT else settings.Q_CLUSTER["ALT_CLUSTERS"][self.value]
        return int(cluster["timeout"])


def enqueue(queue: Queue, function: str, arguments: Iterable[tuple[Any, ...]], at: dt.datetime) -> None:
    """One task for each tuple of arguments. Workers see it once the caller's transaction commits, not before `at`."""
    rows = [
        (
            queue.key,
            SignedPackage.dumps(
                {
                    "id": uuid.uuid4().hex,
                    "name": f"{function.rsplit('.', 1)[-1]} {' '.join(map(str, args))}"[:100],
                    "func": function,
                    "args": args,
                    "kwargs": {},
                    "started": at,
                    "ack_failure": True,
                }
            ),
            at,
        )
        for args in arguments
    ]
    insert_rows(OrmQ, ("key", "payload", "lock"), rows)


def waiting(queue: Queue, now: dt.datetime) -> int:
    """Tasks that no cluster has taken yet."""
    return OrmQ.objects.filter(key=queue.key, lock__lte=now).count()


def oldest_waiting(queue: Queue, now: dt.datetime) -> dt.datetime | None:
    """When the oldest task that no cluster has taken yet was put in the queue."""
    return OrmQ.objects.filter(key=queue.key, lock__lte=now).aggregate(oldest=Min("lock"))["oldest"]

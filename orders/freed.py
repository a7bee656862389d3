"""What mapping words would let go, and which words orders wait for at all: for the pages of mappings, which show it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.http import urlencode

from fcp.models import Account
from fcp.panel import panel_url
from mappings.outside import Freed

from .models import Hold

MOST_WORDS = 1000
MOST_ORDERS = 5000  # more are not looked at one by one: "at least"

# From word to word along the index of open holds: a step for each word, whatever the number of its orders.
AWAITED = """
WITH RECURSIVE word(cause) AS (
  SELECT (SELECT MIN(cause) FROM orders_hold
          WHERE account_id = %(account)s AND lifted_at IS NULL AND kind = %(kind)s)
  UNION ALL
  SELECT (SELECT MIN(cause) FROM orders_hold
          WHERE account_id = %(account)s AND lifted_at IS NULL AND kind = %(kind)s AND cause > word.cause)
  FROM word WHERE word.cause IS NOT NULL
)
SELECT cause FROM word WHERE cause IS NOT NULL LIMIT %(limit)s
"""


def awaited(account: Account, kind: str) -> list[int]:
    """The ids of mapping rows that orders wait for."""
    with connection.cursor() as cursor:
        cursor.execute(AWAITED, {"account": account.pk, "kind": kind, "limit": MOST_WORDS})
        return [int(cause) for (cause,) in cursor.fetchall() if cause.isdigit()]


def held_group(account: Account, kind: str, row_id: int) -> str:
    """Where the orders that wait for this mapping row are shown."""
    return f"{panel_url(account, 'orders:group')}?{urlencode({'kind': kind, 'cause': str(row_id)})}"


def freed_by(account: Account, kind: str, row_ids: Sequence[int]) -> Freed:
    """How many orders wait for any of these rows, and how many of them for nothing else."""
    causes = [str(pk) for pk in row_ids]
    waiting = Hold.objects.for_account(account).open().filter(kind=kind, cause__in=causes).order_by()
    ids = list(waiting.values_list("order_id", flat=True).distinct()[: MOST_ORDERS + 1])
    others = Hold.objects.open().filter(order_id=OuterRef("order_id")).exclude(kind=kind, cause__in=causes)
    looked_at = ids[:MOST_ORDERS]
    stay = waiting.filter(order_id__among=set(looked_at)).filter(Exists(others)).values("order_id").distinct().count()
    return Freed(len(looked_at), len(looked_at) - stay, more=len(ids) > MOST_ORDERS)

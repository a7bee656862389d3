"""What everything that moves stock shares: the lock, the change number, the nudge.

Whoever changes a level, a reservation or a movement locks the products first (after the orders, where those are
locked too), and calls `moved` last. Rows of one product are therefore changed by one transaction at a time.

A transaction that changes stock more than once (goods leave, then reservations follow) begins with one
`lock_products` of all the products it will touch. The later locks then wait for nobody, also not while the change
number is held; otherwise two such transactions could wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from .models import Product, StockCounter
from .signals import stock_moved


def lock_products(product_ids: Collection[int]) -> list[int]:
    """Those of these products that exist, locked until the transaction ends, always by rising id."""
    if not product_ids:
        return []
    rows = Product.objects.select_for_update(no_key=True).filter(id__among=set(product_ids)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def lock_skus(account_id: int, sku_keys: Collection[str]) -> dict[str, int]:
    """The account's products of these SKUs (as `sku_key_of` makes them), locked as `lock_products` does."""
    if not sku_keys:
        return {}
    rows = Product.objects.select_for_update(no_key=True).filter(account=account_id, sku_key__among=set(sku_keys))
    return dict(rows.order_by("pk").values_list("sku_key", "pk"))


def moved(account_id: int, product_ids: Collection[int]) -> None:
    """Note that the stock of these (locked) products changed: the last thing before the transaction's end."""
    moved_in(dict.fromkeys(product_ids, account_id))


def moved_in(accounts: Mapping[int, int]) -> None:
    """The same for products of several accounts, by product; a constant number of statements."""
    if not accounts:
        return
    ids = sorted(set(accounts.values()))
    if _draw(ids) != len(ids):  # an account's first one
        StockCounter.objects.bulk_create([StockCounter(account_id=pk) for pk in ids], ignore_conflicts=True)
        _draw(ids)
    whose = OuterRef("account") if len(ids) > 1 else ids[0]  # of one account it is looked up once
    number = StockCounter.objects.filter(account=whose).values("seq")[:1]
    Product.objects.filter(id__among=set(accounts)).update(stock_seq=Subquery(number))
    for account_id in ids:
        transaction.on_commit(partial(stock_moved.send, Product, account_id=account_id), robust=True)


def _draw(account_ids: Sequence[int]) -> int:
    """In the order of the accounts, so that of two who need the same rows only one waits."""
    counters = StockCounter.objects.filter(account__in=account_ids)
    if len(account_ids) > 1:
        in_order = counters.order_by("account").select_for_update(no_key=True).values("pk")
        counters = StockCounter.objects.filter(pk__in=in_order)
    return counters.update(seq=F("seq") + 1)

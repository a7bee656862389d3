"""Interleaved pulls of one store without rules and with 50 of them, of which a few apply to each order."""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from integrations.models import Integration  # noqa: E402
from orders.models import Order, OrderEvent, RuleBook  # noqa: E402
from orders.rule_saving import Draft, save, switch  # noqa: E402
from tests.bench.connected import take_words_over  # noqa: E402
from tests.bench.pulling import integration_of, pull, wipe  # noqa: E402
from tests.bench.shops import shop_of  # noqa: E402

ROUNDS = 3
RULES = 50


def _is(field: str, operator: str, *values: str) -> dict[str, Any]:
    return {"field": field, "is": operator, "values": list(values)}


def drafts(currency: str) -> list[Draft]:
    """Rules as accounts have them: two or three conditions each, over all kinds of fields. The first two apply to
    nearly every order, and each leaves a line in its timeline."""
    often = [
        Draft("With a total", "all", [_is("total", "at_least", "1", currency)], [{"do": "tag", "value": "paid"}]),
        Draft("To send", "any", [_is("pickup", "no"), _is("lines", "at_least", "2")], [{"do": "tag", "value": "send"}]),
    ]
    seldom: list[tuple[list[dict[str, Any]], list[dict[str, str]]]] = [
        ([_is("country", "one_of", "SJ", "AQ"), _is("weight", "at_least", "900000")], [{"do": "hold"}]),
        ([_is("sku", "begins", "nothing-", "none-"), _is("units", "at_least", "900")], [{"do": "hold"}]),
        ([_is("shipping_option", "contains", "by balloon", "by raft"), _is("postcode", "begins", "###")],
         [{"do": "ship_code", "value": "EXP"}]),
        ([_is("ship_code", "one_of", "RAFT", "BALLOON"), _is("sku", "one_of", "nothing", "none")], [{"do": "notify"}]),
    ]  # fmt: skip
    rest = [Draft(f"Rule {n}", "any", *seldom[n % len(seldom)]) for n in range(RULES - len(often))]
    return often + rest


def make_rules(made: Integration) -> None:
    now = timezone.now()
    currency = Order.objects.values_list("currency", flat=True)[0]
    for draft in drafts(currency):
        switch(save(made.account, draft, by="bench", now=now), True, by="bench", now=now)


def main() -> None:
    given = json.loads(sys.argv[1])
    shop, info = shop_of(given["shop"]), given["info"]
    made = integration_of(shop, info)
    pull(made)
    take_words_over(made)
    make_rules(made)
    rules = RuleBook.objects.get().rules
    plain: list[float] = []
    ruled: list[float] = []
    applied, orders = 0.0, 0
    for _ in range(ROUNDS):
        for some, seconds in (([], plain), (rules, ruled)):
            wipe(made)
            RuleBook.objects.update(rules=some)
            seconds.append(pull(made))
            orders = Order.objects.count()
            applied = OrderEvent.objects.filter(code="ruled").count() / orders
    print(
        json.dumps(
            {
                "ratio": median(with_them / without for with_them, without in zip(ruled, plain, strict=True)),
                "rate": orders / median(ruled),
                "plain": orders / median(plain),
                "rules": len(rules),
                "applied": applied,
            }
        )
    )


if __name__ == "__main__":
    main()

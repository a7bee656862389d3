"""The simulated week: who buys, cancels, brings goods, counts, ships and takes back, and when the panel hears of it.

Everything is drawn from one seed. What happens is done twice: in the stand-in store and the panel (`hands`), and in the
model. Whatever the store is told is held against the model at once; in the end every number is.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.week.hands import Hands, Request
from tests.week.model import Goods, Line, Model, Rules, Sale

START = dt.datetime(2026, 11, 16, 6, 0, tzinfo=dt.UTC)
GAP = 2.0  # minutes between two events: 5,000 of them are a week
PULSE = dt.timedelta(minutes=10)  # the scheduler's tick; a worker may run at any moment between
UNDER_WAY = dt.timedelta(hours=4)  # so long after the last event goods still leave
MESSAGES = dt.timedelta(hours=3)  # until the last word of it has arrived
ROUNDS = {"partner": dt.timedelta(minutes=30), "person": dt.timedelta(minutes=45)}
PARTNER, PANEL = "A", "B"

# What happens, and how often among a hundred events. Each shipment is an event too, when its time comes.
HAPPENINGS = {
    "sale": 47, "cancel": 6, "restock": 10, "loss": 3, "level_report": 13, "correction": 4, "count": 2, "void": 3,
}  # fmt: skip
SETTINGS = (Rules(), Rules(reserve=1, minimum=2, cap=25), Rules(minimum=3))


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


@dataclass(frozen=True, slots=True)
class Shipped:
    """Something that left, as far as it is needed to take it back."""

    fulfillment: int
    request: Request
    number: str
    house: str
    parts: Mapping[str, int]
    at: dt.datetime


class Story:
    def __init__(self, hands: Hands, seed: int, events: int) -> None:
        self.hands = hands
        self.dice = random.Random(seed)
        self.events = events
        self.now = START
        self.done: Counter[str] = Counter()
        self.queue: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.shipped: list[Shipped] = []
        self.unrest: list[str] = []
        self.closed = False
        self.leaving: set[str] = set()  # requests of which something left that was not told yet

    # --- the week

    def run(self) -> None:
        self._open_shop()
        for round_, every in ROUNDS.items():
            self._again(every, getattr(self, f"_{round_}_round"))
        self._again(PULSE, self._pulse)
        settings = iter(SETTINGS[1:])
        part = self.events // len(SETTINGS)
        while sum(self.done.values()) < self.events:
            self._pass(minutes(self.dice.expovariate(1 / GAP)))
            if sum(self.done.values()) >= part:
                part += self.events // len(SETTINGS)
                self._change_rules(next(settings, SETTINGS[0]))
            self._something_happens()
        self._settle()

    def check(self) -> list[str]:
        """What is not as it should be, in the end."""
        wrong = []
        for sku in sorted(self.model.listings):
            shows, product = self.hands.shown(sku), self.model.listings[sku].product
            each, whole = self.model.shown_at(sku), self.model.shown(sku)
            if each is not None and shows != each:
                wrong.append(f"{sku}: the store shows {shows}, right is {each}" + self.model.story_of(product))
            elif sum(shows.values()) != whole:
                wrong.append(f"{sku}: the store shows {shows}, right is {whole} in all" + self.model.story_of(product))
        return [*wrong, *self.hands.oddities(), *self.unrest]

    # --- the beginning

    def _open_shop(self) -> None:
        hands, dice = self.hands, self.dice
        hands.move_to(self.now)
        hands.open()
        goods = {sku: Goods(sku) for sku in hands.singles}
        goods |= {pack: Goods(single, 2) for pack, single in hands.packs.items()}
        self.model = Model(hands.places, goods, SETTINGS[0])
        self.model.now = f"{self.now:%A %H:%M:%S}"
        self.products = sorted({one.product for one in goods.values()})
        self.popular = dice.sample(sorted(goods), k=max(len(goods) // 8, 3))
        self.siblings = {one.product for one in goods.values() if one.units > 1}
        for house in (PARTNER, PANEL):
            for product in self.products:
                scarce = product in self.popular
                self.model.stock(house, product, dice.randrange(0, 5 if scarce else 60))
        self._tick_over(1)
        levels = {product: self.model.on_hand[PARTNER, product] for product in self.products}
        hands.report_levels(levels, self.now)
        self._tick_over(1)
        hands.count({product: self.model.on_hand[PANEL, product] for product in self.products})
        self._tick_over(1)
        self._work()
        hands.go_live()
        self._tick_over(1)
        self._work()
        hands.first_push()
        self._tick_over(1)
        self._work()
        # What the store showed already it was not told; from now on every number counts as told.
        for sku in sorted(goods):
            for place, number in hands.shown(sku).items():
                self.model.told(place, sku, number)
        hands.misbehave()

    # --- time

    def _at(self, when: dt.datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (when, next(self.order), what))

    def _later(self, least: float, most: float, what: Callable[[], None]) -> None:
        self._at(self.now + minutes(self.dice.uniform(least, most)), what)

    def _again(self, every: dt.timedelta, what: Callable[[], None]) -> None:
        def do() -> None:
            what()
            self._at(self.now + every, do)

        self._at(self.now + every, do)

    def _pass(self, time: dt.timedelta) -> None:
        """Let time go on, with all that falls into it."""
        until = self.now + time
        while self.queue and self.queue[0][0] <= until:
            when, _, what = heapq.heappop(self.queue)
            self._move(when)
            what()
        self._move(until)

    def _move(self, when: dt.datetime) -> None:
        """No two things happen at the same moment."""
        self.now = max(when, self.now + dt.timedelta(milliseconds=20))
        self.hands.move_to(self.now)
        self.model.now = f"{self.now:%A %H:%M:%S}"

    def _tick_over(self, number: float) -> None:
        self._move(self.now + minutes(number))

    def _pulse(self) -> None:
        self.hands.tick()
        self._work()

    def _work(self) -> None:
        """Workers do what waits; what the store was told meanwhile is held against what is true."""
        self.hands.work()
        for place, sku, number in self.hands.written():
            self.model.told(place, sku, number)
        if self.hands.has_read_orders():
            self.model.read_orders()

    def _maybe_work(self) -> None:
        if self.dice.random() < 0.3:
            self._later(0.02, 0.5, self._work)

    # --- what happens

    def _something_happens(self) -> None:
        [what] = self.dice.choices(list(HAPPENINGS), HAPPENINGS.values())
        if getattr(self, f"_{what}")():
            self.done[what] += 1
            self._maybe_work()

    def _change_rules(self, rules: Rules) -> None:
        self.hands.change_rules(rules)
        self.hands.map_ways(odd=True)
        self.model.rules = rules
        self.done["settings"] += 1

    def _sale(self) -> bool:
        dice, model = self.dice, self.model
        place = dice.choice(sorted(model.places))
        house = dice.choice(model.places[place])
        quantity = dice.choice((1, 1, 1, 1, 2, 2, 3))
        wanted = {dice.choice(self.popular if dice.random() < 0.5 else sorted(model.listings))}
        wanted |= {dice.choice(sorted(model.listings)) for _ in range(dice.choice((0, 0, 1, 2)))}
        skus = [sku for sku in sorted(wanted) if self.hands.shown(sku)[place] >= quantity]
        if not skus:
            return False
        paid = dice.random() > 0.1 or any(model.listings[sku].product in self.siblings for sku in skus)
        number = self.hands.place_order(skus, quantity, house, paid=paid, odd_way=dice.random() < 0.05)
        model.sell(number, [Line(sku, model.listings[sku], quantity, house) for sku in skus], paid=paid)
        if dice.random() < 0.4:
            self._later(0.03, 1, lambda: self._webhook(number))
        if not paid and dice.random() < 0.8:
            self._later(60, 1800, lambda: self._payment(number))
        return True

    def _webhook(self, number: str) -> None:
        self.hands.webhook(number)
        if self.dice.random() < 0.6:
            self._later(0.01, 0.1, self._work)

    def _payment(self, number: str) -> None:
        sale = self.model.sales[number]
        if not sale.canceled:
            self.hands.pay(number)
            self.model.pay(number)

    def _cancel(self) -> bool:
        sale = self._some_sale()
        if sale is None:
            return False
        self.hands.cancel(sale, restock=self.dice.random() < 0.7)
        self.model.cancel(sale)
        if self.dice.random() < 0.5:
            self._later(0.03, 1, lambda: self._webhook(sale))
        return True

    def _some_sale(self) -> str | None:
        """One of the newest orders of which nothing has left."""
        newest = itertools.islice(reversed(self.model.sales.values()), 150)
        open_ = [s.number for s in newest if not s.canceled and not any(line.shipped for line in s.lines)]
        return self.dice.choice(open_) if open_ else None

    def _restock(self) -> bool:
        product, most = self.dice.choice(self.products), 20
        if self.dice.random() < 0.5:  # of what everybody wants there is never enough
            product, most = self.model.listings[self.dice.choice(self.popular)].product, 6
        house = self.dice.choice((PARTNER, PARTNER, PANEL))
        self._goods_move(house, product, self.dice.randrange(1, most))
        return True

    def _loss(self) -> bool:
        """Pieces break or vanish; never those that somebody has bought."""
        product, house = self.dice.choice(self.products), self.dice.choice((PARTNER, PANEL))
        level = self.model.level(house, product, available=self._reports_available(house))
        most = min(self.model.free(product), level, 3)
        if most < 1:
            return False
        self._goods_move(house, product, -self.dice.randint(1, most))
        return True

    def _goods_move(self, house: str, product: str, pieces: int) -> None:
        at = self.now
        self.model.change(house, product, pieces, at)
        if house == PANEL:
            self._correct(product, pieces)
        elif self.dice.random() < 0.4:
            ref = f"ADJ-{next(self.order)}"
            self._tell(lambda: self._adjust(product, pieces, at, ref))

    def _tell(self, message: Callable[[], None]) -> None:
        """A message of the warehouse: mostly soon, sometimes late, sometimes twice."""
        self._later(*((0.05, 5) if self.dice.random() < 0.8 else (30, 180)), message)
        if self.dice.random() < 0.05:
            self._later(1, 240, message)

    def _adjust(self, product: str, pieces: int, at: dt.datetime, ref: str) -> None:
        if self.hands.adjust(product, pieces, at, ref):
            self.model.adjusted(PARTNER, product, at)
        self._maybe_work()

    def _correct(self, product: str, pieces: int) -> None:
        """A person says so at once; where the panel would not take it, he counts."""
        if self.hands.correct(product, pieces):
            self.model.adjusted(PANEL, product, self.now)
        else:
            self._count_these([product])

    def _correction(self) -> bool:
        """A person finds a piece more, or a few."""
        product = self.dice.choice(self.products)
        self._goods_move(PANEL, product, self.dice.randint(1, 4))
        return True

    def _count(self) -> bool:
        self._count_these(self.dice.sample(self.products, min(len(self.products), self.dice.randint(1, 15))))
        return True

    def _count_these(self, products: list[str]) -> None:
        levels = {product: self.model.on_hand[PANEL, product] for product in products}
        self.hands.count(levels)
        for product in products:
            self.model.report(PANEL, product, self.now)

    def _level_report(self) -> bool:
        untold = [product for product in self.model.untold_products(PARTNER) if self.dice.random() < 0.6]
        some = self.dice.sample(self.products, min(len(self.products), self.dice.randint(1, 40)))
        self._report(sorted({*untold, *some}))
        return True

    def _report(self, products: list[str], *, at_once: bool = False) -> None:
        taken_at, available = self.now, self._reports_available(PARTNER)
        levels = {product: self.model.level(PARTNER, product, available=available) for product in products}

        def arrive() -> None:
            for product in self.hands.report_levels(levels, taken_at):
                self.model.report(PARTNER, product, taken_at)
            self._maybe_work()

        arrive() if at_once else self._tell(arrive)

    def _reports_available(self, house: str) -> bool:
        return house == PARTNER and self.hands.partner_reports_available

    # --- shipping

    def _partner_round(self) -> None:
        self._round(PARTNER)

    def _person_round(self) -> None:
        self.hands.map_ways(odd=False)
        self._round(PANEL)

    def _round(self, house: str) -> None:
        chosen = []
        for request in self.hands.offered(house):
            sale = self.model.sales[request.number]
            if self._reports_available(house) and not self._is_there(house, sale):
                continue  # it promises only what it has: its numbers never fall below 0
            self.model.take(request.number, house)
            chosen.append(request)
        self.hands.acknowledge(house, chosen)
        for request in chosen:
            self._later(60, 480, lambda request=request: self._ship(house, request))  # type: ignore[misc]
        for request in self.hands.asked_to_stop(house):
            if request.pk not in self.leaving:  # who has just shipped it says so first
                self._answer(house, request)

    def _is_there(self, house: str, sale: Sale) -> bool:
        needed: Counter[str] = Counter()
        for line in sale.lines:
            needed[line.goods.product] += line.pieces
        return all(self.model.level(house, product, available=True) >= n for product, n in needed.items())

    def _answer(self, house: str, request: Request) -> None:
        stopped = self.dice.random() < 0.8
        self.hands.answer_cancel(house, request, stopped=stopped)
        if stopped:
            self.model.stop(request.number, house, self.now, available=self._reports_available(house))

    def _ship(self, house: str, request: Request) -> None:
        """What is there leaves, sometimes half of it first; the rest waits for goods."""
        sale = self.model.sales[request.number]
        if house not in sale.taken or self.closed:
            return
        left, parts = {}, {}
        lies: dict[str, int] = {}
        for line in sale.lines:
            if line.left:
                left[line.sku], product = line.left, line.goods.product
                lies.setdefault(product, self.model.on_hand[house, product])
                if line.pieces <= lies[product]:
                    parts[line.sku] = line.left
                    lies[product] -= line.pieces
        if len(parts) > 1 and self.dice.random() < 0.25:
            parts.pop(self.dice.choice(sorted(parts)))
        if parts:
            self.done["shipment"] += 1
            self.model.ship(request.number, house, parts)
            self.leaving.add(request.pk)
            at = self.now
            if house == PANEL:
                self._report_shipped(house, request, parts, at)
            else:
                late = (0.1, 20) if self.dice.random() < 0.9 else (30, 150)
                self._later(*late, lambda: self._report_shipped(house, request, parts, at))
        if parts != left:
            self._later(120, 600, lambda: self._ship(house, request))

    def _report_shipped(self, house: str, request: Request, parts: Mapping[str, int], at: dt.datetime) -> None:
        fulfillment = self.hands.report_shipped(house, request, parts, at)
        self.model.shipped_told(request.number, house, parts)
        self.leaving.discard(request.pk)
        self.shipped.append(Shipped(fulfillment, request, request.number, house, parts, self.now))
        self._maybe_work()

    def _void(self) -> bool:
        """What was said to have left comes back to the shelf, and ships again later."""
        recent = [s for s in self.shipped if s.at > self.now - dt.timedelta(days=1)]
        recent = [s for s in recent if not self.model.sales[s.number].canceled]
        if not recent:
            return False
        back = self.dice.choice(recent)
        self.shipped.remove(back)
        self.hands.void(back.fulfillment)
        self.model.void(back.number, back.house, back.parts, self.now)
        self._later(30, 300, lambda: self._ship(back.house, back.request))
        return True

    # --- the end

    def _settle(self) -> None:
        """Nobody buys any more; whatever is under way arrives, the warehouses name what they never told."""
        self.hands.behave()
        self._pass(UNDER_WAY)
        self.closed = True
        self._pass(MESSAGES)
        self._report(self.products, at_once=True)
        self._tick_over(1)
        self._count_these(self.products)
        quiet = 0
        for _ in range(60):
            self._tick_over(5)
            before = self.model.writes
            self._pulse()
            quiet = 0 if self.hands.unrest() or self.model.writes != before else quiet + 1
            if quiet == 3:
                return
        self.unrest = self.hands.unrest()

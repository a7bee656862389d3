"""What is true in the simulated week. Plain Python: nothing of the product is imported here, nothing is asked of it.

The model keeps what lies in each warehouse, what is sold and has not left, and which of that nobody has told the panel
yet: an order that it has not read, goods whose arrival no report has named. From these follow

    what a store has to show once everything was told (`shown`, `shown_at`),
    between which numbers it may be told something before (`bounds`),
    and by how much a product may be oversold (`sell` checks each sale).

The rules, as the help states them: the sum over the mapped warehouses, minus open orders, in the listing's own units;
minus the reserve; at least 0; below the minimum 0; at most the cap. Where the store counts places for themselves, each
shows what is free there, and together never more than one place for all would.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

REMEMBERED = 25  # things that happened to a product


class Broken(AssertionError):
    """The store was told, or a buyer could buy, what must not be."""


@dataclass(frozen=True, slots=True)
class Rules:
    reserve: int = 0
    minimum: int = 0
    cap: int | None = None

    def of(self, number: int) -> int:
        number = max(number - self.reserve, 0)
        if number < self.minimum:
            return 0
        return number if self.cap is None else min(number, self.cap)

    @property
    def plain(self) -> bool:
        return not self.reserve and not self.minimum and self.cap is None


def leveled(rests: Mapping[str, int]) -> dict[str, int]:
    """Two places: what one lacks, the other one has to give."""
    (one, first), (two, second) = rests.items()
    if first < 0 < second:
        return {one: 0, two: max(first + second, 0)}
    if second < 0 < first:
        return {one: max(first + second, 0), two: 0}
    return dict(rests)


@dataclass(frozen=True, slots=True)
class Goods:
    """What one listing is: so many pieces of a product."""

    product: str
    units: int = 1


@dataclass(slots=True)
class Line:
    sku: str
    goods: Goods
    quantity: int
    house: str
    shipped: int = 0

    @property
    def left(self) -> int:
        return self.quantity - self.shipped

    @property
    def pieces(self) -> int:
        return self.left * self.goods.units


@dataclass(slots=True)
class Sale:
    """`read`: the panel knows of it; `placed`: it also knows from where it ships (an order left out is not)."""

    number: str
    lines: list[Line]
    paid: bool = True
    read: bool = False
    placed: bool = False
    canceled: bool = False
    cancel_read: bool = False
    taken: set[str] = field(default_factory=set)  # by these warehouses, who have not been stopped

    def needs(self, line: Line) -> bool:
        """Whether these pieces still have to leave: also of a canceled order, while a warehouse may be packing it."""
        return line.left > 0 and (not self.canceled or line.house in self.taken)


@dataclass(frozen=True, slots=True)
class Untold:
    """Goods that came (or went) in a warehouse without a word to the panel, at that moment."""

    house: str
    product: str
    pieces: int
    at: dt.datetime


@dataclass(slots=True)
class Slack:
    """By how much what the panel was told may differ from what is true: so many more, so many fewer."""

    more: int = 0
    fewer: int = 0


@dataclass(slots=True)
class Told:
    """The last number a place of the store was told of a listing."""

    number: int
    slack: int  # what nobody had told the panel by then
    sold: int = 0  # pieces of the product sold since, through any listing


@dataclass(slots=True)
class Oversold:
    """The worst that happened, for the report."""

    times: int = 0
    most: int = 0
    by_untold: int = 0  # sales that only what nobody had told explains


class Model:
    """`places`: where the store counts (its locations, or one place for all) and the warehouses each stands for."""

    def __init__(self, places: Mapping[str, Sequence[str]], listings: Mapping[str, Goods], rules: Rules) -> None:
        self.places = {place: tuple(houses) for place, houses in places.items()}
        self.listings = dict(listings)
        self.rules = rules
        self.on_hand: dict[tuple[str, str], int] = defaultdict(int)
        self.sales: dict[str, Sale] = {}
        self.unread: dict[str, Sale] = {}  # something happened to them that the panel has not read
        self.oversold = Oversold()
        self.writes = 0
        self.now = ""  # for the history
        self._history: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._open: dict[str, dict[str, Sale]] = defaultdict(dict)  # product -> number -> sale
        self._untold: dict[str, list[Untold]] = defaultdict(list)
        self._left_untold: dict[tuple[str, str], int] = defaultdict(int)
        self._told: dict[tuple[str, str], Told] = {}
        self._siblings: dict[str, list[str]] = defaultdict(list)
        for sku, goods in self.listings.items():
            self._siblings[goods.product].append(sku)

    # --- what happens in the warehouses

    def stock(self, house: str, product: str, pieces: int) -> None:
        """What lies there in the beginning, and is told at once."""
        self.on_hand[house, product] = pieces
        self._note(product, f"{pieces} in {house}")

    def change(self, house: str, product: str, pieces: int, at: dt.datetime) -> None:
        """Goods came or went, and nobody was told so far."""
        self.on_hand[house, product] += pieces
        self._untold[product].append(Untold(house, product, pieces, at))
        self._note(product, f"{pieces:+} in {house}")

    def report(self, house: str, product: str, taken_at: dt.datetime) -> None:
        """A level taken then has arrived: what happened before is told."""
        rest = [u for u in self._untold[product] if u.house != house or u.at > taken_at]
        self._untold[product] = rest
        self._note(product, f"{house} has reported its level of {taken_at:%A %H:%M:%S}")

    def adjusted(self, house: str, product: str, at: dt.datetime) -> None:
        """The change of that moment was told for itself."""
        rest = [u for u in self._untold[product] if u.house != house or u.at != at]
        self._untold[product] = rest
        self._note(product, f"{house} has told its change of {at:%A %H:%M:%S}")

    def is_untold(self, house: str, product: str) -> bool:
        return any(u.house == house for u in self._untold[product])

    def untold_products(self, house: str) -> list[str]:
        return sorted(product for product in self._untold if self.is_untold(house, product))

    def level(self, house: str, product: str, *, available: bool) -> int:
        """What the warehouse counts: all that lies there, or without what it has in hand to ship."""
        lies = self.on_hand[house, product]
        if not available:
            return lies
        lines = ((sale, line) for sale, line in self._lines(product) if line.house == house)
        return lies - sum(line.pieces for sale, line in lines if house in sale.taken)

    # --- what happens to orders

    def sell(self, number: str, lines: Iterable[Line], *, paid: bool) -> Sale:
        """Somebody bought, what the store showed. Raises Broken when more was oversold than sold since it was told."""
        sale = Sale(number, list(lines), paid=paid)
        before = {line.goods.product: -self.free(line.goods.product) for line in sale.lines}
        self.sales[number] = self.unread[number] = sale
        for line in sale.lines:
            self._open[line.goods.product][number] = sale
            self._count_sold(line)
            self._note(line.goods.product, f"order {number}: {line.quantity} {line.sku}, {paid=}, from {line.house}")
        for line in sale.lines:
            self._check_oversold(line, before)
        return sale

    def pay(self, number: str) -> None:
        sale = self.unread[number] = self.sales[number]
        sale.paid = True
        self._note_sale(sale, "paid")

    def cancel(self, number: str) -> None:
        sale = self.unread[number] = self.sales[number]
        sale.canceled = True
        self._note_sale(sale, "canceled")

    def read_orders(self) -> None:
        """The panel has read everything that changed in the store so far."""
        for sale in self.unread.values():
            self._note_sale(sale, "read")
            sale.read = True
            sale.placed = sale.placed or (sale.paid and not sale.canceled)
            sale.cancel_read = sale.canceled
        self.unread.clear()

    def take(self, number: str, house: str) -> None:
        """The warehouse has it in hand."""
        self.sales[number].taken.add(house)
        self._note_sale(self.sales[number], f"taken by {house}")

    def stop(self, number: str, house: str, at: dt.datetime, *, available: bool) -> None:
        """The warehouse was asked to stop, and did.

        `available`: its levels were without these pieces, and only its next one says that they are there again.
        """
        sale = self.sales[number]
        sale.taken.discard(house)
        self._note_sale(sale, f"stopped by {house}")
        for line in sale.lines if available else ():
            if line.house == house and line.left:
                self._untold[line.goods.product].append(Untold(house, line.goods.product, line.pieces, at))

    def ship(self, number: str, house: str, parts: Mapping[str, int]) -> None:
        """So many of each listing left; the panel hears of it later (`shipped_told`)."""
        for line, quantity in self._parts(number, house, parts):
            line.shipped += quantity
            self._note(line.goods.product, f"order {number}: {quantity} {line.sku} left {house}")
            self.on_hand[house, line.goods.product] -= quantity * line.goods.units
            self._left_untold[house, line.goods.product] += quantity * line.goods.units

    def shipped_told(self, number: str, house: str, parts: Mapping[str, int]) -> None:
        for line, quantity in self._parts(number, house, parts):
            self._left_untold[house, line.goods.product] -= quantity * line.goods.units
            self._note(line.goods.product, f"order {number}: {house} has told of {quantity} {line.sku}")

    def void(self, number: str, house: str, parts: Mapping[str, int], at: dt.datetime) -> None:
        """It is back on the shelf, and the panel knows that it did not leave.

        A level that was taken in between was without it, and the panel cannot know that: the next level says so.
        """
        sale = self.sales[number]
        sale.taken.add(house)
        for line, quantity in self._parts(number, house, parts):
            line.shipped -= quantity
            self._note(line.goods.product, f"order {number}: {quantity} {line.sku} are back in {house}")
            self.change(house, line.goods.product, quantity * line.goods.units, at)
            self._open[line.goods.product][number] = sale

    # --- what is true

    def free(self, product: str) -> int:
        """What lies anywhere and nobody has bought; negative when too much was sold."""
        rests, unplaced = self._rests(product)
        return sum(rests.values()) - unplaced

    def shown(self, sku: str) -> int:
        """What the store shows of the listing in all, once everything was told and sent."""
        goods = self.listings[sku]
        if goods.units == 1 or len(self.places) == 1:
            return self.rules.of(self.free(goods.product) // goods.units)
        rests, unplaced = self._rests(goods.product)
        if unplaced:
            raise NotImplementedError("Which place gives what has no place does not follow from the rules.")
        return self.rules.of(sum(rest // goods.units for rest in leveled(rests).values()))

    def shown_at(self, sku: str) -> dict[str, int] | None:
        """The same by place; None where the rules leave open how it is split."""
        rests, unplaced = self._rests(self.listings[sku].product)
        if len(rests) == 1:
            return {place: self.shown(sku) for place in rests}
        if unplaced or not self.rules.plain:
            return None
        return {place: max(rest, 0) // self.listings[sku].units for place, rest in leveled(rests).items()}

    def bounds(self, place: str, sku: str) -> tuple[int, int]:
        """The least and the most that the place may be told of the listing now, by what was told so far."""
        goods = self.listings[sku]
        rests, unplaced = self._rests(goods.product)
        slack = self._slack(place, goods.product)
        rest = rests[place]
        if len(rests) == 1:
            rest -= unplaced
            least, most = (self.rules.of((rest + by) // goods.units) for by in (-slack.fewer, slack.more))
            return least, most
        most = max((rest + slack.more) // goods.units, 0)
        most = most if self.rules.cap is None else min(most, self.rules.cap)
        if self.rules.minimum or self.rules.cap is not None:
            return 0, most
        # What has no place may be taken from any, what another place lacks too, and so may the reserve.
        others = {name: self._slack(name, goods.product) for name in rests if name != place}
        lacking = sum(max(slack.fewer - rests[name], 0) for name, slack in others.items())
        return max((rest - slack.fewer - unplaced - lacking) // goods.units - self.rules.reserve, 0), most

    # --- what the store is told

    def told(self, place: str, sku: str, number: int) -> None:
        """The store took this number. Raises Broken when nothing that the panel was told by now leads to it."""
        self.writes += 1
        least, most = self.bounds(place, sku)
        if not least <= number <= most:
            text = f"{sku} at {place or 'the store'} was told {number}; right is {least} to {most}."
            raise Broken(text + self.story_of(self.listings[sku].product))
        self._note(self.listings[sku].product, f"{place or 'the store'} was told {number} of {sku}")
        self._told[place, sku] = Told(number, self._unknown(self.listings[sku].product))

    def _count_sold(self, line: Line) -> None:
        for place in self.places:
            for sku in self._siblings[line.goods.product]:
                if told := self._told.get((place, sku)):
                    told.sold += line.quantity * line.goods.units

    def _check_oversold(self, line: Line, before: Mapping[str, int]) -> None:
        """A buyer sees what the place of this line was told last, less what was bought there since."""
        product = line.goods.product
        oversold, told = -self.free(product), self._told.get((self._place_of(line.house), line.sku))
        if oversold <= max(before[product], 0) or told is None:
            return
        self.oversold.times += 1
        self.oversold.most = max(self.oversold.most, oversold)
        if oversold > told.sold + told.slack:
            raise Broken(
                f"{line.sku} is oversold by {oversold}, but only {told.sold} were sold since the store was told "
                f"{told.number}, when {told.slack} were not known here." + self.story_of(product)
            )
        self.oversold.by_untold += oversold > told.sold

    # --- for whoever looks for a fault

    def story_of(self, product: str) -> str:
        """What happened to it last, a line for each thing."""
        return "".join(f"\n    {entry}" for entry in self._history[product])

    def _note(self, product: str, what: str) -> None:
        self._history[product].append(f"{self.now} {what}")

    def _note_sale(self, sale: Sale, what: str) -> None:
        for line in sale.lines:
            self._note(line.goods.product, f"order {sale.number}: {what}")

    # --- within

    def _place_of(self, house: str) -> str:
        return next(place for place, houses in self.places.items() if house in houses)

    def _parts(self, number: str, house: str, parts: Mapping[str, int]) -> Iterator[tuple[Line, int]]:
        for line in self.sales[number].lines:
            if line.house == house and parts.get(line.sku):
                yield line, parts[line.sku]

    def _lines(self, product: str) -> Iterator[tuple[Sale, Line]]:
        done = []
        for number, sale in self._open[product].items():
            lines = [line for line in sale.lines if line.goods.product == product and line.left]
            if not lines or (sale.canceled and sale.cancel_read and not sale.taken):
                done.append(number)
            for line in lines:
                yield sale, line
        for number in done:
            del self._open[product][number]

    def _needed(self, product: str) -> Iterator[tuple[Sale, Line]]:
        return ((sale, line) for sale, line in self._lines(product) if sale.needs(line))

    def _rests(self, product: str) -> tuple[dict[str, int], int]:
        """What is free at each place, apart from what is sold and has no place yet; and that."""
        rests = {place: sum(self.on_hand[house, product] for house in houses) for place, houses in self.places.items()}
        unplaced = 0
        for sale, line in self._needed(product):
            if sale.placed or sale.paid:
                rests[self._place_of(line.house)] -= line.pieces
            else:
                unplaced += line.pieces
        return rests, unplaced

    def _unknown(self, product: str) -> int:
        """Pieces that nobody has told the panel are missing."""
        return sum(self._slack(place, product).more for place in self.places)

    def _slack(self, place: str, product: str) -> Slack:
        slack, houses = Slack(), self.places[place]
        for change in self._untold[product]:
            if change.house in houses:
                slack.fewer += max(change.pieces, 0)
                slack.more += max(-change.pieces, 0)
        slack.fewer += sum(self._left_untold[house, product] for house in houses)
        for sale, line in self._lines(product):
            in_doubt = sale.canceled and (not sale.cancel_read or line.house in sale.taken)
            here = line.house in houses
            # An order that was left out names no place: until it is known to be paid it may be counted at any.
            moves = len(self.places) > 1 and sale.read and sale.paid and not sale.placed
            if here and not sale.read and not sale.canceled:
                slack.more += line.pieces
            if (here and in_doubt) or moves:
                slack.more += line.pieces
                slack.fewer += line.pieces
        return slack

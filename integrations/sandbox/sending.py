"""How a stand-in store delivers: one delivery after the other, each until it is taken or the tries are over."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(order=True)
class Delivery:
    due: float
    number: int
    event: str = field(compare=False)
    url: str = field(compare=False)
    post: Callable[[], bool] = field(compare=False)  # whether it was taken
    again: bool = field(default=True, compare=False)
    tries: int = field(default=0, compare=False)
    taken: bool = field(default=False, compare=False)


class Sender(threading.Thread):
    """`urls` are the app's addresses, `retries` the seconds between the tries, `patience` how long one may last."""

    def __init__(self, name: str, urls: Iterable[str], retries: tuple[float, ...], patience: float):
        super().__init__(name=name, daemon=True)
        self.urls, self.retries, self.patience = list(urls), retries, patience
        self.waiting: list[Delivery] = []
        self.log: list[Delivery] = []  # the last deliveries, for the control page
        self.change = threading.Condition()
        self.counter = itertools.count()
        self.busy = self.stopped = False

    def deliver(self, event: str, url: str, post: Callable[[], bool], *, late: float = 0.0, again: bool = True) -> None:
        with self.change:
            delivery = Delivery(time.monotonic() + late, next(self.counter), event, url, post, again)
            heapq.heappush(self.waiting, delivery)
            self.log = [*self.log[-49:], delivery]
            self.change.notify()

    def run(self) -> None:
        while True:
            with self.change:
                while not self.stopped and (not self.waiting or self.waiting[0].due > time.monotonic()):
                    self.change.wait(self.waiting[0].due - time.monotonic() if self.waiting else None)
                if self.stopped:
                    return
                delivery = heapq.heappop(self.waiting)
                self.busy = True
            taken = delivery.post()
            with self.change:
                self.busy = False
                delivery.taken, delivery.tries = taken, delivery.tries + 1
                if not taken and delivery.again and delivery.tries <= len(self.retries):
                    delivery.due = time.monotonic() + self.retries[delivery.tries - 1]
                    heapq.heappush(self.waiting, delivery)
                self.change.notify_all()

    def deliveries(self) -> list[dict[str, Any]]:
        """The last fifty: event, url, tries, whether it was taken."""
        with self.change:
            return [{"event": one.event, "url": one.url, "tries": one.tries, "taken": one.taken} for one in self.log]

    def drain(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is waiting; whether that came true in time."""
        end = time.monotonic() + seconds
        with self.change:
            while (self.waiting or self.busy) and time.monotonic() < end:
                self.change.wait(end - time.monotonic())
            return not self.waiting and not self.busy

    def stop(self) -> None:
        with self.change:
            self.stopped = True
            self.change.notify_all()
        if self.is_alive():
            self.join(self.patience + 1)

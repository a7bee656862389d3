"""One week from its beginning to its end, and what is to be said of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.week.hands import Hands
from tests.week.model import Broken
from tests.week.story import Story

SHOWN = 20  # wrong numbers


@dataclass(frozen=True, slots=True)
class Outcome:
    store: str
    seed: int
    skus: int
    done: Counter[str]
    writes: int
    questions: int
    oversold: str
    seconds: float
    wrong: list[str]

    def __str__(self) -> str:
        events = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in self.done.most_common())
        text = (
            f"{self.store} seed {self.seed}: {sum(self.done.values())} events with {self.skus} SKUs in "
            f"{self.seconds:.0f} s ({events}); {self.writes} numbers told, {self.questions} questions of a guard; "
            f"oversold: {self.oversold}. "
        )
        if not self.wrong:
            return text + "Every number is right."
        more = [f"and {len(self.wrong) - SHOWN} more"] if len(self.wrong) > SHOWN else []
        return text + "\n  ".join(["NOT RIGHT:", *self.wrong[:SHOWN], *more])


def live_a_week(settings: Any, store: str, *, skus: int, events: int, seed: int) -> Outcome:
    """`settings`: Django's, or pytest's fixture of that name. With V3 goes the warehouse that reports available."""
    began = time.monotonic()
    with Hands(store, skus, seed, available=store == "v3") as hands:
        info = hands.box.info["wix"]
        settings.FCP_SANDBOX_PORT = hands.box.server.server_address[1]
        settings.FCP_WIX_APP_ID = info["app_id"]
        settings.FCP_WIX_APP_SECRET = info["app_secret"]
        settings.FCP_WIX_PUBLIC_KEY = info["public_key"]
        story = Story(hands, seed, events)
        try:
            story.run()
            wrong = story.check()
        except Broken as broken:
            wrong = [f"{story.now:%A %H:%M:%S}, after {sum(story.done.values())} events: {broken}"]
        oversold = story.model.oversold
        said = f"{oversold.times} sales, by {oversold.most} at most, {oversold.by_untold} only by what was not told yet"
        return Outcome(
            store, seed, skus, story.done, story.model.writes, hands.questions, said, time.monotonic() - began, wrong
        )

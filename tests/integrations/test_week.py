"""A short simulated week: what a store shows in the end is what a plain model says. `make week` is the whole one.

Here it is the same week each time; `make week` lives another one each time.
"""

import os

import pytest

from tests.week.running import live_a_week


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.req("TECH-42", "EIM-25", "EIM-33")
@pytest.mark.parametrize("store", ["v1", "v3"])
def test_after_a_week_of_everything_the_store_shows_what_is_there(store, settings):
    seed = int(os.environ.get("FCP_WEEK_SEED", "20261116"))

    outcome = live_a_week(settings, store, skus=30, events=150, seed=seed)

    print(f"FCP_WEEK_SEED={seed} {outcome}")
    assert not outcome.wrong, str(outcome)
    assert sum(outcome.done.values()) >= 150
    assert outcome.done["shipment"] > 0

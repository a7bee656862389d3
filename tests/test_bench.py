"""The figures that need no quiet machine: how often each store is asked, against the least its platform allows."""

import pytest

from tests.bench import databases, measure_calls
from tests.bench.shops import SHOPS


@pytest.mark.slow
def test_no_store_is_asked_more_often_than_its_platform_makes_necessary(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ORDERS": 220, "PRODUCTS": 220, "SHIPMENTS": 120}.items():
        monkeypatch.setattr(measure_calls, name, value)
    databases.prepare(["sqlite"])

    figures = list(measure_calls.measure_all(["sqlite"]))

    assert len(figures) == 5 * len(SHOPS)
    assert [figure.row() for figure in figures if figure.value != 1.0] == []

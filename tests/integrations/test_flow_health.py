"""What the panel says of a flow that has never run."""

import datetime as dt

import pytest

from integrations.health import Level, flow_health, health_of
from integrations.lease import start
from integrations.tick import tick
from tests.integrations.flows.flows import NOW, make_flow

pytestmark = pytest.mark.django_db


def test_a_first_read_that_nobody_begins_is_late():
    flow = make_flow(last_ok_at=None)
    tick(NOW)
    flow.refresh_from_db()

    soon = flow_health(flow, NOW + dt.timedelta(minutes=1))
    assert (soon.level, soon.words) == (Level.good, "First orders now")
    late = flow_health(flow, NOW + dt.timedelta(minutes=25))
    assert (late.level, late.since) == (Level.late, NOW)
    assert late.words == "First orders due for 25 min, not begun yet"
    assert health_of(flow.integration, [flow], NOW + dt.timedelta(minutes=25)).level is Level.late


def test_a_first_read_that_runs_long_is_not_late():
    flow = make_flow(last_ok_at=None)
    tick(NOW)
    flow.refresh_from_db()
    assert start(flow.pk, flow.gen, NOW + dt.timedelta(minutes=30))
    flow.refresh_from_db()

    health = flow_health(flow, NOW + dt.timedelta(minutes=30))

    assert (health.level, health.words) == (Level.good, "Orders running now")

"""The public addresses for outside monitors."""

import datetime as dt

import pytest
from django.utils import timezone

from fcp.models import Heartbeat
from fcp.tasks import WORKER, heartbeat
from tests.integrations.flows.flows import make_flow

pytestmark = pytest.mark.django_db


def test_the_process_says_that_it_lives_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_an_installation_whose_worker_beats_is_ready(client):
    heartbeat(WORKER)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "problems": {}}


def test_without_a_worker_or_with_a_silent_one_it_is_not(client):
    assert client.get("/readyz").json()["problems"] == {"worker": "No worker has shown a sign of life yet."}

    Heartbeat.objects.create(name=WORKER, at=timezone.now() - dt.timedelta(minutes=10))

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "seconds old" in answer.json()["problems"]["worker"]


def test_syncs_that_are_due_and_not_run_show(client):
    heartbeat(WORKER)
    make_flow(due_at=timezone.now() - dt.timedelta(minutes=30))

    assert "schedule" in client.get("/readyz").json()["problems"]

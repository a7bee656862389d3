"""The public addresses for outside monitors."""

import datetime as dt

import pytest
from django.utils import timezone
from django_q.signals import pre_execute

from fcp import tasks
from fcp.models import Heartbeat
from fcp.tasks import SLOW_WORKER, WORKER, heartbeat
from tests.integrations.flows.flows import make_flow

pytestmark = pytest.mark.django_db


def test_the_process_says_that_it_lives_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_a_load_balancer_asks_by_the_machines_address_and_gets_nothing_else(client, settings):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["panel.example.com"], True
    by_address = {"Host": "10.0.0.7:8020"}

    assert client.get("/healthz", headers=by_address).content == b"ok\n"
    assert client.get("/readyz", headers=by_address).json()["ready"] is False
    assert client.post("/readyz", headers=by_address).status_code == 405
    assert client.get("/accounts/login/", headers=by_address).status_code == 400


def test_an_installation_whose_queues_beat_is_ready(client):
    heartbeat(WORKER)
    heartbeat(SLOW_WORKER)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "problems": {}}


def test_without_a_worker_or_with_a_silent_one_it_is_not(client):
    heartbeat(SLOW_WORKER)
    assert client.get("/readyz").json()["problems"] == {"worker": "There was no sign of life of a worker yet."}

    Heartbeat.objects.create(name=WORKER, at=timezone.now() - dt.timedelta(minutes=10))

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "seconds old" in answer.json()["problems"]["worker"]


def test_without_a_slow_queue_it_is_not_for_no_first_import_and_no_catalogue_comes(client):
    heartbeat(WORKER)
    assert set(client.get("/readyz").json()["problems"]) == {"worker_slow"}

    Heartbeat.objects.create(name=SLOW_WORKER, at=timezone.now() - dt.timedelta(minutes=11))

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "slow queue" in answer.json()["problems"]["worker_slow"]


def test_a_slow_queue_with_much_to_do_shows_life_by_what_it_does(monkeypatch):
    """Its own heartbeats wait at the end of the queue."""
    monkeypatch.setattr(tasks, "_shown", dict(tasks._shown))
    monkeypatch.setenv("Q_CLUSTER_NAME", "slow")

    pre_execute.send(sender="django_q", func=None, task={})
    first = Heartbeat.objects.get(name=SLOW_WORKER).at
    pre_execute.send(sender="django_q", func=None, task={})

    assert not Heartbeat.objects.filter(name=WORKER).exists()
    assert Heartbeat.objects.get(name=SLOW_WORKER).at == first  # not with every one of many small tasks


def test_syncs_that_are_due_and_not_run_show(client):
    heartbeat(WORKER)
    make_flow(due_at=timezone.now() - dt.timedelta(minutes=30))

    assert "schedule" in client.get("/readyz").json()["problems"]

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from django_q.models import Schedule

from integrations.schedules import SCHEDULES


def test_migrating_makes_each_schedule_once_and_keeps_its_time(transactional_db):
    later = timezone.now() + timedelta(hours=5)
    Schedule.objects.filter(name="prune").update(next_run=later)

    call_command("migrate", verbosity=0)

    assert sorted(Schedule.objects.values_list("name", flat=True)) == sorted(SCHEDULES)
    assert Schedule.objects.get(name="prune").next_run == later


def test_migrating_mends_a_schedule_that_would_stop_all_others(transactional_db):
    Schedule.objects.filter(name="tick").update(args="not a literal(")
    Schedule.objects.create(name="stray", func="nowhere", args="broken(")

    call_command("migrate", verbosity=0)

    assert sorted(Schedule.objects.values_list("name", flat=True)) == sorted(SCHEDULES)
    assert Schedule.objects.get(name="tick").args is None

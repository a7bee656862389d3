"""What django-q runs for the installation itself."""

from django.utils import timezone

from fcp.models import Heartbeat

WORKER = "worker"  # the beat of the default queue
SLOW_WORKER = "worker_slow"


def heartbeat(name: str) -> None:
    """Proof that enqueueing, a worker and the database work together: the health address reads it."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from fcp.secrets import SecretField, UnreadableSecret, key_id

BATCH = 500


class Command(BaseCommand):
    help = (
        "Encrypts every stored secret with the first of FCP_FIELD_KEYS. Put a new key in front, run this, then remove "
        "the old one. Safe to stop and to run again while the panel works."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        current = key_id(settings.FCP_FIELD_KEYS[0])
        rotated = unreadable = 0
        for model in apps.get_models():
            for field in model._meta.local_fields:
                if isinstance(field, SecretField):
                    done, lost = self.rotate(model, field.attname, current)
                    rotated, unreadable = rotated + done, unreadable + lost
        self.stdout.write(f"{rotated} secrets now lie under key {current}.")
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets are under a key that is not in FCP_FIELD_KEYS; they stay as they are. "
                "Put that key back at the end of the list, or reconnect the integrations concerned."
            )

    def rotate(self, model: type[models.Model], name: str, current: str) -> tuple[int, int]:
        """(rewritten, unreadable). Rows are found by the key's name in front of the cipher, read raw."""
        done = lost = last = 0
        raw = models.functions.Cast(name, models.TextField())
        rows = model._default_manager.annotate(raw=raw).exclude(raw__startswith=f"{current}:").exclude(raw="")
        while True:
            batch = list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "raw")[:BATCH])
            if not batch:
                return done, lost
            for pk, cipher in batch:
                try:
                    plain = model._default_manager.values_list(name, flat=True).get(pk=pk)
                except UnreadableSecret:
                    lost += 1
                    continue
                # Only if nobody stored another secret meanwhile.
                done += rows.filter(pk=pk, raw=cipher).update(**{name: plain})
            last = batch[-1][0]

from __future__ import annotations

from django.db import models

from .accounts import Account, AccountQuerySet, User


class ImportState(models.TextChoices):
    PREVIEW = "preview", "Looked at, nothing written"
    IMPORTING = "importing", "Being imported"
    DONE = "done", "Imported"
    UNDOING = "undoing", "Being taken back"
    UNDONE = "undone", "Taken back"


RUNNING = (ImportState.IMPORTING.value, ImportState.UNDOING.value)


class FileImport(models.Model):
    """A file that a person sent: looked at at once, written when that person says so.

    `packed` holds its rows, in the order in which they are written; `position` is how many of them are. `counts` says
    what was found at first, `results` what became of the rows that were written.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    actor = models.CharField(max_length=120)
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.PREVIEW)
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(help_text="When its last rows were written.")
    position = models.PositiveIntegerField(default=0)
    writable = models.PositiveIntegerField(default=0, help_text="How many of its rows can be written.")
    counts = models.JSONField(default=dict)
    results = models.JSONField(default=dict)
    packed = models.BinaryField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="%(app_label)s_%(class)s_account"),
            models.Index(
                fields=["touched_at"],
                condition=models.Q(state__in=RUNNING),
                name="%(app_label)s_%(class)s_running",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

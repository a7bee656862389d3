"""What is written down of who did what to an integration."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fcp.models import AuditEntry
from integrations.models import Integration


def audit(integration: Integration, code: str, by: str, now: dt.datetime, **params: Any) -> None:
    """In the transaction of what was done."""
    AuditEntry.objects.create(
        account_id=integration.account_id,
        at=now,
        actor=by[:120],
        code=code,
        params={"integration": integration.nickname, **params},
    )

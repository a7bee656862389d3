"""Changing what an integration is called."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from integrations.auditing import audit
from integrations.models import Integration
from integrations.nicknames import check_nickname


def rename(integration: Integration, name: str, nickname: str, *, by: str, now: dt.datetime) -> bool:
    """Store name and nickname; False when both are as they were. Raises IntegrationError that names the field."""
    nickname = check_nickname(integration.account, nickname, integration)
    if (name, nickname) == (integration.name, integration.nickname):
        return False
    before = {"name": integration.name, "nickname": integration.nickname}
    try:
        with transaction.atomic():
            Integration.objects.filter(pk=integration.pk).update(name=name, nickname=nickname)
    except IntegrityError:  # somebody took it since we looked: the reason names who
        check_nickname(integration.account, nickname, integration)
        raise
    integration.name, integration.nickname = name, nickname
    audit(integration, "integration_renamed", by, now, before=before)
    return True

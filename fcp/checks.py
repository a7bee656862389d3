"""What `python manage.py check --deploy` says of an installation beside Django's own checks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def behind_a_proxy(app_configs: Any, **more: Any) -> list[CheckMessage]:
    if settings.FCP_TRUSTED_PROXIES or not settings.PRODUCTION:
        return []
    return [
        Warning(
            "FCP_TRUSTED_PROXIES is 0, but in production a reverse proxy stands in front of the panel.",
            hint="Set it to the number of proxies. With 0 all visitors share one limit of sign-ins, and behind a proxy "
            "on another machine every page leads to itself for ever.",
            id="fcp.W001",
        )
    ]

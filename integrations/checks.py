"""What is wrong with an installation's settings as far as stores are concerned, said at the start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error

from fcp.env import APP_VALUES
from integrations.connectors import CONNECTORS


def check_apps(**kwargs: Any) -> list[Error]:
    """The operator's apps are named after platforms that there are: a misspelt one would only never be used."""
    known = ", ".join(f"FCP_{key.upper()}_…" for key in CONNECTORS)
    return [
        Error(f"{name} is of no platform that this panel knows.", hint=f"The platforms are {known}.", id="fcp.E010")
        for name in dir(settings)
        if APP_VALUES.fullmatch(name) and name.split("_")[1].lower() not in CONNECTORS
    ]

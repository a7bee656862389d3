"""How we reach the stores: settings, credentials, flows, runs, and what was said on the way."""

from .connections import Credential, Integration, SettingsVersion
from .flows import Budget, Exchange, FailedRecord, Flow, Hint, Run
from .stock import StockPush, StockSent

__all__ = [
    "Budget",
    "Credential",
    "Exchange",
    "FailedRecord",
    "Flow",
    "Hint",
    "Integration",
    "Run",
    "SettingsVersion",
    "StockPush",
    "StockSent",
]

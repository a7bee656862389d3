"""How we reach the stores: settings, credentials, flows, runs, and what was said on the way."""

from .addresses import WebhookAddress
from .alerts import Alert, AlertKind, AlertSettings
from .connections import Credential, Integration, SettingsVersion
from .flows import Budget, Exchange, FailedRecord, Flow, Hint, Run
from .ledger import LedgerDay, LedgerGap
from .opinions import GuideOpinion, GuideReason
from .products import ProductPush, ProductPushRow, PushAction, PushState, RowState
from .rates import RateProfile
from .stock import StockPush, StockSent
from .ways import Invitation

__all__ = [
    "Alert",
    "AlertKind",
    "AlertSettings",
    "Budget",
    "Credential",
    "Exchange",
    "FailedRecord",
    "Flow",
    "GuideOpinion",
    "GuideReason",
    "Hint",
    "Integration",
    "Invitation",
    "LedgerDay",
    "LedgerGap",
    "ProductPush",
    "ProductPushRow",
    "PushAction",
    "PushState",
    "RateProfile",
    "RowState",
    "Run",
    "SettingsVersion",
    "StockPush",
    "StockSent",
    "WebhookAddress",
]

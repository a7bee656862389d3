"""The installation's own tables: who works here, for whom, with which keys."""

from .accounts import Account, AccountQuerySet, Membership, User
from .audit import AuditEntry, Heartbeat
from .imports import FileImport, ImportState
from .keys import ApiKey, IdempotentReply
from .stores import Partner, Store

__all__ = [
    "Account",
    "AccountQuerySet",
    "ApiKey",
    "AuditEntry",
    "FileImport",
    "Heartbeat",
    "IdempotentReply",
    "ImportState",
    "Membership",
    "Partner",
    "Store",
    "User",
]

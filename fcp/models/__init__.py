"""The installation's own tables: who works here, for whom, with which keys."""

from .accounts import Account, AccountQuerySet, Membership, User
from .audit import AuditEntry, Heartbeat
from .keys import ApiKey, IdempotentReply
from .stores import Partner, Store

__all__ = [
    "Account",
    "AccountQuerySet",
    "ApiKey",
    "AuditEntry",
    "Heartbeat",
    "IdempotentReply",
    "Membership",
    "Partner",
    "Store",
    "User",
]

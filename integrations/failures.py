"""Trying a record that failed once more, because a person asks for it."""

from __future__ import annotations

import datetime as dt

from integrations.connectors.declaring import FlowKind
from integrations.lease import ring
from integrations.models import FailedRecord, Flow

FLOW_OF = {"order": FlowKind.ORDERS, "listing": FlowKind.PRODUCTS}


def may_retry(record: FailedRecord) -> bool:
    """An order is read again by its id; a record without one only when the store shows it again."""
    return record.kind == "listing" or record.not_before is not None


def retry_record(record: FailedRecord, *, by: str, now: dt.datetime) -> bool:
    """Bring its next try forward and ring the flow. False when there is no way to ask for it."""
    kind = FLOW_OF.get(record.kind)
    if kind is None or not may_retry(record):
        return False
    flows = Flow.objects.filter(integration__store=record.store_id, kind=kind).on().values_list("pk", flat=True)
    if not flows:
        return False
    if record.not_before is not None:
        FailedRecord.objects.filter(pk=record.pk, mended_at=None).update(not_before=now)
    ring(list(flows), now, trigger="person", by=by)
    return True

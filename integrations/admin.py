"""Integrations for the operator's staff: looked up here, changed in the panel; nothing secret is shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from fcp.admin import LookUpAdmin, among
from integrations import (
    admin_rates,  # noqa: F401  # registers its own
    alert_admin,  # noqa: F401
    ledger_admin,  # noqa: F401
    live,
    product_admin,  # noqa: F401
)
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind, Mode
from integrations.deliveries import APP_HINTS, BY_NUMBER, ORDER_HINTS
from integrations.errors import IntegrationError
from integrations.failures import retry_record
from integrations.health import flow_health, health_of
from integrations.invitations import state_of
from integrations.lease import ring
from integrations.models import (
    Budget,
    Credential,
    Exchange,
    FailedRecord,
    Flow,
    Hint,
    Integration,
    Invitation,
    Run,
    SettingsVersion,
    StockPush,
    StockSent,
    WebhookAddress,
)
from integrations.runs import unblock
from integrations.settings_document import FLOWS, document_of
from integrations.settings_saving import lock, save, switched_on

HINTS = (*ORDER_HINTS, BY_NUMBER, *APP_HINTS)
TRIGGERS = ("schedule", "webhook", "person", "first")
ANSWERS = {str(status): f"{status} {status.phrase}" for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}


class FlowInline(admin.TabularInline):
    model = Flow
    fields = ["kind", "mode", "interval", "due_at", "last_ok_at", "failures", "blocked", "problem"]
    readonly_fields = ["kind", "mode", "interval", "due_at", "last_ok_at", "failures", "blocked", "problem"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)


@admin.register(Integration)
class IntegrationAdmin(LookUpAdmin):
    list_display = ["nickname", "name", "account", "store", "variant", "live", "paused", "health", "in_panel"]
    list_filter = ["store__platform", "live", "paused", "variant"]
    search_fields = ["nickname", "name", "account__name", "store__name", "store__uid"]
    list_select_related = ["account", "store"]
    inlines = [FlowInline]
    actions = ["sync_now", "try_the_key", "pause_handing_over", "resume_handing_over"]
    panel_view = "integrations:integration"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Integration]:
        return super().get_queryset(request).prefetch_related("flows")

    @admin.display
    def health(self, integration: Integration) -> str:
        return health_of(integration, integration.flows.all(), timezone.now()).words

    @admin.action(description="Sync now: every flow that is on", permissions=["view"])
    def sync_now(self, request: HttpRequest, integrations: QuerySet[Integration]) -> None:
        flows = Flow.objects.filter(integration__in=integrations).on()
        _ring(self, request, flows)

    @admin.action(description="Unblock: try the key again now", permissions=["view"])
    def try_the_key(self, request: HttpRequest, integrations: QuerySet[Integration]) -> None:
        for integration in integrations:
            unblock(integration, timezone.now())
        self.message_user(request, "Blocked flows try the key now. One that the store still refuses is blocked again.")

    @admin.action(description="Pause handing over", permissions=["view"])
    def pause_handing_over(self, request: HttpRequest, integrations: QuerySet[Integration]) -> None:
        for integration in integrations:
            _switch(self, request, integration, live.pause)

    @admin.action(description="Resume handing over", permissions=["view"])
    def resume_handing_over(self, request: HttpRequest, integrations: QuerySet[Integration]) -> None:
        for integration in integrations:
            _switch(self, request, integration, live.resume)


def _ring(page: LookUpAdmin, request: HttpRequest, flows: QuerySet[Flow]) -> None:
    ids = list(flows.values_list("pk", flat=True))
    ring(ids, timezone.now(), trigger="person", by=str(request.user))
    page.message_user(request, f"{len(ids)} flows run as soon as a worker is free.")


def _switch(page: LookUpAdmin, request: HttpRequest, integration: Integration, act: Any) -> None:
    try:
        act(integration, by=str(request.user), now=timezone.now())
    except IntegrationError as error:
        page.message_user(request, f"{integration}: {error.sentence}", messages.ERROR)
    else:
        page.message_user(request, f"{integration}: done.")


@admin.register(Flow)
class FlowAdmin(LookUpAdmin):
    list_display = [
        "integration", "kind", "account", "mode", "interval", "due_at", "last_ok_at", "failures", "blocked", "health",
    ]  # fmt: skip
    list_filter = ["kind", "mode", "blocked", ("problem_code", admin.AllValuesFieldListFilter)]
    search_fields = ["integration__nickname", "integration__name", "account__name"]
    list_select_related = ["integration", "account"]
    actions = ["sync_now", "switch_off", "switch_on"]

    @admin.display
    def health(self, flow: Flow) -> str:
        return flow_health(flow, timezone.now()).words

    @admin.action(description="Sync now", permissions=["view"])
    def sync_now(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        _ring(self, request, flows.filter(due_at__isnull=False))

    @admin.action(description="Pause: switch the flow off in its settings", permissions=["view"])
    def switch_off(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        for flow in flows.select_related("integration__store__account"):
            _set_flow(self, request, flow, on=False)

    @admin.action(description="Go on: switch the flow on in its settings", permissions=["view"])
    def switch_on(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        for flow in flows.select_related("integration__store__account"):
            _set_flow(self, request, flow, on=True)


def _set_flow(page: FlowAdmin, request: HttpRequest, flow: Flow, on: bool) -> None:
    """By a saved version of the settings, as in the panel: so that it is seen there, and stays."""
    integration = flow.integration
    platform = connector_class(integration.store.platform).platform
    offer = next(offer for offer in platform.flows if offer.kind == flow.kind)
    if not on and offer.always_on:
        page.message_user(request, f"{flow}: {offer.help}", messages.ERROR)
        return
    try:
        with transaction.atomic():
            lock(integration)  # the flow before this one may have been switched by the same press
            document = document_of(integration)
            if on:
                document = switched_on(document, platform, (FlowKind(flow.kind),))
            else:
                paused = document[FLOWS][flow.kind] | {"mode": Mode.DISABLED.value}
                document = document | {FLOWS: document[FLOWS] | {flow.kind: paused}}
            why = "by the operator's staff"
            changed = save(integration, document, by=str(request.user), now=timezone.now(), why=why)
    except IntegrationError as error:
        page.message_user(request, f"{flow}: {error.sentence}", messages.ERROR)
    else:
        page.message_user(request, f"{flow}: {'done' if changed else 'it was so already'}.")


@admin.register(SettingsVersion)
class SettingsVersionAdmin(LookUpAdmin):
    list_display = ["store", "number", "account", "at", "by", "why"]
    search_fields = ["store__name", "account__name", "by"]
    list_select_related = ["store", "account"]
    ordering = ["-pk"]


@admin.register(Credential)
class CredentialAdmin(LookUpAdmin):
    """That there is a key, of which kind and since when; never the key."""

    list_display = ["integration", "account", "kind", "changed_at", "expires_at"]
    list_filter = ["kind"]
    search_fields = ["integration__nickname", "account__name"]
    list_select_related = ["integration", "account"]
    exclude = ["cipher"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        return super().get_queryset(request).defer("cipher")


@admin.register(Run)
class RunAdmin(LookUpAdmin):
    list_display = [
        "started_at", "integration", "flow_kind", "account", "state", "trigger", "seen", "created", "changed",
        "skipped", "failed", "calls", "in_panel",
    ]  # fmt: skip
    list_filter = ["state", among("trigger", {name: name for name in TRIGGERS}), "flow__kind"]
    search_fields = ["flow__integration__nickname", "account__name"]
    list_select_related = ["flow__integration", "account"]
    ordering = ["-pk"]
    panel_view = "integrations:run"

    @admin.display
    def integration(self, run: Run) -> str:
        return run.flow.integration.nickname

    @admin.display(description="flow")
    def flow_kind(self, run: Run) -> str:
        return run.flow.kind


@admin.register(FailedRecord)
class FailedRecordAdmin(LookUpAdmin):
    """The record itself is not shown: it holds what the store sent, persons included."""

    list_display = ["kind", "number", "key", "store", "account", "code", "sentence", "attempts", "since", "mended_at"]
    list_filter = ["kind", "code", ("mended_at", admin.EmptyFieldListFilter)]
    search_fields = ["number", "key", "store__name", "account__name"]
    list_select_related = ["store", "account"]
    exclude = ["payload"]
    ordering = ["-pk"]
    actions = ["retry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedRecord]:
        return super().get_queryset(request).defer("payload")

    @admin.action(description="Retry", permissions=["view"])
    def retry(self, request: HttpRequest, records: QuerySet[FailedRecord]) -> None:
        tried = sum(
            retry_record(record, by=str(request.user), now=timezone.now()) for record in records.filter(mended_at=None)
        )
        self.message_user(request, f"{tried} records are tried again now.")


@admin.register(Hint)
class HintAdmin(LookUpAdmin):
    list_display = ["received_at", "at", "store", "kind", "object_uid", "address_id", "done_at", "replayed_at"]
    list_filter = [among("kind", {kind: kind for kind in HINTS}), ("done_at", admin.EmptyFieldListFilter)]
    search_fields = ["object_uid", "event_id", "store__name"]
    list_select_related = ["store"]
    ordering = ["-pk"]


@admin.register(WebhookAddress)
class WebhookAddressAdmin(LookUpAdmin):
    """Its token is a secret, so neither it nor its hashes are shown."""

    list_display = ["integration", "account", "kind", "reserved_at", "reserved_by", "saved_at", "events",
                    "last_event_at", "revoked_at"]  # fmt: skip
    list_filter = ["kind", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["integration__nickname", "account__name", "reserved_by"]
    list_select_related = ["integration", "account"]
    exclude = ["token", "token_hash", "old_hash"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookAddress]:
        return super().get_queryset(request).defer("token")


@admin.register(Invitation)
class InvitationAdmin(LookUpAdmin):
    """Who was asked to connect a store. The link itself is nowhere; its hash is not shown."""

    list_display = ["made_at", "email", "account", "platform", "made_by", "state", "integration"]
    list_filter = ["platform", ("used_at", admin.EmptyFieldListFilter), ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["email", "name", "account__name"]
    list_select_related = ["account", "integration"]
    exclude = ["token_hash"]
    ordering = ["-pk"]

    @admin.display
    def state(self, invitation: Invitation) -> str:
        return state_of(invitation, timezone.now()).value


@admin.register(Exchange)
class ExchangeAdmin(LookUpAdmin):
    list_display = ["created_at", "store", "account", "flow", "method", "path", "status", "milliseconds"]
    list_filter = [among("flow", {kind.value: kind.label for kind in FlowKind}), among("status", ANSWERS)]
    search_fields = ["path", "store__name", "account__name"]
    list_select_related = ["store", "account"]
    ordering = ["-pk"]


@admin.register(Budget)
class BudgetAdmin(LookUpAdmin):
    list_display = ["store", "per_minute", "tokens", "bulk_tokens", "refilled_at", "not_before"]
    search_fields = ["store__name"]
    list_select_related = ["store"]


@admin.register(StockPush)
class StockPushAdmin(LookUpAdmin):
    """Whether stock may go to a store, what a guard asks, and when the store's numbers were last read."""

    list_display = ["store", "account", "allowed_at", "allowed_by", "guard", "guard_since", "passed_at", "passed_by",
                    "read_at", "read_wanted_at"]  # fmt: skip
    list_filter = ["guard", ("allowed_at", admin.EmptyFieldListFilter), "store__platform"]
    search_fields = ["store__name", "account__name", "allowed_by", "passed_by"]
    list_select_related = ["store", "account"]
    ordering = ["-pk"]


@admin.register(StockSent)
class StockSentAdmin(LookUpAdmin):
    list_display = ["at", "listing", "location", "store", "account", "before", "quantity"]
    list_filter = ["store__platform"]
    search_fields = ["listing__sku_key", "store__name", "account__name"]
    list_select_related = ["listing", "location", "store", "account"]
    ordering = ["-pk"]

"""Settings > Alerts: what is open, what was, and who is told."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.forms import read_only_without
from fcp.listing import Choice, Column, Empty, Listing, Rows
from fcp.models import Account, Store
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from integrations.alert_forms import AlertForm, save
from integrations.alert_mail import OVERDUE, send_now, trial_mail
from integrations.alert_words import orders_waiting, words_of
from integrations.alerts import settings_of
from integrations.models import Alert, AlertKind

OPEN, PAST, TOLD = "integrations:alerts", "integrations:alerts_past", "integrations:alert_settings"


def stores_of(account: Account) -> list[tuple[str, str]]:
    rows = Store.objects.for_account(account).order_by("name").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows]


def _decorate(rows: list[Alert], account: Account | None) -> None:
    if account is None:
        return
    orders = orders_waiting(account, rows)
    for row in rows:
        row.words = words_of(row, account, orders.get(row.pk))  # type: ignore[attr-defined]


KIND = Choice("kind", "Kind", choices=[(kind.value, kind.label) for kind in AlertKind])
STORE = Choice("store", "Store", choices=stores_of)
COLUMNS = (
    Column("what", "What", csv=lambda row: row.words.title),
    Column("kind", "Kind", csv=lambda row: row.get_kind_display()),
    Column("text", "In words", csv=lambda row: row.words.text, hidden=True),
    Column("opened", "Since", csv=lambda row: row.opened_at),
    Column("mailed", "Mailed", csv=lambda row: row.mailed_at),
)

OPEN_ALERTS = Listing(
    key="alerts",
    row="integrations/parts/alert_row.html",
    order=("-id",),
    columns=(*COLUMNS, Column("go", "")),
    filters=(KIND, STORE),
    decorate=_decorate,
    empty=Empty(
        "No alert is open",
        "Late flows, refused keys, orders that wait too long and shipments that a store was not told of are "
        "listed here, and close by themselves.",
        icon="circle-check",
    ),
    template="integrations/alerts.html",
)
PAST_ALERTS = Listing(
    key="past-alerts",
    row="integrations/parts/alert_row.html",
    order=("-id",),
    columns=(*COLUMNS, Column("closed", "Over", csv=lambda row: row.closed_at)),
    filters=(KIND, STORE),
    decorate=_decorate,
    empty=Empty("No alert has ended yet", "An alert closes when it is true no longer, and is kept here for 90 days."),
    template="integrations/alerts.html",
)


@require_GET
def alerts(request: PanelRequest) -> HttpResponseBase:
    return _listed(request, OPEN_ALERTS, Alert.objects.for_account(request.account).filter(closed_at=None), OPEN)


@require_GET
def past(request: PanelRequest) -> HttpResponseBase:
    ended = Alert.objects.for_account(request.account).filter(closed_at__isnull=False)
    return _listed(request, PAST_ALERTS, ended, PAST)


def _listed(request: PanelRequest, listing: Listing, rows: Rows, view: str) -> HttpResponseBase:
    return listing.answer(request, rows, title="Alerts", context=_context(request.account, view))


def _context(account: Account, view: str) -> dict[str, Any]:
    """The tabs, and what keeps mails from going."""
    row = settings_of(account)
    waiting = Alert.objects.for_account(account).filter(closed_at=None, mailed_at=None)
    unsent = bool(row.recipients) and not row.digest and waiting.filter(opened_at__lt=timezone.now() - OVERDUE).exists()
    labels = ((OPEN, "Open"), (PAST, "Past"), (TOLD, "Who is told"))
    tabs = [{"label": label, "url": panel_url(account, name), "active": name == view} for name, label in labels]
    return {"tabs": tabs, "told": row, "unsent": unsent}


@require_http_methods(["GET", "POST"])
def settings(request: PanelRequest) -> HttpResponseBase:
    """Everybody sees who is told; whoever manages the account says so."""
    if request.method == "POST":
        return _save(request)
    return _show(request, _form(request))


def _form(request: PanelRequest) -> AlertForm:
    row = settings_of(request.account)
    proposed = request.user.email if May.MANAGE in request.rights else ""
    return AlertForm(request.account, row, request.POST or None, proposed=proposed)


@may(May.MANAGE)
def _save(request: PanelRequest) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        return _show(request, form)
    save(request.account, form, by=str(request.user), now=timezone.now())
    messages.success(request, "The alerts' settings are saved.")
    return redirect(panel_url(request.account, TOLD))


def _show(request: PanelRequest, form: AlertForm) -> HttpResponse:
    context = _context(request.account, TOLD) | {"form": read_only_without(May.MANAGE, request, form)}
    return render(request, "integrations/alert_settings.html", context)


@may(May.MANAGE)
@require_POST
def try_mail(request: PanelRequest) -> HttpResponse:
    """A mail to whoever presses the button, while he waits for it."""
    problem = send_now(trial_mail(request.account, request.user.email))
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, f"A test mail is on its way to {request.user.email}.")
    return redirect(panel_url(request.account, TOLD))

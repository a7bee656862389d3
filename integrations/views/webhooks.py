"""The tab Webhooks: addresses that a store posts to, what was announced, and having it done once more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.listing import Choice, Column, Days, Empty, Listing, Rows
from fcp.models import Account, Store
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.secrets import UnreadableSecret
from integrations import addresses, deliveries
from integrations.channel_mode import notices_of
from integrations.connectors.declaring import Choice as Offer
from integrations.deliveries import BY_NUMBER
from integrations.errors import IntegrationError
from integrations.models import Hint, Integration, WebhookAddress
from integrations.runs import by_app
from integrations.views.page import context_of, find, platform_of, show
from integrations.webhooks import forged_on, refused_on
from orders.models import Order, SeenOrder
from orders.models.orders import number_key_of

REVOKED_SHOWN = 5
MOST_FOUND = 200  # orders whose number begins with what somebody looks for
KINDS = {
    "order": "An order",
    BY_NUMBER: "An order, by its number",
    "fulfillments": "Shipments of an order",
    "deleted": "Order deleted",
    "installed": "Our app was added",
    "removed": "Our app was removed",
}


# --- the tab -------------------------------------------------------------------------------------------------------


def _state(rows: Rows, value: str) -> Rows:
    return rows.filter(done_at=None) if value == "waiting" else rows.filter(done_at__isnull=False)


def _came(rows: Rows, value: str) -> Rows:
    return rows.filter(address__isnull=value == "app")


def _decorate(rows: list[Any], account: Account | None) -> None:
    """The order that each is about, where it is known."""
    if not rows or account is None:
        return
    uids = {row.object_uid for row in rows}
    of_store = {"store": rows[0].store_id}
    seen = SeenOrder.objects.for_account(account).filter(**of_store, uid__in=uids)
    numbers = dict(seen.values_list("uid", "number"))
    orders = Order.objects.for_account(account).filter(**of_store)
    imported = dict(orders.filter(uid__in=uids).values_list("uid", "pk"))
    by_number = dict(
        orders.filter(number__in=[r.object_uid for r in rows if r.kind == BY_NUMBER]).values_list("number", "pk")
    )
    for row in rows:
        row.label = KINDS.get(row.kind, row.kind)
        row.number = row.object_uid if row.kind == BY_NUMBER else numbers.get(row.object_uid, "")
        row.order_pk = by_number.get(row.object_uid) if row.kind == BY_NUMBER else imported.get(row.object_uid)
        row.about_order = row.kind not in deliveries.APP_HINTS


def _state_word(row: Hint) -> str:
    return "done" if row.done_at else "again" if row.replayed_at else "waiting"


DELIVERIES = Listing(
    key="deliveries",
    row="integrations/parts/delivery_row.html",
    order=("-id",),
    columns=(
        Column("received", "Received", csv=lambda row: row.received_at),
        Column("what", "What", csv=lambda row: row.label),
        Column("order", "Order", csv=lambda row: row.number),
        Column("uid", "Id in the store", csv=lambda row: row.object_uid, hidden=True),
        Column("came", "Came in", csv=lambda row: (row.address_id and f"webhook {row.address_id}") or "app"),
        Column("state", "State", csv=_state_word),
        Column("done", "Looked at", csv=lambda row: row.done_at),
        Column("again", "Done again", csv=lambda row: row.replayed_at, hidden=True),
    ),
    filters=(
        Days("received_at", "Received"),
        Choice("state", "State", apply=_state, choices=[("waiting", "Waiting"), ("done", "Looked at")]),
        Choice("came", "Came in", apply=_came, choices=[("app", "From the app"), ("address", "At a webhook")]),
    ),
    search_label="Order number begins with",
    decorate=_decorate,
    uncovered=frozenset({"came"}),
    bound_field="received_at",
    bound_days=2,
    bulk="integrations/parts/delivery_bulk.html",
    template="integrations/webhooks.html",
    empty=Empty(
        "Nothing announced yet",
        "What the store tells us is kept here for 7 days. It is only a hint: the order itself is read from the store.",
        icon="webhook",
    ),
)


def _search_of(account: Account, store: Store) -> Callable[[Rows, str], Rows]:
    def search(rows: Rows, text: str) -> Rows:
        seen = SeenOrder.objects.for_account(account).filter(number_key__prefix=number_key_of(text), store=store)
        return rows.filter(object_uid__in=[*seen.values_list("uid", flat=True)[:MOST_FOUND], text])

    return search


def _listing(request: PanelRequest, integration: Integration) -> Listing:
    listing = replace(DELIVERIES, search=_search_of(request.account, integration.store))
    return listing if May.SYNC in request.rights else replace(listing, bulk="")


def _rows(integration: Integration) -> Rows:
    return Hint.objects.filter(store=integration.store_id)


@require_GET
def webhooks(request: PanelRequest, pk: int) -> HttpResponseBase:
    """How the store tells us of changes, and what it told us."""
    integration = find(request, pk)
    now, hints = timezone.now(), _rows(integration)
    lately = (now.date(), (now - dt.timedelta(days=1)).date())
    mine = WebhookAddress.objects.for_account(request.account).filter(integration=integration).defer("token")
    listed = [*mine.filter(revoked_at=None), *mine.filter(revoked_at__isnull=False)[:REVOKED_SHOWN]]
    context: dict[str, Any] = context_of(request, integration, "webhooks") | {
        "app_address": f"{settings.FCP_PUBLIC_URL}/hooks/{integration.store.platform}/",
        "by_app": by_app(integration),
        "notices": notices_of(integration),
        "addresses": addresses.shown(integration, listed, now),
        "offered": addresses.types_of(integration),
        "last_hint": hints.order_by("-id").first(),
        "hints_of_day": hints.filter(received_at__gte=now - dt.timedelta(days=1))[:1000].count(),
        "waiting_hints": hints.filter(done_at=None)[:1000].count(),
        "refused": sum(refused_on(integration.pk, day) for day in lately),
        # Of all stores of the platform: for whoever can mend the app's key.
        "forged": sum(forged_on(integration.store.platform, day) for day in lately) if request.user.is_staff else 0,
        "again": AgainForm(),
        "bulk_action": panel_url(request.account, "integrations:webhooks_replay", pk=pk),
    }
    return _listing(request, integration).answer(request, hints, title="Deliveries", context=context)


# --- one address -----------------------------------------------------------------------------------------------------


class TypeForm(forms.Form):
    """What the store shall tell us. The URL is made as soon as it is chosen."""

    kind = forms.ChoiceField(label="Type", error_messages={"required": "Choose what the store shall tell us."})

    def __init__(self, offers: tuple[Offer, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose a type"), *((offer.value, offer.label) for offer in offers)]
        field.help_text = " ".join(offer.help for offer in offers) if len(offers) == 1 else ""


@may(May.CONNECT)
@require_http_methods(["GET", "POST"])
def create(request: PanelRequest, pk: int) -> HttpResponse:
    """Choosing a type reserves an address, which works at once, whatever is pressed afterwards."""
    integration = find(request, pk)
    form = TypeForm(addresses.types_of(integration), request.POST or None)
    if request.method == "POST" and form.is_valid():
        by, now = str(request.user), timezone.now()
        try:
            made = addresses.reserve(integration, form.cleaned_data["kind"], by=by, now=now)
        except IntegrationError as error:
            form.add_error("kind", error.sentence)
        else:
            url = panel_url(request.account, "integrations:webhook_address", pk=pk, address=made.pk)
            if not request.htmx:
                return redirect(url)
            response = _form(request, integration, form, made)
            response["HX-Push-Url"] = url
            return response
    return _form(request, integration, form)


@may(May.CONNECT)
@require_http_methods(["GET", "POST"])
def address(request: PanelRequest, pk: int, address: int) -> HttpResponse:
    """Its URL, to be copied again. A POST saves, exchanges or revokes it."""
    integration = find(request, pk)
    mine = WebhookAddress.objects.for_account(request.account).filter(integration=integration).defer("token")
    found = get_object_or_404(mine.select_related("integration__store"), pk=address)
    if request.method == "POST":
        return _act(request, found)
    return _form(request, integration, TypeForm(addresses.types_of(integration), initial={"kind": found.kind}), found)


def _form(
    request: PanelRequest, integration: Integration, form: TypeForm, found: WebhookAddress | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "address": found,
        "integration": integration,
        "platform": platform_of(integration),
    }
    if found:
        context["shown"] = shown = addresses.shown(integration, [found], timezone.now())[0]
        context["saves"] = shown.state == "reserved"  # by the Save of the page's head as well
        try:
            context["url"] = addresses.url_of(found)
        except UnreadableSecret:
            context["unreadable"] = True
    if request.htmx:
        response = render(request, "integrations/parts/webhook_form.html", context)
    else:
        response = show(request, integration, "webhooks", "integrations/webhook.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _act(request: PanelRequest, found: WebhookAddress) -> HttpResponse:
    by, now = str(request.user), timezone.now()
    back = panel_url(request.account, "integrations:webhooks", pk=found.integration_id)
    try:
        match request.POST.get("do"):
            case "save":
                addresses.save(found, by=by, now=now)
                messages.success(request, "Saved. What the store posts there appears under Deliveries.")
            case "exchange":
                addresses.exchange(found, by=by, now=now)
                messages.success(
                    request, "Here is the new URL. Put it into the store within 24 hours; until then both work."
                )
                back = panel_url(
                    request.account, "integrations:webhook_address", pk=found.integration_id, address=found.pk
                )
            case "revoke":
                if addresses.revoke(found, by=by, now=now):
                    messages.success(request, "Revoked. What is posted there is refused from now on.")
    except IntegrationError as error:
        messages.error(request, error.sentence)
    return redirect(back)


# --- once more -------------------------------------------------------------------------------------------------------


class AgainForm(forms.Form):
    """A span of time, in the account's zone."""

    since = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    until = forms.DateTimeField(
        label="To", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            raise forms.ValidationError("The first time must be before the second one.", code="order")
        return data


@require_POST
@may(May.SYNC)
def replay(request: PanelRequest, pk: int) -> HttpResponse:
    """Those that are ticked, all that match the list's filters, or all of a span of time."""
    integration = find(request, pk)
    rows = _rows(integration)
    if "since" in request.POST:
        form = AgainForm(request.POST)
        if not form.is_valid():
            messages.error(request, str(next(iter(form.errors.values()))[0]))
            return redirect(panel_url(request.account, "integrations:webhooks", pk=pk))
        # To the minute that was typed, with all of its seconds.
        until = form.cleaned_data["until"] + dt.timedelta(minutes=1)
        rows = rows.filter(received_at__gte=form.cleaned_data["since"], received_at__lt=until)
    else:
        rows = _listing(request, integration).chosen(request, rows)
    outcome = deliveries.replay(integration, rows, by=str(request.user), now=timezone.now())
    _say(request, outcome)
    return redirect(panel_url(request.account, "integrations:webhooks", pk=pk))


def _say(request: PanelRequest, outcome: deliveries.Replayed) -> None:
    if not (outcome.again or outcome.waiting or outcome.left):
        messages.error(request, "There is no delivery among what you chose.")
        return
    parts = []
    if outcome.again:
        parts.append(
            "1 delivery is looked at again."
            if outcome.again == 1
            else f"{outcome.again:,} deliveries are looked at again."
        )
    if outcome.waiting:
        parts.append(f"{outcome.waiting:,} waited already.")
    if outcome.left:
        parts.append(f"{outcome.left:,} about our app stay as they are.")
    (messages.success if outcome.again or outcome.waiting else messages.info)(request, " ".join(parts))

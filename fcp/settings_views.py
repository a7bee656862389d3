"""Settings of an account: its name and zone, its people, its API keys. Every change leaves an audit entry."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.forms import AccountForm
from fcp.models import ApiKey, AuditEntry, Membership
from fcp.panel import PanelRequest, panel_url
from fcp.roles import ALLOWED, DOING, May, Role, may, refuse
from fcp.scopes import FOR_ACCOUNT, Scope


def note(request: PanelRequest, code: str, **params: Any) -> None:
    AuditEntry.objects.create(
        account=request.account, at=timezone.now(), actor=str(request.user), code=code, params=params
    )


@may(May.MANAGE)
@require_http_methods(["GET", "POST"])
def account(request: PanelRequest) -> HttpResponse:
    form = AccountForm(request.POST or None, instance=request.account)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            if form.changed_data:
                note(request, "account_changed", **form.changed_values)
        messages.success(request, "The account's settings are saved.")
        return redirect(panel_url(saved, "fcp:account") + "#saved")
    saved_values = {name: [str(form.get_initial_for_field(field, name))] for name, field in form.fields.items()}
    return render(request, "fcp/account.html", {"form": form, "cards": form.cards(), "saved_values": saved_values})


# --- team -------------------------------------------------------------------------------------------------------


@require_GET
def team(request: PanelRequest) -> HttpResponse:
    """Everybody sees who works here and what each role may do."""
    members = Membership.objects.for_account(request.account).select_related("user")
    people = [(one, May.MANAGE in request.rights and _may_change(request, one.role)) for one in members]
    roles = [(role, [DOING[right] for right in May if right in ALLOWED[role]]) for role in Role]
    choices = [role for role in Role if _may_change(request, role.value)]
    return render(request, "fcp/team.html", {"people": people, "roles": roles, "choices": choices})


def _may_change(request: PanelRequest, role: str) -> bool:
    """An admin does all that an owner does, but makes no owner and unmakes none: the account stays with its owners."""
    mine = request.membership.role if request.membership else ""
    return role != Role.OWNER.value or mine == Role.OWNER.value or request.user.is_superuser


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=[(role.value, role.label) for role in Role])


@may(May.MANAGE)
@require_POST
def member(request: PanelRequest, pk: int) -> HttpResponse:
    """Give another role, or (`remove`) none."""
    one = get_object_or_404(Membership.objects.for_account(request.account).select_related("user"), pk=pk)
    form = RoleForm(request.POST)
    removing = "remove" in request.POST
    if not removing and not form.is_valid():
        return redirect(panel_url(request.account, "fcp:team"))
    role = "" if removing else form.cleaned_data["role"]
    if not (_may_change(request, one.role) and _may_change(request, role)):
        return refuse(request, May.MANAGE, "make somebody an owner, or change one", [Role.OWNER.label])
    with transaction.atomic():
        # Lock by writing, so that two people who demote each other at once leave one owner.
        owners = Membership.objects.for_account(request.account).filter(role=Role.OWNER.value)
        owners.update(role=Role.OWNER.value)
        if role != Role.OWNER.value and list(owners.values_list("pk", flat=True)) == [one.pk]:
            messages.error(request, "An account needs an owner. Make somebody else the owner first.")
            return redirect(panel_url(request.account, "fcp:team"))
        if removing:
            note(request, "member_removed", who=one.user.email)
            one.delete()
        else:
            note(request, "role_changed", who=one.user.email, before=one.role, after=role)
            Membership.objects.filter(pk=one.pk).update(role=role)
    done = f"{one.user} no longer works here." if removing else f"{one.user} is now {Role(role).label.lower()}."
    messages.success(request, done)
    return redirect(panel_url(request.account, "fcp:team"))


# --- API keys ---------------------------------------------------------------------------------------------------


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What uses the key: “Warehouse system”. Timelines show this name.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(scope.value, scope.label) for scope in Scope if scope in FOR_ACCOUNT],
        widget=forms.CheckboxSelectMultiple,
        help_text="Give what the program needs, and no more.",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The key stops working after this day. Empty: it works until it is revoked.",
    )

    def clean_expires_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["expires_on"]
        if day and day.year == dt.MAXYEAR:
            raise forms.ValidationError("Choose an earlier day, or none.")
        if day and day < timezone.localdate():
            raise forms.ValidationError("That day is past. Choose today or a later day, or none.")
        return day

    def expires_at(self) -> dt.datetime | None:
        """The end of that day in the account's zone."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=timezone.get_current_timezone())


@may(May.MANAGE)
@require_http_methods(["GET", "POST"])
def keys(request: PanelRequest) -> HttpResponse:
    """The keys, and a form for one more. The text of a new key stands in this one answer and nowhere else."""
    form, text = KeyForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with transaction.atomic():
            made, text = ApiKey.objects.issue(
                data["name"], data["scopes"], account=request.account, expires_at=form.expires_at()
            )
            note(request, "api_key_made", name=made.name, prefix=made.prefix, scopes=made.scopes)
        form = KeyForm()
    found = ApiKey.objects.for_account(request.account).order_by("revoked_at", "-pk")
    labels = {scope.value: scope.label for scope in Scope}
    rows = [(key, [labels.get(scope, scope) for scope in key.scopes]) for key in found]
    response = render(request, "fcp/keys.html", {"form": form, "rows": rows, "text": text})
    response["Cache-Control"] = "no-store"
    return response


@may(May.MANAGE)
@require_POST
def revoke(request: PanelRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.for_account(request.account), pk=pk)
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        note(request, "api_key_revoked", name=key.name, prefix=key.prefix)
        messages.success(request, f"The key “{key.name}” is revoked; calls with it are refused from now on.")
    return redirect(panel_url(request.account, "fcp:keys"))

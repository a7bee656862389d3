"""Settings > Rules: what the account wants done with its orders, tried on the last ones before it is switched on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may

from .. import rule_saving
from ..causes import waiting_for
from ..errors import OrderError
from ..holds import HoldKind
from ..models import Order, OrderRule
from ..models.orders import number_key_of
from ..rule_forms import RuleEditor
from ..rule_saving import Draft, draft_of
from ..rule_trial import LOOKED_AT, Trial, applied_lately, conditions_of, trial
from ..rule_versions import compared, number_in, versions_of
from ..rule_words import (
    actions_in_words,
    condition_in_words,
    conditions_in_words,
    did_in_words,
    found_in_words,
    names_of,
)

LIST, ONE, TRY = "orders:rules", "orders:rule", "orders:rule_try"


def _rule(request: PanelRequest, pk: int) -> OrderRule:
    return get_object_or_404(OrderRule.objects.for_account(request.account).select_related("account"), pk=pk)


def _crumbs(account: Account, rule: OrderRule | None = None) -> list[tuple[str, str]]:
    crumbs = [("Rules", panel_url(account, LIST))]
    return [*crumbs, (rule.name, panel_url(account, ONE, pk=rule.pk))] if rule else crumbs


@require_GET
def rules(request: PanelRequest) -> HttpResponse:
    """The rules in their order, with what each says and does."""
    account, names = request.account, names_of(request.account)
    found = rule_saving.rules_of(account)
    looked_at, lately = applied_lately(account) if found else (0, {})
    holds = waiting_for(account, HoldKind.RULE.value, [rule.pk for rule in found]) if found else {}
    rows = [
        {
            "rule": rule,
            "when": conditions_in_words(rule.match, rule.conditions, names),
            "then": actions_in_words(rule.actions),
            "lately": lately.get(rule.pk, 0),
            "holds": holds.get(rule.pk, 0),
            "group": _group(account, rule),
            "first": n == 0,
            "last": n == len(found) - 1,
        }
        for n, rule in enumerate(found)
    ]
    deleted = OrderRule.objects.for_account(account).exclude(deleted_at=None).order_by("-deleted_at")[:20]
    examples = [
        {"key": key, "name": draft.name, "when": conditions_in_words(draft.match, draft.conditions, names),
         "then": actions_in_words(draft.actions)}
        for key, draft in _examples(account).items()
    ]  # fmt: skip
    context = {"rows": rows, "looked_at": looked_at, "deleted": list(deleted), "examples": examples}
    return render(request, "orders/rules.html", context)


def _group(account: Account, rule: OrderRule) -> str:
    query = urlencode({"kind": HoldKind.RULE.value, "cause": str(rule.pk)})
    return f"{panel_url(account, 'orders:group')}?{query}"


# --- the editor ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: PanelRequest) -> HttpResponseBase:
    return _edit(request, None) if request.method == "POST" else _editor(request, None)


@require_http_methods(["GET", "POST"])
def rule(request: PanelRequest, pk: int) -> HttpResponseBase:
    one = _rule(request, pk)
    return _edit(request, one) if request.method == "POST" else _editor(request, one)


@may(May.CONNECT)
def _edit(request: PanelRequest, rule: OrderRule | None) -> HttpResponse:
    """Save it, try it as it stands, or show it again with another row or another field."""
    what = request.POST.get("do", "")
    check = what in ("save", "try") and "remove" not in request.POST
    stored = draft_of(rule) if rule else None
    editor = RuleEditor(request.account, stored, request.POST, check=check)
    if not check or not editor.is_valid():
        return _shown(request, rule, editor)
    now = timezone.now()
    if what == "try":
        return _shown(request, rule, editor, trial(request.account, editor.draft, now, rule.pk if rule else 0))
    try:
        saved = rule_saving.save(
            request.account, editor.draft, rule=rule, by=str(request.user), now=now, why=editor.why,
            based_on=_based_on(request.POST) if rule else None,
        )  # fmt: skip
    except OrderError as error:
        messages.error(request, str(error))
        return _shown(request, rule, editor)
    if rule is None:
        messages.success(request, f"“{saved.name}” is saved. It is off until you have seen what it would do.")
        return redirect(panel_url(request.account, TRY, pk=saved.pk))
    text = "Orders that wait are looked at again." if saved.enabled else "It is switched off."
    messages.success(request, f"“{saved.name}” is saved as version {saved.version}. {text}")
    return redirect(panel_url(request.account, ONE, pk=saved.pk))


def _based_on(sent: QueryDict) -> int:
    text = sent.get("based_on", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _editor(request: PanelRequest, rule: OrderRule | None) -> HttpResponse:
    stored = draft_of(rule) if rule else _examples(request.account).get(request.GET.get("like", ""))
    return _shown(request, rule, RuleEditor(request.account, stored))


def _shown(
    request: PanelRequest, rule: OrderRule | None, editor: RuleEditor, tried: Trial | None = None
) -> HttpResponse:
    if May.CONNECT not in request.rights or (rule and rule.deleted_at):
        editor.disable()
    context = {
        "rule": rule,
        "editor": editor,
        "crumbs": _crumbs(request.account),
        "based_on": request.POST.get("based_on", "") or (rule.version if rule else ""),
        "group": _group(request.account, rule) if rule else "",
        **_trial_context(tried),
    }
    return render(request, "orders/rule.html", context)


def _examples(account: Account) -> dict[str, Draft]:
    """What the empty list proposes; amounts and words are the merchant's to change."""
    return {
        "big": Draft(
            "Big orders",
            "all",
            [{"field": "total", "is": "at_least", "values": ["500.00", account.currency]}],
            [{"do": "hold"}, {"do": "notify"}],
        ),
        "gift": Draft(
            "Gifts",
            "any",
            [
                {"field": "gift_note", "is": "yes", "values": []},
                {"field": "option", "is": "contains", "values": ["Engraving"]},
            ],
            [{"do": "tag", "value": "gift"}],
        ),
    }


# --- trying --------------------------------------------------------------------------------------------------------


def _trial_context(tried: Trial | None) -> dict[str, Any]:
    if tried is None:
        return {"trial": None}
    rows = [
        {"one": one, "did": [{"text": did_in_words(did), "already": did in one.already} for did in one.did]}
        for one in tried.found
    ]
    return {"trial": tried, "rows": rows}


@require_GET
def try_rule(request: PanelRequest, pk: int) -> HttpResponse:
    """What it would do with the last orders; and, of one order that somebody names, condition by condition."""
    one, now = _rule(request, pk), timezone.now()
    number = request.GET.get("number", "").replace("\x00", "").strip()
    context = {
        "rule": one,
        "crumbs": _crumbs(request.account, one),
        "looked_at": LOOKED_AT,
        "number": number,
        **_trial_context(trial(request.account, draft_of(one), now, one.pk)),
        **(_asked_context(request, one, number) if number else {}),
    }
    return render(request, "orders/rule_try.html", context)


def _asked_context(request: PanelRequest, rule: OrderRule, number: str) -> dict[str, Any]:
    orders = Order.objects.for_account(request.account).select_related("account")
    order = orders.filter(number_key=number_key_of(number)).order_by("-pk").first()
    if order is None:
        return {"order": None}
    names = names_of(request.account)
    found = conditions_of(order, draft_of(rule), timezone.now(), rule.pk)
    asked = [
        {"text": condition_in_words(one.condition, names), "found": found_in_words(one, names), "met": one.met}
        for one in found
    ]
    met = [one.met for one in found]
    return {"order": order, "asked": asked, "fits": bool(met) and (all(met) if rule.match == "all" else any(met))}


# --- on, off, up, down, away -----------------------------------------------------------------------------------------


@may(May.CONNECT)
@require_POST
def switch(request: PanelRequest, pk: int) -> HttpResponse:
    one, on = _rule(request, pk), request.POST.get("on") == "1"
    try:
        saved = rule_saving.switch(one, on, by=str(request.user), now=timezone.now())
    except OrderError as error:
        messages.error(request, str(error))
    else:
        does = "is on. Orders that wait are looked at now" if on else "is off. What it held goes on"
        messages.success(request, f"“{saved.name}” {does}.")
    return redirect(panel_url(request.account, LIST))


@may(May.CONNECT)
@require_POST
def move(request: PanelRequest, pk: int) -> HttpResponse:
    one = _rule(request, pk)
    try:
        saved = rule_saving.move(
            one, -1 if request.POST.get("to") == "up" else 1, by=str(request.user), now=timezone.now()
        )
    except OrderError as error:
        messages.error(request, str(error))
        return redirect(panel_url(request.account, LIST))
    messages.success(request, f"“{saved.name}” is number {saved.position + 1} now.")
    return redirect(f"{panel_url(request.account, LIST)}#rule-{saved.pk}")


@may(May.CONNECT)
@require_POST
def delete(request: PanelRequest, pk: int) -> HttpResponse:
    one = _rule(request, pk)
    rule_saving.delete(one, by=str(request.user), now=timezone.now())
    messages.success(request, f"“{one.name}” is deleted. Its versions are kept, and it can come back.")
    return redirect(panel_url(request.account, LIST))


# --- versions ------------------------------------------------------------------------------------------------------


@require_GET
def versions(request: PanelRequest, pk: int) -> HttpResponse:
    """Who changed what when; two of them side by side."""
    one = _rule(request, pk)
    names = names_of(request.account)
    found = versions_of(one, names)
    old = number_in(request.GET.get("old", ""), found) or (found[1] if len(found) > 1 else None)
    new = number_in(request.GET.get("new", ""), found) or (found[0] if found else None)
    context = {
        "rule": one,
        "crumbs": _crumbs(request.account, one),
        "versions": found,
        "old": old,
        "new": new,
        "lines": compared(old.row.document, new.row.document, names) if old and new else [],
    }
    return render(request, "orders/rule_versions.html", context)


@may(May.CONNECT)
@require_POST
def back(request: PanelRequest, pk: int) -> HttpResponse:
    one = _rule(request, pk)
    text = request.POST.get("number", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    try:
        saved = rule_saving.roll_back(one, number, by=str(request.user), now=timezone.now())
    except OrderError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{saved.name}” says what version {number} said, as version {saved.version}.")
    return redirect(panel_url(request.account, ONE, pk=one.pk))

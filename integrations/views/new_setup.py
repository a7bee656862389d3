"""New Setup (EIM): Carts, the choice of a cart or marketplace, and the page New Cart Setup with everything on it.

What was typed survives whatever is pressed but Save: the page comes back with it. Keys do not go to the browser; they
wait in the session (`integrations.ways.Typed`).
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fcp.errors import SyncError
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.shell import accounts_where
from integrations import connecting, ways
from integrations.cart_form import ASKED, CartForm, copied_from, typed_of_given
from integrations.connectors import platforms
from integrations.connectors.declaring import Platform, WayIn
from integrations.errors import IntegrationError
from integrations.guides import guide_to_begin_with
from integrations.models import Integration
from integrations.new_setup import Copied, look_ahead, other_clients, others_alike
from integrations.rates import with_profiles
from integrations.reach import stand_in_address
from integrations.settings_document import LONGEST_TEXT, document_of
from integrations.views.connect import Tile, platform_named, way_named, ways_of
from integrations.views.lists import rows_of
from integrations.views.page import logo_of
from integrations.way_forms import WayForm
from integrations.wms_settings import alias_sources


@require_GET
def carts(request: PanelRequest) -> HttpResponse:
    """The integrations under another product's name for them, with its button New Setup (EIM-2, X20)."""
    return render(request, "integrations/carts.html", {"rows": rows_of(request.account, timezone.now())})


@require_GET
def channels(request: PanelRequest) -> HttpResponse:
    return redirect(panel_url(request.account, "integrations:carts"))


@require_GET
@may(May.CONNECT)
def choose(request: PanelRequest) -> HttpResponse:
    """Which cart or marketplace (EIM-3)."""
    tiles = [Tile(one, logo_of(one.key), _url(request.account, one)) for one in (cls.platform for cls in platforms())]
    crumbs = [("Carts", panel_url(request.account, "integrations:carts"))]
    return render(request, "integrations/new_setup_choose.html", {"tiles": tiles, "crumbs": crumbs})


@may(May.CONNECT)
def new_setup(request: PanelRequest, platform: str, way: str = "") -> HttpResponse:
    found = platform_named(platform)
    offered = ways_of(found, staff=request.user.is_staff)
    chosen_way = way_named(request, found, way) if way else offered[0]
    if request.method != "POST":
        return _show(request, found, chosen_way, *_empty(request, found, chosen_way))
    client = _client(request)
    if client != request.account:
        # The browser sends the same once more, to the other account's page.
        return redirect(_url(client, found, chosen_way), preserve_request=True)
    if request.POST.get("do") == "save":
        return _save(request, found, chosen_way)
    if request.POST.get("do") == "look" and not chosen_way.redirect:
        return _look(request, found, chosen_way)
    return _again(request, found, chosen_way)


def _url(account: Account, platform: Platform, way: WayIn | None = None) -> str:
    if way is None:
        return panel_url(account, "integrations:new_setup_of", platform=platform.key)
    return panel_url(account, "integrations:new_setup_by", platform=platform.key, way=way.key)


def _client(request: PanelRequest) -> Account:
    """Whom the cart is set up for: one of the accounts in which this person may connect stores."""
    pk = request.POST.get("client", "")
    if not pk:
        return request.account
    if not pk.isdecimal() or len(pk) > 18:
        raise Http404
    found: Account = get_object_or_404(accounts_where(request.user, May.CONNECT), pk=int(pk))
    return found


# --- the forms -------------------------------------------------------------------------------------------------------


def _cart_form(request: PanelRequest, platform: Platform, *args: Any, **kwargs: Any) -> CartForm:
    return CartForm(request.account, with_profiles(platform), *args, staff=request.user.is_staff, **kwargs)


def _key_form(request: PanelRequest, platform: Platform, way: WayIn, *args: Any, **kwargs: Any) -> WayForm | None:
    """What the way in asks for; none where the store's own page comes next."""
    if way.redirect:
        return None
    form = WayForm(request.account, platform, way, *args, staff=request.user.is_staff, **kwargs)
    kept = _kept(request, platform, way)
    for name, field in form.fields.items():
        field.template_name = ASKED  # type: ignore[attr-defined]  # newer than its types
        if name in kept:
            field.widget.attrs["placeholder"] = "As you typed it"
    return form


def _empty(request: PanelRequest, platform: Platform, way: WayIn) -> tuple[CartForm, WayForm | None]:
    """As the page opens; for somebody who comes back from the way in, with what he chose."""
    chosen = ways.chosen(request.session, request.GET.get("flows", ""))
    mine = (platform.key, request.user.pk, request.account.pk)
    back = chosen is not None and (chosen.platform, chosen.user, chosen.account) == mine
    initial = typed_of_given(chosen.given, chosen.name) if chosen and back else {}
    return _cart_form(request, platform, initial=initial), _key_form(request, platform, way)


def _again(request: PanelRequest, platform: Platform, way: WayIn) -> HttpResponse:
    """Anything but Save: another way in, warehouse or client, or settings taken over. Nothing is checked yet."""
    sent = _cart_form(request, platform, request.POST)
    typed, copied = sent.typed(), None
    if request.POST.get("do") == "copy":
        other = _other(request, platform)
        values, document = copied_from(sent, document_of(other))
        typed |= values
        copied = Copied.of(other, sent.platform, sent.before, document)
    known = {one.key: request.POST.get(one.key, "") for one in way.fields if not one.secret}
    known |= {"api_url": request.POST["api_url"]} if "api_url" in request.POST else {}
    forms = _cart_form(request, platform, initial=typed), _key_form(request, platform, way, initial=known)
    return _show(request, platform, way, *forms, copied=copied)


def _other(request: PanelRequest, platform: Platform) -> Integration:
    """The integration whose settings are taken over; one of another account or platform is not there."""
    pk = request.POST.get("like", "")
    found = next((one for one in others_alike(request.account, platform) if str(one.pk) == pk), None)
    if found is None:
        raise Http404
    return found


# --- keys that were typed --------------------------------------------------------------------------------------------


def _kept(request: PanelRequest, platform: Platform, way: WayIn) -> dict[str, str]:
    """Keys that this person typed on this page before, and those that were sent now."""
    found = ways.typed(request.session, request.POST.get("typed", ""))
    mine = found is not None and (found.platform, found.way, found.user) == (platform.key, way.key, request.user.pk)
    values = dict(found.values) if found and mine else {}
    sent = {one.key: request.POST.get(one.key, "") for one in way.fields if one.secret}
    return values | {key: value for key, value in sent.items() if 0 < len(value) <= LONGEST_TEXT}


def _keep(request: PanelRequest, platform: Platform, way: WayIn) -> str:
    """The key under which they wait for the next press."""
    values, before = _kept(request, platform, way), request.POST.get("typed", "")
    known = ways.typed(request.session, before)
    if not values:
        return ""
    if known and (known.way, known.values) == (way.key, values):
        return before
    ways.forget(request.session, before)
    return ways.keep(request.session, ways.Typed(platform.key, way.key, request.user.pk, values))


def _with_kept(request: PanelRequest, platform: Platform, way: WayIn) -> QueryDict:
    sent = request.POST.copy()
    for key, value in _kept(request, platform, way).items():
        sent[key] = value
    return sent


# --- saving ----------------------------------------------------------------------------------------------------------


def _save(request: PanelRequest, platform: Platform, way: WayIn) -> HttpResponse:
    sent = _with_kept(request, platform, way)
    form, key_form = _cart_form(request, platform, sent), _key_form(request, platform, way, sent)
    good = form.is_valid() & (key_form is None or key_form.is_valid())
    if good and key_form is None:
        return _to_the_store(request, platform, way, form)
    if good and key_form is not None:
        integration = _connect(request, platform, way, form, key_form)
        if integration is not None:
            ways.forget(request.session, request.POST.get("typed", ""))
            messages.success(request, f"{integration.name} is set up.")
            return redirect(panel_url(request.account, "integrations:next", pk=integration.pk))
    return _show(request, platform, way, form, key_form)


def _look(request: PanelRequest, platform: Platform, way: WayIn) -> HttpResponse:
    """One sentence: how many orders would come in with what the page says now; nothing is saved."""
    sent = _with_kept(request, platform, way)
    form, key_form = _cart_form(request, platform, sent), _key_form(request, platform, way, sent)
    looked: dict[str, Any] = {}
    if form.is_valid() & bool(key_form and key_form.is_valid()) and key_form:
        address = key_form.api_url or stand_in_address(platform.key, way.key, key_form.received)
        try:
            looked["look"] = look_ahead(
                request.account, platform, way, key_form.received, form.document, now=timezone.now(), api_url=address
            )
        except SyncError as error:
            looked["sentence"] = connecting.why_not(error)
    return _show(request, platform, way, form, key_form, looked=looked)


def _to_the_store(request: PanelRequest, platform: Platform, way: WayIn, form: CartForm) -> HttpResponse:
    """Its own page comes next; what was chosen waits, and is put in force as soon as the store has answered."""
    before = request.GET.get("flows", "")
    name = form.cleaned_data["name"].strip()
    chosen = ways.Chosen(platform.key, request.user.pk, request.account.pk, form.modes, name, form.given)
    ways.forget(request.session, before)
    key = ways.keep(request.session, chosen)
    there = panel_url(request.account, "integrations:add_way", platform=platform.key, way=way.key)
    return redirect(f"{there}?flows={key}")


def _connect(
    request: PanelRequest, platform: Platform, way: WayIn, form: CartForm, key_form: WayForm
) -> Integration | None:
    """The integration, or None with the reason on the form that it belongs to."""
    address = key_form.api_url or stand_in_address(platform.key, way.key, key_form.received)
    try:
        return connecting.connect(
            request.account, platform.key, way.key, key_form.received, by=str(request.user), now=timezone.now(),
            name=form.cleaned_data["name"], given=form.given, api_url=address,
        )  # fmt: skip
    except SyncError as error:
        key_form.add_error(None, connecting.why_not(error))
    except IntegrationError as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
    return None


# --- showing ---------------------------------------------------------------------------------------------------------


def _show(
    request: PanelRequest,
    platform: Platform,
    way: WayIn,
    form: CartForm,
    key_form: WayForm | None,
    *,
    copied: Copied | None = None,
    looked: dict[str, Any] | None = None,
) -> HttpResponse:
    account, text = request.account, " ".join(request.POST.get("find", "").split())[:60]
    after = f"?flows={request.GET['flows']}" if request.GET.get("flows") else ""
    tabs = [
        {"label": one.label, "url": _url(account, platform, one) + after, "active": one.key == way.key}
        for one in ways_of(platform, staff=request.user.is_staff)
    ]
    wrong = bool(form.is_bound and (form.errors or (key_form and key_form.errors)))
    context = {
        "platform": platform,
        "logo": logo_of(platform.key),
        "way": way,
        "ways": tabs,
        "form": form,
        "key_form": key_form,
        "wrong": wrong,
        "typed": _keep(request, platform, way) if request.method == "POST" and not request.htmx else "",
        "clients": other_clients(request.user, account, text),
        "find": text,
        "others": others_alike(account, platform),
        "copied": copied,
        "looked": looked is not None,
        **(looked or {}),
        "aliases": alias_sources(account),
        "guide": guide_to_begin_with(platform, way.key),
        "every_platform": [platform, *(cls.platform for cls in platforms() if cls.platform.key != platform.key)],
        "crumbs": [
            ("Carts", panel_url(account, "integrations:carts")),
            ("New Setup", panel_url(account, "integrations:new_setup")),
        ],
    }
    return render(request, "integrations/new_setup.html", context)

"""Help: what each platform supports, the set-up guides, the API."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fcp.panel import PanelRequest, panel_url
from integrations.connectors import CONNECTORS, connector_class, platforms
from integrations.connectors.declaring import Guide, Platform
from integrations.guides import channels, guide_of, missing_app
from integrations.models import GuideOpinion, GuideReason
from integrations.views.page import logo_of


@require_GET
def supported(request: PanelRequest) -> HttpResponse:
    """The master list: one row for each kind of store."""
    context = {"channels": channels(), "platforms": [(cls.platform, logo_of(cls.platform.key)) for cls in platforms()]}
    return render(request, "integrations/platforms.html", context)


@require_GET
def guides(request: PanelRequest) -> HttpResponse:
    groups = [(cls.platform, logo_of(cls.platform.key)) for cls in platforms()]
    return render(request, "integrations/guides.html", {"groups": groups})


@require_GET
def api(request: PanelRequest) -> HttpResponse:
    return render(request, "integrations/help_api.html")


def _find(platform: str, key: str) -> tuple[Platform, Guide]:
    found = connector_class(platform).platform if platform in CONNECTORS else None
    guide = guide_of(found, key) if found else None
    if found is None or guide is None:
        raise Http404
    return found, guide


@require_GET
def guide(request: PanelRequest, platform: str, guide: str) -> HttpResponse:
    return _show(request, *_find(platform, guide), OpinionForm())


def _show(request: PanelRequest, platform: Platform, found: Guide, form: OpinionForm) -> HttpResponse:
    account = request.account
    context = {
        "platform": platform,
        "logo": logo_of(platform.key),
        "guide": found,
        "twin": next((one for one in platform.guides if one.key == found.twin), None),
        "variant": platform.variants.get(found.variant, ""),
        "missing_app": missing_app(platform, found),
        "own_app": next((one for one in platform.guides if one.operator), None),
        "form": form,
        "crumbs": [("Set-up guides", panel_url(account, "integrations:guides"))],
    }
    return render(request, "integrations/guide.html", context)


# --- was it helpful -----------------------------------------------------------------------------------------------


class OpinionForm(forms.Form):
    helpful = forms.ChoiceField(
        label="This guide helped", choices=[("yes", "Yes"), ("no", "No")], widget=forms.RadioSelect
    )
    reason = forms.ChoiceField(
        label="If not, why?", required=False, choices=[("", "Choose a reason"), *GuideReason.choices]
    )
    text = forms.CharField(
        label="What would have helped?",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It goes to whoever runs this panel. Write no key and nobody's address.",
    )


@require_POST
def opinion(request: PanelRequest, platform: str, guide: str) -> HttpResponse:
    found, page = _find(platform, guide)
    form = OpinionForm(request.POST)
    if not form.is_valid():
        return _show(request, found, page, form)
    data = form.cleaned_data
    GuideOpinion.objects.create(
        account=request.account, guide=f"{found.key}/{page.key}"[:60], helpful=data["helpful"] == "yes",
        reason=data["reason"], text=data["text"], at=timezone.now(), by=str(request.user)[:120],
    )  # fmt: skip
    messages.success(request, "Thank you. Whoever runs this panel reads it.")
    return redirect(panel_url(request.account, "integrations:guide", platform=platform, guide=guide))

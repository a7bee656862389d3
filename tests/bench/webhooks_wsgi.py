"""The panel as in production, with an empty view beside it to measure against: `gunicorn tests.bench.webhooks_wsgi`."""

from __future__ import annotations

from fcp.wsgi import application  # first: it makes the apps ready

# isort: split
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from fcp import urls

__all__ = ["application"]


@csrf_exempt
@login_not_required
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=200)


urls.urlpatterns.append(path("empty/", empty))

"""How the API is described: the page at /api/, its schema, and what every address has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers

from fcp.scopes import Scope

View = TypeVar("View", bound=Callable[..., Any])


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "fcp.api_keys.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, made on the page API keys: fcp_…"}


class ErrorBody(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people; may change.")
    fields = serializers.DictField(help_text="What is wrong, by field; often empty.")  # type: ignore[assignment]  # a method of forms


class Error(serializers.Serializer[Any]):
    error = ErrorBody()


ERRORS = {
    400: "The request is not right; see fields.",
    401: "No API key, or one that is unknown, expired or revoked.",
    403: "The API key lacks the scope.",
    404: "There is no such thing, or it is not this key's.",
    409: "It is too late for this, or somebody else was faster; the code says which.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Understood, and not possible.",
    429: "Too many calls; Retry-After says how many seconds to wait.",
}
READING = (400, 401, 403, 404, 429)
WRITING = (400, 401, 403, 404, 409, 413, 415, 422, 429)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Any text of yours that is new for each write. Sent again with the same body within 7 days, the first "
    "reply is answered again and nothing happens twice.",
)


def documented(
    summary: str,
    scope: Scope,
    answers: dict[int, Any],
    *,
    body: Any = None,
    parameters: tuple[Any, ...] = (),
    description: str = "",
    tag: str,
    name: str,
) -> Callable[[View], View]:
    """Describes one method of an address. A body makes it a write, with an Idempotency-Key."""
    statuses = WRITING if body else READING
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=f"{description}\n\nScope: `{scope.value}`".strip(),
        tags=[tag],
        request=body,
        parameters=[*parameters, *([IDEMPOTENCY_KEY] if body else [])],
        responses={**answers, **{code: OpenApiResponse(Error, ERRORS[code]) for code in statuses}},
    )


class Schema(SpectacularAPIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []


@login_not_required
def page(request: HttpRequest) -> HttpResponse:
    """The API to read and to try, from our own origin."""
    return render(request, "api/page.html")

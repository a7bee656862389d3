"""What every address of the API has in common: keys, scopes, limits, and one shape of errors.

    {"error": {"code": "stale_revision", "message": "A sentence for a person.", "fields": {"revision": ["..."]}}}

`code` is stable and meant for programs, `message` may change.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.signals import got_request_exception
from django.http import Http404
from django.utils import timezone
from rest_framework import exceptions, status
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from fcp.api_keys import ApiKeyAuthentication, Caller
from fcp.api_limits import seconds_to_wait
from fcp.scopes import Scope

logger = logging.getLogger(__name__)

MAX_BODY = 256 * 1024  # bytes; a hundred acknowledgements are a tenth of it


class ApiError(exceptions.APIException):
    """An error with its status, its code for programs and its sentence for people."""

    def __init__(
        self, status_code: int, code: str, message: str, fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(message, code)
        self.status_code = status_code
        self.code = code
        self.fields = dict(fields or {})


class TooManyCalls(ApiError):
    def __init__(self, seconds: int) -> None:
        sentence = f"Too many calls with this key. Go on in {seconds} seconds."
        super().__init__(status.HTTP_429_TOO_MANY_REQUESTS, "too_many_calls", sentence)
        self.seconds = seconds


class HasScope(BasePermission):
    """The view names the scope of each method; what it does not name, nobody may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.user
        if not isinstance(caller, Caller):
            raise exceptions.NotAuthenticated("An API key is needed: “Authorization: Bearer fcp_…”.", "key_missing")
        method = "GET" if request.method == "HEAD" else str(request.method)
        scope = view.scopes.get(method)
        if scope is None:
            raise exceptions.MethodNotAllowed(method)
        if scope not in caller.scopes:
            raise ApiError(status.HTTP_403_FORBIDDEN, "scope_missing", f"This API key lacks the scope {scope.value}.")
        return True


class JsonParser(JSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError from None


class ApiView(APIView):
    """Base of the API's views. `scopes`: the scope that each method asks for."""

    parser_classes = [JsonParser]
    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [HasScope]
    metadata_class = None
    http_method_names = ["get", "head", "post", "put"]
    scopes: ClassVar[dict[str, Scope]] = {}
    max_body: ClassVar[int] = MAX_BODY

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > self.max_body:
            sentence = f"The body is larger than {self.max_body // 1024} kB. Send it in parts."
            raise ApiError(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too_large", sentence)
        request._request.body  # noqa: B018  # kept, so that fcp.idempotency can read it after the parser
        super().initial(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        wait = seconds_to_wait(self.caller.key, timezone.now())
        if wait:
            raise TooManyCalls(wait)

    @property
    def caller(self) -> Caller:
        caller: Any = self.request.user
        assert isinstance(caller, Caller)
        return caller

    def handle_exception(self, exc: Exception) -> Response:
        response = self._error_reply(exc)
        set_rollback()
        response.exception = True
        return response

    def _error_reply(self, exc: Exception) -> Response:
        if isinstance(exc, Http404):
            exc = exceptions.NotFound()
        if not isinstance(exc, exceptions.APIException):
            logger.exception("The API failed")
            got_request_exception.send(sender=type(self), request=self.request._request)
            return error_reply(500, "internal", "Something went wrong here. It is logged; try again later.")
        headers = {}
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            exc.status_code = status.HTTP_401_UNAUTHORIZED
            headers["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        if isinstance(exc, TooManyCalls):
            headers["Retry-After"] = str(exc.seconds)
        code, message, fields = _told(exc)
        return error_reply(exc.status_code, code, message, fields, headers)


def _told(exc: exceptions.APIException) -> tuple[str, str, dict[str, Any]]:
    if isinstance(exc, ApiError):
        return exc.code, str(exc.detail), exc.fields
    if isinstance(exc, exceptions.ValidationError):
        fields = exc.detail if isinstance(exc.detail, dict) else {"body": exc.detail}
        return "invalid", "Something in this request is not right; see fields.", dict(fields)
    if isinstance(exc, exceptions.ParseError):
        return "unreadable", "The body is not readable JSON.", {}
    code = exc.detail.code if isinstance(exc.detail, exceptions.ErrorDetail) else exc.default_code
    return str(code), str(exc.detail), {}


def error_reply(
    status_code: int,
    code: str,
    message: str,
    fields: Mapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(
        {"error": {"code": code, "message": message, "fields": fields or {}}}, status=status_code, headers=headers
    )


def not_found(what: str) -> ApiError:
    return ApiError(status.HTTP_404_NOT_FOUND, "not_found", f"There is no {what} with this id.")


def key_of(text: str, what: str) -> int:
    """The database's key of a row from its id in the API; 404 for what cannot be one. 031 is not another name of 31."""
    if not text.isascii() or not text.isdigit() or len(text) > 18 or str(int(text)) != text:
        raise not_found(what)
    return int(text)

"""What a warehouse answers: taken, not possible, shipped, stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from fcp.api import ApiError, ApiView, key_of, not_found
from fcp.api_docs import View, documented
from fcp.api_shapes import checked
from fcp.idempotency import once
from fcp.scopes import Scope
from orders.asking import answer_change
from orders.errors import OrderError, StaleRevision
from orders.fulfilling import Shipment, Tracking, report_fulfillment
from orders.models import Fulfillment, ShippingRequest
from orders.models.shipping import Origin
from orders.shipping import Acknowledgement, acknowledge, acknowledge_many, answer_cancel, reject

from . import bodies, replies
from .views import one_request, requests_of, shown

# What an OrderError means over HTTP: status, and the field it is about. The rest are 409: too late, or outrun.
STATUSES = {
    "unknown_line": (404, "lines"),
    "no_lines": (422, "lines"),
    "bad_quantity": (422, "lines"),
    "more_than_ordered": (422, "lines"),
    "bad_time": (422, "shipped_at"),
}


def refused(error: OrderError) -> ApiError:
    if isinstance(error, StaleRevision):
        return ApiError(409, error.code, str(error), {"revision": [f"The current revision is {error.current}."]})
    status, field = STATUSES.get(error.code, (409, ""))
    return ApiError(status, error.code, str(error), {field: [str(error)]} if field else {})


class Answer(ApiView):
    """A write about one shipping request."""

    def answered(self, request: Request, act: Callable[[], ShippingRequest]) -> Response:
        def effect() -> Response:
            try:
                done = act()
            except OrderError as error:
                raise refused(error) from None
            return Response(shown([one_request(self.caller, str(done.pk))])[0])

        return once(request, effect, kept=replies.without_persons, shown=self._again)

    def _again(self, kept: dict[str, Any]) -> dict[str, Any]:
        return replies.with_persons(kept, one_request(self.caller, kept["id"]))

    @property
    def by(self) -> str:
        return self.caller.name


def _documented(title: str, description: str, body: Any, *, name: str) -> Callable[[View], View]:
    """Of each answer to one request, which gives back the request as it is then."""
    shape = {200: replies.RequestShape}
    return documented(title, Scope.WRITE_REQUESTS, shape, body=body, description=description, tag="Answers", name=name)


class Acknowledge(Answer):
    scopes = {"POST": Scope.WRITE_REQUESTS}

    @_documented(
        "Take a shipping request",
        "With the revision you read: if it changed meanwhile, you get 409 and read it again. "
        "Said again, it changes nothing.",
        bodies.AcknowledgeBody,
        name="acknowledge_shipping_request",
    )
    def post(self, request: Request, pk: str) -> Response:
        target, body = one_request(self.caller, pk), checked(bodies.AcknowledgeBody, request.data)
        return self.answered(
            request,
            lambda: acknowledge(target, body["revision"], body["reference"], by=self.by, now=timezone.now()),
        )


class AcknowledgeMany(Answer):
    scopes = {"POST": Scope.WRITE_REQUESTS}

    @documented(
        "Take up to 100 shipping requests",
        Scope.WRITE_REQUESTS,
        {200: replies.AcknowledgedMany},
        body=bodies.AcknowledgeManyBody,
        description="Each stands for itself: what is not possible for one does not keep back the others.",
        tag="Answers",
        name="acknowledge_shipping_requests",
    )
    def post(self, request: Request) -> Response:
        rows = checked(bodies.AcknowledgeManyBody, request.data)["requests"]
        keys = [key_of(row["id"], "shipping request") for row in rows]
        if requests_of(self.caller).filter(pk__in=keys).count() < len(keys):
            raise not_found("shipping request")
        wanted = [Acknowledgement(key, row["revision"], row["reference"]) for key, row in zip(keys, rows, strict=True)]

        def effect() -> Response:
            answers = acknowledge_many(wanted, by=self.by, now=timezone.now())
            return Response({"results": [_acknowledged(key, answers[key]) for key in keys]})

        return once(request, effect)


def _acknowledged(key: int, answer: ShippingRequest | OrderError) -> dict[str, Any]:
    error = None
    if isinstance(answer, OrderError):
        error = {"code": answer.code, "message": str(answer)}
    return {"id": str(key), "acknowledged": error is None, "error": error}


class Reject(Answer):
    scopes = {"POST": Scope.WRITE_REQUESTS}

    @_documented(
        "Refuse a shipping request",
        "The order waits, with your reason, until the merchant decides. Possible until some of it shipped.",
        bodies.RejectBody,
        name="reject_shipping_request",
    )
    def post(self, request: Request, pk: str) -> Response:
        target, body = one_request(self.caller, pk), checked(bodies.RejectBody, request.data)
        return self.answered(request, lambda: reject(target, body["reason"], by=self.by, now=timezone.now()))


class CancelAnswer(Answer):
    scopes = {"POST": Scope.WRITE_REQUESTS}

    @_documented(
        "Say whether a request was stopped",
        "For requests in the state cancel_asked.",
        bodies.CancelAnswerBody,
        name="answer_cancel",
    )
    def post(self, request: Request, pk: str) -> Response:
        target, body = one_request(self.caller, pk), checked(bodies.CancelAnswerBody, request.data)
        return self.answered(
            request,
            lambda: answer_cancel(target, body["stopped"], body["reason"], by=self.by, now=timezone.now()),
        )


class AnswerChange(Answer):
    scopes = {"POST": Scope.WRITE_REQUESTS}

    @_documented(
        "Say whether a change can be followed",
        "For requests that you took and whose `change` waits for an answer: the buyer's address changed in "
        "the store, or the merchant wants another ship code. Accepted, the new values become the request's own and "
        "its revision rises. Until you answer, the request stays as you took it.",
        bodies.ChangeAnswerBody,
        name="answer_change",
    )
    def post(self, request: Request, pk: str) -> Response:
        target, body = one_request(self.caller, pk), checked(bodies.ChangeAnswerBody, request.data)
        return self.answered(
            request,
            lambda: answer_change(
                target, body["accepted"], body["revision"], body["reason"], by=self.by, now=timezone.now()
            ),
        )


class Fulfillments(Answer):
    scopes = {"POST": Scope.WRITE_FULFILLMENTS}

    @documented(
        "Report what has shipped",
        Scope.WRITE_FULFILLMENTS,
        {201: replies.FulfillmentShape},
        body=bodies.FulfillmentBody,
        description="Whole or in parts. The same id with the same content is the same shipment.",
        tag="Answers",
        name="report_fulfillment",
    )
    def post(self, request: Request, pk: str) -> Response:
        target, body = one_request(self.caller, pk), checked(bodies.FulfillmentBody, request.data)
        shipment = Shipment(
            lines={key_of(line["id"], "line"): line["quantity"] for line in body["lines"]},
            carrier=body["carrier"],
            service=body["service"],
            parcels=tuple(Tracking(parcel["tracking_number"], parcel["url"]) for parcel in body.get("parcels", [])),
            ref=body["id"],
            shipped_at=body["shipped_at"],
        )

        def effect() -> Response:
            try:
                done: Fulfillment = report_fulfillment(
                    target.order, shipment, request=target, origin=Origin.PARTNER, by=self.by, now=timezone.now()
                )
            except OrderError as error:
                raise refused(error) from None
            return Response(replies.fulfillment_shape(done), status=201)

        return once(request, effect)

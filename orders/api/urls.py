"""The addresses of orders below /api/v1/; fcp.api_urls puts them beside the other apps'."""

from __future__ import annotations

from django.urls import path

from . import answers, partner, views

urlpatterns = [
    path("shipping-requests", views.RequestList.as_view()),
    path("shipping-requests/acknowledge", answers.AcknowledgeMany.as_view()),
    path("shipping-requests/<str:pk>", views.RequestDetail.as_view()),
    path("shipping-requests/<str:pk>/acknowledge", answers.Acknowledge.as_view()),
    path("shipping-requests/<str:pk>/reject", answers.Reject.as_view()),
    path("shipping-requests/<str:pk>/fulfillments", answers.Fulfillments.as_view()),
    path("shipping-requests/<str:pk>/cancel-answer", answers.CancelAnswer.as_view()),
    path("shipping-requests/<str:pk>/change-answer", answers.AnswerChange.as_view()),
    path("orders/<str:pk>", views.OrderDetail.as_view()),
    path("ship-codes", views.ShipCodeList.as_view()),
    path("partner", partner.PartnerDetail.as_view()),
]

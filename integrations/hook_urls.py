"""Addresses that stores call; below /hooks/, outside of any account."""

from django.urls import path

from integrations import webhooks

app_name = "hooks"
urlpatterns = [
    path("<slug:platform>/", webhooks.app_webhook, name="app"),
    path("<slug:platform>/<str:token>/", webhooks.address_webhook, name="address"),
    # Pasted without its last character; a redirect would turn the message into a question.
    path("<slug:platform>/<str:token>", webhooks.address_webhook),
]

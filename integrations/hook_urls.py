"""Addresses that stores call; below /hooks/, outside of any account."""

from django.urls import path

from integrations import webhooks

app_name = "hooks"
urlpatterns = [path("<slug:platform>/", webhooks.app_webhook, name="app")]

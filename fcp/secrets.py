"""Encrypted columns: a key ring of our own, so that changing SECRET_KEY never touches stored credentials."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class UnreadableSecret(Exception):
    """A stored secret that none of the keys in FCP_FIELD_KEYS opens."""


@lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FCP_FIELD_KEYS is empty: at least one key is needed to store credentials.")
    return MultiFernet([Fernet(key.encode()) for key in keys])


def key_ring() -> MultiFernet:
    """The first of FCP_FIELD_KEYS encrypts, all of them decrypt."""
    return _ring(tuple(settings.FCP_FIELD_KEYS))


def key_id(key: str) -> str:
    """A short name for a key, safe to show."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


class SecretField(models.TextField):
    """Text that is encrypted in the database. Python sees the plain text; nothing shows it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None:
            return None
        return f"{key_id(settings.FCP_FIELD_KEYS[0])}:{key_ring().encrypt(value.encode()).decode()}"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        try:
            return key_ring().decrypt(value.partition(":")[2].encode()).decode()
        except InvalidToken:
            raise UnreadableSecret("No key in FCP_FIELD_KEYS opens this secret.") from None

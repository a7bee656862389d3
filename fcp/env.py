"""Values from the environment. A wrong one stops the start with one sentence that names it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def read_env_file(path: Path) -> None:
    """Add the file's values to the environment; what the environment already holds wins."""
    if path.is_file():
        environ.Env.read_env(path)


def env_str(name: str, default: str | None = None) -> str:
    """None as default: the value must be given."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment or in the file .env.")
    return default


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; it must be true or false.")


def env_int(name: str, default: int, *, at_least: int, at_most: int) -> int:
    value = env_str(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = at_least - 1
    if not at_least <= number <= at_most:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number from {at_least} to {at_most}.")
    return number


def env_choice(name: str, default: str, choices: Sequence[str]) -> str:
    value = env_str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(choices)}.")
    return value


def env_list(name: str, default: Sequence[str] | None = ()) -> list[str]:
    """Values separated by commas."""
    value = env_str(name, None if default is None else ",".join(default))
    return [part.strip() for part in value.split(",") if part.strip()]


def env_path(name: str, default: Path) -> Path:
    path = Path(env_str(name, str(default)))
    if not path.is_absolute():
        raise ImproperlyConfigured(f"{name} is {str(path)!r}; it must be an absolute path.")
    return path


def env_web_address(name: str, default: str) -> str:
    """An http or https address without a path, without the slash at its end."""
    value = env_str(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must look like https://panel.example.com.")
    return value


def env_web_page(name: str, default: str) -> str:
    """An http or https address of a page, without a query; may be empty."""
    value = env_str(name, default)
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must look like https://www.example.com/page.")
    return value


APP_VALUES = re.compile(r"FCP_[A-Z0-9]+_(APP_ID|APP_SECRET|PUBLIC_KEY|INSTALLER_URL|MARKET_URL)")


def env_apps() -> dict[str, str]:
    """What is said of the operator's own apps, for whichever platforms."""
    found = {name: env_str(name, "") for name in os.environ if APP_VALUES.fullmatch(name)}
    for name in found:
        if name.endswith("_URL"):
            env_web_page(name, "")
    return {name: value.replace("\\n", "\n") for name, value in found.items()}


def env_database(name: str, default: str | None) -> dict[str, Any]:
    """Django's settings of one database, from an address like postgres://user:password@host:5432/name."""
    value = env_str(name, default)
    try:
        config: dict[str, Any] = environ.Env.db_url_config(value)
    except (ValueError, KeyError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not an address of a database. {DATABASE_FORMS}") from error
    if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} names a database that is not supported. {DATABASE_FORMS}")
    return config


DATABASE_FORMS = "It must look like sqlite:////var/lib/fcp/fcp.sqlite3 or postgres://user:password@host:5432/name."


MOST_CACHED = 100_000  # entries of the cache in the database


def env_cache(name: str, default: str | None) -> dict[str, Any]:
    """Django's settings of one cache, from dbcache://table (?max_entries=...) or redis://host:6379/0."""
    value = env_str(name, default)
    if not value.startswith(("dbcache://", "redis://", "rediss://")):
        raise ImproperlyConfigured(
            f"{name} must look like dbcache://fcp_cache or redis://host:6379/0: a cache that all processes share."
        )
    config: dict[str, Any] = environ.Env.cache_url_config(value)
    if value.startswith("dbcache://"):
        # Beyond it Django throws entries out whatever they are for, limits of sign-in too; its own default is 300.
        config.setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", MOST_CACHED)
    return config


def env_email(name: str, default: str) -> dict[str, Any]:
    """Django's e-mail settings, from consolemail:// or smtp+tls://user:password@host:587."""
    value = env_str(name, default)
    try:
        config: dict[str, Any] = environ.Env.email_url_config(value)
    except (ValueError, KeyError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} must look like smtp+tls://user:password@host:587.") from error
    return config


def env_field_keys(name: str, default: Sequence[str] | None) -> list[str]:
    """Fernet keys, separated by commas: the first encrypts, every one decrypts."""
    keys = env_list(name, default)
    for place, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name}: key {place} of {len(keys)} is not valid. `python manage.py new_key` prints a good one."
            ) from error
    return keys

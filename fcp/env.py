"""Values from the environment. A wrong one stops the start with one sentence that names it."""

import os
import re
from collections.abc import Sequence
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def read_env_file(directory: Path, default: str) -> None:
    """Add the file's values to the environment; what the environment already holds wins.

    FCP_ENV_FILE names it; empty: no file. One that is named must be there: without its values a production would begin
    as a development on an empty database.
    """
    named = os.environ.get("FCP_ENV_FILE")
    path = directory / (default if named is None else named)
    if named == "" or (named is None and not path.exists()):
        return
    try:
        path.read_text(encoding="utf-8")  # environ takes an unreadable file for an empty one
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ImproperlyConfigured(f"FCP_ENV_FILE: the file {path} cannot be read ({reason}).") from error
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
    """Values separated by commas; one at least where any are given."""
    value = env_str(name, None if default is None else ",".join(default))
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if value and not parts:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must hold at least one value.")
    return parts


HOST = re.compile(r"\*|\.?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\]", re.I)


def env_hosts(name: str, default: Sequence[str] | None) -> list[str]:
    """Host names, separated by commas."""
    hosts = env_list(name, default)
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ImproperlyConfigured(
                f"{name} holds {host!r}; it must be a host's name alone, like panel.example.com, or .example.com "
                "for every name below it."
            )
    return hosts


def env_ip_address(name: str, default: str) -> str:
    """As the system writes it: an IPv6 address without brackets."""
    value = env_str(name, default)
    try:
        return str(ip_address(value.strip("[]")))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be an IP address, like 127.0.0.1 or ::1.") from error


def env_secret(name: str, default: str | None, *, at_least: int) -> str:
    """A text of so many characters; it is never shown."""
    value = env_str(name, default)
    if len(value) < at_least:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; it must have {at_least} or more.")
    return value


def env_sender(name: str, default: str) -> str:
    """An e-mail address, alone or as Name <address>. The default is not looked at: it may be of this machine."""
    value = env_str(name, default)
    try:
        if value != default:
            validate_email(parseaddr(value)[1])
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must look like panel@example.com or Panel <panel@example.com>."
        ) from error
    return value


def env_path(name: str, default: Path) -> Path:
    path = Path(env_str(name, str(default)))
    if not path.is_absolute():
        raise ImproperlyConfigured(f"{name} is {str(path)!r}; it must be an absolute path.")
    return path


def _split(address: str) -> SplitResult:
    """Its parts; none for what is no address, and for one without a host or with a word where the port stands."""
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 else SplitResult("", "", "", "", "")
    except ValueError:
        return SplitResult("", "", "", "", "")


def env_web_address(name: str, default: str | None) -> str:
    """An http or https address without a path, without the slash at its end."""
    value = env_str(name, default).rstrip("/")
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or parts.path or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must look like https://panel.example.com.")
    return value


def env_web_page(name: str, default: str) -> str:
    """An http or https address of a page, without a query; may be empty."""
    value = env_str(name, default)
    parts = _split(value)
    if value and (parts.scheme not in {"http", "https"} or parts.query or parts.fragment):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must look like https://www.example.com/page.")
    return value


APP_VALUES = re.compile(r"FCP_[A-Z0-9]+_(APP_ID|APP_SECRET|PUBLIC_KEY|INSTALLER_URL|MARKET_URL)")


def env_apps() -> dict[str, str]:
    """What is said of the operator's own apps, for whichever platforms."""
    found = {name: env_str(name, "").replace("\\n", "\n") for name in os.environ if APP_VALUES.fullmatch(name)}
    for name, value in found.items():
        if name.endswith("_URL"):
            env_web_page(name, "")
        if name.endswith("_PUBLIC_KEY") and value:
            _check_public_key(name, value)
    return found


def _check_public_key(name: str, value: str) -> None:
    try:
        load_pem_public_key(value.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(
            f"{name} is not a public key; it must begin with -----BEGIN PUBLIC KEY-----, with \\n for each line's end."
        ) from error


def env_database(name: str, default: str | None) -> dict[str, Any]:
    """Django's settings of one database, from an address like postgres://user:password@host:5432/name."""
    value = env_str(name, default)
    try:
        config: dict[str, Any] = environ.Env.db_url_config(value)
    except (ValueError, KeyError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not an address of a database. {DATABASE_FORMS}") from error
    if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} names a database that is not supported. {DATABASE_FORMS}")
    if config.get("NAME") in {"", None, ":memory:"}:  # the panel is several processes
        raise ImproperlyConfigured(f"{name} names no database. {DATABASE_FORMS}")
    return config


DATABASE_FORMS = "It must look like sqlite:////var/lib/fcp/fcp.sqlite3 or postgres://user:password@host:5432/name."


MOST_CACHED = 100_000  # entries of the cache in the database
CACHE_TABLE = re.compile(r"dbcache://([a-z_][a-z0-9_]{0,62})(?:\?max_entries=([0-9]+))?", re.I)
CACHE_FORMS = "It must look like dbcache://fcp_cache or redis://host:6379/0: a cache that all processes share."


def env_cache(name: str, default: str | None) -> dict[str, Any]:
    """Django's settings of one cache, from dbcache://table (?max_entries=...) or redis://host:6379/0."""
    value = env_str(name, default)
    if value.startswith("dbcache://"):
        return _cache_in_database(name, value)
    if _split(value).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured(f"{name} is not an address of a cache. {CACHE_FORMS}")
    if find_spec("redis") is None:
        raise ImproperlyConfigured(
            f"{name} names a Redis, but the Python package redis is not installed. Type: .venv/bin/pip install redis"
        )
    config: dict[str, Any] = environ.Env.cache_url_config(value)
    return config


def _cache_in_database(name: str, value: str) -> dict[str, Any]:
    """Beyond its entries Django throws some out, limits of sign-in too; Django's own default is 300."""
    found = CACHE_TABLE.fullmatch(value)
    most = int(found[2] or MOST_CACHED) if found else 0
    if not found or not 1000 <= most <= 10_000_000:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it must look like dbcache://fcp_cache or dbcache://fcp_cache?max_entries=200000, "
            "with 1000 to 10000000 entries."
        )
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": found[1],
        "OPTIONS": {"MAX_ENTRIES": most},
    }


MAIL_PORTS = {"consolemail": 0, "smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}  # scheme -> port where none is given


def env_email(name: str, default: str) -> dict[str, Any]:
    """Django's e-mail settings, from consolemail:// or smtp+tls://user:password@host:587."""
    value = env_str(name, default)
    scheme = "consolemail" if value == "consolemail://" else _split(value).scheme
    if scheme not in MAIL_PORTS:
        raise ImproperlyConfigured(
            f"{name} must look like smtp+tls://user:password@host:587, or be consolemail:// for the terminal."
        )
    config: dict[str, Any] = environ.Env.email_url_config(value)
    return config | {"EMAIL_PORT": config["EMAIL_PORT"] or MAIL_PORTS[scheme]}


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

"""Every setting of the project. Values come from the environment, or from the file .env beside manage.py.

Each value that an operator may set says what it is, its unit, its range and its default. A wrong one
stops the start with a sentence that names it (fcp/env.py).
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from fcp.api_guide import GUIDE
from fcp.env import (
    env_apps,
    env_bool,
    env_cache,
    env_choice,
    env_database,
    env_email,
    env_field_keys,
    env_hosts,
    env_int,
    env_ip_address,
    env_path,
    env_secret,
    env_sender,
    env_str,
    env_web_address,
    read_env_file,
)
from fcp.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

# FCP_ENV_FILE: file with further values; what the environment already holds wins. Default .env beside manage.py, which
# may be missing; one that is named may not. Empty: no file.
read_env_file(BASE_DIR, default=".env")

# --- What this installation is ------------------------------------------------------------------

# development or production; default development. Production switches every safety check on, debug and the
# sandbox off, and demands SECRET_KEY, FCP_FIELD_KEYS, ALLOWED_HOSTS, DATABASE_URL and CACHE_URL.
FCP_MODE = env_choice("FCP_MODE", "development", ["development", "production"])
PRODUCTION = FCP_MODE == "production"

# true or false; default false. Django's pages with the insides of an error; refused in production.
DEBUG = env_bool("DEBUG", False)

# true or false; default false, true in the .env that the first `make run` writes. Starts the stand-in
# stores and warehouse with their demo accounts; refused in production.
FCP_SANDBOX = env_bool("FCP_SANDBOX", False)

for _name, _on in (("DEBUG", DEBUG), ("FCP_SANDBOX", FCP_SANDBOX)):
    if PRODUCTION and _on:
        raise ImproperlyConfigured(f"{_name} is switched on, but FCP_MODE=production forbids it. Remove {_name}.")

# Random text of at least 50 characters that signs sessions and queued tasks. Required in production.
# Without one (and without a .env) each process makes its own: enough for checks, not for a panel.
SECRET_KEY = env_secret("SECRET_KEY", None if PRODUCTION else secrets.token_urlsafe(50), at_least=50)

# Fernet keys for stored credentials, separated by commas; `python manage.py new_key` prints one. The first
# encrypts, all decrypt: put a new one in front to rotate. Required in production. Default as SECRET_KEY.
FCP_FIELD_KEYS = env_field_keys("FCP_FIELD_KEYS", None if PRODUCTION else [Fernet.generate_key().decode()])

# Host names under which the panel is reached, separated by commas, without https:// and port; .example.com is every
# name below it, * any. Required in production. Default localhost and 127.0.0.1.
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS", None if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])

# Port of the web server on 127.0.0.1, 1 to 65535; default 8020.
FCP_PORT = env_int("FCP_PORT", 8020, at_least=1, at_most=65535)

# IP address on which the web server listens; default 127.0.0.1, so that only this machine reaches it. 0.0.0.0: all of
# this machine's.
FCP_BIND = env_ip_address("FCP_BIND", "127.0.0.1")

# Processes of the web server, 1 to 64, and threads of each, 1 to 64; default 1 and 8.
FCP_WEB_WORKERS = env_int("FCP_WEB_WORKERS", 1, at_least=1, at_most=64)
FCP_WEB_THREADS = env_int("FCP_WEB_THREADS", 8, at_least=1, at_most=64)

# Port of the stand-in stores and warehouse on 127.0.0.1, 1 to 65535; default 8021. Used with FCP_SANDBOX only.
FCP_SANDBOX_PORT = env_int("FCP_SANDBOX_PORT", 8021, at_least=1, at_most=65535)

# Address under which the outside world reaches the panel: in mails and in the webhook addresses that stores
# are given. Default: https and the first of ALLOWED_HOSTS in production (required if that is *), else
# http://127.0.0.1:FCP_PORT.
_OURS: str | None = f"http://127.0.0.1:{FCP_PORT}"
if PRODUCTION:
    _OURS = None if ALLOWED_HOSTS[0] == "*" else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
FCP_PUBLIC_URL = env_web_address("FCP_PUBLIC_URL", _OURS)

# Directory for what the panel keeps beside the database (absolute path); default var/ beside manage.py.
FCP_DATA_DIR = env_path("FCP_DATA_DIR", BASE_DIR / "var")

# Whom a merchant may ask for help, as it is shown on the pages: an e-mail address or a web address (https://...), which
# become links, or any text, such as a telephone number. Default empty: no such line is shown.
FCP_SUPPORT_CONTACT = env_str("FCP_SUPPORT_CONTACT", "")

# --- Stores -------------------------------------------------------------------------------------

# Seconds to wait for one reply of a store, 1 to 60; default 30. Each wait keeps one worker busy, so a slow
# store with a long timeout delays the other stores' pulls. Where several calls of one sync hang, the later ones wait
# less, so that all end within the time that the queue gives a task.
FCP_STORE_TIMEOUT = env_int("FCP_STORE_TIMEOUT", 30, at_least=1, at_most=60)

# Seconds that a flow belongs to the worker that runs it, renewed with every page, 1 to 600; default 60. After
# a crash it takes this long, and at most a minute more, until another worker goes on. More than FCP_STORE_TIMEOUT.
FCP_LEASE_SECONDS = env_int("FCP_LEASE_SECONDS", 60, at_least=1, at_most=600)
if FCP_LEASE_SECONDS <= FCP_STORE_TIMEOUT:  # somebody else would begin while a call is still under way
    raise ImproperlyConfigured(
        f"FCP_LEASE_SECONDS is {FCP_LEASE_SECONDS}; it must be more than FCP_STORE_TIMEOUT ({FCP_STORE_TIMEOUT})."
    )

# The operator's own app at a platform (<PLATFORM> is its key in capitals, as in FCP_WIX_APP_ID), from the app's page
# there; default empty: no app, and stores are connected with keys that their owners make.
#   FCP_<PLATFORM>_APP_ID, FCP_<PLATFORM>_APP_SECRET   the app's id and secret (Wix: App ID, App secret key)
#   FCP_<PLATFORM>_PUBLIC_KEY      the key that its webhooks are signed with (PEM; line ends may be written as \n)
#   FCP_<PLATFORM>_INSTALLER_URL   where a store's owner lets it in when he begins in the panel; default the platform's
#   FCP_<PLATFORM>_MARKET_URL      its own page in the platform's app market, which the help links to
# With FCP_SANDBOX, while no app of one's own is set, the stand-in stores have one.
globals().update(env_apps())

# --- Apps ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "fcp.apps.FcpConfig",
    "inventory.apps.InventoryConfig",
    "mappings.apps.MappingsConfig",
    "orders.apps.OrdersConfig",
    "integrations.apps.IntegrationsConfig",
    "fcp.apps.PanelAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # its widgets' templates, for fcp.forms.PanelRenderer
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "fcp.health.AnyHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "fcp.middleware.SignInAgainMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "fcp.middleware.LastSeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fcp.middleware.AccountMiddleware",
]

ROOT_URLCONF = "fcp.urls"
FORM_RENDERER = "fcp.forms.PanelRenderer"
WSGI_APPLICATION = "fcp.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fcp.shell.shell",
            ],
            "builtins": ["fcp.templatetags.panel"],
        },
    },
]

# --- Database and cache -------------------------------------------------------------------------

# sqlite:////absolute/path or postgres://user:password@host:port/name. Required in production.
# Default: the file fcp.sqlite3 in FCP_DATA_DIR.
DATABASES = {
    "default": env_database("DATABASE_URL", None if PRODUCTION else f"sqlite:///{FCP_DATA_DIR / 'fcp.sqlite3'}")
}

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384",
        "transaction_mode": "IMMEDIATE",  # a writer waits at the start, where waiting works, not in the middle
        "timeout": 20,  # seconds
    }
    # Opening one anew takes each request as long as some twenty questions.
    DATABASES["default"]["CONN_MAX_AGE"] = 300  # seconds
else:
    # Without it django-q opens a connection for each enqueue, poll and acknowledgement.
    DATABASES["default"]["CONN_MAX_AGE"] = 300  # seconds
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that is gone without a word (its machine lost power, a cable was pulled) is noticed within half a minute;
    # Linux alone would wait for a quarter of an hour, and as long neither a page nor a worker would go on.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,  # seconds
        "keepalives_idle": 15,  # seconds
        "keepalives_interval": 5,  # seconds
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,  # milliseconds
    } | DATABASES["default"].get("OPTIONS", {})

# dbcache://table (in the database) or redis://host:6379/0. All processes must share it: it holds the limits of
# sign-in. Required in production. Default dbcache://fcp_cache. In the database (`migrate` makes the table) it holds
# 100,000 entries at most, or as many as dbcache://table?max_entries=200000 says, 1000 to 10000000; when it is full,
# some of them are thrown out. Redis needs the Python package redis.
CACHES = {
    "default": env_cache("CACHE_URL", None if PRODUCTION else "dbcache://fcp_cache"),
    # django-q notes its state twice a second for monitors that we do not use: not in the database.
    "queue": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

# --- Queue --------------------------------------------------------------------------------------

# Worker processes of the default queue (orders, stock, tracking, webhooks), 1 to 64; default 4.
FCP_WORKERS = env_int("FCP_WORKERS", 4, at_least=1, at_most=64)

# Worker processes of the slow queue (catalogues, first imports), 1 to 64; default 1.
FCP_SLOW_WORKERS = env_int("FCP_SLOW_WORKERS", 1, at_least=1, at_most=64)

# Seconds that running tasks and requests have for ending when the panel is stopped, 1 to 600; default 30.
# What has not ended by then is killed, and done again after the next start.
FCP_STOP_SECONDS = env_int("FCP_STOP_SECONDS", 30, at_least=1, at_most=600)

# The queue is a doorbell: what is to be done stands in our tables, so a task is tried once and a finished one
# is forgotten. `retry` must be longer than timeout + (queue_limit + 2) / workers * the longest task.
Q_CLUSTER: dict[str, Any] = {
    "name": "fcp",
    "orm": "default",
    "workers": FCP_WORKERS,
    "timeout": 120,  # seconds
    "retry": 600,  # seconds
    "queue_limit": FCP_WORKERS,
    "bulk": 1,
    "save_limit": -1,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "poll": 0.5,  # seconds
    "recycle": 500,  # tasks
    "max_rss": 300_000,  # kB
    "label": "Queue",
    "cache": "queue",
    "ALT_CLUSTERS": {
        "slow": {"workers": FCP_SLOW_WORKERS, "timeout": 540, "retry": 2400, "queue_limit": FCP_SLOW_WORKERS},
    },
}

# --- Sign-in ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "fcp.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# true or false; default true: anybody may sign up and open an account. False: accounts are made in the admin.
FCP_SIGN_UP = env_bool("FCP_SIGN_UP", True)

ACCOUNT_ADAPTER = "fcp.sign_in.PanelAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "fcp.sign_in.SignUpForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(FCP_PUBLIC_URL).scheme
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
    "confirm_email": "1/3m/key",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Fulfillment Control Panel"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
USERSESSIONS_TRACK_ACTIVITY = True

# --- Mail ---------------------------------------------------------------------------------------

# consolemail:// (written to the terminal), smtp://, smtp+tls:// or smtp+ssl:// with user:password@host:port; without a
# port 25, 587 and 465. Default consolemail://.
_EMAIL = env_email("EMAIL_URL", "consolemail://")
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = _EMAIL.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _EMAIL["EMAIL_PORT"]
EMAIL_HOST_USER = _EMAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _EMAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20  # seconds

# Sender of the panel's mails, as panel@example.com or Panel <panel@example.com>; default panel@ and the host of
# FCP_PUBLIC_URL.
DEFAULT_FROM_EMAIL = env_sender("DEFAULT_FROM_EMAIL", f"panel@{urlsplit(FCP_PUBLIC_URL).hostname}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- API ----------------------------------------------------------------------------------------

# Calls a minute that one API key may make, 1 to 100000; default 600. As many may come at once after a quiet minute.
FCP_API_RATE = env_int("FCP_API_RATE", 600, at_least=1, at_most=100_000)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["fcp.api_keys.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fulfillment Control Panel API",
    "DESCRIPTION": GUIDE,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"OrderState": "orders.state.State", "RequestState": "orders.models.shipping.RequestState"},
}

# --- Files that people send ---------------------------------------------------------------------

FILE_UPLOAD_HANDLERS = [
    "fcp.uploads.ShortFiles",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files -------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = FCP_DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Safety -------------------------------------------------------------------------------------

# Reverse proxies in front of the web server whose X-Forwarded-For and X-Forwarded-Proto are believed, 0 to 10; default
# 1 in production, else 0. Too few: sign-in limits count all visitors as one. Too many: anybody may invent his address.
FCP_TRUSTED_PROXIES = env_int("FCP_TRUSTED_PROXIES", 1 if PRODUCTION else 0, at_least=0, at_most=10)
ALLAUTH_TRUSTED_PROXY_COUNT = FCP_TRUSTED_PROXIES
if FCP_TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_TRUSTED_ORIGINS = [FCP_PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"

# Nothing inline, nothing from elsewhere. Images may be data: for the QR code of two-factor sign-in.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Logs ---------------------------------------------------------------------------------------

# DEBUG, INFO, WARNING or ERROR; default INFO.
FCP_LOG_LEVEL = env_choice("FCP_LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING = logging_config(level=FCP_LOG_LEVEL, json=PRODUCTION)

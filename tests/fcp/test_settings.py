"""Settings come from the environment; each case is a process of its own, as a real start is."""

import json
import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.cache import cache

from fcp.env import env_cache, env_email, env_hosts, env_ip_address, env_sender
from fcp.programs import manage

PRODUCTION = {
    "FCP_MODE": "production",
    "SECRET_KEY": "long enough and with enough different signs: 0123456789 abcdefghijkl",
    "FCP_FIELD_KEYS": Fernet.generate_key().decode(),
    "ALLOWED_HOSTS": "panel.example.com",
    "DATABASE_URL": "sqlite:////tmp/never-opened.sqlite3",
    "CACHE_URL": "dbcache://fcp_cache",
}


def run(command, cwd=settings.BASE_DIR, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "FCP_ENV_FILE": "", **environment}
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FCP_MODE", "prod"),
        ("FCP_SANDBOX", "perhaps"),
        ("FCP_PORT", "70000"),
        ("FCP_ENV_FILE", "/nowhere/.env"),  # a slip of the pen must not begin an empty development
        ("FCP_ENV_FILE", "/tmp"),
        ("FCP_STORE_TIMEOUT", "0"),
        ("FCP_STORE_TIMEOUT", "61"),  # a few hanging stores would stand for a dead cluster
        ("FCP_LEASE_SECONDS", "a minute"),
        ("FCP_LEASE_SECONDS", "30"),  # as long as a call to a store may take
        ("FCP_FIELD_KEYS", "short"),
        ("FCP_FIELD_KEYS", ","),
        ("SECRET_KEY", "abc"),
        ("ALLOWED_HOSTS", ","),
        ("ALLOWED_HOSTS", "https://panel.example.com"),
        ("ALLOWED_HOSTS", "panel.example.com:443"),
        ("ALLOWED_HOSTS", "*.example.com"),
        ("FCP_BIND", "nonsense"),
        ("FCP_PUBLIC_URL", "panel.example.com"),
        ("FCP_PUBLIC_URL", "https://panel.example.com:port"),
        ("FCP_DATA_DIR", "var"),
        ("DATABASE_URL", "mysql://user@host/name"),
        ("DATABASE_URL", "postgres://user@host/"),
        ("CACHE_URL", "locmemcache://"),
        ("CACHE_URL", "dbcache://"),
        ("CACHE_URL", "dbcache://fcp_cache?max_entries=200k"),
        ("CACHE_URL", "redis://host:port/0"),
        ("EMAIL_URL", "pigeon://"),
        ("EMAIL_URL", "dummymail://"),  # every mail would be lost, and no banner would say so
        ("EMAIL_URL", "smtp+tls://"),
        ("DEFAULT_FROM_EMAIL", "panel"),
        ("FCP_WIX_PUBLIC_KEY", "abc"),
        ("FCP_WIX_INSTALLER_URL", "wix"),
        ("FCP_WICKS_APP_ID", "of a platform that there is not"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_sentence_that_names_it(name, value):
    result = run(manage("check"), **{name: value})

    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "FCP_FIELD_KEYS", "ALLOWED_HOSTS", "DATABASE_URL", "CACHE_URL"])
def test_production_does_not_start_without(name):
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    result = run(manage("check"), **environment)

    assert result.returncode != 0
    assert result.stderr == f"{name} is not set. Set it in the environment or in the file .env.\n"


def test_a_wrong_host_is_said_of_the_hosts_and_not_of_what_is_derived_from_them():
    result = run(manage("check"), **PRODUCTION | {"ALLOWED_HOSTS": "https://panel.example.com"})

    assert result.stderr.startswith("ALLOWED_HOSTS holds 'https://panel.example.com'")


def test_any_host_leaves_the_address_of_the_panel_to_be_said():
    anywhere = PRODUCTION | {"ALLOWED_HOSTS": "*"}

    assert run(manage("check"), **anywhere).stderr.startswith("FCP_PUBLIC_URL is not set.")
    assert run(manage("check"), **anywhere, FCP_PUBLIC_URL="https://panel.example.com").returncode == 0


def test_a_secret_key_that_is_too_short_is_not_shown():
    result = run(manage("check"), SECRET_KEY="hunter2")

    assert result.stderr == "SECRET_KEY has 7 characters; it must have 50 or more.\n"


def test_redis_without_its_package_is_told_at_the_start_with_what_to_type(tmp_path):
    code = (
        "import sys, importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *more: None if name == 'redis' else find(name, *more);"
        "import runpy; runpy.run_path('manage.py', run_name='__main__')"
    )
    result = run([sys.executable, "-c", code, "check"], CACHE_URL="redis://127.0.0.1:6379/0")

    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("CACHE_URL")
    assert "pip install redis" in result.stderr


@pytest.mark.parametrize(("scheme", "port"), [("smtp", 25), ("smtp+tls", 587), ("smtp+ssl", 465)])
def test_mail_goes_to_the_port_of_its_kind_where_none_is_given(monkeypatch, scheme, port):
    monkeypatch.setenv("EMAIL_URL", f"{scheme}://user:password@mail.example.com")
    assert env_email("EMAIL_URL", "")["EMAIL_PORT"] == port

    monkeypatch.setenv("EMAIL_URL", f"{scheme}://user:password@mail.example.com:2525")
    assert env_email("EMAIL_URL", "")["EMAIL_PORT"] == 2525


def test_good_values_of_every_form_are_taken(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "panel.example.com, .example.org,*,[::1],10.0.0.5,a-b.c_d.example")
    monkeypatch.setenv("FCP_BIND", "[::1]")
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", "The Panel <panel@example.com>")

    assert len(env_hosts("ALLOWED_HOSTS", None)) == 6
    assert env_ip_address("FCP_BIND", "127.0.0.1") == "::1"
    assert env_sender("DEFAULT_FROM_EMAIL", "") == "The Panel <panel@example.com>"


@pytest.mark.parametrize("name", ["DEBUG", "FCP_SANDBOX"])
def test_production_refuses(name):
    result = run(manage("check"), **PRODUCTION, **{name: "true"})

    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr


def test_production_passes_every_check_of_a_deployment():
    result = run(manage("check", "--deploy", "--fail-level", "WARNING"), **PRODUCTION)

    assert result.returncode == 0, result.stderr


def test_production_without_a_trusted_proxy_is_warned_of():
    result = run(manage("check", "--deploy", "--fail-level", "WARNING"), **PRODUCTION, FCP_TRUSTED_PROXIES="0")

    assert result.returncode != 0
    assert "FCP_TRUSTED_PROXIES is 0" in result.stderr


def test_a_missing_package_is_named(tmp_path):
    code = "import sys; sys.modules['structlog'] = None; import runpy; runpy.run_path('manage.py', run_name='__main__')"
    result = run([sys.executable, "-c", code])

    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1
    assert "structlog" in result.stderr


def test_the_first_start_writes_keys_that_a_second_one_keeps(tmp_path):
    path = tmp_path / ".env"
    command = manage("first_start", "--file", str(path))

    assert run(command, FCP_DATA_DIR=str(tmp_path / "var")).returncode == 0
    written = path.read_text()
    assert run(command, FCP_DATA_DIR=str(tmp_path / "var")).returncode == 0

    assert path.read_text() == written
    assert path.stat().st_mode & 0o077 == 0
    values = dict(line.split("=", 1) for line in written.splitlines() if not line.startswith("#"))
    assert len(values["SECRET_KEY"]) >= 50
    Fernet(values["FCP_FIELD_KEYS"])
    assert values["FCP_SANDBOX"] == "true"


@pytest.mark.parametrize("keys", ["", "short"])
def test_a_production_that_has_no_good_key_yet_can_make_one(keys):
    made = run(manage("new_key"), FCP_MODE="production", FCP_FIELD_KEYS=keys)

    assert made.returncode == 0, made.stderr
    Fernet(made.stdout.strip())


def test_what_the_environment_holds_wins_over_the_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("FCP_PORT=8055\nFCP_SUPPORT_CONTACT=help@example.com\n")
    code = "from fcp import settings; print(settings.FCP_PORT, settings.FCP_SUPPORT_CONTACT)"

    result = run([sys.executable, "-c", code], FCP_ENV_FILE=str(path), FCP_PORT="8056")

    assert result.stdout.split() == ["8056", "help@example.com"]


@pytest.mark.django_db
def test_many_counters_push_no_limit_of_sign_in_out_of_the_cache():
    cache.set("a-limit", 5, 600)

    for number in range(700):
        cache.add(f"counter:{number}", 1, 600)

    assert cache.get("a-limit") == 5


def test_the_cache_in_the_database_holds_as_many_entries_as_its_address_says(monkeypatch):
    for address, most in (("dbcache://c", 100_000), ("dbcache://c?max_entries=200000", 200_000)):
        monkeypatch.setenv("CACHE_URL", address)
        assert env_cache("CACHE_URL", None)["OPTIONS"] == {"MAX_ENTRIES": most}


def test_a_database_whose_machine_is_gone_is_noticed_within_a_minute():
    result = run(
        [
            sys.executable,
            "-c",
            "import json; from fcp.settings import DATABASES as d; print(json.dumps(d['default']['OPTIONS']))",
        ],
        DATABASE_URL="postgres://user@host/name?connect_timeout=3",
    )

    options = json.loads(result.stdout)
    assert options["connect_timeout"] == 3  # what the address says wins
    silence = options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    assert (silence <= 60, options["tcp_user_timeout"] <= 60_000) == (True, True)


@pytest.mark.slow
def test_a_production_begun_from_any_directory_finds_itself_and_tells_its_trouble_as_json(tmp_path):
    elsewhere = PRODUCTION | {"FCP_DATA_DIR": str(tmp_path), "FCP_BIND": "203.0.113.1"}  # no address of this machine

    result = run(manage("web"), cwd=tmp_path, **elsewhere)

    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert "Can't connect to ('203.0.113.1'" in lines[-1]["event"]
    assert {line["logger"] for line in lines} == {"gunicorn.error"}

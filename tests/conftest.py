"""What every test may use.

The suite runs once on SQLite and once on PostgreSQL (`make test`); by hand: `pytest tests/orders`, or
`FCP_TEST_DB=postgres pytest tests/orders`.
"""

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import MISSING, find_chromium
from tests.conftest_sandbox import sandbox, settings_of_sandbox  # noqa: F401  (fixtures)
from tests.emptying import empty_quickly

ROW = re.compile(r"[A-Z0-9]+-\d+")
ON_POSTGRES = os.environ.get("FCP_TEST_DB") == "postgres"
# How long an example takes says something of the machine, not of what is tested.
hypothesis.settings.register_profile("fcp", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("fcp")
TransactionTestCase._fixture_teardown = empty_quickly  # type: ignore[method-assign]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What touches no database runs once. The rows that a test proves go into the JUnit report, named req."""
    if ON_POSTGRES:
        once = [item for item in items if not touches_database(item)]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if touches_database(item)]
    for item in items:
        for mark in item.iter_markers("req"):
            if not 1 <= len(mark.args) <= 3 or not all(ROW.fullmatch(row) for row in mark.args):
                raise pytest.UsageError(f"{item.nodeid}: a req mark names one to three rows, not {mark.args}")
            item.user_properties += [("req", row) for row in mark.args]


def touches_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or bool(
        {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """In CI a browser or PostgreSQL test that was skipped has failed."""
    report = yield
    must_run = ON_POSTGRES or item.get_closest_marker("browser")
    if IN_CI and must_run and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI=true forbids here: {report.longrepr}"
    return report


@pytest.fixture
def child_environment(transactional_db: None) -> dict[str, str]:
    """For a process that a test starts (manage.py ...): it works on the database of this test."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        user = quote(database["USER"], safe="")
        if database["PASSWORD"]:
            user += ":" + quote(database["PASSWORD"], safe="")
        url = f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "fcp.settings"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(MISSING)
    expect.set_options(timeout=20_000)  # what is right is seen at once; a busy machine may take its time
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    """A fresh visitor at 1280 pixels; a script error or a breach of the content security policy fails the test."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    page = context.new_page()
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", note)
    yield page
    context.close()
    assert not faults

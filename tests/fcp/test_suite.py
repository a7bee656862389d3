"""The promises of the test commands themselves, kept by a small suite in a run of its own."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from django.conf import settings


@pytest.fixture
def run(tmp_path):
    def run(source, **environment):
        path = tmp_path / "test_small.py"
        path.write_text(source)
        command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml", "-p", "tests.conftest", str(path)]
        command += [f"--junit-xml={tmp_path / 'report.xml'}"]
        kept = {name: value for name, value in os.environ.items() if name != "FCP_TEST_DIR" and "PYTEST" not in name}
        return subprocess.run(
            command, env={**kept, **environment}, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )

    return run


pytestmark = pytest.mark.slow
BROWSER = "import pytest\n@pytest.mark.browser\ndef test_page(page):\n    page.goto('/')\n"


def test_a_browser_test_without_chromium_is_skipped_and_says_what_to_type(run):
    result = run(BROWSER, FCP_CHROMIUM="/nowhere/chromium", CI="")

    assert result.returncode == 0
    assert "1 skipped" in result.stdout
    assert "apt-get install --no-install-recommends chromium libatomic1" in result.stdout


def test_in_ci_a_skipped_browser_test_has_failed(run):
    result = run(BROWSER, FCP_CHROMIUM="/nowhere/chromium", CI="true")

    assert result.returncode == 1
    assert "1 error" in result.stdout


def test_in_ci_a_test_skipped_on_postgresql_has_failed(run):
    source = "import pytest\ndef test_rows(db):\n    pytest.skip('not now')\n"

    assert run(source, FCP_TEST_DB="sqlite", CI="true").returncode == 0
    assert run(source, FCP_TEST_DB="postgres", CI="true").returncode == 1


def test_what_touches_no_database_runs_once(run):
    source = "def test_sum():\n    pass\ndef test_rows(db):\n    pass\n"

    assert "2 passed" in run(source, FCP_TEST_DB="sqlite").stdout
    assert "1 passed, 1 deselected" in run(source, FCP_TEST_DB="postgres").stdout


def test_the_report_carries_the_rows_that_a_test_proves(run, tmp_path):
    run("import pytest\n@pytest.mark.req('ROW-1', 'ROW-2')\ndef test_it():\n    pass\n")

    properties = ET.parse(tmp_path / "report.xml").iter("property")
    assert [(p.get("name"), p.get("value")) for p in properties] == [("req", "ROW-1"), ("req", "ROW-2")]


@pytest.mark.parametrize("rows", ["", "'A-1', 'A-2', 'A-3', 'A-4'", "'all of it'"])
def test_a_mark_names_one_to_three_rows(run, rows):
    result = run(f"import pytest\n@pytest.mark.req({rows})\ndef test_it():\n    pass\n")

    assert result.returncode != 0
    assert "a req mark names one to three rows" in result.stdout + result.stderr

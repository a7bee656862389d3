"""`make test`: every check, then the suite on SQLite and on PostgreSQL, then one closing line.

`--fast` (`make check`): the checks, and the suite on SQLite without browser and slow tests. Further arguments go
to pytest. The reports are var/junit/sqlite.xml and var/junit/postgres.xml.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.environment import prepare

PROJECT = Path(__file__).resolve().parent.parent
REPORTS = PROJECT / "var" / "junit"
PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]

CHECKS = {
    "ruff": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    "imports": [str(Path(PYTHON).with_name("lint-imports"))],
    "types": [PYTHON, "-m", "mypy"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "templates and models": [*MANAGE, "check", "--fail-level", "WARNING"],
    "API schema": [*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
    "production settings": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
}
PRODUCTION = {
    "FCP_MODE": "production",
    "FCP_SANDBOX": "false",
    "SECRET_KEY": "a key of the check only, long enough and with enough different signs: 0123456789",
    "ALLOWED_HOSTS": "panel.example.com",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
}


def main() -> int:
    fast = "--fast" in sys.argv
    further = [argument for argument in sys.argv[1:] if argument != "--fast"]
    started = time.monotonic()
    failed_checks = [name for name, command in CHECKS.items() if not passes(name, command)]
    counts = Counter(failed=len(failed_checks))
    if fast:
        counts += suite("sqlite", [*further, "-m", "not browser and not slow"])
    else:
        counts += suite("sqlite", further)
        counts += suite("postgres", [*further, "-m", "not browser"])
    print()
    if failed_checks:
        print("Checks that failed:", ", ".join(failed_checks))
    print(closing_line(counts, time.monotonic() - started))
    return 1 if counts["failed"] or not counts["passed"] else 0


def closing_line(counts: Counter[str], seconds: float) -> str:
    """As pytest closes, with both suites counted together; a failed check counts as a failed test."""
    parts = [f"{counts[name]} {name}" for name in ("failed", "passed", "skipped") if counts[name]]
    took = f"{seconds:.2f}s ({timedelta(seconds=int(seconds))})"
    return f" {', '.join(parts) or 'no tests ran'} in {took} ".center(80, "=")


def passes(name: str, command: list[str]) -> bool:
    """Silent when all is well."""
    environment = os.environ | (PRODUCTION if name == "production settings" else {})
    environment["DJANGO_SETTINGS_MODULE"] = "fcp.settings"
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    result = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    print(f"{name}: {'ok' if result.returncode == 0 else 'FAILED'}", flush=True)
    if result.returncode:
        print(result.stdout + result.stderr, flush=True)
    return result.returncode == 0


def suite(database: str, arguments: list[str]) -> Counter[str]:
    print(f"\nThe suite on {database}:", flush=True)
    report = REPORTS / f"{database}.xml"
    report.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "FCP_TEST_DIR"}
    environment |= {"FCP_TEST_DB": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if "FCP_GIVEN_DATABASE_URL" in os.environ:
        environment["DATABASE_URL"] = os.environ["FCP_GIVEN_DATABASE_URL"]
    command = [PYTHON, "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", f"--junit-xml={report}", *arguments]
    status = subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode
    counts: Counter[str] = Counter()
    if report.exists():
        for case in ET.parse(report).iter("testcase"):
            found = {child.tag for child in case}
            if found & {"failure", "error"}:
                counts["failed"] += 1
            elif "skipped" in found:
                counts["skipped"] += 1
            else:
                counts["passed"] += 1
    if status and not counts["failed"]:
        counts["failed"] = 1  # pytest itself came to grief
    return counts


if __name__ == "__main__":
    REPORTS.mkdir(parents=True, exist_ok=True)
    given = os.environ.get("DATABASE_URL")
    if given:
        os.environ["FCP_GIVEN_DATABASE_URL"] = given
    os.environ.pop("FCP_TEST_DB", None)
    prepare()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""`python -m tests.week`: the simulated week on both catalogues of the stand-in Wix and both databases, and the races.

--seed S, --events N, --skus N, --database sqlite|postgres, --store v1|v3. Status 1 when any number is wrong in the end,
or when the store was ever told what it must not be; a seed repeats a week. With one database and one store the races
are left out.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys

DATABASES = ["sqlite", "postgres"]
STORES = ["v1", "v3"]
RACES, RACE_ROUNDS = "tests/integrations/flows/test_stock_races.py", 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.week")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--skus", type=int, default=200)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--store", choices=STORES, action="append")
    given = parser.parse_args()
    databases, stores = given.database or DATABASES, given.store or STORES
    if len(databases) == len(stores) == 1:
        return _one(databases[0], stores[0], given)
    status = 0
    print(f"Seed {given.seed}", flush=True)
    for database in databases:
        # Two weeks at a time, each in a process of its own: Django knows one database at a time.
        command = [sys.executable, "-m", "tests.week", "--database", database, "--seed", str(given.seed)]
        command += ["--events", str(given.events), "--skus", str(given.skus)]
        running = [subprocess.Popen([*command, "--store", store]) for store in stores]
        status |= max(process.wait() for process in running)
        status |= _races(database)
    return status


def _races(database: str) -> int:
    """Everything at one moment, in threads; the suite does the same a few times only."""
    environment = os.environ | {"FCP_TEST_DB": database, "FCP_RACE_ROUNDS": str(RACE_ROUNDS)}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=1800", RACES]
    return subprocess.call(command, env=environment)


def _one(database: str, store: str, given: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ |= {"FCP_TEST_DB": database, "FCP_LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.week.running import live_a_week

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    outcome = live_a_week(settings, store, skus=given.skus, events=given.events, seed=given.seed)
    print(f"{database:9}{outcome}", flush=True)
    return int(bool(outcome.wrong))


if __name__ == "__main__":
    sys.exit(main())

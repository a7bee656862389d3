"""`python -m tests.faults`: 20 kills of a pull and 20 of a push, through a real django-q cluster, on both databases.

--kills N, --seed S, --database sqlite|postgres, --story pull|push. Status 1 when anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.killing import Outcome

DATABASES = ["sqlite", "postgres"]
SIZE = {"pull": 4000, "push": 1500}
AMID = 0.75  # of the kills fall between the first commit and the last


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--story", choices=list(SIZE), action="append")
    given = parser.parse_args()
    if not given.database or len(given.database) > 1:
        return _each_in_a_process_of_its_own(given)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ |= {"FCP_TEST_DB": given.database[0], "FCP_LOG_LEVEL": "ERROR"}
    # Short, so that a kill costs little; no call outlasts its lease, also on a busy machine.
    os.environ |= {"FCP_LEASE_SECONDS": "5", "FCP_STORE_TIMEOUT": "4"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    return sum(_tell(name, given.database[0], given.kills, given.seed) for name in given.story or SIZE)


def _each_in_a_process_of_its_own(given: argparse.Namespace) -> int:
    """Django knows one database at a time."""
    stories = [option for name in given.story or [] for option in ("--story", name)]
    print(f"Seed {given.seed}", flush=True)
    status = 0
    for database in given.database or DATABASES:
        command = [sys.executable, "-m", "tests.faults", "--database", database, *stories]
        command += ["--kills", str(given.kills), "--seed", str(given.seed)]
        status |= subprocess.call(command)
    return status


def _tell(name: str, database: str, kills: int, seed: int) -> int:
    undisturbed, plain = _run(name, 0, seed, 0.0)
    # Three pages' time: most kills find the run a page or two further on than the one before.
    pages = SIZE[name] / 100
    disturbed, outcome = _run(name, kills, seed, 3 * plain.seconds / pages)
    wrong = [part for part in undisturbed if disturbed[part] != undisturbed[part]]
    if outcome.amid < AMID * kills:
        wrong.append(f"only {outcome.amid} kills between the first commit and the last")
    print(
        f"{database:9}{name:6}seed {seed}: {len(outcome.kills)} kills, {outcome.amid} amid {outcome.size}: "
        f"{'equal' if not wrong else 'NOT EQUAL: ' + ', '.join(wrong)}  {outcome.kills}",
        flush=True,
    )
    for part in wrong:
        if part in undisturbed:
            print(f"  {part}: {_difference(undisturbed[part], disturbed[part])}"[:2000], flush=True)
    return int(bool(wrong))


def _difference(undisturbed: list[Any], disturbed: list[Any]) -> str:
    """What only one of them has, a few of each."""
    was, now = ([repr(entry) for entry in some] for some in (undisturbed, disturbed))
    missing, added = Counter(was) - Counter(now), Counter(now) - Counter(was)
    if not missing and not added:
        return "the same in another sequence"
    return f"missing {list(missing.elements())[:3]}, added {list(added.elements())[:3]}"


def _run(name: str, kills: int, seed: int, spread: float) -> tuple[dict[str, Any], Outcome]:
    from django.conf import settings
    from django.core.management import call_command

    from integrations.queue import Queue, enqueue
    from tests.faults.killing import run_to_the_end
    from tests.faults.stories import STORIES

    call_command("flush", interactive=False, verbosity=0)
    story = STORIES[name](SIZE[name], seed=7)
    with story.box as box:
        settings.FCP_SANDBOX_PORT = box.server.server_address[1]
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "fcp.settings",
            "FCP_SANDBOX_PORT": str(settings.FCP_SANDBOX_PORT),
            "FCP_WORKERS": "2",
        }

        def start() -> subprocess.Popen[bytes]:
            command = [sys.executable, "manage.py", "qcluster"]
            return subprocess.Popen(
                command, env=environment, cwd=settings.BASE_DIR, start_new_session=True, stdout=subprocess.DEVNULL
            )

        def tick() -> None:
            from django.utils import timezone
            from django_q.models import OrmQ

            # What django-q's scheduler does once a minute; whatever waits in the slow queue waits in this one too.
            OrmQ.objects.filter(key=Queue.SLOW.key).update(key=Queue.DEFAULT.key)
            enqueue(Queue.DEFAULT, "integrations.tasks.tick", [()], timezone.now())

        story.prepare()
        outcome = run_to_the_end(story, start, kills, random.Random(seed), spread, tick)
        return story.dump(), outcome


if __name__ == "__main__":
    sys.exit(main())

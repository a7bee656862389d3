"""kill -9 in the middle of a pull, of a push, and of stock told by ticket: nothing is lost, nothing is done twice."""

import os
import random
import subprocess
import sys

import pytest
from django.conf import settings as project
from django.core.management import call_command

from tests.faults.killing import Outcome, end_with_parent, run_to_the_end
from tests.faults.stories import STORIES, Story

SIZE = {"pull": 600, "push": 350, "stock": 900}


@pytest.fixture
def told(transactional_db, child_environment, settings):
    """Run a story with so many kills; what it tells in the end, and how it went."""

    def told(name: str, kills: int, seed: int, spread: float = 0.0) -> tuple[dict, Outcome]:
        story: Story = STORIES[name](SIZE[name], seed=7)
        with story.box as box:
            settings.FCP_SANDBOX_PORT = box.server.server_address[1]
            settings.FCP_LEASE_SECONDS = 3
            environment = child_environment | {
                "FCP_SANDBOX_PORT": str(settings.FCP_SANDBOX_PORT), "FCP_LOG_LEVEL": "ERROR",
                "FCP_LEASE_SECONDS": "3", "FCP_STORE_TIMEOUT": "2",
            }  # fmt: skip

            def start() -> subprocess.Popen[bytes]:
                return subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.worker"], env=environment, cwd=project.BASE_DIR,
                    start_new_session=True, preexec_fn=end_with_parent,
                )  # fmt: skip

            story.prepare()
            outcome = run_to_the_end(story, start, kills, random.Random(seed), spread)
            return story.dump(), outcome

    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pull", "push", "stock"])
def test_what_is_killed_three_times_ends_as_what_was_never_disturbed(told, name):
    seed = int(os.environ.get("FCP_FAULT_SEED", random.randrange(10**6)))
    undisturbed, plain = told(name, 0, seed)
    call_command("flush", interactive=False, verbosity=0)

    disturbed, outcome = told(name, 3, seed, spread=plain.seconds / 3)

    print(f"FCP_FAULT_SEED={seed} {name}: killed at {outcome.kills} of {outcome.size}")
    assert disturbed["orders"]
    for part in undisturbed:
        assert disturbed[part] == undisturbed[part], part
    assert len(outcome.kills) == 3
    assert outcome.amid >= 1

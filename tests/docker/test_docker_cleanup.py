"""However a harness with containers ends, and at whatever moment: nothing of its run is left."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from killed_harness import SMALL, left_of
from sample_project import Going, SampleProject, scenario

from hivecheck.platforms.docker import engine
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

pytestmark = pytest.mark.docker

ROUNDS = 20
JOBS = 4
# Runs of four small stacks: about one second until the first container, about six until the last step waits.
LATEST_SECONDS = 7.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[SampleProject]:
    sample = SampleProject(tmp_path)
    yield sample
    sample.clear()


def wait_for_moment(going: Going, seconds: float) -> None:
    """A random moment is not a condition: it is what this test is about."""
    try:
        going.process.wait(seconds)
    except psutil.TimeoutExpired:
        return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_killed_harness_leaves_nothing(project: SampleProject, number: signal.Signals, turn: int) -> None:
    """A harness with four jobs that is killed at a random moment leaves nothing."""
    project.feature(*(scenario(f"It waits {number}", "a step waits for ever") for number in range(JOBS)), tags=f"{SMALL} @fresh_stack")
    environment = {"HIVECHECK_PLATFORM": "docker", "HIVECHECK_JOBS": str(JOBS), "PYTHONFAULTHANDLER": "1"}
    going = project.start(environment=environment)
    wait_for_moment(going, random.Random(f"{number.name}-{turn}").uniform(0.0, LATEST_SECONDS))
    going.process.send_signal(number)
    try:
        ended = going.end()
    except psutil.TimeoutExpired:
        going.process.send_signal(signal.SIGABRT)  # the fault handler writes where each thread stands
        going.process.wait(10)
        pytest.fail(f"the harness did not end after {number.name}; it said:\n{going.output()}")
    eventually(lambda: left_of(going), within=Timeouts().clean_up, what="nothing of the run left", until=lambda left: not left)
    # While the interpreter itself still starts, how it ends is its own affair; but that is never a success.
    assert ended.exit_code in {2, -number} or (not going.run_id and ended.exit_code != 0), ended.output


def test_normal_run_leaves_nothing(project: SampleProject) -> None:
    """A normal run on docker leaves nothing."""
    project.feature(scenario("It passes", "it works"), tags=SMALL)
    going = project.start(environment={"HIVECHECK_PLATFORM": "docker"})
    ended = going.end()
    assert left_of(going) == []
    ended.must_end(0, "PASSED  1 passed")


def test_cleanup_spares_live_owner(project: SampleProject) -> None:
    """The cleanup removes what a dead owner left, and nothing of a live one."""
    project.feature(scenario("It waits", "a step waits for ever"), tags=SMALL)
    living = project.start(environment={"HIVECHECK_PLATFORM": "docker"})
    living.wait_for("ready")
    client = engine.connect()
    try:
        assert not [name for name in engine.remove_orphans(client) if living.run_id in name]
        running = engine.containers(client, living.run_id, running_only=True)
        assert len(running) == 3
        for process in living.process.children():
            process.kill()
        living.process.kill()
        living.end()
        assert engine.remove_orphans(client)
        assert engine.containers(client, living.run_id) == []
    finally:
        client.close()

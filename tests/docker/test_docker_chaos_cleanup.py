"""A harness that is killed during faults leaves nothing of its run."""

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
INJECTED_SECONDS = 150.0  # for a stack and four faults on a busy machine
# About three seconds until the stack is ready, then faults one after the other until the run waits without end.
EARLIEST_SECONDS, LATEST_SECONDS = 2.0, 8.0
# The worker comes first: its lookup needs a registry and a hive that answer.
FIRST = "a process pause is injected into worker-1"
OTHERS = (
    "a container pause is injected into registry",
    "CPU throttling is injected into orchestrator",
    "a network disconnect is injected into hive-1",
)
STEPS = """
@step("CPU throttling is injected into {name}")
def throttle(context, name):
    context.world.stack.nodes[name].engine.limit_cpu(0.1)


@step("a {fault} is injected into {name}")
def inject(context, fault, name):
    context.world.faults.inject(f"a {fault}", name)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[SampleProject]:
    sample = SampleProject(tmp_path)
    sample.add_steps(STEPS)
    yield sample
    sample.clear()


def states_of(going: Going) -> set[str]:
    client = engine.connect()
    try:
        return {str(item["State"]) for item in engine.containers(client, going.run_id)}
    finally:
        client.close()


def start(project: SampleProject, turn: int) -> Going:
    """A run with four faults in a random order."""
    order = [FIRST, *random.Random(turn).sample(OTHERS, len(OTHERS))]
    project.feature(scenario("Four faults", *order, "a step waits for ever"), tags=SMALL)
    return project.start(environment={"HIVECHECK_PLATFORM": "docker"})


def must_leave_nothing(going: Going) -> None:
    going.process.send_signal(signal.SIGKILL)
    going.process.wait(10)
    eventually(lambda: left_of(going), within=Timeouts().clean_up, what="nothing of the run left", until=lambda left: not left)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_killed_at_random_moment(project: SampleProject, turn: int) -> None:
    """A harness killed at a random moment leaves nothing."""
    going = start(project, turn)
    try:
        going.process.wait(random.Random(f"moment {turn}").uniform(EARLIEST_SECONDS, LATEST_SECONDS))
    except psutil.TimeoutExpired:
        pass  # a random moment is not a condition: it is what this test is about
    must_leave_nothing(going)


def test_killed_during_container_pause(project: SampleProject) -> None:
    """A harness killed during a container pause leaves no paused container."""
    going = start(project, 0)
    going.wait_for("ready", seconds=INJECTED_SECONDS)
    assert "paused" in states_of(going), "the container pause is active when the harness dies"
    must_leave_nothing(going)

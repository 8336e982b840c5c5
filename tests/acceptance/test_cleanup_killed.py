"""A harness that ends in any way leaves nothing behind, not even its watchdog."""

import signal

import pytest
from sample_project import scenario

from hivecheck import process_labels
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

pytestmark = pytest.mark.slow

SMALL = "@integration @topology.small"
NODES = {"registry", "orchestrator", "hive-1"}


def must_be_gone(going):
    eventually(going.left, within=Timeouts().clean_up, what="nothing of the run left", until=lambda left: not left)


def test_normal_run(project):
    """A run that ends by itself leaves no process behind."""
    project.feature(scenario("It passes", "it works"), tags=SMALL)
    going = project.start()
    ended = going.end()
    assert going.left() == []
    ended.must_end(0, "PASSED  1 passed")
    assert ended.counts() == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "numbers",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGKILL], [signal.SIGTERM, signal.SIGKILL]],
    ids=["SIGINT", "SIGTERM", "SIGKILL", "SIGTERM and SIGKILL at once"],
)
def test_killed_in_step(project, numbers):
    """A harness that is killed during a step leaves no process behind."""
    project.feature(scenario("It waits", "a step waits for ever"), scenario("It waits, too", "a step waits for ever"), tags=SMALL)
    going = project.start()
    going.wait_for("ready")
    assert {process.node for process in process_labels.find(going.run_id)} == NODES
    assert len(process_labels.find(going.run_id)) == len(NODES) + 3, "three nodes, the hive's orphan killer and two workers"
    assert len(going.watchdogs()) == 1
    for number in numbers:
        going.process.send_signal(number)
    ended = going.end()
    must_be_gone(going)
    if signal.SIGKILL in numbers:
        assert (ended.exit_code, ended.junit) == (-signal.SIGKILL, None)
        return
    ended.must_end(2, f"interrupted by {numbers[0].name}, 2 not run (interrupted)")
    assert ended.counts() == (3, 0, 3, 0), "the stack was stopped in an orderly way, so there is no problem of the run"


def test_interrupted_take_down(project):
    """A run that is interrupted while it takes a stack down finishes that, and leaves nothing behind."""
    stopping, go_on = project.folder / "stopping", project.folder / "go_on"
    wait = f"    import pathlib\n    pathlib.Path({str(stopping)!r}).touch()\n    while not pathlib.Path({str(go_on)!r}).exists():\n"
    wait += "        await asyncio.sleep(0.01)\n"
    root = project.services(("service.py", "    await hooks.drain()\n", f"{wait}    await hooks.drain()\n"))
    project.feature(scenario("It passes", "it works"), tags=f"{SMALL} @fresh_stack")
    going = project.start("-D", f"services_root={root}")
    going.wait_for("stopping")
    going.process.send_signal(signal.SIGINT)
    go_on.touch()
    ended = going.end()
    assert going.left() == []
    ended.must_end(2, "interrupted by SIGINT; 1 passed")
    assert ended.counts() == (2, 0, 1, 0), "the scenario and the interruption, and no leak"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_killed_at_start(project, number):
    """A harness that is killed while its stack starts leaves no process behind."""
    project.feature(scenario("It passes", "it works"), tags=SMALL)
    going = project.start()
    eventually(lambda: going.run_id and process_labels.find(going.run_id), within=20.0, what="a first node")
    going.process.send_signal(number)
    ended = going.end()
    must_be_gone(going)
    if number is signal.SIGTERM:
        ended.must_end(2, "interrupted by SIGTERM, 1 not run")
        assert ended.counts() == (2, 0, 2, 0)


def test_without_watchdog(project):
    """A run with a dead watchdog cleans up by itself."""
    project.feature(scenario("It waits", "a step waits for ever"), tags=SMALL)
    going = project.start()
    going.wait_for("ready")
    for watchdog in going.process.children():
        if watchdog.pid in going.watchdogs():
            watchdog.kill()
    going.process.terminate()
    going.end().must_end(2, "interrupted by SIGTERM")
    assert going.left() == []

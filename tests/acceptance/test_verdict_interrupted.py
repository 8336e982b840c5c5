"""A run that a signal ends: its report names the signal and the scenarios that did not run."""

import signal

import pytest
from sample_project import scenario

from hivecheck.errors import Reason

pytestmark = pytest.mark.slow


def interrupted(project, number, *scenarios):
    """The end of a run that received the signal while a step waited. Scenarios run in the order of the file."""
    project.feature(*scenarios)
    going = project.start("-D", f"seed={project.seed_in_order(len(scenarios))}")
    going.wait_for("ready")
    going.process.send_signal(number)
    return going.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_in_step(project, number):
    """A signal during a step ends the run without a verdict, and the report lists what did not run."""
    ended = interrupted(project, number, scenario("It waits", "a step waits for ever"), scenario("It would pass", "it works"))
    ended.must_end(2, f"interrupted by {number.name}")
    assert ended.counts() == (3, 0, 3, 0)
    assert ended.verdict_of("It waits") == ("error", "not run")
    assert ended.verdict_of("It would pass") == ("error", "not run")
    codes = {ended.reason_of(name) for name in ("It waits", "It would pass", "the run was interrupted")}
    assert codes == {Reason.INTERRUPTED}
    assert number.name in ended.text_of("the run was interrupted")
    assert "a step waits for ever" in ended.text_of("It waits")
    assert not [words for words in ("CAPTURED", "KeyboardInterrupt", "ABORTED") if words in ended.output], ended.output


def test_failure_before_signal(project):
    """A failure before the signal keeps exit code 1."""
    ended = interrupted(project, signal.SIGTERM, scenario("It fails", "the answer is wrong"), scenario("It waits", "a step waits for ever"))
    ended.must_end(1, "1 failed, interrupted by SIGTERM")
    assert ended.verdict_of("It fails") == ("failure", "failed")
    assert ended.verdict_of("It waits") == ("error", "not run")


def test_killed_run(project):
    """A killed run leaves no report of an earlier run."""
    project.write("reports/junit.xml", "<testsuites/>")
    project.feature(scenario("It waits", "a step waits for ever"))
    going = project.start()
    going.wait_for("ready")
    going.process.kill()
    ended = going.end()
    assert ended.exit_code == -signal.SIGKILL
    assert ended.junit is None


def test_swallowed_signal(project):
    """A step that ignores the interruption is interrupted again."""
    project.add_steps(
        '@step("a step hears nothing the first time")\ndef deaf(context):\n    Path("ready").touch()\n    try:\n        signal.pause()\n'
        "    except KeyboardInterrupt:\n        while True:\n            signal.pause()\n"
    )
    project.feature(scenario("It hears nothing", "a step hears nothing the first time"))
    going = project.start()
    going.wait_for("ready")
    going.process.terminate()
    going.end().must_end(2, "interrupted by SIGTERM")

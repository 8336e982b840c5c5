"""The status of a scenario in the exit code, the JUnit report and the last line. These runs test the runner alone, without a stack."""

import pytest
from sample_project import scenario

from hivecheck.errors import Reason
from hivecheck.reports.text import NOTHING_PASSED

pytestmark = pytest.mark.slow

SWALLOWING = """
import signal


@step("it gives up late")
def late(context):
    for _ in range(2):
        try:
            signal.pause()
        except Exception as error:
            last = error
    raise last
"""
ONCE = """
@step("only the first time is wrong")
def once(context):
    seen = Path("once").exists()
    Path("once").touch()
    assert seen
"""
RULE = """
@integration @topology.small
Feature: rule

  @topology.none
  Rule: no stack

    Scenario: It passes
      Then it works
"""


def expecting(project, *names):
    """The option with the scenarios that this platform is known not to support."""
    path = project.folder / "expected.toml"
    path.write_text(f"[process]\nscenarios = {list(names)}\n", encoding="utf-8")
    return "-D", f"expected_unsupported={path}"


def test_pass(project):
    """A passed scenario is exit code 0 and a test case without a result element."""
    project.feature(scenario("It passes", "it works", "the answer is right"))
    ended = project.run()
    ended.must_end(0, "PASSED  1 passed")
    assert ended.counts() == (1, 0, 0, 0)
    assert ended.verdict_of("It passes") == ("testcase", "")


def test_failure(project):
    """A failed assertion is exit code 1 and a failure with expected and actual."""
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(1, "FAILED  1 failed")
    assert ended.counts() == (2, 1, 0, 0)
    assert ended.verdict_of("It fails") == ("failure", "failed")
    assert "expected: the answer 2" in ended.text_of("It fails")
    assert "actual: 3" in ended.text_of("It fails")
    assert "features/sample.feature:" in ended.text_of("It fails")


def test_bare_assertion(project):
    """The failure of an assertion without a message shows the failed line."""
    project.add_steps('@step("it is silently wrong")\ndef silent(context):\n    assert 1 > 2\n')
    project.feature(scenario("It fails", "it is silently wrong"))
    ended = project.run()
    ended.must_end(1, "FAILED")
    assert "assert 1 > 2" in ended.text_of("It fails")


def test_exception(project):
    """Any other exception in a step is exit code 2 and an error."""
    project.feature(scenario("It breaks", "a step breaks"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It breaks") == ("error", "inconclusive")
    assert ended.reason_of("It breaks") == Reason.HARNESS_ERROR
    assert "no such thing as a free lunch" in ended.text_of("It breaks")


def test_failure_and_exception(project):
    """A failure outweighs an exception of another scenario."""
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It breaks", "a step breaks"))
    ended = project.run()
    ended.must_end(1, "1 failed")
    assert ended.counts() == (2, 1, 1, 0)


def test_undefined_step(project):
    """An undefined step blocks its scenario before a step runs."""
    project.feature(
        scenario("It starts well", "it is noted that one runs", "an undefined step"),
        scenario("It passes", "it is noted that two runs"),
    )
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 blocked")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It starts well") == ("error", "blocked")
    assert "an undefined step" in ended.text_of("It starts well")
    assert ended.reason_of("It starts well") == Reason.USAGE_ERROR
    assert project.notes() == ["two"]


def test_self_skip(project):
    """A step that skips its own scenario makes it inconclusive."""
    project.add_steps('@step("it is left out")\ndef out(context):\n    context.scenario.skip("no reason")\n')
    project.feature(scenario("It skips itself", "it is left out", "the answer is wrong"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.verdict_of("It skips itself") == ("error", "inconclusive")


def test_hung_step(project):
    """A hung step is stopped, and the error shows its place."""
    project.feature(scenario("It hangs", "a step waits for ever"), scenario("It passes", "it works"))
    ended = project.run("-D", "scenario_seconds=0.5")
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert "signal.pause()" in ended.text_of("It hangs")
    assert "sample_steps.py" in ended.text_of("It hangs")


def test_swallowed_timeout(project):
    """A step that ignores its time-out is stopped again."""
    project.add_steps(SWALLOWING)
    project.feature(scenario("It hangs on", "it gives up late"))
    ended = project.run("-D", "scenario_seconds=0.2")
    ended.must_end(2, "NO VERDICT  1 inconclusive")


def test_timeout_between_steps(project):
    """The alarm may ring anywhere; outside a step behave would take the exception for its own, and the run would crash."""
    project.add_hooks("def before_step(*_):\n    import signal\n\n    signal.raise_signal(signal.SIGALRM)\n")
    project.feature(scenario("It hangs", "it works", "a step waits for ever"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert "signal.pause()" in ended.text_of("It hangs")


def test_sys_exit(project):
    """A step that calls sys.exit is an error in the report."""
    project.add_steps('@step("a step leaves")\ndef leave(context):\n    sys.exit(0)\n')
    project.feature(scenario("It leaves", "a step leaves"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It leaves") == ("error", "inconclusive")
    assert "SystemExit" in ended.text_of("It leaves")


def test_only_unsupported(project):
    """A run of unsupported scenarios alone has no verdict."""
    project.feature(scenario("It needs a network", "it works", tags="@requires.packets"))
    ended = project.run(*expecting(project, "It needs a network"))
    ended.must_end(2, f"NO VERDICT  {NOTHING_PASSED}")
    assert ended.verdict_of("It needs a network") == ("skipped", "skipped")
    assert ended.counts() == (2, 0, 1, 1)


def test_unsupported(project):
    """An unsupported scenario is skipped with its reason, and no step runs."""
    project.feature(
        scenario("It needs a network", "it is noted that one runs", tags="@requires.packets"),
        scenario("It passes", "it is noted that two runs"),
    )
    ended = project.run(*expecting(project, "It needs a network"))
    ended.must_end(0, "PASSED  1 passed")
    assert ended.counts() == (2, 0, 0, 1)
    assert ended.verdict_of("It needs a network") == ("skipped", "skipped")
    assert ended.element("It needs a network").get("message") == "platform process lacks capability packets"
    assert project.notes() == ["two"]


def test_unexpectedly_unsupported(project):
    """An unsupported scenario that is not listed as such leaves the run without a verdict."""
    project.feature(scenario("It needs a network", "it works", tags="@requires.packets"), scenario("It passes", "it works"))
    ended = project.run(*expecting(project))
    ended.must_end(2, "NO VERDICT")
    assert "unexpectedly not supported: It needs a network" in ended.output


def test_feature_twice(project):
    """behave would run it twice under the same key: the second ending would hide the first."""
    project.add_steps(
        '@step("only the first time is wrong")\ndef once(context):\n    assert Path("once").exists() or Path("once").touch()\n'
    )
    project.feature(scenario("It fails once", "only the first time is wrong"), name="first")
    project.feature(scenario("It passes", "it works"), name="other")
    ended = project.run("features/first.feature", "features/other.feature", "features/first.feature")
    ended.must_end(1, "FAILED  1 failed")
    assert ended.counts() == (2, 1, 0, 0)


def test_outline_rows(project):
    """Each row of an outline is a test case of its own."""
    rows = "\n".join(["  Scenario Outline: It says <word>", "    Then it is noted that <word> runs", "    Examples:", "      | word |"])
    project.feature(f"{rows}\n      | one |\n      | two |\n")
    ended = project.run()
    ended.must_end(0, "PASSED  2 passed")
    assert ended.counts() == (2, 0, 0, 0)
    assert sorted(project.notes()) == ["one", "two"]


def test_topology_of_rule(project):
    """The topology of a rule overrides that of its feature."""
    project.write("features/rule.feature", RULE)
    ended = project.run()
    ended.must_end(0, "PASSED  1 passed")
    assert ended.junit.find(".//property[@name='topology']").get("value") == "none"
    assert "is starting" not in ended.output

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


def test_a_scenario_that_passes_is_exit_code_0_and_a_test_case_without_a_result_element(project):
    project.feature(scenario("It passes", "it works", "the answer is right"))
    ended = project.run()
    ended.must_end(0, "PASSED  1 passed")
    assert ended.counts() == (1, 0, 0, 0)
    assert ended.verdict_of("It passes") == ("testcase", "")


def test_an_assertion_that_fails_is_exit_code_1_and_a_failure_with_wanted_and_got(project):
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(1, "FAILED  1 failed")
    assert ended.counts() == (2, 1, 0, 0)
    assert ended.verdict_of("It fails") == ("failure", "failed")
    assert "expected: the answer 2" in ended.text_of("It fails")
    assert "actual: 3" in ended.text_of("It fails")
    assert "features/sample.feature:" in ended.text_of("It fails")


def test_an_assertion_without_words_is_told_with_the_line_that_failed(project):
    project.add_steps('@step("it is silently wrong")\ndef silent(context):\n    assert 1 > 2\n')
    project.feature(scenario("It fails", "it is silently wrong"))
    ended = project.run()
    ended.must_end(1, "FAILED")
    assert "assert 1 > 2" in ended.text_of("It fails")


def test_any_other_exception_is_exit_code_2_and_an_error(project):
    project.feature(scenario("It breaks", "a step breaks"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It breaks") == ("error", "inconclusive")
    assert ended.reason_of("It breaks") == Reason.HARNESS_ERROR
    assert "no such thing as a free lunch" in ended.text_of("It breaks")


def test_failing_and_breaking_together_is_exit_code_1(project):
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It breaks", "a step breaks"))
    ended = project.run()
    ended.must_end(1, "1 failed")
    assert ended.counts() == (2, 1, 1, 0)


def test_an_undefined_step_blocks_its_scenario_before_any_step_runs(project):
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


def test_a_step_that_skips_its_own_scenario_is_no_pass(project):
    project.add_steps('@step("it is left out")\ndef out(context):\n    context.scenario.skip("no reason")\n')
    project.feature(scenario("It skips itself", "it is left out", "the answer is wrong"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.verdict_of("It skips itself") == ("error", "inconclusive")


def test_a_step_that_hangs_is_stopped_and_told_where_it_hung(project):
    project.feature(scenario("It hangs", "a step waits for ever"), scenario("It passes", "it works"))
    ended = project.run("-D", "scenario_seconds=0.5")
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert "signal.pause()" in ended.text_of("It hangs")
    assert "sample_steps.py" in ended.text_of("It hangs")


def test_a_step_that_swallows_its_time_out_is_stopped_again(project):
    project.add_steps(SWALLOWING)
    project.feature(scenario("It hangs on", "it gives up late"))
    ended = project.run("-D", "scenario_seconds=0.2")
    ended.must_end(2, "NO VERDICT  1 inconclusive")


def test_a_time_out_between_two_steps_is_raised_in_the_next_one(project):
    """The alarm may ring anywhere; outside a step behave would take the exception for its own, and the run would crash."""
    project.add_hooks("def before_step(*_):\n    import signal\n\n    signal.raise_signal(signal.SIGALRM)\n")
    project.feature(scenario("It hangs", "it works", "a step waits for ever"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert "signal.pause()" in ended.text_of("It hangs")


def test_a_step_that_calls_sys_exit_ends_in_a_report_that_says_so(project):
    project.add_steps('@step("a step leaves")\ndef leave(context):\n    sys.exit(0)\n')
    project.feature(scenario("It leaves", "a step leaves"), scenario("It passes", "it works"))
    ended = project.run()
    ended.must_end(2, "NO VERDICT  1 inconclusive")
    assert ended.counts() == (2, 0, 1, 0)
    assert ended.verdict_of("It leaves") == ("error", "inconclusive")
    assert "SystemExit" in ended.text_of("It leaves")


def test_only_scenarios_that_are_not_supported_is_no_verdict(project):
    project.feature(scenario("It needs a network", "it works", tags="@requires.packets"))
    ended = project.run(*expecting(project, "It needs a network"))
    ended.must_end(2, f"NO VERDICT  {NOTHING_PASSED}")
    assert ended.verdict_of("It needs a network") == ("skipped", "skipped")
    assert ended.counts() == (2, 0, 1, 1)


def test_a_scenario_that_is_not_supported_is_skipped_with_its_reason_and_never_started(project):
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


def test_a_scenario_left_out_that_nobody_expected_to_be_is_no_verdict(project):
    project.feature(scenario("It needs a network", "it works", tags="@requires.packets"), scenario("It passes", "it works"))
    ended = project.run(*expecting(project))
    ended.must_end(2, "NO VERDICT")
    assert "unexpectedly not supported: It needs a network" in ended.output


def test_the_same_feature_given_twice_runs_once(project):
    """behave would run it twice under the same key: the second ending would hide the first."""
    project.add_steps(
        '@step("only the first time is wrong")\ndef once(context):\n    assert Path("once").exists() or Path("once").touch()\n'
    )
    project.feature(scenario("It fails once", "only the first time is wrong"), name="first")
    project.feature(scenario("It passes", "it works"), name="other")
    ended = project.run("features/first.feature", "features/other.feature", "features/first.feature")
    ended.must_end(1, "FAILED  1 failed")
    assert ended.counts() == (2, 1, 0, 0)


def test_every_row_of_an_outline_is_a_test_case_of_its_own(project):
    rows = "\n".join(["  Scenario Outline: It says <word>", "    Then it is noted that <word> runs", "    Examples:", "      | word |"])
    project.feature(f"{rows}\n      | one |\n      | two |\n")
    ended = project.run()
    ended.must_end(0, "PASSED  2 passed")
    assert ended.counts() == (2, 0, 0, 0)
    assert sorted(project.notes()) == ["one", "two"]


def test_the_topology_of_a_rule_wins_over_that_of_its_feature(project):
    project.write("features/rule.feature", RULE)
    ended = project.run()
    ended.must_end(0, "PASSED  1 passed")
    assert ended.junit.find(".//property[@name='topology']").get("value") == "none"
    assert "is starting" not in ended.output

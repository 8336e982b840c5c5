"""Runs that know an earlier result, and runs that know failures."""

import json

import pytest
from sample_project import scenario

pytestmark = pytest.mark.slow

ONCE = """
@step("only the first time is wrong")
def once(context):
    seen = Path("once").exists()
    Path("once").touch()
    assert seen, "expected: the second time"


@step("only the first time breaks")
def breaks_once(context):
    seen = Path("broken").exists()
    Path("broken").touch()
    if not seen:
        raise ValueError("no such thing")
"""
RERUN = ("-D", "rerun_failed=reports/result.json")
ENTRY = '[[failure]]\nscenario = "{name}"\nreason = "no retry"\nlink = "https://x/1"\nexpires = {expires}\n'


def statuses(project):
    content = json.loads((project.folder / "reports" / "result.json").read_text())
    return {one["name"]: one["status"] for one in content["scenarios"].values()}


def attempts(ended, name):
    (case,) = [case for case in ended.junit.iter("testcase") if case.get("name") == name]
    return [element.tag for element in case if element.tag not in ("properties", "system-out")]


def test_flaky(project):
    """A rerun has only what did not pass. What passes now is flaky, with exit code 1, unless flaky scenarios are allowed."""
    project.add_steps(ONCE)
    names = ("It is flaky", "It breaks once", "It passes")
    steps = ("only the first time is wrong", "only the first time breaks", "it works")
    project.feature(*(scenario(name, step) for name, step in zip(names, steps, strict=True)))
    project.run().must_end(1, "1 failed")
    first = (project.folder / "reports" / "result.json").read_text()
    ended = project.run(*RERUN)
    ended.must_end(1, "FAILED  2 flaky")
    assert "rerun of reports/result.json: 2 of 2 scenarios that did not pass\n" in ended.output
    assert "FLAKY  -  It is flaky" in ended.output
    assert statuses(project) == {"It is flaky": "flaky", "It breaks once": "flaky"}
    assert attempts(ended, "It is flaky") == ["flakyFailure"]
    assert attempts(ended, "It breaks once") == ["flakyError"]
    assert ended.verdict_of("the run has flaky scenarios") == ("failure", "flaky")
    project.write("first.json", first)
    allowed = project.run("-D", "rerun_failed=first.json", "-D", "allow_flaky=true")
    allowed.must_end(0, "2 flaky")
    assert allowed.counts() == (2, 0, 0, 0)


def test_failing_again(project):
    """A scenario that fails again has both failures, also after a line before it was added."""
    project.feature(scenario("It fails", "the answer is wrong"))
    project.run().must_end(1, "1 failed")
    project.feature(scenario("It is new", "it works"), scenario("It fails", "the answer is wrong"))
    ended = project.run(*RERUN)
    ended.must_end(1, "1 failed")
    assert attempts(ended, "It fails") == ["failure", "rerunFailure"]
    assert statuses(project) == {"It fails": "failed"}


def test_first_verdict_at_the_rerun(project):
    """A scenario that was blocked has its first verdict at the rerun, so it passes."""
    project.feature(scenario("It is new", "a step of tomorrow"), scenario("It passes", "it works"))
    project.run().must_end(2, "1 blocked")
    project.add_steps('@step("a step of tomorrow")\ndef tomorrow(context):\n    pass\n')
    project.run(*RERUN).must_end(0, "PASSED  1 passed")


def test_lost_scenario(project):
    """A scenario that no longer exists is named, with exit code 2, and the earlier result is kept."""
    project.feature(scenario("It is gone", "the answer is wrong"), scenario("It fails", "the answer is wrong"))
    project.run().must_end(1, "2 failed")
    project.feature(scenario("It fails", "it is noted that it runs"))
    ended = project.run(*RERUN)
    ended.must_end(2, "NO VERDICT")
    assert "there is no 'It is gone' in its file" in ended.output
    assert project.notes() == []
    assert len(list(project.folder.glob("reports/*/earlier-result.json"))) == 1


def test_nothing_to_run_again(project):
    """A rerun of a green run has exit code 2 and the reason."""
    project.feature(scenario("It passes", "it works"))
    project.run().must_end(0, "1 passed")
    ended = project.run(*RERUN)
    ended.must_end(2, "NO VERDICT")
    assert "there is nothing to run again" in ended.output


def test_part_of_a_rerun(project):
    """A rerun can be split too: the parts are those of what did not pass."""
    project.feature(*(scenario(f"It fails {number}", "the answer is wrong") for number in range(4)), scenario("It passes", "it works"))
    project.run().must_end(1, "4 failed")
    (project.folder / "reports" / "durations.json").unlink()  # measured milliseconds would decide how many are in a part
    ended = project.run(*RERUN, "-D", "split=2/2")
    assert "part 2 of 2: 2 of 4 scenarios\n" in ended.output
    ended.must_end(1, "2 failed")


def test_known_failure(project):
    """A known failure is listed with its reason and does not fail the run."""
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It passes", "it works"))
    project.write("known_failures.toml", ENTRY.format(name="It fails", expires="2999-01-01"))
    ended = project.run()
    ended.must_end(0, "1 known failure")
    assert "KNOWN FAILURE  -  It fails" in ended.output
    assert ended.element("It fails").get("message") == "known failure: no retry (https://x/1, until 2999-01-01)"
    assert ended.counts() == (2, 0, 0, 1)
    assert statuses(project)["It fails"] == "known failure"


def test_expired_known_failure(project):
    """Past its date a known failure fails the run, and its block names the entry."""
    project.feature(scenario("It fails", "the answer is wrong"), scenario("It passes", "it works"))
    project.write("known_failures.toml", ENTRY.format(name="It fails", expires="2001-01-01"))
    ended = project.run()
    ended.must_end(1, "1 failed")
    assert "expired on 2001-01-01: no retry" in ended.text_of("It fails")


def test_unexpected_pass(project):
    """A known failure that passes fails the run until its entry is removed."""
    project.feature(scenario("It passes", "it works"), scenario("It passes too", "it works"))
    project.write("known_failures.toml", ENTRY.format(name="It passes", expires="2999-01-01"))
    ended = project.run()
    ended.must_end(1, "FAILED  1 unexpected_pass")
    assert ended.verdict_of("It passes") == ("failure", "unexpected_pass")


def test_known_failures_of_others(project):
    """An entry may name a scenario that is not selected. An unknown scenario has exit code 2."""
    project.feature(scenario("It passes", "it works"))
    project.feature(scenario("It fails", "the answer is wrong"), name="other")
    project.write("known_failures.toml", ENTRY.format(name="It fails", expires="2999-01-01"))
    project.run("features/sample.feature").must_end(0, "1 passed")
    project.write("known_failures.toml", ENTRY.format(name="It failed", expires="2999-01-01"))
    ended = project.run("features/sample.feature")
    ended.must_end(2, "NO VERDICT")
    assert "entry 1 ('It failed')" in ended.output
    assert "did you mean 'It fails'?" in ended.output


def test_several_jobs(project):
    """The statuses of a rerun and of known failures do not depend on the number of jobs."""
    project.add_steps(ONCE)
    steps = {"A": "only the first time is wrong", "B": "the answer is wrong", "C": "the answer is wrong", "D": "only the first time breaks"}
    project.feature(*(scenario(f"It is {name}", step) for name, step in steps.items()))
    project.run("-D", "jobs=2").must_end(1, "3 failed")
    project.write("known_failures.toml", ENTRY.format(name="It is C", expires="2999-01-01"))
    project.run(*RERUN, "-D", "jobs=2").must_end(1, "1 failed")
    assert statuses(project) == {"It is A": "flaky", "It is B": "failed", "It is C": "known failure", "It is D": "flaky"}

"""Features and places that would let a run pass without proof: each is refused before a step runs."""

import pytest
from sample_project import must_be_refused, scenario

from hivecheck.bdd import feature_files, feature_lint

pytestmark = pytest.mark.slow

PASSING = scenario("It passes", "it is noted that one runs")
SECOND = scenario("It passes too", "it is noted that two runs")
CHECKS_NOTHING = "  Scenario: It checks nothing\n    When it is noted that two runs\n\n"
LOST = "  Scenario It is lost\n    When it is noted that three runs\n    Then it works\n\n"


def test_no_then(project):
    """A selected scenario without a Then is refused with its place, and no other scenario runs."""
    project.feature(PASSING, CHECKS_NOTHING)
    must_be_refused(project, project.run(), "features/sample.feature:8\n", feature_lint.THEN_NEEDED, "'It checks nothing' has no Then")


def test_no_then_unselected(project):
    """A scenario without a Then that is not selected is left alone."""
    project.feature(PASSING, CHECKS_NOTHING)
    project.run("--name", "It passes").must_end(0, "PASSED  1 passed")


def test_no_then_of_its_own(project):
    """A scenario without steps is refused, and a Then of the Background is no proof of it."""
    project.feature("  Background:\n    Then it is noted that one runs\n\n", scenario("It is empty"))
    must_be_refused(project, project.run(), feature_lint.THEN_NEEDED, "'It is empty' has no steps")


def test_no_then_in_outline(project):
    """An outline without a Then is refused."""
    project.feature("  Scenario Outline: O\n    When it is noted that <n> runs\n    Examples:\n      | n |\n      | 1 |\n      | 2 |\n")
    must_be_refused(project, project.run(), "features/sample.feature:4\n", feature_lint.THEN_NEEDED)


def test_lost_scenario(project):
    """A scenario that a missing colon turns into a description is refused with the line, although others could run."""
    project.feature(LOST, PASSING, SECOND)
    must_be_refused(project, project.run(), "features/sample.feature:4\n", feature_lint.PROSE_NEEDED, feature_lint.COLON_NEXT)


def test_lost_scenario_in_between(project):
    """A missing colon after a scenario with steps is refused with the line and the colon."""
    project.feature(PASSING, LOST, SECOND)
    must_be_refused(project, project.run(), "features/sample.feature:8\n", feature_lint.GHERKIN_NEEDED, feature_lint.COLON_NEXT)


@pytest.mark.parametrize("text", ["# nothing\n", "@integration\nFeature: none\n"], ids=["no feature", "no scenario"])
def test_no_scenario(project, text):
    """A feature file without a scenario is refused, although another file could run."""
    project.feature(PASSING)
    project.write("features/none.feature", text)
    must_be_refused(project, project.run(), "features/none.feature:", feature_lint.SCENARIO_NEEDED)


def test_no_row(project):
    """An outline whose Examples have no row is refused, although another scenario could run."""
    project.feature(PASSING, "  Scenario Outline: O\n    Then it works\n    Examples:\n      | n |\n")
    must_be_refused(project, project.run(), "features/sample.feature:10\n", feature_lint.ROW_NEEDED)


@pytest.mark.parametrize("line", [2, 7, 9999], ids=["header", "gap", "after the end"])
def test_line_outside(project, line):
    """A line in no scenario is refused, although a good line stands beside it."""
    project.feature(PASSING, SECOND)
    ended = project.run("features/sample.feature:5", f"features/sample.feature:{line}")
    must_be_refused(project, ended, f"features/sample.feature:{line}\n", feature_files.LINE_NEEDED, "for the nearest one")


def test_line_of_tag(project):
    """The tag line of a scenario selects that scenario and no other."""
    project.feature(PASSING, scenario("It is tagged", "it is noted that two runs", tags="@P1"))
    project.run("features/sample.feature:8").must_end(0, "PASSED  1 passed")
    assert project.notes() == ["two"]


def test_empty_folder(project):
    """A folder without feature files is refused, although another argument could run."""
    project.feature(PASSING)
    (project.folder / "features" / "empty").mkdir()
    ended = project.run("features/sample.feature", "features/empty")
    must_be_refused(project, ended, "features/empty\n", feature_files.FILE_NEEDED)


def test_name_without_scenario(project):
    """A --name that no scenario has is refused, although another one could run."""
    project.feature(PASSING)
    must_be_refused(project, project.run("--name", "It passes", "--name", "It pases"), "'It pases'", feature_files.NAME_NEEDED)

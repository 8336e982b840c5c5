"""Wrong input is refused before a scenario starts: exit code 2, with the place and what to do."""

import pytest
from sample_project import must_be_refused, scenario

from hivecheck import settings
from hivecheck.bdd import feature_lint
from hivecheck.reports.text import NOTHING_SELECTED

pytestmark = pytest.mark.slow

REFUSED = "the run did not start (usage_error)"
PASSING = scenario("It passes", "it is noted that one runs")


def test_nothing_selected(project):
    """A run without a selected scenario has no verdict."""
    project.feature(PASSING)
    ended = project.run("--tags", "@P2")
    must_be_refused(project, ended, NOTHING_SELECTED)
    assert ended.counts() == (1, 0, 1, 0)


def test_unknown_tag(project):
    """An unknown tag is refused with its place and a suggestion, also in an unselected scenario."""
    project.feature(PASSING)
    project.feature(scenario("It is mistyped", "it works", tags="@fresh_stak"), name="other")
    must_be_refused(project, project.run("--name", "It passes"), "features/other.feature:", "@fresh_stak", "did you mean @fresh_stack?")


def test_unknown_topology(project):
    """An unknown topology is refused."""
    project.feature(PASSING, tags="@integration @topology.smal")
    must_be_refused(project, project.run(), "@topology.smal", "did you mean @topology.small?")


def test_unknown_tag_in_expression(project):
    """A tag expression with an unknown tag is refused with a suggestion."""
    project.feature(PASSING)
    must_be_refused(project, project.run("--tags", "@integratoin"), "@integratoin", "did you mean @integration?")


@pytest.mark.parametrize("expression", ["~@slow", "@slow,@P0"])
def test_old_tag_expressions(project, expression):
    """The old forms of tag expressions are refused with the new ones."""
    project.feature(PASSING)
    must_be_refused(project, project.run("--tags", expression), "not @x", "@a or @b")


def test_feature_syntax(project):
    """A feature with a syntax error is refused with its place."""
    project.feature(PASSING)
    project.write(
        "features/broken.feature", "@integration\nFeature: broken\n  Scenario: It is odd\n    Given it works\n    Perhaps it works\n"
    )
    must_be_refused(project, project.run(), "broken.feature")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import a_missing_module", "a_missing_module"),
        ("def oops(:", "more_steps.py"),
        ("an_unknown_name", "an_unknown_name"),
    ],
    ids=["failing import", "syntax error", "any other error"],
)
def test_broken_step_file(project, text, words):
    """A step file that does not load is refused with its error."""
    project.feature(PASSING)
    project.write("steps/more_steps.py", text + "\n")
    must_be_refused(project, project.run(), words)


def test_broken_hooks(project):
    """A file of hooks that does not load is refused with its error."""
    project.feature(PASSING)
    project.add_hooks("an_unknown_name")
    must_be_refused(project, project.run(), "an_unknown_name")


def test_other_encoding(project):
    """A feature file that is not UTF-8 is refused with its line."""
    project.feature(PASSING)
    (project.folder / "features" / "latin.feature").write_bytes("Feature: sample\n  Scenario: Größe\n".encode("latin-1"))
    must_be_refused(project, project.run(), "features/latin.feature:2\n", feature_lint.UTF8_NEEDED)


def test_unknown_language(project):
    """A feature file in a language that behave does not know is refused with its line."""
    project.feature(PASSING)
    project.write("features/unknown.feature", "# language: xx\nFeature: sample\n")
    must_be_refused(project, project.run(), "features/unknown.feature:1\n", feature_lint.LANGUAGE_NEEDED)


def test_ambiguous_steps(project):
    """Two definitions of one step are refused."""
    project.feature(PASSING)
    project.add_steps('@step("it works")\ndef again(context):\n    pass\n')
    must_be_refused(project, project.run(), "it works", "already been defined")


def test_missing_feature(project):
    """A missing feature file is refused."""
    project.feature(PASSING)
    must_be_refused(project, project.run("features/nowhere.feature"), "nowhere.feature")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-D", "sede=1"], settings.SETTING_NEEDED),
        (["-D", "seed=soon"], settings.WHOLE_NUMBER_NEEDED),
        (["-D", "keep_failed=perhaps"], settings.BOOL_NEEDED),
        (["-D", "platform=cloud"], "There is no platform 'cloud'. Known: "),
        (["-D", "services_root=nowhere"], "services"),
    ],
    ids=["name", "number", "bool", "platform", "services_root"],
)
def test_wrong_setting(project, arguments, words):
    """A wrong setting is refused in one sentence."""
    project.feature(PASSING)
    ended = project.run(*arguments)
    ended.must_end(2, REFUSED)
    assert words in ended.output
    assert "Traceback" not in ended.output
    assert ended.junit is None
    assert project.notes() == []


def test_unknown_environment(project):
    """An unknown setting in the environment is refused."""
    project.feature(PASSING)
    ended = project.run(environment={"HIVECHECK_SEDE": "1"})
    ended.must_end(2, REFUSED)
    assert "HIVECHECK_sede=1" in ended.output


def test_old_report(project):
    """A refused run removes the report of an earlier run."""
    project.feature(PASSING)
    project.write("reports/junit.xml", "<testsuites/>")
    assert project.run("-D", "platform=cloud").junit is None


def test_stock_runner(project):
    """The runner of behave itself is refused."""
    project.feature(PASSING)
    ended = project.run("-r", "behave.runner:Runner")
    assert ended.exit_code != 0
    assert "expected: the runner of hivecheck" in ended.output
    assert project.notes() == []


def test_sub_folder(project):
    """A run from a sub-folder is refused, because behave does not read setup.cfg there."""
    project.feature(PASSING)
    ended = project.run(".", folder="features")
    assert ended.exit_code != 0
    assert "next: run behave from the root of the project" in ended.output
    assert project.notes() == []

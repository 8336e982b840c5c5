"""Wrong input is refused before a scenario starts: exit code 2, with the place and what to do."""

import pytest
from sample_project import must_be_refused, scenario

from hivecheck.bdd import feature_lint
from hivecheck.reports.text import NOTHING_SELECTED

pytestmark = pytest.mark.slow

PASSING = scenario("It passes", "it is noted that one runs")


def test_a_selection_of_nothing_is_no_verdict(project):
    project.feature(PASSING)
    ended = project.run("--tags", "@P2")
    must_be_refused(project, ended, NOTHING_SELECTED)
    assert ended.counts() == (1, 0, 1, 0)


def test_a_tag_that_is_not_in_the_registry_is_refused_with_its_place_and_a_suggestion_even_where_it_is_not_selected(project):
    project.feature(PASSING)
    project.feature(scenario("It is mistyped", "it works", tags="@fresh_stak"), name="other")
    must_be_refused(project, project.run("--name", "It passes"), "features/other.feature:", "@fresh_stak", "did you mean @fresh_stack?")


def test_a_topology_that_does_not_exist_is_refused(project):
    project.feature(PASSING, tags="@integration @topology.smal")
    must_be_refused(project, project.run(), "@topology.smal", "did you mean @topology.small?")


def test_a_tag_expression_with_an_unknown_tag_is_refused_with_a_suggestion(project):
    project.feature(PASSING)
    must_be_refused(project, project.run("--tags", "@integratoin"), "@integratoin", "did you mean @integration?")


@pytest.mark.parametrize("expression", ["~@slow", "@slow,@P0"])
def test_the_old_forms_of_tag_expressions_are_refused_with_the_new_ones(project, expression):
    project.feature(PASSING)
    must_be_refused(project, project.run("--tags", expression), "not @x", "@a or @b")


def test_a_feature_with_a_syntax_error_is_refused_with_its_place(project):
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
def test_a_step_file_that_cannot_be_loaded_is_refused_with_its_error(project, text, words):
    project.feature(PASSING)
    project.write("steps/more_steps.py", text + "\n")
    must_be_refused(project, project.run(), words)


def test_a_file_of_hooks_that_cannot_be_loaded_is_refused_with_its_error(project):
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


def test_two_steps_of_the_same_words_are_refused(project):
    project.feature(PASSING)
    project.add_steps('@step("it works")\ndef again(context):\n    pass\n')
    must_be_refused(project, project.run(), "it works", "AmbiguousStep")


def test_a_feature_file_that_does_not_exist_is_refused(project):
    project.feature(PASSING)
    must_be_refused(project, project.run("features/nowhere.feature"), "nowhere.feature")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-D", "sede=1"], "Did you mean seed?"),
        (["-D", "seed=soon"], "expected a whole number"),
        (["-D", "keep_failed=perhaps"], "expected true or false"),
        (["-D", "platform=cloud"], "There is no platform 'cloud'. Known: "),
        (["-D", "services_root=nowhere"], "services"),
    ],
    ids=["name", "number", "bool", "platform", "services_root"],
)
def test_a_setting_that_cannot_be_is_refused_in_one_sentence(project, arguments, words):
    project.feature(PASSING)
    ended = project.run(*arguments)
    ended.must_end(2, words)
    assert "Traceback" not in ended.output
    assert ended.junit is None
    assert project.notes() == []


def test_an_unknown_setting_in_the_environment_is_refused(project):
    project.feature(PASSING)
    project.run(environment={"HIVECHECK_SEDE": "1"}).must_end(2, "Did you mean seed?")


def test_the_report_of_an_earlier_run_is_gone_when_a_run_is_refused(project):
    project.feature(PASSING)
    project.write("reports/junit.xml", "<testsuites/>")
    assert project.run("-D", "platform=cloud").junit is None


def test_the_stock_runner_of_behave_is_refused(project):
    project.feature(PASSING)
    ended = project.run("-r", "behave.runner:Runner")
    assert ended.exit_code != 0
    assert "expected: the runner of hivecheck" in ended.output
    assert project.notes() == []


def test_a_run_from_a_sub_folder_is_refused_because_setup_cfg_is_not_read_there(project):
    project.feature(PASSING)
    ended = project.run(".", folder="features")
    assert ended.exit_code != 0
    assert "next: run behave from the root of the project" in ended.output
    assert project.notes() == []

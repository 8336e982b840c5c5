"""What a feature must not drop or accept in silence."""

import textwrap

import pytest
from behave.model import Feature
from behave.parser import ParserError, parse_feature

from hivecheck.bdd import feature_lint
from hivecheck.bdd.feature_lint import END_NEEDED, PROSE_NEEDED, ROW_NEEDED, SCENARIO_NEEDED, STEP_NEEDED, THEN_NEEDED
from hivecheck.errors import FeatureError


def parsed(text: str) -> tuple[Feature | None, list[str]]:
    lines = textwrap.dedent(text).strip().splitlines()
    return parse_feature("\n".join(lines), filename="a.feature"), lines


def problems(text: str) -> list[tuple[str, str]]:
    """Place and rule of each problem in a file of this text."""
    feature, lines = parsed(text)
    return [(problem.place, problem.expected) for problem in feature_lint.problems_in(feature, "a.feature", lines)]


def then_refusal(text: str) -> str:
    """The refusal of the feature's scenarios; empty when there is none."""
    feature, _ = parsed(text)
    assert feature
    try:
        feature_lint.must_have_a_then(feature.walk_scenarios())
    except FeatureError as error:
        return str(error)
    return ""


LOST_FIRST = """
    Feature: A

      # A comment is no description
      Scenario One
        Given x
        Then y

      Scenario: Two
        Then y
"""
LOST_SECOND = """
    Feature: A
      Scenario: One
      Scenario Two
        Given x
        Then y
"""
LOST_IN_RULE = """
    Feature: A
      Scenario: One
        Then y
      Rule: B
        Scenario Two
          Then y
        Scenario: Three
          Then y
"""
LOST_AFTER_BACKGROUND = """
    Feature: A
      Background:
      Scenario One
        Given x
      Scenario: Two
        Then y
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [(LOST_FIRST, 4), (LOST_SECOND, 3), (LOST_IN_RULE, 5), (LOST_AFTER_BACKGROUND, 3)],
    ids=["feature", "scenario", "rule", "background"],
)
def test_lost_scenario(text: str, line: int) -> None:
    """A scenario that a missing colon turns into a description is found at its line."""
    assert problems(text) == [(f"a.feature:{line}", PROSE_NEEDED)]


@pytest.mark.parametrize(
    "line",
    [
        *("Scenario Outline x", "Scenario", "scenario: x", "SCENARIO : x", "Examples", "Background", "Rule x", "Example: x".lower()),
        *("Given x", "When\tx", "Then", "And x", "But x", "given: x"),
    ],
)
def test_keyword_line(line: str) -> None:
    """A description line that starts with a keyword is refused."""
    text = f"Feature: A\n  Prose.\n  {line}\n  Scenario: One\n    Then y"
    assert problems(text) == [("a.feature:3", PROSE_NEEDED)]


@pytest.mark.parametrize(
    "line", ["As a user", "I want: nothing", "* a bullet", "when a worker dies", "Ruler", "Thenceforth", "Givens: x", "so that"]
)
def test_prose(line: str) -> None:
    """A description in ordinary words passes."""
    assert problems(f"Feature: A\n  {line}\n  Scenario: One\n    Then y") == []


def test_step_colon() -> None:
    """A first step with a colon after its keyword is found, although behave drops it."""
    assert problems("Feature: A\n  Scenario: One\n    Given: x\n    Then y") == [("a.feature:3", PROSE_NEEDED)]


@pytest.mark.parametrize("line", ["Szenario Eins", "Scenario: One", "Angenommen x", "Given x"])
def test_languages(line: str) -> None:
    """Keywords count in the file's language and in English."""
    text = f"# language: de\nFunktionalität: A\n  {line}\n  Szenario: Zwei\n    Dann y"
    assert problems(text) == [("a.feature:3", PROSE_NEEDED)]


def test_glued_keyword() -> None:
    """A language without spaces after its step keywords is read by its own table."""
    text = "# language: zh-CN\n功能: A\n  假如x\n  场景: B\n    那么y"
    assert problems(text) == [("a.feature:3", PROSE_NEEDED)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Feature: A", "a.feature:1"),
        ("Feature: A\n  Only prose.", "a.feature:1"),
        ("# nothing", "a.feature:1"),
        ("Feature: A\n  Rule: B", "a.feature:2"),
        ("Feature: A\n  Scenario: One\n    Then y\n  Rule: B", "a.feature:4"),
    ],
    ids=["header", "prose", "comment", "only a rule", "a rule"],
)
def test_no_scenario(text: str, place: str) -> None:
    """A file or a rule without a scenario is refused."""
    assert problems(text) == [(place, SCENARIO_NEEDED)]


@pytest.mark.parametrize(
    ("examples", "line"),
    [
        ("", 2),
        ("    Examples:\n", 4),
        ("    Examples:\n      | n |\n", 4),
        ("    Examples:\n      | n |\n      | 1 |\n    Examples: more\n      | n |\n", 7),
    ],
    ids=["none", "no table", "no row", "second"],
)
def test_no_row(examples: str, line: int) -> None:
    """An outline without Examples, and each Examples table without rows, is refused."""
    assert problems(f"Feature: A\n  Scenario Outline: O\n    Then <n>\n{examples}") == [(f"a.feature:{line}", ROW_NEEDED)]


def test_open_text() -> None:
    """A text block without an end is refused, because it hides the scenarios after it."""
    text = 'Feature: A\n  Scenario: One\n    Then y\n  """\n  Scenario: Two\n    Then y'
    assert problems(text) == [("a.feature:4", END_NEEDED)]


@pytest.mark.parametrize("steps", ["", "Given x", "Given x\n    When x\n    And x", "* x"], ids=["none", "given", "and", "star"])
def test_no_then(steps: str) -> None:
    """A scenario without a Then is refused with its place."""
    refusal = then_refusal(f"Feature: A\n  Scenario: One\n    {steps}")
    assert refusal.startswith("a.feature:2\n")
    assert THEN_NEEDED in refusal


@pytest.mark.parametrize("steps", ["Then y", "Given x\n    Then y\n    And z", "Then y\n    When x"])
def test_then(steps: str) -> None:
    """A scenario with a Then passes, wherever the Then stands."""
    assert then_refusal(f"Feature: A\n  Scenario: One\n    {steps}") == ""


def test_background_then() -> None:
    """A Then of the Background is no proof of a scenario."""
    assert "a.feature:4\n" in then_refusal("Feature: A\n  Background:\n    Then y\n  Scenario: One\n    Given x")


def test_then_in_german() -> None:
    """The kind of a step decides, not its English word."""
    assert then_refusal("# language: de\nFunktionalität: A\n  Szenario: Eins\n    Dann y\n    Und z") == ""


def test_outline_once() -> None:
    """An outline without a Then is one problem, however many rows it has."""
    refusal = then_refusal("Feature: A\n  Scenario Outline: O\n    Given <n>\n    Examples:\n      | n |\n      | 1 |\n      | 2 |")
    assert refusal.count(THEN_NEEDED) == 1
    assert refusal.startswith("a.feature:2\n")


def test_many_problems() -> None:
    """A refusal lists ten problems and counts the others."""
    refusal = then_refusal("Feature: A\n" + "  Scenario: S\n    Given x\n" * 12)
    assert refusal.count(THEN_NEEDED) == feature_lint.PROBLEMS_LISTED
    assert refusal.endswith("2 more, of 12 in all")


@pytest.mark.parametrize(
    ("line", "next_step"),
    [
        ("Scenario Two", "did you forget the colon? Write 'Scenario: Two'."),
        ("scenario: Two", feature_lint.COLON_NEXT),
        ("Wen x runs", "did you mean When?"),
        ("Perhaps x", "correct the line"),
    ],
)
def test_syntax(line: str, next_step: str) -> None:
    """A line that behave cannot parse is placed, and a missing colon is named."""
    with pytest.raises(ParserError) as caught:
        parsed(f"Feature: A\n  Scenario: One\n    Then y\n  {line}")
    problem = feature_lint.of_syntax(caught.value, "a.feature")
    assert problem.place == "a.feature:4"
    assert problem.actual == f"'{line}'"
    assert problem.next.startswith(next_step)


@pytest.mark.parametrize(
    ("line", "keyword"),
    [("Wen x runs", "When"), ("Gievn x", "Given"), ("Thn y", "Then"), ("Adn y", "And"), ("Whne x runs", "When")],
)
def test_misspelt_step(line: str, keyword: str) -> None:
    """A step with a misspelt keyword, which behave takes for a description, is found at its line."""
    feature, lines = parsed(f"Feature: A\n  Scenario: One\n    # a comment\n    {line}\n    Then y")
    (problem,) = feature_lint.problems_in(feature, "a.feature", lines)
    assert (problem.place, problem.expected, problem.actual) == ("a.feature:4", STEP_NEEDED, f"'{line}'")
    assert problem.next.startswith(f"did you mean {keyword}?")


@pytest.mark.parametrize("text", ["They run alone", "The order counts", "Any order", "Wen", "Long prose\n    thn it goes on"])
def test_scenario_description(text: str) -> None:
    """Prose below a scenario is left alone."""
    assert problems(f"Feature: A\n  Scenario: One\n    {text}\n    Then y") == []

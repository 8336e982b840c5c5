"""Places of the command line: which scenarios a line selects, and what is refused."""

from pathlib import Path

import pytest
from behave.configuration import Configuration
from behave.model_type import FileLocation
from behave.parser import parse_feature

from hivecheck.bdd import feature_files, feature_lint, selection
from hivecheck.bdd.feature_files import FILE_NEEDED, LINE_NEEDED, NAME_NEEDED
from hivecheck.errors import FeatureError
from hivecheck.settings import PROJECT_ROOT

TEXT = '''\
@P0
Feature: A

  Background:
    Given x

  @P1
  # why
  @slow
  Scenario: One
    Given x

    Then y
      """
      text
      """
  # between

  Scenario Outline: Two
    Then <n>

    @P2
    Examples: first
      | n |
      | 1 |
      # odd
      | 2 |

    Examples: second
      | n |
      | 3 |

  @P0
  Rule: R

    Background:
      Given x

    Scenario: Three
      Then y
      | a |

# the end
'''
ROWS = [(25, ["1"]), (27, ["2"]), (31, ["3"])]
WHOLE_OUTLINE = [19, 20, 22, 23, 24, 26, 29, 30]


def names(number: int) -> list[str]:
    feature = parse_feature(TEXT, filename="a.feature")
    return [scenario.name.partition(" ")[0] for scenario in feature_files.scenarios_at(feature, TEXT.splitlines(), number)]


@pytest.mark.parametrize("number", [7, 8, 9, 10, 12, 14, 16])
def test_line_in_scenario(number: int) -> None:
    """A line from the first tag to the end of the last step selects the scenario."""
    assert names(number) == ["One"]


@pytest.mark.parametrize("number", WHOLE_OUTLINE)
def test_line_in_outline(number: int) -> None:
    """A line of an outline that is no row selects all its rows."""
    assert names(number) == ["Two"] * 3


@pytest.mark.parametrize(("number", "cells"), ROWS)
def test_row(number: int, cells: list[str]) -> None:
    """The line of a row selects the scenario of that row only."""
    found = feature_files.scenarios_at(parse_feature(TEXT, filename="a.feature"), TEXT.splitlines(), number)
    assert [step.name for scenario in found for step in scenario.steps] == cells


@pytest.mark.parametrize("number", [39, 40, 41])
def test_line_in_rule(number: int) -> None:
    """A scenario of a rule has its own lines."""
    assert names(number) == ["Three"]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 17, 18, 32, 33, 34, 36, 37, 38, 42, 43, 44, 9999])
def test_line_outside(number: int) -> None:
    """Headers, backgrounds, rules, the gaps between scenarios and lines after the end select nothing."""
    assert names(number) == []


def selected(*places: FileLocation) -> list[str]:
    features = feature_files.load(places, None)
    config = Configuration([], load_config=False)
    return [scenario.name.partition(" ")[0] for _, scenario in selection.selected(features, config)]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.feature"
    path.write_text(TEXT)
    return str(path)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([None], ["One", "Two", "Two", "Two", "Three"]),
        ([0], ["One", "Two", "Two", "Two", "Three"]),
        ([10], ["One"]),
        ([10, 12, 10], ["One"]),
        ([27, 39], ["Two", "Three"]),
        ([10, None], ["One", "Two", "Two", "Two", "Three"]),
    ],
)
def test_load(file: str, numbers: list[int | None], expected: list[str]) -> None:
    """Lines of one file add up, a scenario comes once, and a file without a line selects all."""
    assert selected(*(FileLocation(file, number) for number in numbers)) == expected


@pytest.mark.parametrize("number", [2, 9999])
def test_load_outside(file: str, number: int) -> None:
    """A line in no scenario is refused with a scenario to take instead, also beside good lines."""
    with pytest.raises(FeatureError) as caught:
        selected(FileLocation(file, 10), FileLocation(file, number))
    assert f"a.feature:{number}\nexpected: {LINE_NEEDED}" in str(caught.value)
    assert "'One'" in str(caught.value) or "'Three'" in str(caught.value)


def test_load_all_problems(tmp_path: Path) -> None:
    """One refusal names the problems of every file."""
    tmp_path.joinpath("a.feature").write_text("# empty\n")
    tmp_path.joinpath("b.feature").write_text("Feature: B\n  Scenario: One\n    Then y\n  Scenario Two\n")
    with pytest.raises(FeatureError) as caught:
        selected(*feature_files.places([str(tmp_path)]))
    assert "a.feature:1\n" in str(caught.value)
    assert "b.feature:4\n" in str(caught.value)
    assert feature_lint.COLON_NEXT in str(caught.value)


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without feature files is refused, also beside one that has some."""
    tmp_path.joinpath("full").mkdir()
    tmp_path.joinpath("full", "a.feature").write_text(TEXT)
    tmp_path.joinpath("empty").mkdir()
    with pytest.raises(FeatureError, match=r"empty\nexpected: " + FILE_NEEDED.replace("*", r"\*")):
        feature_files.places([str(tmp_path / "full"), str(tmp_path / "empty")])


def test_names() -> None:
    """Each pattern of --name must match a scenario."""
    features = [parse_feature(TEXT, filename="a.feature")]
    feature_files.must_be_named(features, ["One", "Tw."])
    with pytest.raises(FeatureError, match=NAME_NEEDED):
        feature_files.must_be_named(features, ["One", "Four"])


def test_own_features() -> None:
    """Every scenario of this project has a Then, and no file of it loses one."""
    features = feature_files.load(feature_files.places([str(PROJECT_ROOT / "features")]), None)
    assert len(features) == len(list(PROJECT_ROOT.glob("features/**/*.feature")))
    feature_lint.must_have_a_then(scenario for feature in features for scenario in feature.walk_scenarios())

"""Reads feature files and selects the places that the command line names. Refuses a place without a scenario. Knows behave's parser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from behave.exception import FileNotFoundError
from behave.model import Feature, Rule, Scenario, ScenarioOutline
from behave.model_type import FileLocation
from behave.parser import ParserError, parse_feature
from behave.runner_util import collect_feature_locations

from hivecheck.bdd import feature_lint
from hivecheck.bdd.feature_lint import Problem

FOLDER = "features"
FILE_NEEDED = "at least one file *.feature"
LINE_NEEDED = "a line of a scenario, from its first tag to its last step or row"
NAME_NEEDED = "a scenario of this name in the selected files"
CORRECT_NEXT = "correct the argument, or leave it out"


def places(paths: Iterable[str]) -> list[FileLocation]:
    """Every file that these arguments name. Raises FeatureError for an argument that names none."""
    # An argument that selects nothing leaves no trace in behave's result, so each one is checked alone.
    found, problems = [], []
    for path in paths:
        try:
            here = collect_feature_locations([path])
        except FileNotFoundError:
            problems.append(Problem(path, FILE_NEEDED, "the path is missing", CORRECT_NEXT))
            continue
        found.extend(here)
        if not here:
            problems.append(Problem(path, FILE_NEEDED, "it names none", CORRECT_NEXT))
    feature_lint.must_be_none(problems)
    return found


def load(located: Iterable[FileLocation], language: str | None) -> list[Feature]:
    """The features of these places; a scenario outside the lines that are asked for is skipped.

    Raises FeatureError when a file or a line would let the run prove less than it seems to.
    """
    # By resolved path, so each file comes once. behave runs a feature twice if it is named twice, and one key has one outcome.
    asked: dict[str, set[int]] = {}
    for place in located:
        asked.setdefault(str(Path(place.filename).resolve()), set()).add(place.line or 0)
    features: list[Feature] = []
    problems: list[Problem] = []
    for file, numbers in sorted(asked.items()):
        relative = os.path.relpath(file)
        data = Path(file).read_bytes()
        try:
            lines = data.decode("utf-8").splitlines()
            if unknown := feature_lint.unknown_language(lines, relative):
                problems.append(unknown)
                continue
            feature = parse_feature("\n".join(lines), language, file)
        except UnicodeDecodeError as error:
            problems.append(feature_lint.of_encoding(error, data, relative))
            continue
        except ParserError as error:
            problems.append(feature_lint.of_syntax(error, relative))
            continue
        wrong = feature_lint.problems_in(feature, relative, lines)
        problems += wrong or _select(feature, numbers, relative, lines)
        features.append(feature)
    feature_lint.must_be_none(problems)
    return features


def names(loaded: Iterable[Feature]) -> frozenset[tuple[str, str]]:
    """File and name of each scenario: of the loaded features, and of those in the project's folder. Raises FeatureError."""
    others = load(places([FOLDER]), None) if Path(FOLDER).is_dir() else []
    return frozenset((scenario.filename, scenario.name) for feature in (*loaded, *others) for scenario in feature.walk_scenarios())


def must_be_named(features: Iterable[Feature], patterns: Iterable[str]) -> None:
    """Raise FeatureError for a pattern of `--name` that no scenario matches."""
    # behave drops such a pattern in silence if another one matches, and the run passes without the scenario.
    names = [scenario.name for feature in features for scenario in feature.walk_scenarios()]
    lost = [pattern for pattern in patterns if not any(re.search(pattern, name) for name in names)]
    feature_lint.must_be_none([Problem(f"--name {name!r}", NAME_NEEDED, "there is none", CORRECT_NEXT) for name in lost])


def scenarios_at(feature: Feature, lines: Sequence[str], number: int) -> list[Scenario]:
    """The scenarios of this line: that of an Examples row, or all rows of an outline."""
    # Not behave's own filter: for a line outside of every scenario it takes the nearest one.
    items = _items(feature)
    starts = [_first_line(item) for item in items]
    for item, start, after in zip(items, starts, [*starts[1:], len(lines) + 1], strict=True):
        end = after - 1
        while end > start and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        if start <= number <= end and not isinstance(item, Rule):
            rows = item.scenarios if isinstance(item, ScenarioOutline) else [item]
            return [row for row in rows if row.line == number] or list(rows)
    return []


def _select(feature: Feature, numbers: set[int], file: str, lines: Sequence[str]) -> list[Problem]:
    """Skip what no line asks for; 0 asks for all. Returns the lines that lie in no scenario."""
    found = {number: scenarios_at(feature, lines, number) for number in sorted(numbers - {0})}
    if 0 not in numbers:
        chosen = {id(scenario) for scenarios in found.values() for scenario in scenarios}
        for scenario in feature.walk_scenarios():
            if id(scenario) not in chosen:
                scenario.mark_skipped()
    return [_outside(feature, number, file, len(lines)) for number, scenarios in found.items() if not scenarios]


def _outside(feature: Feature, number: int, file: str, count: int) -> Problem:
    actual = f"the file ends at line {count}" if number > count else f"no scenario holds line {number}"
    nearest = min(feature.walk_scenarios(), key=lambda scenario: abs(scenario.line - number))
    next_step = f"give {file} for all scenarios, or {file}:{nearest.line} for the nearest one, '{nearest.name}'"
    return Problem(f"{file}:{number}", LINE_NEEDED, actual, next_step)


def _items(feature: Feature) -> list[Rule | Scenario]:
    """Scenarios, outlines and rules in the order of the file; a rule ends the scenario before it."""
    items = [item for container in (feature, *feature.rules) for item in container.run_items]
    return sorted(items, key=_first_line)


def _first_line(item: Rule | Scenario) -> int:
    lines: list[int] = [item.line, *(tag.line for tag in item.tags)]
    return min(lines)

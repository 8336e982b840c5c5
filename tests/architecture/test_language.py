"""The language rules hold in every area of the project. `python tests/architecture/language.py AREA` prints what is left of one."""

from __future__ import annotations

import pytest
from language import RULES, areas, violations

# Area and the rules that it does not keep yet. Strict: a rule that an area keeps must leave its row, and an empty row goes.
NOT_YET: tuple[tuple[str, str], ...] = ()


def cases(rule: str) -> list[object]:
    """Every area, marked where the rule is not kept yet."""
    waiting = {area for area, broken in NOT_YET if rule in broken.split()}
    mark = pytest.mark.xfail(strict=True, raises=AssertionError, reason="listed in NOT_YET")
    return [pytest.param(area, id=area, marks=[mark] if area in waiting else []) for area in areas()]


def must_keep(area: str, rule: str) -> None:
    found = violations(area, rule)
    assert not found, "\n".join([f"{len(found)} in {area}:", *map(str, found)])


@pytest.mark.parametrize("area", cases("reserved"))
def test_words_for_people(area: str) -> None:
    """Who, whom, whose, nobody, somebody and everybody are people, not components."""
    must_keep(area, "reserved")


@pytest.mark.parametrize("area", cases("old-word"))
def test_old_words(area: str) -> None:
    """The old vocabulary stays away."""
    must_keep(area, "old-word")


@pytest.mark.parametrize("area", cases("sentence"))
def test_sentence_length(area: str) -> None:
    """A sentence of a page, a public docstring or a feature's description has at most 25 words."""
    must_keep(area, "sentence")


@pytest.mark.parametrize("area", cases("semicolon"))
def test_semicolons(area: str) -> None:
    """A paragraph has at most one semicolon."""
    must_keep(area, "semicolon")


@pytest.mark.parametrize("area", cases("plural"))
def test_plural_agreement(area: str) -> None:
    """A message that counts chooses between singular and plural."""
    must_keep(area, "plural")


def test_rows_name_areas_and_rules() -> None:
    """A row of NOT_YET names an area and rules that exist, and stands there once."""
    listed = [area for area, _ in NOT_YET]
    assert sorted(set(listed)) == listed
    assert [area for area in listed if area not in areas()] == []
    assert [row for row in NOT_YET if not row[1] or not set(row[1].split()) <= set(RULES)] == []


def test_areas_are_read() -> None:
    """The folders that the rules are about are among the areas."""
    assert {
        "README.md",
        "docs",
        "docs/guides",
        "features/gateway",
        "hivecheck",
        "hivecheck/checks",
        "mutants",
        "services/hive",
        "steps",
    } <= set(areas())

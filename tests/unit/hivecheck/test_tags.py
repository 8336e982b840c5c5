"""The known tags."""

from __future__ import annotations

import re

import pytest

from hivecheck import tags
from hivecheck.errors import TagError
from hivecheck.topologies import topology


def test_plain_tags_requirements_topologies_and_powers_are_known() -> None:
    tags.must_be_known(["integration", "P0", "FULL-005", "topology.default", "topology.none", "requires.kill"], "here")


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("integraton", "features/a.feature:1\nexpected: a known tag\nactual: @integraton\nnext: did you mean @integration?"),
        ("FULL-05", "did you mean @FULL-0"),
        ("topology.defualt", "did you mean @topology.default?"),
        ("zzzzzz", "next: declare the tag in hivecheck/tags.py"),
    ],
)
def test_an_unknown_tag_is_refused_with_the_nearest_known_one(tag: str, words: str) -> None:
    with pytest.raises(TagError) as caught:
        tags.must_be_known(["integration", tag], "features/a.feature:1")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    ["@integration", "integration", "@integration and not @slow", "(@P0 or @P1) and @FULL-005", "@FULL-*", "not @topology.*"],
)
def test_an_expression_of_known_tags_is_selectable(expression: str) -> None:
    tags.must_be_selectable(expression)


@pytest.mark.parametrize("expression", ["@integraton", "@integration and @sloww", "@NOTHING-*", "not @zzz"])
def test_an_expression_with_a_tag_that_cannot_exist_is_refused(expression: str) -> None:
    with pytest.raises(TagError, match=tags.KNOWN_TAG):
        tags.must_be_selectable(expression)


@pytest.mark.parametrize("expression", ["~@slow", "@P0,@P1", "@P0, @P1", "~slow", "P0,P1"])
def test_the_old_forms_are_refused_with_the_new_ones(expression: str) -> None:
    with pytest.raises(TagError, match=tags.TAG_EXPRESSION):
        tags.must_be_selectable(expression)


def test_a_scenario_s_topology_wins_over_its_feature_s_and_default_over_none() -> None:
    assert tags.topology_of(["topology.small", "P0", "topology.single_slot"]) == "single_slot"
    assert tags.topology_of(["P0"]) == "default"


def test_powers_and_requirements_are_told_apart_from_other_tags() -> None:
    mixed = ["requires.pause", "FULL-005", "requires.kill", "P0", "FULL-001"]
    assert tags.capabilities_of(mixed) == ("kill", "pause")
    assert tags.requirements_of(mixed) == ("FULL-001", "FULL-005")


def test_every_requirement_has_an_id_of_its_area_a_priority_and_a_text() -> None:
    for name, requirement in tags.requirements().items():
        assert re.fullmatch(r"[A-Z]+-\d{3}", name)
        assert requirement.priority in tags.PLAIN_TAGS
        assert requirement.text.strip()


def test_no_topology_is_called_like_the_word_for_none() -> None:
    assert tags.NO_TOPOLOGY not in topology.names()

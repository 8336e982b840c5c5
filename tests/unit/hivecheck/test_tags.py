"""The known tags."""

from __future__ import annotations

import re

import pytest

from hivecheck import tags
from hivecheck.errors import TagError
from hivecheck.topologies import topology


def test_known_tags() -> None:
    """Plain tags, requirements, topologies and capabilities are known."""
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
def test_unknown_tag(tag: str, words: str) -> None:
    """An unknown tag is refused with the nearest known one."""
    with pytest.raises(TagError) as caught:
        tags.must_be_known(["integration", tag], "features/a.feature:1")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    ["@integration", "integration", "@integration and not @slow", "(@P0 or @P1) and @FULL-005", "@FULL-*", "not @topology.*"],
)
def test_known_expression(expression: str) -> None:
    """An expression of known tags is accepted."""
    tags.must_be_selectable(expression)


@pytest.mark.parametrize("expression", ["@integraton", "@integration and @sloww", "@NOTHING-*", "not @zzz"])
def test_unknown_expression(expression: str) -> None:
    """An expression with an unknown tag is refused."""
    with pytest.raises(TagError, match=tags.KNOWN_TAG):
        tags.must_be_selectable(expression)


def test_unknown_expression_next() -> None:
    """The refusal of an expression names the page of tags, as its author declares none."""
    with pytest.raises(TagError, match=tags.SELECT_NEXT):
        tags.must_be_selectable("@qqq")


@pytest.mark.parametrize("expression", ["~@slow", "@P0,@P1", "@P0, @P1", "~slow", "P0,P1"])
def test_old_forms(expression: str) -> None:
    """The old forms of expressions are refused with the new ones."""
    with pytest.raises(TagError, match=tags.TAG_EXPRESSION):
        tags.must_be_selectable(expression)


def test_topology() -> None:
    """The topology of a scenario overrides that of its feature, and `default` holds without one."""
    assert tags.topology_of(["topology.small", "P0", "topology.single_slot"]) == "single_slot"
    assert tags.topology_of(["P0"]) == "default"


def test_capabilities_and_requirements() -> None:
    """Capabilities and requirements are selected from other tags."""
    mixed = ["requires.pause", "FULL-005", "requires.kill", "P0", "FULL-001"]
    assert tags.capabilities_of(mixed) == ("kill", "pause")
    assert tags.requirements_of(mixed) == ("FULL-001", "FULL-005")


def test_requirements() -> None:
    """Each requirement has an ID of its area, a priority and a text."""
    for name, requirement in tags.requirements().items():
        assert re.fullmatch(r"[A-Z]+-\d{3}", name)
        assert requirement.priority in tags.PLAIN_TAGS
        assert requirement.text.strip()


def test_a_must_has_a_citation() -> None:
    """A requirement is a must if and only if it cites a public standard or OpenAI's API reference."""
    for requirement in tags.requirements().values():
        assert requirement.standing in tags.STANDINGS
        assert (requirement.standing == "must") == bool(
            re.match(r"OpenAI API reference, |RFC \d{4}, \d|HTML Standard, \d", requirement.source)
        ), requirement.id


def test_no_topology() -> None:
    """No topology has the name for "no stack"."""
    assert tags.NO_TOPOLOGY not in topology.names()

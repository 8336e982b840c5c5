"""Errors of steps and set-ups: their line in a list, and their reason code."""

from __future__ import annotations

import pytest

from hivecheck.bdd.step_errors import one_line, reason_of_set_up
from hivecheck.errors import ClientError, FeatureError, ImageError, Reason, SetupError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (AssertionError("expected: 1\nactual: 2\nnext: count again"), "expected: 1 actual: 2"),
        (FeatureError("a.feature:3\nexpected: a Then\nactual: none\nnext: add one"), "a.feature:3 expected: a Then actual: none"),
        (AssertionError("worker-1 is slow\nand old"), "worker-1 is slow"),
        (ValueError("no such thing\nat all"), "ValueError: no such thing"),
        (AssertionError(), "AssertionError: "),
    ],
)
def test_one_line_of_error(error: Exception, line: str) -> None:
    """A list of failures shows place, expected and actual of an error, or its first line."""
    assert one_line(error) == line


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FeatureError("no Then"), Reason.USAGE_ERROR),
        (SyntaxError("def oops(:"), Reason.USAGE_ERROR),
        (SetupError("no node"), Reason.SETUP_FAILED),
        (ImageError("no image"), Reason.SETUP_FAILED),
        (ClientError("refused"), Reason.SETUP_FAILED),
        (KeyError("x"), Reason.HARNESS_ERROR),
    ],
)
def test_reason_of_set_up(error: Exception, reason: Reason) -> None:
    """A failed set-up is the error of a person, of the set-up, or of the harness."""
    assert reason_of_set_up(error) is reason

"""Which scenarios a run of given requirements has."""

from __future__ import annotations

import pytest
from behave.tag_expression import make_tag_expression

from hivecheck.rerun.subrun import tags_of


@pytest.mark.parametrize(
    ("requirements", "tags", "is_run"),
    [
        (("LOAD-004", "LOAD-006"), ("LOAD-006", "integration"), True),
        (("LOAD-004", "LOAD-006"), ("LOAD-004", "slow"), False),
        (("LOAD-004",), ("LOAD-006", "integration"), False),
        ((), ("LOAD-006", "integration"), True),
        ((), ("LOAD-006", "slow"), False),
    ],
)
def test_tags(requirements: tuple[str, ...], tags: tuple[str, ...], is_run: bool) -> None:
    """A mutant's run has the integration scenarios of its requirements, and none of the long ones beside them."""
    assert make_tag_expression(tags_of(requirements)).check(tags) is is_run

"""Check: usage chunk."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, served, stream, tell

from hivecheck.checks.usage.usage_chunk import usage_chunk
from hivecheck.history import Operation

USAGE = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}


def asking(**changes: Any) -> Operation:
    plain = {"request": {"stream_options": {"include_usage": True}}, "usage": USAGE, "usage_chunks": 1, "before_done": "usage"}
    return stream(**(plain | changes))


def test_requested_usage_passes() -> None:
    """One usage chunk before [DONE] passes where the request has include_usage."""
    one, two = asking(), stream(2, before_done="answer")
    must_say(usage_chunk(tell(one, two, served(one, prompt_tokens=2))), PASSED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"usage_chunks": 0, "usage": None, "before_done": "answer"},
        {"usage_chunks": 2},
        {"before_done": "answer"},
        {"usage": USAGE | {"completion_tokens": 2}},
        {"saw_done": False},
    ],
)
def test_wrong_usage_fails(wrong: dict[str, Any]) -> None:
    """A usage that is missing, doubled, misplaced or wrong fails."""
    one = asking(**wrong)
    must_say(usage_chunk(tell(one, served(one, prompt_tokens=2))), FAILED)


@pytest.mark.parametrize("usage_fields", [{"usage_chunks": 1}, {"usage": USAGE}])
def test_unrequested_usage_fails(usage_fields: dict[str, Any]) -> None:
    """A usage without include_usage fails."""
    must_say(usage_chunk(tell(stream(1, **usage_fields))), FAILED, "no usage")


def test_too_little_data_is_inconclusive() -> None:
    """No stream, or no end in a journal, gives no verdict."""
    must_say(usage_chunk(tell()), INCONCLUSIVE)
    must_say(usage_chunk(tell(asking())), INCONCLUSIVE, "no end in any journal")

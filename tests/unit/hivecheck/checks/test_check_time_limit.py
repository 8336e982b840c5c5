"""Checks: within time, ended in time, outlasted."""

from __future__ import annotations

import pytest
from stories import BATCH, BROKEN, FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, stream, tell

from hivecheck.checks.answers.time_limit import ended_in_time, outlasted, within_time
from hivecheck.history import Operation


def test_within_time_passes() -> None:
    """Answers within the limit pass."""
    must_say(within_time(tell(chat(1), chat(2, ended_at=1.9)), seconds=2.0), PASSED, "1.90 s")


def test_slow_answer_fails() -> None:
    """One slow answer fails."""
    must_say(within_time(tell(chat(1), chat(2, ended_at=2.1)), seconds=2.0), FAILED, "2.10 s", "r2")


@pytest.mark.parametrize("bad", [refused(2, ended_at=0.1), chat(2, ended_at=0.1, error="cut")])
def test_fast_failure_fails(bad: Operation) -> None:
    """A fast failure beside a slower answer fails."""
    must_say(within_time(tell(chat(1), bad), seconds=2.0), FAILED, "r2")


def test_within_time_without_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(within_time(tell(), seconds=2.0), INCONCLUSIVE, "no request was sent")


def test_ended_in_time() -> None:
    """Any end within the limit passes, and a later one fails."""
    must_say(ended_in_time(tell(refused(**BATCH)), purpose="batch 1", seconds=1.0), PASSED)
    must_say(ended_in_time(tell(refused(**BATCH)), purpose="batch 1", seconds=0.9), FAILED, "1.00 s")


def test_ended_in_time_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(ended_in_time(tell(chat()), purpose="batch 1", seconds=1), INCONCLUSIVE)


def test_outlasted() -> None:
    """A longer stream passes, a shorter one gives no verdict, and a broken one fails."""
    must_say(outlasted(tell(stream()), seconds=0.5), PASSED)
    must_say(outlasted(tell(stream()), seconds=2.0), INCONCLUSIVE)
    must_say(outlasted(tell(stream(**BROKEN)), seconds=0.5), FAILED)
    must_say(outlasted(tell(chat()), seconds=0.5), INCONCLUSIVE)


def test_one_outlasted() -> None:
    """Where one long stream is enough, shorter ones beside it may run. A broken one still fails."""
    short, long = stream(), stream(2, ended_at=3.0)
    must_say(outlasted(tell(short, long), seconds=2.0), INCONCLUSIVE)
    must_say(outlasted(tell(short, long), seconds=2.0, is_one_enough=True), PASSED)
    must_say(outlasted(tell(short), seconds=2.0, is_one_enough=True), INCONCLUSIVE)
    must_say(outlasted(tell(long, stream(**BROKEN)), seconds=2.0, is_one_enough=True), FAILED)

"""Check: highest_rate."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.highest_rate import SEARCH, UNFINISHED, highest_rate
from hivecheck.history import Event
from hivecheck.load.knee import Stop
from hivecheck.verdict import Verdict


def judge(low: float | None, high: float | None, stop: str = Stop.PRECISE) -> Verdict:
    data: dict[str, Any] = {"low": low, "high": high, "stop": str(stop), "probes": [{}] * 9}
    return highest_rate(tell(Event(1.0, SEARCH, "model-a", data)), least=18.0, most=22.0)


def test_interval() -> None:
    """An interval within the limits passes. One end beyond them fails."""
    must_say(judge(18.5, 20.4), PASSED, "18.50/s to 20.40/s after 9 probes")
    must_say(judge(17.0, 18.5), FAILED, "17.00/s")
    must_say(judge(21.0, 23.0), FAILED, "23.00/s")


def test_open_interval() -> None:
    """A search that finds the knee outside its range fails."""
    must_say(judge(None, 6.0, Stop.NOTHING_HOLDS), FAILED, "below the lowest rate")
    must_say(judge(70.0, None, Stop.EVERYTHING_HOLDS), FAILED, "above the highest rate")


@pytest.mark.parametrize("stop", UNFINISHED)
def test_unfinished_search(stop: str) -> None:
    """A search that a bound ended passes within the limits and fails outside them. Across a limit it gives no verdict."""
    must_say(judge(19.0, 21.0, stop), PASSED, stop)
    must_say(judge(17.0, 21.0, stop), INCONCLUSIVE, stop)
    must_say(judge(19.0, None, stop), INCONCLUSIVE, "above the highest rate")
    must_say(judge(None, None, stop), INCONCLUSIVE)
    must_say(judge(None, 17.0, stop), FAILED, "below the lowest rate")
    must_say(judge(23.0, None, stop), FAILED)


def test_no_search() -> None:
    """No search gives no verdict."""
    must_say(highest_rate(tell(), least=18.0, most=22.0), INCONCLUSIVE)


def test_ends_of_a_search() -> None:
    """Each end of a search is either an answer or none."""
    answers = {Stop.PRECISE, Stop.NOTHING_HOLDS, Stop.EVERYTHING_HOLDS}
    assert {stop.value for stop in Stop} == {*answers, *UNFINISHED}

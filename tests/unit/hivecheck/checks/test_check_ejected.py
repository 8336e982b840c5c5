"""Check: ejected."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, ONE, PASSED, TWO, arrival, chat, end, must_say, tell

from hivecheck.checks.routing.ejected import ejected
from hivecheck.history import History
from hivecheck.verdict import Answer
from hivecheck.wording import listed

FIRST, OTHER = "worker-1", "worker-2"


def story(*later: tuple[float, str], outcome: str = "failed") -> History:
    """Request 1 fails at the first worker at 1.0 s and goes on to the other one at 1.1 s. Each later request has a time and a worker."""
    begun = chat(1)
    events = [arrival(begun, FIRST), end(begun, FIRST, outcome=outcome), arrival(begun, OTHER, at=1.1)]
    requests = [chat(number, at=at) for number, (at, _) in enumerate(later, start=2)]
    places = [arrival(request, worker) for request, (_, worker) in zip(requests, later, strict=True)]
    return tell(begun, *requests, events, places)


def elsewhere(*times: float) -> list[tuple[float, str]]:
    """Requests at the other worker."""
    return [(at, OTHER) for at in times]


def test_ejected_and_back_passes() -> None:
    """The worker is spared for the time and gets the next request."""
    must_say(ejected(story(*elsewhere(1.5, 2.0), (3.2, FIRST)), worker=FIRST, seconds=2.0, workers=TWO), PASSED, "2 requests were kept")


@pytest.mark.parametrize("at", [1.2, 2.9], ids=["at once", "shortly before the end"])
def test_early_request_fails(at: float) -> None:
    """A request within the time fails, at its beginning and at its end."""
    judged = ejected(story(*elsewhere(1.5), (at, FIRST), *elsewhere(3.5)), worker=FIRST, seconds=2.0, workers=TWO)
    must_say(judged, FAILED, f"arrivals after {listed([f'{at - 1.0:.2f} s'])}")


def test_endless_ejection_fails() -> None:
    """A worker that gets none of many later requests fails. Of few later ones there is no verdict."""
    late = (3.2, 3.3, 3.4, 3.5, 3.6)
    for times, answer in {late: FAILED, late[:4]: INCONCLUSIVE}.items():
        must_say(ejected(story(*elsewhere(1.5, *times)), worker=FIRST, seconds=2.0, workers=TWO), answer, f"{len(times)}")


def test_latest_end_counts() -> None:
    """The ejection can begin as late as the second attempt, so a request before that end plus the time is no proof."""
    times = (1.5, 3.02, 3.04, 3.06, 3.08, 3.09)
    must_say(ejected(story(*elsewhere(*times)), worker=FIRST, seconds=2.0, workers=TWO), INCONCLUSIVE, "actual: 0")


@pytest.mark.parametrize(
    ("told", "answer"),
    [(story(*elsewhere(1.5), outcome="finished"), INCONCLUSIVE), (tell(), INCONCLUSIVE)],
    ids=["no failure", "no request"],
)
def test_nothing_to_judge(told: History, answer: Answer) -> None:
    """Without a failure of the worker there is no verdict."""
    must_say(ejected(told, worker=FIRST, seconds=2.0, workers=TWO), answer, "0 failures")


def test_ejected_no_room() -> None:
    """Without a second worker, or without a request in the time, the forbidden request was not possible."""
    must_say(ejected(story(*elsewhere(1.5)), worker=FIRST, seconds=2.0, workers=ONE), INCONCLUSIVE, "second worker")
    must_say(ejected(story((3.2, FIRST)), worker=FIRST, seconds=2.0, workers=TWO), INCONCLUSIVE, "within 2 s")

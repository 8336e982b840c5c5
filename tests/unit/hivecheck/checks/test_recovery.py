"""The measurement of recovery, over hand-written histories. The load is 10 requests per second for 10 s, with a fault at 4 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from load_stories import between, broken, injected, load, lost, removed, slow
from stories import stream

from hivecheck.errors import InconclusiveError
from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.measurement.blast_radius import BlastRadius, blast_radius
from hivecheck.measurement.recovery import measure, percentile

# story: detect, recover, outage, good of scheduled, cure. Requests due from 3.7 s on were in flight at 3.9 s, the begin of the injection.
STORIES = {
    "nothing": (load(), (None, 0.0, 0.0, 63, 63, "none needed")),
    "an outage that ends by itself": (load(between(4.0, 6.0, lost)), (0.2, 2.0, 2.0, 43, 63, "self")),
    "an outage that ends before the removal": (
        load(between(4.0, 6.0, lost), faults=[injected(), removed(8.0)]),
        (0.2, 2.0, 2.0, 43, 63, "self"),
    ),
    "an outage that ends after the removal": (
        load(between(4.0, 6.0, lost), faults=[injected(), removed(5.5)]),
        (0.2, 2.0, 2.0, 43, 63, "heal"),
    ),
    "an outage that the removal ends for waiting requests": (
        load(between(4.0, 6.0, lost), faults=[injected(), removed(6.5)]),
        (0.2, 2.0, 2.0, 43, 63, "heal"),
    ),
    "an outage that does not end": (load(between(4.0, 10.0, lost)), (0.2, None, 6.0, 3, 63, "none")),
    "an outage without an immediate failure": (load(between(5.0, 6.0, lost)), (1.2, 2.0, 1.0, 53, 63, "self")),
    "two outages": (load(between(4.0, 4.5, lost), between(7.0, 7.5, lost)), (0.2, 3.5, 1.0, 53, 63, "self")),
    "a second outage at the end": (load(between(4.0, 4.5, lost), between(9.5, 10.0, lost)), (0.2, None, 1.0, 53, 63, "none")),
    "only requests in flight are lost": (load(between(3.75, 3.95, broken)), (0.0, 0.0, 0.2, 61, 63, "self")),
    "late answers": (load(between(4.0, 6.0, slow)), (None, 2.0, 0.0, 63, 63, "self")),
    "one fault that is removed, and one that is not": (
        load(between(4.0, 6.0, lost), faults=[injected(), injected(4.5, "worker-2"), removed(5.0)]),
        (0.2, 2.0, 2.0, 43, 63, "self"),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_story_has_these_numbers(name: str) -> None:
    """Each story has its times, its counts and the cause of its recovery."""
    history, (detect, recover, outage, good, scheduled, cure) = STORIES[name]
    measured = measure(history)
    assert (measured.detect, measured.recover) == (pytest.approx(detect), pytest.approx(recover))
    assert (measured.outage_seconds, measured.good, measured.scheduled, measured.cure) == (pytest.approx(outage), good, scheduled, cure)
    assert measured.watched == pytest.approx(6.0)


def test_shares_of_the_scheduled() -> None:
    """Availability and burn are shares of the scheduled requests."""
    measured = measure(load(between(4.0, 6.0, lost)))
    assert measured.availability == pytest.approx(measured.good / measured.scheduled)
    assert measured.burn == pytest.approx((1 - measured.availability) / 0.01)


def test_late_load_extends_the_limit() -> None:
    """The limit of a window grows by the load's own lateness."""

    def delayed(request: Operation) -> Operation:
        return replace(slow(request, 0.7), started_at=request.started_at + 0.4)

    assert measure(load(between(4.0, 6.0, lambda request: slow(request, 0.7)))).recover == pytest.approx(2.0)
    assert measure(load(between(4.0, 6.0, delayed))).recover == pytest.approx(0.0)


def test_running_load_is_measured() -> None:
    """While the load runs, the requests that have ended are measured."""
    going = load(between(4.0, 6.0, lost), is_ended=False)
    assert measure(going, until=6.5).recover is None
    assert measure(going, until=7.1).recover == pytest.approx(2.0)
    assert measure(going, until=7.1).watched == pytest.approx(3.1)


def test_lateness_is_reported() -> None:
    """The load's lateness is its 99th percentile."""
    late = between(5.0, 9.0, lambda request: replace(request, started_at=request.started_at + 0.3))
    assert measure(load(late)).lateness_p99 == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (History(), "began and ended"),
        (load(faults=[]), "a fault injected"),
        (load(is_ended=False), "began and ended"),
        (load(faults=[injected(1.0)]), "requests before the fault"),
        (load(between(1.0, 2.0, lost)), "answered"),
        (load(until=4.5), "continues for 1 s after the fault"),
    ],
)
def test_too_little_data_raises(history: History, words: str) -> None:
    """A history with too little data raises InconclusiveError."""
    with pytest.raises(InconclusiveError, match=words):
        measure(history)


def test_abandoned_request_does_not_count() -> None:
    """A request that the end of the load cut short is neither good nor bad."""

    def cut(seconds: float) -> History:
        return load(
            between(9.85, 10.0, lambda request: replace(lost(request), error=CLIENT_LEFT, ended_at=(request.intended_at or 0.0) + seconds))
        )

    assert measure(cut(0.1)).outage_seconds == 0.0
    assert measure(cut(2.0)).outage_seconds == pytest.approx(0.1)  # it waited long enough to count as failed


FATES: list[tuple[str, Operation, BlastRadius]] = [
    ("whole", stream(started_at=3.0, ended_at=5.0), BlastRadius(1)),
    ("broke off", stream(started_at=3.0, ended_at=5.0, error="cut"), BlastRadius(1, broke=1)),
    ("error event", stream(started_at=3.0, ended_at=5.0, stream_error={"code": "x"}), BlastRadius(1, broke=1)),
    ("hung", stream(started_at=3.0, ended_at=5.0, error="no end within 30 s"), BlastRadius(1, hung=1)),
    ("ended too early", stream(started_at=3.0, ended_at=5.0, saw_done=False), BlastRadius(1, truncated=1)),
    ("begun anew", stream(started_at=3.0, ended_at=5.0, headers={"X-Attempts": "2"}), BlastRadius(1, retried=1)),
    ("over before", stream(started_at=3.0, ended_at=3.5), BlastRadius()),
    ("begun later", stream(started_at=4.1, ended_at=5.0), BlastRadius()),
]


@pytest.mark.parametrize(("end", "operation", "blast"), FATES, ids=[end for end, _, _ in FATES])
def test_harm_to_a_stream(end: str, operation: Operation, blast: BlastRadius) -> None:
    """Each stream that was alive counts under its end."""
    assert blast_radius([operation], [(3.9, 4.0)]) == blast


def test_repeated_token_is_duplicated() -> None:
    """A stream with a token twice counts as duplicated."""
    once = stream(started_at=3.0, ended_at=5.0)
    assert blast_radius([replace(once, tokens=(*once.tokens, once.tokens[0]))], [(3.9, 4.0)]) == BlastRadius(1, duplicated=1)


def test_share_of_the_alive() -> None:
    """The blast radius is a share of the alive streams."""
    streams = [stream(started_at=3.0, ended_at=5.0), stream(2, started_at=3.0, ended_at=5.0, error="cut")]
    assert blast_radius(streams, [(3.9, 4.0)]).share == 0.5
    assert blast_radius([], [(3.9, 4.0)]).share == 0.0


@pytest.mark.parametrize(
    ("values", "share", "expected"), [([], 0.5, 0.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.99, 2.0), ([5.0], 0.95, 5.0)]
)
def test_percentile_is_a_value(values: Sequence[float], share: float, expected: float) -> None:
    """A percentile is one of the values."""
    assert percentile(values, share) == expected

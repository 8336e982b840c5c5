"""The reckoning of recovery, over hand-written histories. The load is 10 requests per second for 10 s, the fault strikes at 4 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from load_stories import between, broken, healed, injected, load, lost, slow
from stories import stream

from hivecheck.errors import InconclusiveError
from hivecheck.history import History, Operation
from hivecheck.measurement.blast_radius import BlastRadius, blast_radius
from hivecheck.measurement.recovery import LEFT, measure, percentile

# what happened: detect, recover, outage, good of scheduled, cure. Those due from 3.7 s on were alive when harm could begin, at 3.9 s.
STORIES = {
    "nothing": (load(), (None, 0.0, 0.0, 63, 63, "none needed")),
    "an outage that ends by itself": (load(between(4.0, 6.0, lost)), (0.2, 2.0, 2.0, 43, 63, "self")),
    "an outage that ends before it is healed": (
        load(between(4.0, 6.0, lost), faults=[injected(), healed(8.0)]),
        (0.2, 2.0, 2.0, 43, 63, "self"),
    ),
    "an outage that ends after it is healed": (
        load(between(4.0, 6.0, lost), faults=[injected(), healed(5.5)]),
        (0.2, 2.0, 2.0, 43, 63, "heal"),
    ),
    "an outage that ends for those who were still waiting when it is healed": (
        load(between(4.0, 6.0, lost), faults=[injected(), healed(6.5)]),
        (0.2, 2.0, 2.0, 43, 63, "heal"),
    ),
    "an outage that does not end": (load(between(4.0, 10.0, lost)), (0.2, None, 6.0, 3, 63, "none")),
    "an outage that nobody sees at once": (load(between(5.0, 6.0, lost)), (1.2, 2.0, 1.0, 53, 63, "self")),
    "one that comes and goes": (load(between(4.0, 4.5, lost), between(7.0, 7.5, lost)), (0.2, 3.5, 1.0, 53, 63, "self")),
    "one that comes back at the end": (load(between(4.0, 4.5, lost), between(9.5, 10.0, lost)), (0.2, None, 1.0, 53, 63, "none")),
    "only those in flight are lost": (load(between(3.75, 3.95, broken)), (0.0, 0.0, 0.2, 61, 63, "self")),
    "answers that are merely late": (load(between(4.0, 6.0, slow)), (None, 2.0, 0.0, 63, 63, "self")),
    "a strike that is healed, and one that is not": (
        load(between(4.0, 6.0, lost), faults=[injected(), injected(4.5, "worker-2"), healed(5.0)]),
        (0.2, 2.0, 2.0, 43, 63, "self"),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_has_these_numbers(name: str) -> None:
    history, (detect, recover, outage, good, scheduled, cure) = STORIES[name]
    seen = measure(history)
    assert (seen.detect, seen.recover) == (pytest.approx(detect), pytest.approx(recover))
    assert (seen.outage_seconds, seen.good, seen.scheduled, seen.cure) == (pytest.approx(outage), good, scheduled, cure)
    assert seen.watched == pytest.approx(6.0)


def test_availability_and_burn_are_shares_of_what_was_scheduled() -> None:
    seen = measure(load(between(4.0, 6.0, lost)))
    assert seen.availability == pytest.approx(seen.good / seen.scheduled)
    assert seen.burn == pytest.approx((1 - seen.availability) / 0.01)


def test_a_window_is_allowed_to_be_as_late_as_the_load_itself_was() -> None:
    def delayed(told: Operation) -> Operation:
        return replace(slow(told, 0.7), started_at=told.started_at + 0.4)

    assert measure(load(between(4.0, 6.0, lambda told: slow(told, 0.7)))).recover == pytest.approx(2.0)
    assert measure(load(between(4.0, 6.0, delayed))).recover == pytest.approx(0.0)


def test_while_the_load_goes_on_what_has_ended_is_reckoned() -> None:
    going = load(between(4.0, 6.0, lost), is_ended=False)
    assert measure(going, until=6.5).recover is None
    assert measure(going, until=7.1).recover == pytest.approx(2.0)
    assert measure(going, until=7.1).watched == pytest.approx(3.1)


def test_lateness_of_the_load_is_told() -> None:
    late = between(5.0, 9.0, lambda told: replace(told, started_at=told.started_at + 0.3))
    assert measure(load(late)).lateness_p99 == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (History(), "began and ended"),
        (load(faults=[]), "a fault that struck"),
        (load(is_ended=False), "began and ended"),
        (load(faults=[injected(1.0)]), "probes before the fault"),
        (load(between(1.0, 2.0, lost)), "answered"),
        (load(until=4.5), "goes on for 1 s after the fault"),
    ],
)
def test_too_little_is_said_to_be_too_little(history: History, words: str) -> None:
    with pytest.raises(InconclusiveError, match=words):
        measure(history)


def test_whom_the_end_of_the_load_cut_short_is_neither_good_nor_bad() -> None:
    def cut(seconds: float) -> History:
        return load(between(9.85, 10.0, lambda told: replace(lost(told), error=LEFT, ended_at=(told.intended_at or 0.0) + seconds)))

    assert measure(cut(0.1)).outage_seconds == 0.0
    assert measure(cut(2.0)).outage_seconds == pytest.approx(0.1)  # it had waited for so long that it was bad


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


@pytest.mark.parametrize(("told", "operation", "blast"), FATES, ids=[told for told, _, _ in FATES])
def test_a_stream_that_was_alive_is_counted_as_what_became_of_it(told: str, operation: Operation, blast: BlastRadius) -> None:
    assert blast_radius([operation], [(3.9, 4.0)]) == blast


def test_a_stream_with_a_token_twice_is_counted_as_duplicated() -> None:
    once = stream(started_at=3.0, ended_at=5.0)
    assert blast_radius([replace(once, tokens=(*once.tokens, once.tokens[0]))], [(3.9, 4.0)]) == BlastRadius(1, duplicated=1)


def test_the_blast_radius_is_a_share_of_the_living() -> None:
    streams = [stream(started_at=3.0, ended_at=5.0), stream(2, started_at=3.0, ended_at=5.0, error="cut")]
    assert blast_radius(streams, [(3.9, 4.0)]).share == 0.5
    assert blast_radius([], [(3.9, 4.0)]).share == 0.0


@pytest.mark.parametrize(
    ("values", "share", "expected"), [([], 0.5, 0.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.99, 2.0), ([5.0], 0.95, 5.0)]
)
def test_a_percentile_is_one_of_the_values(values: Sequence[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected

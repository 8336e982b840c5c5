"""The tally: definitions of the latencies, failures apart, windows by event, and exact merge."""

from __future__ import annotations

import itertools
import json
import math
import random
from array import array
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import failure, stream

from hivecheck.load import slo
from hivecheck.load.tally import FAILURES_KEPT, OPEN_WINDOWS, Tally, merged
from hivecheck.measurement.histogram import Histogram
from hivecheck.protocol.sample import NO_USAGE, Outcome, Sample

START = 100.0


def tally(*samples: Sample, terms: str = "") -> Tally:
    made = Tally(START, slo.parse(terms))
    for sample in samples:
        made.take(sample)
    return made


def figure(made: Tally, name: str, percent: float = 100) -> float:
    return round(made.histograms[name].percentile(percent), 4)


def test_latencies_count_from_the_intended_time() -> None:
    """A request that was sent 0.3 s late has its lateness in TTFT and E2E, and beside them the figures from its send time."""
    made = tally(stream(ttft=0.5, sent_at=START + 0.3))
    assert (figure(made, "ttft"), figure(made, "e2e")) == (0.5, 0.54)
    assert (figure(made, "ttft_from_send"), figure(made, "e2e_from_send")) == (0.2, 0.24)
    assert figure(made, "lateness") == 0.3


def test_reasoning() -> None:
    """TTFT counts the first reasoning token, and TTFOT the first answer token."""
    made = tally(stream(ttft=0.2, first_answer_at=START + 0.22))
    assert (figure(made, "ttft"), figure(made, "ttfot")) == (0.2, 0.22)


def test_itl_and_tpot() -> None:
    """ITL holds each gap, and TPOT one figure a request."""
    made = tally(stream(token_times=array("d", [100.2, 100.21, 100.24]), last_token_at=100.24, completion_tokens=3, chunks=3))
    assert made.histograms["itl"].count == 2
    assert (figure(made, "itl", 50), figure(made, "itl")) == (0.01, 0.03)
    assert figure(made, "tpot") == 0.02
    assert figure(made, "max_stall") == 0.03


def test_chunks_with_several_tokens() -> None:
    """A chunk with two tokens gives two gaps of half its distance. The longest gap stays whole."""
    made = tally(stream(tokens=5, itl=0.02, completion_tokens=10))
    assert made.histograms["itl"].count == 8
    assert figure(made, "itl") == 0.01
    assert figure(made, "max_stall") == 0.02


def test_usage_against_chunks() -> None:
    """Tokens come from usage, chunks are counted apart, and a disagreement is counted."""
    made = tally(stream(tokens=5, completion_tokens=10), stream(tokens=5), stream(tokens=5, completion_tokens=NO_USAGE))
    assert made.counts["completion_tokens"] == 15 and made.counts["chunks"] == 15
    assert made.counts["usage_differs"] == 1 and made.counts["usage_missing"] == 1


def test_bursts() -> None:
    """A stream with all tokens at once near its end is counted, and a paced one is not."""
    assert tally(stream(ttft=1.0, itl=0.0001)).counts["bursts"] == 1
    assert tally(stream(ttft=1.0, itl=0.05)).counts["bursts"] == 0


def test_failures_stay_out_of_latencies() -> None:
    """A failed request has a cause and a histogram of its own, and no latency."""
    made = tally(stream(outcome=Outcome.TRUNCATED, cause="no finish_reason"), failure())
    assert all(made.histograms[name].count == 0 for name in ("ttft", "itl", "tpot", "e2e", "max_stall", "e2e_from_send"))
    assert made.histograms["failed"].count == 2 and made.histograms["lateness"].count == 2
    assert made.outcomes == {"truncated": 1, "refused": 1}
    assert made.causes == {"no finish_reason": 1, "503 overloaded": 1}
    assert (made.counts["done"], made.counts["failed"]) == (0, 2)


def test_failures_kept() -> None:
    """The first failures keep their moments, relative to the start, and no more than a limit."""
    made = tally(*(failure(number) for number in range(FAILURES_KEPT + 20)))
    assert len(made.failures) == FAILURES_KEPT and made.counts["failed"] == FAILURES_KEPT + 20
    assert made.failures[0]["times"] == {
        **dict.fromkeys(("headers_at", "first_token_at", "last_token_at")),
        "intended_at": 0.0,
        "sent_at": 0.0,
        "ended_at": 0.1,
    }


def test_unary() -> None:
    """A unary answer has an E2E, and no TTFT."""
    sample = stream(is_stream=False, token_times=array("d"), last_token_at=math.nan, first_token_at=math.nan, first_answer_at=math.nan)
    made = tally(sample)
    assert made.histograms["e2e"].count == 1 and made.histograms["ttft"].count == 0
    assert made.counts["done"] == 1 and made.counts["streams_done"] == 0


def test_windows_by_event() -> None:
    """A request that is sent in one second and answered in later ones counts in the second of each event."""
    made = tally(stream(ttft=1.5, itl=1.0, tokens=3))
    assert {number: (one.sent, one.tokens, one.done) for number, one in made.windows.items()} == {
        0: (1, 0, 0),
        1: (0, 1, 0),
        2: (0, 1, 0),
        3: (0, 1, 1),
    }
    assert [made.windows[number].histograms["ttft"].count for number in (0, 1, 2, 3)] == [0, 1, 0, 0]
    assert [made.windows[number].histograms["itl"].count for number in (0, 1, 2, 3)] == [0, 0, 1, 1]
    assert made.windows[3].histograms["e2e"].count == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.3, 1.0, 1.7]), max_size=30), st.integers(0, 90))
def test_gaps_by_arrival(gaps: list[float], tokens: int) -> None:
    """Each gap and each token counts in the second of its arrival, and the tokens of usage spread evenly over the chunks."""
    times = list(itertools.accumulate(gaps, initial=START + 0.2))
    shares = [max(1, (place + 1) * tokens // len(times) - place * tokens // len(times)) for place in range(len(times))]
    shares = shares if tokens > len(times) else [1] * len(times)
    made = tally(stream(token_times=array("d", times), last_token_at=times[-1], completion_tokens=tokens, chunks=len(times)))
    itl: dict[int, Histogram] = {}
    arrived: Counter[int] = Counter()
    for place, (at, own) in enumerate(zip(times, shares, strict=True)):
        arrived[int(at - START)] += own
        if place:
            itl.setdefault(int(at - START), Histogram()).record((at - times[place - 1]) / own, own)
    assert {number: one.tokens for number, one in made.windows.items() if one.tokens} == arrived
    assert {number: one.histograms["itl"] for number, one in made.windows.items() if one.histograms["itl"].count} == itl
    whole = Histogram()
    for one in itl.values():
        whole.merge(one)
    assert made.histograms["itl"] == whole


def test_good_requests() -> None:
    """A request counts as good when it is complete and within every latency objective."""
    samples = (stream(ttft=0.2), stream(ttft=0.6), stream(ttft=0.2, itl=0.09), failure())
    assert tally(*samples, terms="ttft_p99<0.5,itl_p50<0.05,goodput>0.9").counts["good"] == 1
    assert tally(*samples).counts["good"] == 3


def test_events_of_old_windows() -> None:
    """A stream that outlasts many seconds still counts each token in its own second, so the order of ends changes nothing."""
    long = stream(0, START, itl=3.0, tokens=OPEN_WINDOWS)
    others = [stream(number, START + number, ttft=0.001 * number) for number in range(1, 4 * OPEN_WINDOWS)]
    first, last = tally(long, *others), tally(*others, long)
    assert last.windows == first.windows and last.to_json() == first.to_json()


@pytest.mark.parametrize("shards", [1, 4])
def test_merge(shards: int) -> None:
    """The merge of shards, through JSON, equals one process within the precision of the histograms."""
    draw = random.Random(3)
    samples = [stream(number, START + number / 10, ttft=draw.uniform(0.1, 2), itl=draw.uniform(0.001, 0.1)) for number in range(200)]
    samples += [failure(200 + number) for number in range(5)]
    whole = tally(*samples).to_json()
    parts = [Tally.from_json(json.loads(json.dumps(tally(*samples[shard::shards]).to_json()))) for shard in range(shards)]
    assert merged(parts).to_json() == whole

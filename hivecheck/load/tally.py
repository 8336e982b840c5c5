"""Counts and histograms of load samples, mergeable and free of percentiles. It holds no clock: every time comes with a sample."""

from __future__ import annotations

import math
import operator
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hivecheck.load import slo
from hivecheck.measurement.histogram import Histogram
from hivecheck.protocol.sample import Outcome, Sample

# From the intended time; the second two from the send time. `failed` holds the time until the failure of requests that failed.
METRICS = ("ttft", "ttfot", "itl", "tpot", "e2e", "max_stall", "ttft_from_send", "e2e_from_send", "lateness", "failed")
WINDOW_METRICS = ("ttft", "itl", "tpot", "e2e", "lateness")
WINDOW_COUNTS = ("sent", "done", "failed", "good", "tokens")
WINDOW_SECONDS = 1.0
# Most events of a second are counted within the next ones. Older windows are packed: with 1000 streams they grew by 0.1 MiB a second.
OPEN_WINDOWS = 10
FAILURES_KEPT = 100
# A stream of some length that arrives within its last hundredth points to a proxy that buffers.
BURST_SHARE, BURST_CHUNKS = 0.01, 4
COUNTS = ("done", "failed", "good", "streams_done", "new_connections", "completion_tokens", "prompt_tokens", "chunks")


@dataclass
class Window:
    """One second of the run. Each event counts in the second in which it happened."""

    sent: int = 0
    done: int = 0
    failed: int = 0
    good: int = 0
    tokens: int = 0
    histograms: dict[str, Histogram] = field(default_factory=lambda: {name: Histogram() for name in WINDOW_METRICS})

    def merge(self, other: Window) -> None:
        """Add what another process counted in the same second."""
        for name in WINDOW_COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, histogram in other.histograms.items():
            self.histograms[name].merge(histogram)

    def pack(self) -> None:
        """Take less memory from now on."""
        for histogram in self.histograms.values():
            histogram.pack()


Span = tuple[Window, int, int]  # a window with the slice of a stream's arrivals in it


class Tally:
    """Takes each sample once, after its end. Times of samples are monotonic, and `started_at` is the start of the schedule there."""

    def __init__(self, started_at: float, terms: Sequence[slo.Term] = ()) -> None:
        self.histograms = {name: Histogram() for name in METRICS}
        self.outcomes: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.windows: defaultdict[int, Window] = defaultdict(Window)
        self.failures: list[dict[str, Any]] = []
        self._started_at = started_at
        self._terms = terms
        self._first_open = 0

    def take(self, sample: Sample) -> None:
        """Count one sample that has ended."""
        if not math.isnan(sample.sent_at):
            window, lateness = self._window(sample.sent_at), sample.sent_at - sample.intended_at
            window.sent += 1
            window.histograms["lateness"].record(lateness)
            self.histograms["lateness"].record(lateness)
        self.outcomes[sample.outcome] += 1
        self.counts["new_connections"] += sample.is_new_connection
        shares = _tokens_of_chunks(len(sample.token_times), sample.completion_tokens)
        spans = self._spans(sample.token_times)
        self._count_tokens(sample, shares, spans)
        if sample.outcome is Outcome.COMPLETE:
            self._take_complete(sample, shares, spans)
        else:
            self._take_failed(sample)

    def merge(self, other: Tally) -> None:
        """Add the tally of another shard. Nothing is lost except failures beyond the number that is kept."""
        for name, histogram in other.histograms.items():
            self.histograms[name].merge(histogram)
        for mine, theirs in ((self.outcomes, other.outcomes), (self.causes, other.causes), (self.counts, other.counts)):
            mine.update(theirs)
        for number, window in other.windows.items():
            self.windows[number].merge(window)
        # By number, so that the order of the shards changes nothing.
        self.failures = sorted([*self.failures, *other.failures], key=lambda failure: int(failure["number"]))[:FAILURES_KEPT]

    def to_json(self) -> dict[str, Any]:
        """Everything that a merge needs, as JSON values."""
        return {
            "histograms": _encoded(self.histograms),
            "outcomes": dict(self.outcomes),
            "causes": dict(self.causes),
            "counts": dict(self.counts),
            "windows": {
                str(number): {**{name: getattr(one, name) for name in WINDOW_COUNTS}, **_encoded(one.histograms)}
                for number, one in sorted(self.windows.items())
            },
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """The tally of `to_json`. Raises ValueError or KeyError for other data."""
        made = cls(0.0)
        made.histograms |= {name: Histogram.decoded(text) for name, text in data["histograms"].items()}
        made.outcomes, made.causes, made.counts = Counter(data["outcomes"]), Counter(data["causes"]), Counter(data["counts"])
        for number, one in data["windows"].items():
            histograms = {name: Histogram.decoded(one[name]) if name in one else Histogram() for name in WINDOW_METRICS}
            made.windows[int(number)] = Window(**{name: one[name] for name in WINDOW_COUNTS}, histograms=histograms)
        made.failures = list(data["failures"])
        return made

    def _take_complete(self, sample: Sample, shares: Sequence[int], spans: Sequence[Span]) -> None:
        self.counts["done"] += 1
        self.counts["streams_done"] += sample.is_stream
        self._window(sample.ended_at).done += 1
        last = sample.ended_at if math.isnan(sample.last_token_at) else sample.last_token_at
        gaps = list(map(operator.sub, sample.token_times[1:], sample.token_times))
        own = {
            "ttft": sample.first_token_at - sample.intended_at,
            "ttfot": sample.first_answer_at - sample.intended_at,
            "e2e": last - sample.intended_at,
            "tpot": _tpot(sample),
            "max_stall": max(gaps, default=math.nan),
            "ttft_from_send": sample.first_token_at - sample.sent_at,
            "e2e_from_send": last - sample.sent_at,
        }
        for name, seconds in own.items():
            if not math.isnan(seconds):
                self.histograms[name].record(seconds)
        if not math.isnan(own["ttft"]):
            self._window(sample.first_token_at).histograms["ttft"].record(own["ttft"])
        at_end = self._window(last).histograms
        for name in ("e2e", "tpot"):
            if not math.isnan(own[name]):
                at_end[name].record(own[name])
        itl = list(zip(gaps, shares[1:], strict=True))
        self._record_itl(itl, spans)
        if not self._terms or slo.is_within(self._terms, own, [gap / tokens for gap, tokens in itl for _ in range(tokens)]):
            self.counts["good"] += 1
            # Where it was sent, so that no window has more good requests than requests.
            self._window(sample.sent_at).good += 1
        self._count_alarms(sample)

    def _record_itl(self, itl: Sequence[tuple[float, int]], spans: Sequence[Span]) -> None:
        """Each gap, with the tokens of the chunk after it, counts in the second in which that chunk came."""
        for window, begin, end in spans:
            # The chunks of one read have equal gaps.
            for (gap, tokens), times in Counter(itl[max(0, begin - 1) : end - 1]).items():
                for histograms in (self.histograms, window.histograms):
                    histograms["itl"].record(gap / tokens, tokens * times)

    def _take_failed(self, sample: Sample) -> None:
        self.counts["failed"] += 1
        self.causes[sample.cause or str(sample.outcome)] += 1
        ended = sample.intended_at if math.isnan(sample.ended_at) else sample.ended_at
        self._window(ended).failed += 1
        self.histograms["failed"].record(ended - sample.intended_at)
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(_failure(sample, self._started_at))

    def _count_tokens(self, sample: Sample, shares: Sequence[int], spans: Sequence[Span]) -> None:
        """Tokens by the server's usage, chunks apart. The tokens of a window are counted by arrival, scaled to the usage."""
        self.counts["chunks"] += sample.chunks
        self.counts["completion_tokens"] += max(0, sample.completion_tokens)
        self.counts["prompt_tokens"] += max(0, sample.prompt_tokens)
        for window, begin, end in spans:
            window.tokens += sum(shares[begin:end])

    def _count_alarms(self, sample: Sample) -> None:
        if not sample.is_stream:
            return
        self.counts["usage_missing"] += sample.completion_tokens < 0
        self.counts["usage_differs"] += 0 <= sample.completion_tokens != sample.chunks
        spread, whole = sample.last_token_at - sample.first_token_at, sample.last_token_at - sample.sent_at
        self.counts["bursts"] += sample.chunks >= BURST_CHUNKS and spread < BURST_SHARE * whole

    def _window(self, at: float) -> Window:
        return self._numbered(self._number(at))

    def _numbered(self, number: int) -> Window:
        """The window, which may be a new one. Each window is packed once, when it is old."""
        for old in range(self._first_open, number - OPEN_WINDOWS):
            if old in self.windows:
                self.windows[old].pack()
        self._first_open = max(self._first_open, number - OPEN_WINDOWS)
        return self.windows[number]

    def _number(self, at: float) -> int:
        return int((at - self._started_at) // WINDOW_SECONDS)

    def _spans(self, times: array[float]) -> list[Span]:
        """Each window with arrivals. They are in order."""
        spans: list[Span] = []
        end = 0
        while end < len(times):
            begin, number = end, self._number(times[end])
            is_last = number == self._number(times[-1])
            end = len(times) if is_last else bisect_left(times, number + 1, begin, key=self._number)
            spans.append((self._numbered(number), begin, end))
        return spans


def _tokens_of_chunks(chunks: int, tokens: int) -> Sequence[int]:
    """The tokens of each chunk. Usage gives their sum only, so they are spread evenly. Without usage a chunk is a token."""
    if tokens <= chunks:
        return [1] * chunks
    return [(place + 1) * tokens // chunks - place * tokens // chunks for place in range(chunks)]


def _tpot(sample: Sample) -> float:
    tokens = sample.chunks if sample.completion_tokens < 0 else sample.completion_tokens
    return (sample.last_token_at - sample.first_token_at) / (tokens - 1) if tokens > 1 else math.nan


def _failure(sample: Sample, started_at: float) -> dict[str, Any]:
    moments = ("intended_at", "sent_at", "headers_at", "first_token_at", "last_token_at", "ended_at")
    times = {name: getattr(sample, name) - started_at for name in moments}
    return {
        "number": sample.number,
        "outcome": str(sample.outcome),
        "cause": sample.cause,
        "status": sample.status,
        "chunks": sample.chunks,
        "times": {name: None if math.isnan(at) else round(at, 6) for name, at in times.items()},
    }


def _encoded(histograms: Mapping[str, Histogram]) -> dict[str, str]:
    return {name: histogram.encoded() for name, histogram in histograms.items() if histogram.count}


def merged(tallies: Iterable[Tally]) -> Tally:
    """One tally of all shards."""
    whole = Tally(0.0)
    for tally in tallies:
        whole.merge(tally)
    return whole

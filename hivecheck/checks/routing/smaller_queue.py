"""While one worker of a model was busy with a stream, its other requests went to workers with a smaller queue."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def smaller_queue(history: History, *, at_least: int) -> Verdict:
    """`at_least`: how many requests must have been sent while the stream was under way, by its worker's journal."""
    running = streams(history)
    arrivals = [line for operation in running for line in history.arrivals(operation)]
    end = end_of(history, arrivals[0]) if len(arrivals) == 1 else None
    if end is None:
        return inconclusive(expected="one stream that came to its end at one worker", actual=f"{[one.sentence() for one in running]}")
    began, busy = arrivals[0].at, arrivals[0].node
    beside = [one for one in history.operations() if not one.is_stream and began < one.started_at < end.at]
    wrong = [one.id for one in beside if any(line.node == busy for line in history.arrivals(one))]
    if wrong:
        return failed(expected=f"none of {len(beside)} requests at {busy}, which was busy", actual=f"{len(wrong)} there: {wrong}")
    if len(beside) < at_least:
        return inconclusive(expected=f"{at_least} requests between {began:.3f} and {end.at:.3f}", actual=f"{len(beside)}")
    return passed(f"{len(beside)} requests beside a stream at {busy}, none of them there")

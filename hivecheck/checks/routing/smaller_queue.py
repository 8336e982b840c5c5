"""While one worker of a model is busy with a stream, the gateway sends other requests to workers with a smaller queue."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, listed


def smaller_queue(history: History, *, at_least: int) -> Verdict:
    """`at_least`: how many requests must be sent while the stream runs, by the journal of its worker."""
    running = streams(history)
    arrivals = [line for operation in running for line in history.arrivals(operation)]
    end = end_of(history, arrivals[0]) if len(arrivals) == 1 else None
    if end is None:
        return inconclusive(
            expected="one stream with one arrival and an end", actual="; ".join(one.sentence() for one in running) or "none"
        )
    began, busy = arrivals[0].at, arrivals[0].node
    during = [one for one in history.operations() if not one.is_stream and began < one.started_at < end.at]
    wrong = [one.id for one in during if any(line.node == busy for line in history.arrivals(one))]
    # One request at the busy worker is a failure, however few there are. So this comes before the number.
    if wrong:
        return failed(
            expected=f"none of {counted(len(during), 'request')} reaches {busy}, which is busy", actual=f"{len(wrong)} did: {listed(wrong)}"
        )
    others = sorted({one.model for one in during} - {one.model for one in running})
    if others:
        return no_room(expected=f"requests for a model that {busy} serves too", actual=f"requests for {listed(others)}")
    if len(during) < at_least:
        return inconclusive(
            expected=f"at least {counted(at_least, 'request')} sent while the stream ran at {busy}", actual=f"{len(during)}"
        )
    return passed(f"{counted(len(during), 'request')} during a stream at {busy}, none of them there")

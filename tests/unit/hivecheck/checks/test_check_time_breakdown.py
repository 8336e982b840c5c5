"""Check: time breakdown."""

from __future__ import annotations

from typing import Any

import pytest
from measurements import Page, noted, series
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, log, must_say, tell

from hivecheck.checks.observability.time_breakdown import PHASES, time_breakdown
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict

SPENT = {"resolve": 0.001, "choose": 0.002, "queue": 0.0, "proxy": 0.5}
FIRST = 0.503


def timing(first: float = FIRST, total: float = 0.6, **spent: float) -> str:
    parts = SPENT | spent | {"first_token": first, "total": total}
    return ", ".join(f"{name};dur={1000 * seconds}" for name, seconds in parts.items())


def timed(header: str | None = None, **changes: Any) -> Operation:
    headers = {"X-Worker-Id": "worker-1", "Server-Timing": timing() if header is None else header}
    return chat(sent_headers={"X-Request-Id": "r1", "X-Timing": "1"}, headers=headers, **changes)


def line(**changes: Any) -> dict[str, Any]:
    fields = {f"{phase}_seconds": seconds for phase, seconds in SPENT.items()}
    return {"event": "request", "seconds": 0.7, "ttft_seconds": FIRST} | fields | changes


def pages(*, count: float = 1, **sums: float) -> tuple[Page, Page]:
    after = [series("gateway_phase_seconds_count", count, phase=phase) for phase in PHASES]
    after += [series("gateway_phase_seconds_sum", (SPENT | sums)[phase], phase=phase) for phase in PHASES]
    return {"orchestrator": []}, {"orchestrator": after}


def story(operation: Operation, *, work: float = 0.4, measured: tuple[Page, Page] | None = None, **logged: Any) -> History:
    before, after = measured or pages()
    journal = [arrival(operation, at=0.1), end(operation, at=0.1 + work)]
    return tell(noted(before), operation, journal, log(operation, "orchestrator", **line(**logged)), noted(after))


def judged(history: History) -> Verdict:
    return time_breakdown(history, orchestrator="orchestrator")


def test_consistent_breakdown_passes() -> None:
    """A breakdown that adds up and agrees with log and metrics passes."""
    must_say(judged(story(timed())), PASSED)


@pytest.mark.parametrize("name", [*PHASES, "first_token", "total"])
def test_missing_part_fails(name: str) -> None:
    """A missing part of the header fails by name."""
    parts = [part for part in timing().split(", ") if not part.startswith(f"{name};")]
    must_say(judged(story(timed(", ".join(parts)))), FAILED, f"no {name} in")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (timing(choose=0.1), "add up to the first token"),
        (timing(total=0.4), "phases and first token <= total"),
        (timing(total=1.5), "<= the client's time"),
    ],
)
def test_impossible_breakdown_fails(header: str, words: str) -> None:
    """A breakdown with impossible times fails."""
    must_say(judged(story(timed(header))), FAILED, words)


def test_workers_time_is_proxy_time() -> None:
    """The worker's time under another name fails."""
    must_say(judged(story(timed(), work=0.55)), FAILED, "the proxy time is at least the worker's 0.5500 s")


def test_contradicting_log_fails() -> None:
    """A log line with other times fails."""
    must_say(judged(story(timed(), choose_seconds=0.02)), FAILED, "the log has the same phases")
    must_say(judged(story(timed(), ttft_seconds=0.02)), FAILED, "the log has the same first token")
    must_say(judged(story(timed(), seconds=0.1)), FAILED, "cover the whole request")


def test_contradicting_metrics_fail() -> None:
    """Metrics with other numbers fail."""
    must_say(judged(story(timed(), measured=pages(count=2))), FAILED, "2 requests")
    must_say(judged(story(timed(), measured=pages(choose=0.3))), FAILED, "phase choose")


@pytest.mark.parametrize(("queue", "answer"), [(0.0, FAILED), (0.05, PASSED), (0.2, FAILED)])
def test_pause_is_queue_time(queue: float, answer: Any) -> None:
    """The pause between attempts is queue time, within the journals' gap."""
    retried = timed(timing(queue=queue, proxy=0.5 - queue))
    journal = [arrival(retried, "worker-2", at=0.05), end(retried, "worker-2", at=0.06), arrival(retried, at=0.2), end(retried, at=0.5)]
    before, after = pages(queue=queue, proxy=0.5 - queue)
    logged = log(retried, "orchestrator", **line(queue_seconds=queue, proxy_seconds=0.5 - queue))
    must_say(judged(tell(noted(before), retried, journal, logged, noted(after))), answer)


def test_refused_request_has_a_breakdown() -> None:
    """A refusal by a worker, or before any attempt, has each phase and the total. One without the header fails."""
    whole = ", ".join(part for part in timing(resolve=0.001, choose=0.0, proxy=0.3).split(", ") if "first_token" not in part)
    before, after = pages(choose=0.0, proxy=0.3)
    for header, answer in ((whole, PASSED), ("", FAILED), (whole.replace("total;dur=600", "total;dur=200"), FAILED)):
        operation = timed(header, status=422)
        logged = log(operation, "orchestrator", **line(choose_seconds=0.0, proxy_seconds=0.3, ttft_seconds=None))
        must_say(judged(tell(noted(before), operation, logged, noted(after))), answer)
        must_say(judged(tell(noted(before), operation, arrival(operation, at=0.1), end(operation, at=0.3), logged, noted(after))), answer)


def test_unrequested_timing_fails() -> None:
    """Server-Timing without X-Timing fails."""
    plain = chat(headers={"Server-Timing": timing()})
    before, after = pages()
    history = tell(noted(before), plain, log(plain, "orchestrator", **line()), noted(after))
    must_say(judged(history), FAILED, "has no X-Timing")


def test_too_little_data_is_inconclusive() -> None:
    """No journal, no log line, or fewer than two notes give no verdict."""
    operation = timed()
    must_say(judged(tell(operation)), INCONCLUSIVE, "journal")
    must_say(judged(tell(operation, [arrival(operation), end(operation)])), INCONCLUSIVE, "log line")
    everything = [arrival(operation, at=0.1), end(operation, at=0.5), log(operation, "orchestrator", **line())]
    must_say(judged(tell(operation, everything)), INCONCLUSIVE, "0 notes")

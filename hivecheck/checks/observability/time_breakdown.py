"""Server-Timing breaks a request's time down: phases add up, the worker's time is proxy time, log and metrics agree.

A request asks for it with X-Timing. Any other request must not get it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import end_of
from hivecheck.checks.observability import measured
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures, listed

PHASES = ("resolve", "choose", "queue", "proxy")
PARTS = (*PHASES, "first_token", "total")
# The gateway rounds each of six numbers to microseconds.
ROUNDING_SECONDS = 0.00001
# A pause between retries is longer than this. Without a pause the queue phase takes some microseconds.
MIN_PAUSE_SECONDS = 0.005


def time_breakdown(history: History, *, orchestrator: str) -> Verdict:
    """`orchestrator`: its node's name. Judges every request, and the growth of the metrics that were noted."""
    return worst(
        [*(_judge_one(history, operation, orchestrator) for operation in history.operations()), _judge_metrics(history, orchestrator)]
    )


def _judge_one(history: History, operation: Operation, orchestrator: str) -> Verdict:
    timing = _durations(operation.header("Server-Timing") or "")
    if operation.sent_headers.get("X-Timing") != "1":
        expected = f"{operation.id} has no X-Timing, so its answer has no Server-Timing"
        return failed(expected=expected, actual=figures(timing)) if timing else passed(f"{operation.id}: no Server-Timing")
    arrivals = history.arrivals(operation)
    ends = [end for arrival in arrivals if (end := end_of(history, arrival))]
    if operation.status is None or (operation.is_answered and not arrivals) or len(ends) < len(arrivals):
        expected = f"an answer to {operation.id}, and its arrival and end in the journal of a worker"
        return inconclusive(expected=expected, actual=operation.sentence())
    # A refused request has no first token.
    parts = PARTS if operation.is_answered else (*PHASES, "total")
    if missing := [name for name in parts if name not in timing]:
        return failed(
            expected=f"the Server-Timing of {operation.id} has {', '.join(parts)}",
            actual=f"no {listed(missing)} in {operation.header('Server-Timing')!r}",
        )
    lines = _lines(history, operation, orchestrator)
    if len(lines) != 1:
        return inconclusive(expected=f"one log line `request` about {operation.id}", actual=f"{len(lines)}")
    at_worker = _first_byte(history, arrivals[-1], ends[-1]) - arrivals[-1].at if arrivals else 0.0
    whole = ends[-1].at - arrivals[0].at if arrivals else 0.0
    if wrong := _wrong(operation, timing, lines[0].data, arrivals, at_worker, whole):
        return failed(expected=wrong, actual=f"{operation.header('Server-Timing')}, log {figures(lines[0].data)}")
    return passed(f"{operation.id}: {figures(timing)}")


def _wrong(
    operation: Operation, timing: Mapping[str, float], line: Mapping[str, Any], arrivals: list[Event], at_worker: float, whole: float
) -> str | None:
    """The first rule that does not hold. None when all hold. Without a first token, the phases are a part of the total."""
    phases = sum(timing[phase] for phase in PHASES)
    first = timing.get("first_token")
    least = phases - ROUNDING_SECONDS if first is None else first
    at_client = (operation.ended_at or 0.0) - operation.started_at
    rules = {
        "the phases add up to the first token": first is None or abs(phases - first) <= ROUNDING_SECONDS,
        # The client's clock starts before the gateway's and stops after it, so its time is the larger one.
        "phases and first token <= total <= the client's time": least <= timing["total"] <= at_client,
        f"the proxy time is at least the worker's {at_worker:.4f} s": timing["proxy"] >= at_worker - ROUNDING_SECONDS,
        "the log has the same phases": all(abs(line.get(f"{phase}_seconds", 0.0) - timing[phase]) <= ROUNDING_SECONDS for phase in PHASES),
        "the log has the same first token": abs((line.get("ttft_seconds") or 0.0) - (first or 0.0)) <= ROUNDING_SECONDS,
        "the log's seconds cover the whole request": line.get("seconds", 0.0) >= max(timing["total"], whole) - ROUNDING_SECONDS,
    }
    if len(arrivals) > 1:
        gap = arrivals[-1].at - arrivals[-2].at
        rules[f"the queue time is the pause between attempts, within the journals' {gap:.4f} s"] = MIN_PAUSE_SECONDS < timing["queue"] < gap
    return next((f"{operation.id}: {rule}" for rule, holds in rules.items() if not holds), None)


def _judge_metrics(history: History, orchestrator: str) -> Verdict:
    if too_few := measured.too_few_notes(history):
        return too_few
    series = measured.grown(history)
    lines = [line.data for operation in history.operations() for line in _lines(history, operation, orchestrator)]
    for phase in PHASES:
        spent = [line[f"{phase}_seconds"] for line in lines if f"{phase}_seconds" in line]
        count = measured.growth_of(series, "gateway_phase_seconds_count", orchestrator, phase=phase)
        total = measured.growth_of(series, "gateway_phase_seconds_sum", orchestrator, phase=phase)
        # Each log line is rounded, so the error of the sum grows with the number of lines.
        if count != len(spent) or abs(total - sum(spent)) > ROUNDING_SECONDS * (1 + len(spent)):
            expected = f"the metrics of phase {phase} grow by the log's {counted(len(spent), 'request')} and {sum(spent):.6f} s"
            return failed(expected=expected, actual=f"{counted(round(count), 'request')} and {total:.6f} s")
    return passed(f"the metrics agree with {counted(len(lines), 'log line')}")


def _first_byte(history: History, arrival: Event, end: Event) -> float:
    """When the worker began its answer: with the first token of a stream, at the end of any other."""
    key = (arrival.node, arrival.data.get("pid"), arrival.data.get("n"))
    firsts = [line.at for line in history.journal("first_token") if (line.node, line.data.get("pid"), line.data.get("n")) == key]
    return firsts[0] if firsts else end.at


def _lines(history: History, operation: Operation, orchestrator: str) -> list[Event]:
    lines = history.events("log", orchestrator)
    return [line for line in lines if line.data.get("event") == "request" and line.data.get("request_id") == operation.id]


def _durations(header: str) -> dict[str, float]:
    """name -> seconds of a Server-Timing header (https://www.w3.org/TR/server-timing/: milliseconds)."""
    parts = (part.strip().split(";dur=") for part in header.split(",") if ";dur=" in part)
    return {name: float(milliseconds) / 1000 for name, milliseconds in parts}

"""Who asked was told where the time of a request went: the phases add up, the worker's time is the worker's, log and metrics agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import end_of
from hivecheck.checks.observability import measured
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

PHASES = ("resolve", "choose", "queue", "proxy")
TOLD = (*PHASES, "first_token", "total")
# What the gateway rounds to: microseconds in each of six numbers.
ROUNDING_SECONDS = 0.00001
# No gateway that spreads retries waits less; without a pause the phase is some microseconds.
MIN_PAUSE_SECONDS = 0.005


def time_breakdown(history: History, *, orchestrator: str) -> Verdict:
    """`orchestrator`: its node's name. Judges every request, and the growth of the metrics that were noted."""
    return worst(
        [*(_judge_one(history, operation, orchestrator) for operation in history.operations()), _judge_metrics(history, orchestrator)]
    )


def _judge_one(history: History, operation: Operation, orchestrator: str) -> Verdict:
    told = _durations(operation.header("Server-Timing") or "")
    if operation.sent_headers.get("X-Timing") != "1":
        return (
            failed(expected=f"{operation.id} did not ask and is told nothing", actual=f"{told}")
            if told
            else passed(f"{operation.id}: not told")
        )
    arrivals = history.arrivals(operation)
    ends = [end_of(history, arrival) for arrival in arrivals]
    if not operation.is_answered or not arrivals or ends[-1] is None:
        return inconclusive(expected="an answered request in a worker's journal", actual=operation.sentence())
    if missing := [name for name in TOLD if name not in told]:
        return failed(expected=f"{operation.id} told {', '.join(TOLD)}", actual=f"no {missing} in {operation.header('Server-Timing')!r}")
    lines = _lines(history, operation, orchestrator)
    if len(lines) != 1:
        return inconclusive(expected=f"one log line `request` of {operation.id}", actual=f"{len(lines)}")
    wrong = _wrong(operation, told, lines[0].data, arrivals, ends[-1], _first_byte(history, arrivals[-1], ends[-1]))
    return failed(expected=wrong, actual=f"{operation.header('Server-Timing')}, log {dict(lines[0].data)}") if wrong else passed(f"{told}")


def _wrong(
    operation: Operation, told: Mapping[str, float], line: Mapping[str, Any], arrivals: list[Event], end: Event, first_byte: float
) -> str | None:
    """The first rule that is broken; None when none is."""
    before_token = sum(told[phase] for phase in PHASES)
    seen = (operation.ended_at or 0.0) - operation.started_at
    whole = end.at - arrivals[0].at
    at_worker = first_byte - arrivals[-1].at
    rules = {
        "phases that add up to the first token": abs(before_token - told["first_token"]) <= ROUNDING_SECONDS,
        "a first token no later than the total, and that no later than the client's": told["first_token"] <= told["total"] <= seen,
        f"at least the worker's {at_worker:.4f} s as proxy time": told["proxy"] >= at_worker - ROUNDING_SECONDS,
        "the same in the log": all(abs(line.get(f"{phase}_seconds", 0.0) - told[phase]) <= ROUNDING_SECONDS for phase in PHASES),
        "the same first token in the log": abs((line.get("ttft_seconds") or 0.0) - told["first_token"]) <= ROUNDING_SECONDS,
        "a total in the log that is the whole request's": line.get("seconds", 0.0) >= max(told["total"], whole) - ROUNDING_SECONDS,
    }
    if len(arrivals) > 1:
        gap = arrivals[-1].at - arrivals[-2].at
        rules[f"the pause between attempts as queue time, within the journals' {gap:.4f} s"] = MIN_PAUSE_SECONDS < told["queue"] < gap
    return next((f"{operation.id}: {rule}" for rule, holds in rules.items() if not holds), None)


def _judge_metrics(history: History, orchestrator: str) -> Verdict:
    if len(measured.noted(history)) < 2:
        return inconclusive(expected="metrics noted before and after", actual=f"{len(measured.noted(history))} notes")
    series = measured.grown(history)
    lines = [line.data for operation in history.operations() for line in _lines(history, operation, orchestrator)]
    for phase in PHASES:
        spent = [line[f"{phase}_seconds"] for line in lines if f"{phase}_seconds" in line]
        count = measured.growth_of(series, "gateway_phase_seconds_count", orchestrator, phase=phase)
        total = measured.growth_of(series, "gateway_phase_seconds_sum", orchestrator, phase=phase)
        if count != len(spent) or abs(total - sum(spent)) > ROUNDING_SECONDS * (1 + len(spent)):
            expected = f"metrics of phase {phase} grown by the log's {len(spent)} requests and {sum(spent):.6f} s"
            return failed(expected=expected, actual=f"{count:g} requests and {total:.6f} s")
    return passed(f"metrics agree with {len(lines)} log lines")


def _first_byte(history: History, arrival: Event, end: Event) -> float:
    """When the worker began its answer: a stream with its first token, any other at its end."""
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

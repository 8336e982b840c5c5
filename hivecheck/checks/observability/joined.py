"""A request can be followed by its id: what was asked, where it went, what was inferred stand in logs that agree; no metric has it."""

from __future__ import annotations

from typing import Any

from hivecheck.checks.facts import end_of
from hivecheck.checks.observability import measured
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

REQUEST = ("model", "path", "status", "outcome", "seconds")
ROUTING = ("worker", "attempts", "choose_seconds", "proxy_seconds")
INFERENCE = ("outcome", "prompt_tokens", "output_tokens", "queue_seconds", "ttft_seconds")


def joined(history: History, *, orchestrator: str) -> Verdict:
    """`orchestrator`: its node's name. Judges every answered request, and the metrics that were noted before and after."""
    answered = [operation for operation in history.operations() if operation.is_answered]
    if not answered:
        return inconclusive(expected="an answered request to follow", actual="none")
    return worst(
        [*(_judge_lines(history, operation, orchestrator) for operation in answered), _judge_metrics(history, answered, orchestrator)]
    )


def _judge_lines(history: History, operation: Operation, orchestrator: str) -> Verdict:
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    if end is None:
        return inconclusive(expected="the request in a worker's journal, to its end", actual=operation.sentence())
    gateway, worker = _line(history, operation, orchestrator), _line(history, operation, end.node)
    missing = [name for name in (*REQUEST, *ROUTING) if gateway.get(name) is None]
    missing += [f"{end.node}'s {name}" for name in INFERENCE if worker.get(name) is None]
    if missing:
        return failed(expected=f"request, routing and inference of {operation.id} in the logs under its id", actual=f"no {missing}")
    expected = {"worker": end.node, "attempts": len(arrivals), "model": operation.model, "status": operation.status}
    actual = {name: gateway[name] for name in expected}
    inferred = {name: worker[name] for name in ("outcome", "prompt_tokens", "output_tokens")}
    journal = {name: end.data.get(name) for name in inferred}
    if actual != expected or inferred != journal:
        return failed(expected=f"{operation.id}: {expected}, inference {journal}", actual=f"{actual}, inference {inferred}")
    return passed(f"{operation.id}: {orchestrator} and {end.node} agree")


def _judge_metrics(history: History, answered: list[Operation], orchestrator: str) -> Verdict:
    if len(measured.noted(history)) < 2:
        return inconclusive(expected="metrics noted before and after", actual=f"{len(measured.noted(history))} notes")
    series = measured.grown(history)
    ids = {operation.id for operation in history.operations()}
    if leaked := [one for one in series if any(name in value for value in one.labels.values() for name in ids)]:
        return failed(expected="no request id in any metric's label", actual=f"{leaked[0]}")
    ends = [end_of(history, arrival) for operation in answered for arrival in history.arrivals(operation)[-1:]]
    expected = {
        "requests": len(answered),
        "routed": len(answered),
        "inferred": len(answered),
        "tokens": sum(end.data["output_tokens"] for end in ends if end),
    }
    actual = {
        "requests": measured.growth_of(series, "gateway_requests_total", orchestrator, status="200"),
        "routed": measured.growth_of(series, "gateway_phase_seconds_count", orchestrator, phase="choose"),
        "inferred": measured.growth_of(series, "vllm:e2e_request_latency_seconds_count"),
        "tokens": measured.growth_of(series, "vllm:generation_tokens_total"),
    }
    return (
        passed(f"metrics grew by {expected}") if actual == expected else failed(expected=f"metrics grown by {expected}", actual=f"{actual}")
    )


def _line(history: History, operation: Operation, node: str) -> dict[str, Any]:
    """The node's one line about the request; empty when there is none, or more than one."""
    lines = [dict(line.data) for line in history.events("log", node) if line.data.get("request_id") == operation.id]
    requests = [line for line in lines if line.get("event") == "request"]
    return requests[0] if len(requests) == 1 else {}

"""A request can be followed by its id: through the logs of gateway, hive and worker, with its caller, its timings and its tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import end_of
from hivecheck.checks.observability import measured
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures, listed

REQUEST = ("model", "path", "status", "outcome", "seconds")
ROUTING = ("worker", "attempts", "choose_seconds", "proxy_seconds")
FINISHED = "finished"  # the hive's outcome of a whole response
INFERENCE = ("outcome", "prompt_tokens", "output_tokens", "queue_seconds", "ttft_seconds")
# What grows by one with each answer that a client receives: request, routing and inference.
COUNTED: dict[str, tuple[str, dict[str, str]]] = {
    "requests": ("gateway_requests_total", {"status": "200"}),
    "request times": ("gateway_request_seconds_count", {}),
    "first bytes": ("gateway_ttft_seconds_count", {}),
    "routed": ("gateway_phase_seconds_count", {"phase": "choose"}),
    "inferred": ("vllm:e2e_request_latency_seconds_count", {}),
    "first tokens": ("vllm:time_to_first_token_seconds_count", {}),
    "finished by length": ("vllm:request_success_total", {"finished_reason": "length"}),
}


def correlation(history: History, *, orchestrator: str, hives: Mapping[str, str]) -> Verdict:
    """Gateway, hive and worker log each request under its id. `orchestrator`: the gateway's node. `hives`: worker -> its hive."""
    return worst([_judge_tiers(history, operation, orchestrator, hives) for operation in history.operations()])


def _judge_tiers(history: History, operation: Operation, orchestrator: str, hives: Mapping[str, str]) -> Verdict:
    worker = operation.header("X-Worker-Id")
    if worker is None or worker not in hives:
        return inconclusive(expected="an answer that names its worker", actual=operation.sentence())
    tiers = [orchestrator, hives[worker], worker]
    lines = {tier: len(_lines(history, operation, tier)) for tier in tiers}
    silent = [tier for tier in tiers if not lines[tier]]
    if silent or operation.header("X-Request-Id") != operation.id:
        actual = f"nodes without a log line: {listed(silent)}; the answer has X-Request-Id {operation.header('X-Request-Id')}"
        return failed(expected=f"log lines of {listed(tiers)} with request_id {operation.id}", actual=actual)
    found = ", ".join(f"{counted(count, 'line')} of {tier}" for tier, count in lines.items())
    return passed(f"{operation.id}: {found}")


def relayed(history: History, *, hives: Mapping[str, str]) -> Verdict:
    """The hive of the worker that served a request logged the relay under the request's id, as it ended. `hives`: worker -> its hive."""
    return worst([_judge_relay(history, operation, hives) for operation in history.operations()])


def _judge_relay(history: History, operation: Operation, hives: Mapping[str, str]) -> Verdict:
    nodes = [arrival.node for arrival in history.arrivals(operation)]
    if len(nodes) != 1 or nodes[0] not in hives:
        return inconclusive(expected=f"one arrival of {operation.id} at a managed worker", actual=f"arrivals at {listed(nodes)}")
    hive = hives[nodes[0]]
    lines = _lines(history, operation, hive)
    events = [line.get("event") for line in lines]
    if "relayed" not in events:
        actual = f"the log of {hive} has {listed(events)} for {operation.id}"
        return failed(expected=f"{hive} relays {operation.id} to {nodes[0]}", actual=actual)
    if operation.is_answered:
        expected = (nodes[0], operation.status, FINISHED)
        found = [(line.get("worker"), line.get("status"), line.get("outcome")) for line in lines if line.get("event") == "relayed"]
        if found != [expected]:
            return failed(
                expected=f"one relay of {operation.id}, with worker, status and outcome {listed(expected)}",
                actual=listed(map(listed, found)),
            )
    return passed(f"{operation.id}: relayed by {hive}")


def claims(history: History, *, subject: str, tenant: str | None, hives: Mapping[str, str]) -> Verdict:
    """The token's subject and tenant (None for none) are in the hive's log and in the worker's journal. `hives`: worker -> its hive."""
    return worst([_judge_claims(history, operation, (subject, tenant), hives) for operation in history.operations()])


def _judge_claims(history: History, operation: Operation, expected: tuple[str, str | None], hives: Mapping[str, str]) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals:
        return inconclusive(expected=f"an arrival of {operation.id} at a worker", actual=operation.sentence())
    worker = arrivals[0].node
    headers = {name.lower(): value for name, value in arrivals[0].data.get("headers", {}).items()}
    at_worker = (headers.get("x-auth-subject"), headers.get("x-auth-tenant"))
    lines = _lines(history, operation, hives[worker])
    at_hive = {(line.get("subject"), line.get("tenant")) for line in lines if "subject" in line}
    if at_worker != expected or at_hive != {expected}:
        return failed(
            expected=f"subject and tenant {listed(expected)} at {hives[worker]} and {worker}",
            actual=f"{listed(map(listed, at_hive))} at {hives[worker]}, {listed(at_worker)} at {worker}",
        )
    return passed(f"{operation.id}: {listed(expected)} at {hives[worker]} and {worker}")


def joined(history: History, *, orchestrator: str) -> Verdict:
    """The logs hold request, routing and inference of each answer, agree with the journal, and no metric label has a request id.

    `orchestrator` is the gateway's node. Judges every answered request, and the metrics noted before and after.
    """
    answered = [operation for operation in history.operations() if operation.is_answered]
    if not answered:
        return inconclusive(expected="at least one answered request", actual="none")
    return worst(
        [*(_judge_lines(history, operation, orchestrator) for operation in answered), _judge_metrics(history, answered, orchestrator)]
    )


def _judge_lines(history: History, operation: Operation, orchestrator: str) -> Verdict:
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    if end is None:
        return inconclusive(expected=f"arrival and end of {operation.id} in the journal of a worker", actual=operation.sentence())
    gateway, worker = _end_line(history, operation, orchestrator), _end_line(history, operation, end.node)
    missing = [name for name in (*REQUEST, *ROUTING) if gateway.get(name) is None]
    missing += [f"{end.node}'s {name}" for name in INFERENCE if worker.get(name) is None]
    if missing:
        return failed(expected=f"request, routing and inference of {operation.id} in the logs under its id", actual=f"no {listed(missing)}")
    expected = {"worker": end.node, "attempts": len(arrivals), "model": operation.model, "status": operation.status}
    actual = {name: gateway[name] for name in expected}
    inferred = {name: worker[name] for name in ("outcome", "prompt_tokens", "output_tokens")}
    journal = {name: end.data.get(name) for name in inferred}
    if actual != expected or inferred != journal:
        return failed(
            expected=f"{operation.id}: {figures(expected)}, inference {figures(journal)}",
            actual=f"{figures(actual)}, inference {figures(inferred)}",
        )
    return passed(f"{operation.id}: {orchestrator} and {end.node} agree")


def _judge_metrics(history: History, answered: list[Operation], orchestrator: str) -> Verdict:
    if too_few := measured.too_few_notes(history):
        return too_few
    series = measured.grown(history)
    ids = {operation.id for operation in history.operations()}
    if leaked := [one for one in series if any(name in value for value in one.labels.values() for name in ids)]:
        return failed(expected="no metric label has a request id", actual=leaked[0].sentence())
    ends = [end_of(history, arrival) for operation in answered for arrival in history.arrivals(operation)[-1:]]
    # Equal and not at least, because a request that is counted twice must fail.
    expected: dict[str, float] = dict.fromkeys(COUNTED, len(answered)) | {
        "retries": sum(len(history.arrivals(operation)) - 1 for operation in answered),
        "prompt tokens": sum(end.data["prompt_tokens"] for end in ends if end),
        "tokens": sum(end.data["output_tokens"] for end in ends if end),
    }
    actual = {words: measured.growth_of(series, name, **labels) for words, (name, labels) in COUNTED.items()} | {
        "retries": measured.growth_of(series, "gateway_retries_total", orchestrator),
        "prompt tokens": measured.growth_of(series, "vllm:prompt_tokens_total"),
        "tokens": measured.growth_of(series, "vllm:generation_tokens_total"),
    }
    for model, count in Counter(operation.model for operation in answered).items():
        expected[f"requests for {model}"] = count
        actual[f"requests for {model}"] = measured.growth_of(series, "gateway_requests_total", orchestrator, model=model, status="200")
    if actual != expected:
        return failed(expected=f"the metrics grow by {figures(expected)}", actual=figures(actual))
    return passed(f"the metrics grew by {figures(expected)}")


def _lines(history: History, operation: Operation, node: str) -> list[Mapping[str, Any]]:
    """Every log line of the node with the request's id."""
    return [line.data for line in history.events("log", node) if line.data.get("request_id") == operation.id]


def _end_line(history: History, operation: Operation, node: str) -> Mapping[str, Any]:
    """The one line of the node about the end of the request. Empty when there is none, or more than one."""
    lines = [line for line in _lines(history, operation, node) if line.get("event") == "request"]
    return lines[0] if len(lines) == 1 else {}

"""One request id joins the log lines of every tier: orchestrator, hive, and the worker's own record."""

from __future__ import annotations

from collections.abc import Mapping

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def correlation(history: History, *, orchestrator: str, hives: Mapping[str, str]) -> Verdict:
    """`orchestrator`: its node's name; `hives`: worker -> its hive."""
    return worst([_judge_one(history, operation, orchestrator, hives) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, orchestrator: str, hives: Mapping[str, str]) -> Verdict:
    worker = operation.header("X-Worker-Id")
    if worker is None or worker not in hives:
        return inconclusive(expected="an answer that names its worker", actual=operation.sentence())
    tiers = [orchestrator, hives[worker], worker]
    lines = {tier: [line for line in history.events("log", tier) if line.data.get("request_id") == operation.id] for tier in tiers}
    silent = [tier for tier in tiers if not lines[tier]]
    if silent or operation.header("X-Request-Id") != operation.id:
        actual = f"no such line of {silent}; the client got id {operation.header('X-Request-Id')}"
        return failed(expected=f"log lines of {tiers} with request_id {operation.id}", actual=actual)
    return passed(f"{operation.id}: {', '.join(f'{len(found)} lines of {tier}' for tier, found in lines.items())}")

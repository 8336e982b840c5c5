"""Who a token says the caller is reached hive and worker: subject and tenant in the hive's log and the worker's journal."""

from __future__ import annotations

from collections.abc import Mapping

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def claims(history: History, *, subject: str, tenant: str, hives: Mapping[str, str]) -> Verdict:
    """`hives`: worker -> its hive."""
    return worst([_judge_one(history, operation, (subject, tenant), hives) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, expected: tuple[str, str], hives: Mapping[str, str]) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals:
        return inconclusive(expected="an arrival at a worker", actual=operation.sentence())
    worker = arrivals[0].node
    headers = {name.lower(): value for name, value in arrivals[0].data.get("headers", {}).items()}
    at_worker = (headers.get("x-auth-subject"), headers.get("x-auth-tenant"))
    lines = [line.data for line in history.events("log", hives[worker]) if line.data.get("request_id") == operation.id]
    at_hive = {(line.get("subject"), line.get("tenant")) for line in lines if "subject" in line}
    if at_worker != expected or at_hive != {expected}:
        return failed(
            expected=f"subject and tenant {expected} at {hives[worker]} and {worker}", actual=f"{at_hive or 'nothing'} and {at_worker}"
        )
    return passed(f"{operation.id}: {expected} at {hives[worker]} and {worker}")

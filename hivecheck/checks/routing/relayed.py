"""Each request went through the hive of the worker that served it: the hive logged the relay, under the same request id."""

from __future__ import annotations

from collections.abc import Mapping

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def relayed(history: History, *, hives: Mapping[str, str]) -> Verdict:
    """`hives`: worker -> its hive."""
    return worst([_judge_one(history, operation, hives) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, hives: Mapping[str, str]) -> Verdict:
    arrivals = history.arrivals(operation)
    if len(arrivals) != 1 or arrivals[0].node not in hives:
        return inconclusive(expected="one arrival at a managed worker", actual=f"{[arrival.node for arrival in arrivals]}")
    hive = hives[arrivals[0].node]
    lines = [line.data.get("event") for line in history.events("log", hive) if line.data.get("request_id") == operation.id]
    if "relayed" not in lines:
        return failed(expected=f"{hive} relayed {operation.id} to {arrivals[0].node}", actual=f"its log has {lines} of it")
    return passed(f"{operation.id}: relayed by {hive}")

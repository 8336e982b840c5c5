"""No worker received any of the scenario's requests."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def judge(history: History) -> Verdict:
    """By the workers' journals; without a request there is nothing to judge."""
    operations = history.operations()
    if not operations:
        return inconclusive(wanted="requests that no worker receives", got="no request was sent")
    if lines := history.journal("arrival"):
        got = [(line.node, line.data.get("request_id"), line.data.get("path")) for line in lines]
        return failed(wanted="no arrival in any journal", got=f"{len(lines)}: {got[:5]}")
    return passed(f"{len(operations)} requests, none of them upstream")

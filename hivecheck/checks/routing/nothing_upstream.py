"""No worker received any of the scenario's requests."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def nothing_upstream(history: History) -> Verdict:
    """By the workers' journals; without a request there is nothing to judge."""
    operations = history.operations()
    if not operations:
        return inconclusive(expected="requests that no worker receives", actual="no request was sent")
    if lines := history.journal("arrival"):
        actual = [(line.node, line.data.get("request_id"), line.data.get("path")) for line in lines]
        return failed(expected="no arrival in any journal", actual=f"{len(lines)}: {actual[:5]}")
    return passed(f"{len(operations)} requests, none of them upstream")

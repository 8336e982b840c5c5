"""Every line that a node logged is one structured line of its own making: nobody else ended a line or began one."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

FORGED = "forged"  # the event that the harness's log breaker pretends


def no_log_injection(history: History, *, node: str) -> Verdict:
    """`node`: whose log it is."""
    lines = history.events("log", node)
    if not lines:
        return inconclusive(expected=f"log lines of {node}", actual="none")
    odd = [line.data for line in lines if line.data.get("event") in (None, FORGED)]
    if odd:
        return failed(expected=f"structured lines of {node}'s own", actual=f"{len(odd)} others: {odd[:3]}")
    return passed(f"{len(lines)} lines of {node}, all its own")

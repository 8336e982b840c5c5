"""Every log line of a node is one structured line that the node wrote: no client text ended a line or began one."""

from __future__ import annotations

import json

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

FORGED = "forged"  # the event that the hostile client puts into its headers


def no_log_injection(history: History, *, node: str) -> Verdict:
    """`node`: the node with the log."""
    lines = history.events("log", node)
    if not lines:
        return inconclusive(expected=f"log lines of {node}", actual="none")
    # A line that is no JSON has no event. It can be the rest of a line that a client's text broke.
    foreign = [line.data for line in lines if line.data.get("event") in (None, FORGED)]
    if foreign:
        return failed(
            expected=f"{node} itself wrote every line of its log",
            actual=f"{counted(len(foreign), 'other line')}: {'; '.join(json.dumps(dict(data)) for data in foreign[:3])}",
        )
    return passed(f"{counted(len(lines), 'line')} of {node}, all its own")

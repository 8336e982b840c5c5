"""Whatever was asked after something had happened to a node was answered."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def answered_after(history: History, *, node: str, what: str) -> Verdict:
    """Counts requests that began after the last act `what` on `node`."""
    acts = [event.at for event in history.acts(node) if event.data.get("what") == what]
    later = [operation for operation in history.operations() if acts and operation.started_at > acts[-1]]
    if not later:
        return inconclusive(expected=f"requests sent after {node} was {what}", actual=f"none; {len(acts)} such acts")
    bad = [operation for operation in later if not operation.is_answered]
    if bad:
        return failed(expected=f"each of {len(later)} answered", actual=f"{len(bad)} not, the first is {bad[0].sentence()}")
    return passed(f"{len(later)} answered")

"""Requests sent after a worker was known to be dead needed one attempt: nobody tried the dead one any more."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def one_attempt_after(history: History, *, what: str = "killed") -> Verdict:
    """Counts the requests that began after the last act of this kind and after the answers of earlier ones were in."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    later = [operation for operation in history.operations() if acts and operation.started_at > acts[-1].at]
    if not later:
        return inconclusive(expected=f"requests sent after a worker was {what}", actual="none")
    bad = [operation for operation in later if not operation.is_answered or operation.header("X-Attempts") != "1"]
    if bad:
        return failed(
            expected="each answered at the first attempt", actual=f"X-Attempts {bad[0].header('X-Attempts')}: {bad[0].sentence()}"
        )
    return passed(f"{len(later)} requests, one attempt each")

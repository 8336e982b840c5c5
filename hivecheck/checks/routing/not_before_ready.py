"""A worker was neither registered nor given work, nor was any client answered, before its models answered.

The journal's `ready` line, the registry's log and the clients' times are of one machine's monotonic clock.
"""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

ASPECTS = ("registered", "answered", "received")


def not_before_ready(history: History, *, worker: str, aspect: str) -> Verdict:
    """`aspect`: `registered` (by the registry's log), `answered` (clients) or `received` (the worker's journal)."""
    ready = [line for line in history.journal("ready") if line.node == worker]
    if not ready:
        return inconclusive(expected=f"{worker} says in its journal when it was ready", actual="it does not")
    early = {"registered": _registered_early, "answered": _answered_early, "received": _received_early}[aspect]
    return early(history, worker, ready[0].at)


def _registered_early(history: History, worker: str, at: float) -> Verdict:
    lines = [line for line in history.events("log") if (line.data.get("service"), line.data.get("event")) == ("registry", "registered")]
    seen = [line.at for line in lines if line.data.get("id") == worker]
    if not seen:
        return inconclusive(expected=f"{worker}'s registration in the registry's log", actual="none")
    if min(seen) < at:
        return failed(expected=f"{worker} registered after it was ready", actual=f"registered {at - min(seen):.3f} s before")
    return passed(f"registered {min(seen) - at:.3f} s after it was ready")


def _answered_early(history: History, worker: str, at: float) -> Verdict:
    answered = [operation for operation in history.operations() if operation.is_answered]
    refused = [operation for operation in history.operations() if not operation.is_answered and operation.started_at < at]
    if not answered or not refused:
        return inconclusive(expected="requests before and after the worker was ready", actual=f"{len(refused)} and {len(answered)}")
    early = [operation for operation in answered if operation.ended_at is not None and operation.ended_at < at]
    odd = [operation for operation in refused if operation.status not in (404, 503)]
    if early or odd:
        return failed(expected="a refusal with 404 or 503 until the worker was ready", actual=(early or odd)[0].sentence())
    return passed(f"{len(refused)} refused before, {len(answered)} answered after")


def _received_early(history: History, worker: str, at: float) -> Verdict:
    lines = [line for line in history.journal("arrival") if line.node == worker]
    if not lines:
        return inconclusive(expected=f"requests at {worker}", actual="none")
    early = [line for line in lines if line.at < at]
    if early:
        return failed(
            expected=f"nothing at {worker} before it was ready", actual=f"{len(early)} arrivals, the first {at - early[0].at:.3f} s before"
        )
    return passed(f"{len(lines)} arrivals, all after it was ready")

"""Before a worker is ready it is not registered, it receives no request, and no client gets an answer."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted

ASPECTS = ("registered", "answered", "received")


def not_before_ready(history: History, *, worker: str, aspect: str) -> Verdict:
    """`aspect`: `registered` (by the registry's log), `answered` (clients) or `received` (the worker's journal)."""
    ready = [line for line in history.journal("ready") if line.node == worker]
    if not ready:
        return inconclusive(expected=f"a `ready` line in the journal of {worker}", actual="none")
    # Journal, log and clients read one machine's monotonic clock, containers included. So their times compare.
    early = {"registered": _registered_early, "answered": _answered_early, "received": _received_early}[aspect]
    return early(history, worker, ready[0].at)


def _registered_early(history: History, worker: str, at: float) -> Verdict:
    lines = [line for line in history.events("log") if (line.data.get("service"), line.data.get("event")) == ("registry", "registered")]
    times = [line.at for line in lines if line.data.get("id") == worker]
    if not times:
        return inconclusive(expected=f"a registration of {worker} in the registry's log", actual="none")
    if min(times) < at:
        return failed(expected=f"{worker} registers after it is ready", actual=f"registered {at - min(times):.3f} s before")
    return passed(f"registered {min(times) - at:.3f} s after it was ready")


def _answered_early(history: History, worker: str, at: float) -> Verdict:
    answered = [operation for operation in history.operations() if operation.is_answered]
    refused = [operation for operation in history.operations() if not operation.is_answered and operation.started_at < at]
    if not answered or not refused:
        return no_room(
            expected=f"requests before and after {worker} was ready", actual=f"{len(refused)} refused before, {len(answered)} answered"
        )
    early = [operation for operation in answered if operation.ended_at is not None and operation.ended_at < at]
    # 404: no worker was ready for the model lately, and no setting declares it. 503: the gateway knows the model.
    unexpected = [operation for operation in refused if operation.status not in (404, 503)]
    if early or unexpected:
        return failed(
            expected=f"every request is refused with 404 or 503 until {worker} is ready", actual=(early or unexpected)[0].sentence()
        )
    return passed(f"{len(refused)} refused before, {len(answered)} answered after")


def _received_early(history: History, worker: str, at: float) -> Verdict:
    lines = [line for line in history.journal("arrival") if line.node == worker]
    if not lines:
        return inconclusive(expected=f"requests at {worker}", actual="none")
    early = [line for line in lines if line.at < at]
    if early:
        return failed(
            expected=f"{worker} receives no request before it is ready",
            actual=f"{counted(len(early), 'arrival')}, the first {at - early[0].at:.3f} s before",
        )
    if all(operation.started_at >= at for operation in history.operations()):
        return no_room(expected=f"requests that clients sent before {worker} was ready", actual="none")
    return passed(f"{counted(len(lines), 'arrival')}, all after it was ready")

"""Kills of the gateway at any moment lose no row of the usage ledger and double none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import SUCCESS, tokens_received
from hivecheck.history import INJECTED, Event, History, Operation, journal_pairs
from hivecheck.measurement.recovery import LOAD, harm_begins
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures

GATEWAY = "orchestrator"
PURPOSES = ("chat", LOAD)
# A kill of the gateway leaves the row of a running request open, and the next start settles it with this outcome.
INTERRUPTED = "interrupted"
Row = Mapping[str, Any]
Served = tuple[Event, Event | None]  # the arrival at a worker, and its end


def booked_through_kills(history: History, *, kills: int, lag_seconds: float) -> Verdict:
    """Judges chats and load requests by the last noted ledger and the workers' journals.

    A request that reached a worker has one row, whatever its client saw. A whole answer is booked with its tokens. `kills` of the gateway
    must have met such a request. `lag_seconds`: an interrupted row may lack tokens of the last so many seconds.
    """
    noted = [event.data["ledger"] for event in history.events("state", GATEWAY) if "ledger" in event.data]
    requests = [request for request in history.operations(None) if request.purpose in PURPOSES]
    served: dict[str, list[Served]] = {}
    for arrival, end in journal_pairs(history):
        served.setdefault(str(arrival.data.get("request_id")), []).append((arrival, end))
    met = len(kills_under_load(history, [request for request in requests if request.id in served]))
    if not noted:
        return inconclusive(expected="the ledger noted after the kills", actual=f"{counted(len(noted), 'note')} of the ledger")
    if met < kills:
        needed = f"{counted(kills, 'kill')} of the gateway while a worker has a request; raise the rate of the load"
        return no_room(expected=needed, actual=counted(met, "such kill"))
    rows: dict[str, list[Row]] = {}
    for row in noted[-1]:
        rows.setdefault(str(row["request_id"]), []).append(row)
    for request in requests:
        if fault := _misbooking(request, rows.get(request.id, []), served.get(request.id, []), lag_seconds):
            return failed(expected=f"{request.id} is booked once, with its tokens", actual=f"{fault}; {request.sentence()}")
    unended = [request.id for request in requests if request.is_answered and not (served.get(request.id) and served[request.id][-1][1])]
    if unended:
        return inconclusive(
            expected="each answer in the journal of a worker", actual=f"{counted(len(unended), 'answer')} without an end: {unended[0]}"
        )
    answered = sum(request.is_answered for request in requests)
    return passed(f"{counted(answered, 'answer')} of {counted(len(served), 'served request')} booked once, through {counted(met, 'kill')}")


def kills_under_load(history: History, served: list[Operation]) -> list[Event]:
    """The SIGKILLs of the gateway at which one of these requests was in flight."""
    kills = [event for event in history.events("fault", GATEWAY) if event.data["what"] == INJECTED and event.data.get("act") == "killed"]
    # From before the signal: a client learns of its broken connection while the harness still notes the kill.
    return [kill for kill in kills if any(one.started_at < harm_begins(kill) < (one.ended_at or 0.0) for one in served)]


def _misbooking(request: Operation, rows: list[Row], served: list[Served], lag_seconds: float) -> str | None:
    """What is wrong with the rows of one request."""
    if len(rows) > 1:
        return f"it is booked {counted(len(rows), 'time')}: {'; '.join(map(figures, rows))}"
    if not rows:
        # The row comes before the attempt. So only a request that reached no worker may have none.
        return f"it is not booked, with {counted(len(served), 'arrival')} at workers" if served or request.is_answered else None
    row = rows[0]
    if row["outcome"] is None:
        return f"its row is still open: {figures(row)}"
    if request.is_answered:
        return _wrong_row(row, served)
    if request.status is not None and request.status not in SUCCESS:
        return f"a refusal is booked with tokens: {figures(row)}" if row["completion_tokens"] or row["prompt_tokens"] else None
    return _wrong_part(request, row, served, lag_seconds)


def _wrong_row(row: Row, served: list[Served]) -> str | None:
    """A whole answer: everything is known, from the worker that sent it."""
    if not served or (end := served[-1][1]) is None:
        return None  # Its journal line may still come.
    expected = {"outcome": "ok", "status": 200, "estimated": False, "worker": end.node, "attempts": len(served)}
    expected |= {"prompt_tokens": end.data.get("prompt_tokens"), "completion_tokens": end.data.get("output_tokens")}
    expected |= {"cached_tokens": end.data.get("cached_tokens", 0)}
    actual = {name: row[name] for name in expected}
    return None if actual == expected else f"its row has {figures(actual)} instead of {figures(expected)}"


def _wrong_part(request: Operation, row: Row, served: list[Served], lag_seconds: float) -> str | None:
    """A broken answer costs what the worker sent at most, and what its client had received before the lag at least."""
    booked, received = row["completion_tokens"], tokens_received(request)
    sent = [end.data.get("output_tokens", 0) for _, end in served if end is not None]
    least = received
    if row["outcome"] == INTERRUPTED:
        last = max((token.at for token in request.tokens), default=0.0)
        least = sum(token.at < last - lag_seconds for token in request.tokens)
        if not row["estimated"]:
            return f"an interrupted answer is booked as counted: {figures(row)}"
    if booked < least or (sent and len(sent) == len(served) and booked > max(sent)):
        limit = f"{max(sent)}" if sent else "any number"
        return f"it is booked with {counted(booked, 'token')} instead of {least} to {limit}"
    return None

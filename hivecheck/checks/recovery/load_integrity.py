"""No request of the steady load was answered wrongly, ended so that its client takes a part for the whole, or was booked twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import SUCCESS, order_fault, tokens_seen
from hivecheck.history import History, Operation
from hivecheck.measurement.recovery import LEFT, LOAD
from hivecheck.verdict import Verdict, failed, inconclusive, passed

Rows = list[Mapping[str, Any]]


def load_integrity(history: History) -> Verdict:
    """Safety, whatever struck: an answer is whole and its client's own, a refusal is an error object, what broke off shows it.

    Each answer is in the ledger (as noted last) exactly once with the tokens its client got, anything else at most once.
    """
    probes = [probe for probe in history.operations(LOAD) if probe.error != LEFT]
    noted = [event.data["ledger"] for event in history.events("state", "orchestrator") if "ledger" in event.data]
    if not noted or not any(probe.is_answered for probe in probes):
        return inconclusive(
            expected="answers to a steady load, and the ledger noted after them", actual=f"{len(probes)}, {len(noted)} notes"
        )
    booked: dict[str, Rows] = {}
    for row in noted[-1]:
        booked.setdefault(str(row["request_id"]), []).append(row)
    for probe in probes:
        if fault := _fault(probe) or _misbooking(probe, booked.get(probe.id, [])):
            return failed(expected="whole answers of its own, errors that say so, each booked once", actual=f"{fault}: {probe.sentence()}")
    answered = sum(probe.is_answered for probe in probes)
    return passed(f"{answered} whole answers booked once, {len(probes) - answered} others that show what they are")


def _fault(probe: Operation) -> str | None:
    if probe.is_answered:
        return _flaw(probe)
    if probe.status is None:
        return None  # nothing came: the client knows
    if probe.status not in SUCCESS:
        return None if probe.error or probe.error_object().get("code") else "a refusal without an error object"
    if probe.saw_done:
        return "an answer that broke off, with an end marker"
    return f"{order_fault(probe)}" if probe.is_stream and order_fault(probe) else None


def _flaw(probe: Operation) -> str | None:
    """What is wrong with an answer that its client takes for whole."""
    if probe.header("X-Request-Id") != probe.id:
        return f"the answer to {probe.header('X-Request-Id')}"
    if (seen := tokens_seen(probe)) != (asked := probe.request.get("max_tokens")):
        return f"{seen} tokens of {asked}"
    if probe.is_stream:
        return order_fault(probe) or (None if probe.finish_reason else "no finish reason")
    told = probe.body.get("model") if isinstance(probe.body, dict) else None
    return None if told == probe.model else f"the answer of {told}"


def _misbooking(probe: Operation, rows: Rows) -> str | None:
    if len(rows) > 1 or (probe.is_answered and not rows):
        return f"booked {len(rows)} times"
    if probe.is_answered and rows[0]["completion_tokens"] != tokens_seen(probe):
        return f"booked with {rows[0]['completion_tokens']} tokens"
    return None

"""The later turns of a session found their prompt in the worker's prefix cache: the client is told so, and the first token came sooner."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, sessions
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def warm_turns(history: History, *, at_most: float) -> Verdict:
    """`at_most`: the share of the first turn's time to first token, by the worker's clock, that a later one may take."""
    own = sessions(history)
    if not own or any(len(turns) < 2 for turns in own.values()):
        return inconclusive(
            expected="sessions of two answered turns or more", actual=f"{ {name: len(turns) for name, turns in own.items()} }"
        )
    shown = []
    for name, turns in own.items():
        told = [_cached(operation) for operation, _ in turns]
        computed = [_seconds(history, operation) for operation, _ in turns]
        if None in computed:
            return inconclusive(expected=f"slot and first token of every turn of {name} in a journal", actual=f"{computed}")
        cold, *warm = [seconds or 0.0 for seconds in computed]
        journaled = [_journaled(history, operation) for operation, _ in turns]
        if told != journaled or told[0] != 0 or not all(told[1:]):
            return failed(
                expected=f"cached tokens of {name}: none, then some, as the worker noted", actual=f"told {told}, journal {journaled}"
            )
        if max(warm) > at_most * cold:
            return failed(
                expected=f"first tokens of {name} within {at_most:g} of {cold:.3f} s", actual=f"{[round(one, 3) for one in warm]} s"
            )
        shown.append(f"{cold:.3f} s, then {max(warm):.3f} s with {told[1:]} cached")
    return passed("; ".join(shown))


def _cached(operation: Operation) -> int | None:
    usage = operation.usage or {}
    return (usage.get("prompt_tokens_details") or {}).get("cached_tokens")


def _journaled(history: History, operation: Operation) -> int | None:
    end = end_of(history, history.arrivals(operation)[-1])
    return end.data.get("cached_tokens") if end else None


def _seconds(history: History, operation: Operation) -> float | None:
    """From the slot to the first token, at the worker."""
    end, first = end_of(history, history.arrivals(operation)[-1]), history.journal("first_token", operation.id)
    slot_at = end.data.get("slot_at") if end else None
    return first[-1].at - slot_at if first and slot_at is not None else None

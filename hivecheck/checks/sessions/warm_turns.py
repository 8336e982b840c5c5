"""Later turns of a session hit the worker's prefix cache: the usage has cached tokens, and the first token comes sooner."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, sessions
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import figures, listed


def warm_turns(history: History, *, at_most: float) -> Verdict:
    """`at_most`: the TTFT of a later turn as a share of the first turn's, by the worker's clock."""
    own = sessions(history)
    if not own or any(len(turns) < 2 for turns in own.values()):
        return inconclusive(
            expected="sessions with at least two answered turns", actual=figures({name: len(turns) for name, turns in own.items()})
        )
    lines = []
    for name, turns in own.items():
        cached = [_cached(operation) for operation, _ in turns]
        computed = [_seconds(history, operation) for operation, _ in turns]
        if None in computed:
            return inconclusive(
                expected=f"slot and first token of each turn of {'/'.join(name)} in a journal", actual=f"seconds: {listed(computed)}"
            )
        cold, *warm = [seconds or 0.0 for seconds in computed]
        journaled = [_journaled(history, operation) for operation, _ in turns]
        if cached != journaled or cached[0] != 0 or not all(cached[1:]):
            return failed(
                expected=f"cached tokens of {'/'.join(name)}: 0 in the first turn, some in later ones, equal in usage and journal",
                actual=f"usage {listed(cached)}, journal {listed(journaled)}",
            )
        if max(warm) > at_most * cold:
            return failed(
                expected=f"a TTFT of later turns of {'/'.join(name)} of at most {at_most:g} x {cold:.3f} s",
                actual=listed(f"{one:.3f} s" for one in warm),
            )
        lines.append(f"{cold:.3f} s, then {max(warm):.3f} s with {listed(cached[1:])} cached tokens")
    return passed("; ".join(lines))


def _cached(operation: Operation) -> int | None:
    usage = operation.usage or {}
    return (usage.get("prompt_tokens_details") or {}).get("cached_tokens")


def _journaled(history: History, operation: Operation) -> int | None:
    end = end_of(history, history.arrivals(operation)[-1])
    return end.data.get("cached_tokens") if end else None


def _seconds(history: History, operation: Operation) -> float | None:
    """From the slot to the first token, at the worker."""
    # Queue and network are no part of the prefill, and they would hide what the cache saves.
    end, first = end_of(history, history.arrivals(operation)[-1]), history.journal("first_token", operation.id)
    slot_at = end.data.get("slot_at") if end else None
    return first[-1].at - slot_at if first and slot_at is not None else None

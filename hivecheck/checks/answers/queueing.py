"""With more requests than slots, no worker used more than its slots at once. Requests waited, and got slots in order of arrival."""

from __future__ import annotations

from collections import defaultdict

from hivecheck.history import History, journal_pairs
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures

WAITED_SECONDS = 0.05  # a free slot is taken within milliseconds


def queueing(history: History, *, slots: int) -> Verdict:
    """`slots`: how many requests a worker may process at once. A request holds its slot until its `end`."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    waited = 0
    turns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for arrival, end in journal_pairs(history):
        start = end.data.get("slot_at") if end else None
        if start is None or end is None:
            return inconclusive(
                expected="slot and end of every arrival in the journals", actual=f"{arrival.data.get('request_id')} lacks one of them"
            )
        waited += start - arrival.at > WAITED_SECONDS
        spans[arrival.node].append((start, end.at))
        turns[arrival.node].append((arrival.at, start))
    if not spans:
        return inconclusive(expected="requests at workers", actual="no arrival in any journal")
    most = {node: _most_at_once(times) for node, times in spans.items()}
    if any(count > slots for count in most.values()):
        return failed(expected=f"at most {counted(slots, 'slot')} in use at each worker", actual=figures(most))
    if all(len(times) <= slots for times in spans.values()):
        return no_room(
            expected=f"a worker with more requests than {counted(slots, 'slot')}",
            actual=figures({node: counted(len(times), "request") for node, times in spans.items()}),
        )
    if not waited:
        return failed(
            expected="at least one request waits for a slot",
            actual=f"none waited longer than {WAITED_SECONDS} s; slots in use: {figures(most)}",
        )
    overtaken = {node: _overtaken(times) for node, times in turns.items()}
    if any(overtaken.values()):
        return failed(
            expected="slots in order of arrival at each worker", actual=f"requests that later ones overtook: {figures(overtaken)}"
        )
    return passed(f"{counted(waited, 'request')} waited; slots in use: {figures(most)}")


def _overtaken(turns: list[tuple[float, float]]) -> int:
    """How many requests got their slot after one that arrived later."""
    starts = [start for _, start in sorted(turns)]
    return sum(start > min(starts[place:]) for place, start in enumerate(starts))


def _most_at_once(spans: list[tuple[float, float]]) -> int:
    # At equal times -1 sorts before 1, so a slot that is freed and taken at once counts once.
    changes = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most

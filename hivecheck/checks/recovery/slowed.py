"""Answers over a way that was made slow took longer than those over another one, by their clients' clocks, in the same run."""

from __future__ import annotations

from statistics import median

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def slowed(history: History, *, model: str, others: str, at_least_seconds: float, others_share: float | None = None) -> Verdict:
    """The quickest answer of `model` took `at_least_seconds` longer than the quickest of `others`: a busy machine makes answers slower,
    never quicker, so that only a fault that holds every one of them up gets past the quickest.

    `others_share`: the other way is unaffected, its median at most this share of the quickest answer of `model`.
    """
    slow, quick = _answered(history, model), _answered(history, others)
    if not slow or not quick:
        return inconclusive(expected=f"answers of {model} and of {others}", actual=f"{len(slow)} and {len(quick)}")
    told = (
        f"{min(slow):.2f} s for the quickest of {len(slow)} of {model}; of {others} {min(quick):.2f} s, in the middle {median(quick):.2f} s"
    )
    if min(slow) - min(quick) < at_least_seconds:
        return failed(expected=f"each answer of {model} at least {at_least_seconds:g} s slower than the quickest of {others}", actual=told)
    if others_share is not None and median(quick) > others_share * min(slow):
        return failed(expected=f"those of {others} in at most {others_share:.0%} of the time", actual=told)
    return passed(told)


def _answered(history: History, model: str) -> list[float]:
    chats: list[Operation] = [operation for operation in history.operations() if operation.model == model and operation.is_answered]
    return [operation.seconds for operation in chats]

"""Answers over a slowed network path took longer than those over another path in the same run, by their clients' clocks."""

from __future__ import annotations

from statistics import median

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def slowed(history: History, *, model: str, others: str, at_least_seconds: float, others_share: float | None = None) -> Verdict:
    """The quickest answer of `model` took at least `at_least_seconds` longer than the quickest of `others`.

    `others_share` also limits the median of `others`, as a share of the quickest answer of `model`.
    """
    slow, quick = _answered(history, model), _answered(history, others)
    if not slow or not quick:
        return inconclusive(expected=f"answers of {model} and of {others}", actual=f"{len(slow)} of {model}, {len(quick)} of {others}")
    times = f"the quickest answer of {model} took {min(slow):.2f} s, of {others} {min(quick):.2f} s (median {median(quick):.2f} s)"
    # A busy machine delays some answers. If even the quickest is slow, the fault delayed each of them.
    if min(slow) - min(quick) < at_least_seconds:
        return failed(
            expected=f"each answer of {model} takes at least {at_least_seconds:g} s longer than the quickest of {others}", actual=times
        )
    if others_share is not None and median(quick) > others_share * min(slow):
        return failed(expected=f"the median of {others} is at most {others_share:.0%} of the quickest answer of {model}", actual=times)
    return passed(times)


def _answered(history: History, model: str) -> list[float]:
    chats: list[Operation] = [operation for operation in history.operations() if operation.model == model and operation.is_answered]
    return [operation.seconds for operation in chats]

"""Tokens arrive one by one at the pace of the worker: no component between worker and client buffers them."""

from __future__ import annotations

import itertools

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted

# A stream that the worker emits in less than this many lags looks the same with and without a buffer.
MIN_EMISSION_LAGS = 4


def paced_stream(history: History, *, lag_seconds: float) -> Verdict:
    """`lag_seconds`: how late a token may arrive after its emission, compared with the fastest token of the stream."""
    return worst([_judge_one(history, operation, lag_seconds) for operation in streams(history)])


def _judge_one(history: History, operation: Operation, lag_seconds: float) -> Verdict:
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    emitted = list(end.data.get("emitted") or ()) if end else []
    if len(emitted) != len(operation.tokens) or len(emitted) < 2:
        actual = f"{counted(len(emitted), 'emission time')} for {operation.sentence()}"
        return inconclusive(expected="an emission time in the journal for each token", actual=actual)
    if emitted[-1] - emitted[0] < MIN_EMISSION_LAGS * lag_seconds:
        return inconclusive(
            expected=f"a worker that emits the stream over at least {MIN_EMISSION_LAGS * lag_seconds:g} s",
            actual=f"{emitted[-1] - emitted[0]:.3f} s",
        )
    travel = [token.at - at for token, at in zip(operation.tokens, emitted, strict=True)]
    # The way to the client takes time too. The fastest token shows the least of it.
    lags = [seconds - min(travel) for seconds in travel]
    late = max(range(len(lags)), key=lags.__getitem__)
    if lags[late] > lag_seconds:
        expected = f"each token arrives within {lag_seconds:g} s of its emission, not counting the fastest token's time"
        return failed(
            expected=expected, actual=f"token {late} was {lags[late]:.3f} s late; arrival gaps {_gaps([t.at for t in operation.tokens])}"
        )
    return passed(f"{operation.id}: no token later than {lags[late]:.3f} s")


def _gaps(times: list[float]) -> str:
    return ", ".join(f"{after - before:.3f}" for before, after in itertools.pairwise(times))

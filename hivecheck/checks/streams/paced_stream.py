"""Tokens arrive one by one, at the pace at which the worker emitted them: nobody on the way buffers."""

from __future__ import annotations

import itertools

from hivecheck.checks.facts import end_of, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

# Below this many lags' worth of emission, a buffered stream could not be told from a prompt one.
MIN_EMISSION_LAGS = 4


def paced_stream(history: History, *, lag_seconds: float) -> Verdict:
    """`lag_seconds`: how much later than its emission a token may arrive, compared with the token that travelled fastest."""
    return worst([_judge_one(history, operation, lag_seconds) for operation in streams(history)])


def _judge_one(history: History, operation: Operation, lag_seconds: float) -> Verdict:
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    emitted = list(end.data.get("emitted") or ()) if end else []
    if len(emitted) != len(operation.tokens) or len(emitted) < 2:
        actual = f"{len(emitted)} for {operation.sentence()}"
        return inconclusive(expected="the worker's emission times for every token", actual=actual)
    if emitted[-1] - emitted[0] < MIN_EMISSION_LAGS * lag_seconds:
        return inconclusive(
            expected=f"an emission spread over {MIN_EMISSION_LAGS * lag_seconds:g} s", actual=f"{emitted[-1] - emitted[0]:.3f} s"
        )
    travel = [token.at - at for token, at in zip(operation.tokens, emitted, strict=True)]
    lags = [seconds - min(travel) for seconds in travel]
    late = max(range(len(lags)), key=lags.__getitem__)
    if lags[late] > lag_seconds:
        expected = f"each token within {lag_seconds:g} s of its emission (on top of the fastest one's way)"
        return failed(
            expected=expected, actual=f"token {late} came {lags[late]:.3f} s late; arrival gaps {_gaps([t.at for t in operation.tokens])}"
        )
    return passed(f"{operation.id}: no token later than {lags[late]:.3f} s")


def _gaps(times: list[float]) -> str:
    return ", ".join(f"{after - before:.3f}" for before, after in itertools.pairwise(times))

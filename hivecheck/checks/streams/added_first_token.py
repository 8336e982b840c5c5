"""The gateway adds little to the TTFT, compared with streams that go directly to the worker in the same run."""

from __future__ import annotations

from statistics import quantiles

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed

MIN_STREAMS = 10
DIRECT = "direct"  # the purpose of streams that bypass the gateway


def added_first_token(history: History, *, seconds: float) -> Verdict:
    """`seconds`: the limit of the added time at the lower quartile."""
    through, direct = (_path_times(history, purpose) for purpose in ("chat", DIRECT))
    if min(len(through), len(direct)) < MIN_STREAMS or None in through + direct:
        missing = (through + direct).count(None)
        actual = f"{len(through)} through the gateway, {len(direct)} direct, {missing} of them without a journal"
        return inconclusive(expected=f"at least {MIN_STREAMS} streams on each path, with journals", actual=actual)
    times = [[each for each in path if each is not None] for path in (through, direct)]
    added = _quartile(times[0]) - _quartile(times[1])
    figures = f"{1000 * added:.2f} ms: through the gateway {_figures(times[0])}, direct {_figures(times[1])}"
    if added > seconds:
        return failed(expected=f"the gateway adds at most {1000 * seconds:g} ms to the TTFT", actual=figures)
    return passed(figures)


def _path_times(history: History, purpose: str) -> list[float | None]:
    streams = sorted((one for one in history.operations(purpose) if one.is_stream), key=lambda one: one.started_at)
    # The first stream of a path is left out, because it opens the connection.
    return [_path_time(history, operation) for operation in streams[1:]]


def _path_time(history: History, operation: Operation) -> float | None:
    """Seconds from request to first token, minus the worker's own from arrival to emission."""
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    emitted = end.data.get("emitted") if end else None
    if not operation.tokens or not emitted:
        return None
    # The worker's own time differs from stream to stream, so it is subtracted on both paths.
    return (operation.tokens[0].at - operation.started_at) - (float(emitted[0]) - arrivals[-1].at)


def _quartile(times: list[float]) -> float:
    # A busy machine delays most streams, so the quicker quarter shows the gateway's part.
    return quantiles(times, n=4)[0]


def _figures(times: list[float]) -> str:
    return f"lower quartile {1000 * _quartile(times):.2f} ms, best {1000 * min(times):.2f} ms, worst {1000 * max(times):.2f} ms"

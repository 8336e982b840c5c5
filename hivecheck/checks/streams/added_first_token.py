"""The gateway adds little to the time to the first token, compared with streams taken from the worker itself at the same time."""

from __future__ import annotations

from statistics import quantiles

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed

MIN_STREAMS = 10
DIRECT = "direct"  # the purpose of streams taken from a worker itself


def added_first_token(history: History, *, seconds: float) -> Verdict:
    """`seconds`: what may be added to the stream at the lower quartile.

    Either way the worker's own time does not count. What the machine does besides can only add, and does so to most streams when it is
    busy: the quicker quarter says what the gateway takes. The first stream of each way is left out: it opens the connection.
    """
    through, direct = (_ways(history, purpose) for purpose in ("chat", DIRECT))
    if min(len(through), len(direct)) < MIN_STREAMS or None in through + direct:
        actual = f"{len(through)} and {len(direct)}, {(through + direct).count(None)} of them without"
        return inconclusive(expected=f"{MIN_STREAMS} streams each way with their workers' journals", actual=actual)
    times = [[each for each in way if each is not None] for way in (through, direct)]
    added = _quartile(times[0]) - _quartile(times[1])
    told = f"{1000 * added:.2f} ms: through the gateway {_told(times[0])}, from the worker itself {_told(times[1])}"
    if added > seconds:
        return failed(expected=f"at most {1000 * seconds:g} ms added to the first token", actual=told)
    return passed(told)


def _ways(history: History, purpose: str) -> list[float | None]:
    streams = sorted((one for one in history.operations(purpose) if one.is_stream), key=lambda one: one.started_at)
    return [_way(history, operation) for operation in streams[1:]]


def _way(history: History, operation: Operation) -> float | None:
    """Seconds from request to first token, less the worker's own from arrival to emission."""
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    emitted = end.data.get("emitted") if end else None
    if not operation.tokens or not emitted:
        return None
    return (operation.tokens[0].at - operation.started_at) - (float(emitted[0]) - arrivals[-1].at)


def _quartile(times: list[float]) -> float:
    return quantiles(times, n=4)[0]


def _told(times: list[float]) -> str:
    return f"lower quartile {1000 * _quartile(times):.2f} ms, best {1000 * min(times):.2f} ms, worst {1000 * max(times):.2f} ms"

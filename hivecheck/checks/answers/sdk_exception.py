"""A client library raised this exception for every request, after it had called so often: its retries, counted in the journals."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst

RETRY_COUNT = "x-stainless-retry-count"  # the `openai` package numbers its calls of one request in this header


def sdk_exception(history: History, *, exception: str, calls: int, most: int) -> Verdict:
    """`calls`: how often the library called, as far as workers heard of it; `most`: arrivals at workers, the gateway's retries included."""
    return worst([_judge_one(history, operation, exception, calls, most) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, exception: str, calls: int, most: int) -> Verdict:
    arrivals = history.arrivals(operation)
    numbers = sorted({str(line.data.get("headers", {}).get(RETRY_COUNT)) for line in arrivals})
    wanted_numbers = [str(number) for number in range(calls)]
    expected = f"{exception} after {calls} calls that workers heard of (numbered {wanted_numbers}) and at most {most} arrivals"
    if (operation.raised, numbers) != (exception, wanted_numbers) or len(arrivals) > most:
        actual = f"{operation.raised or 'no exception'}, calls {numbers}, {len(arrivals)} arrivals: {operation.sentence()}"
        return failed(expected=expected, actual=actual)
    return passed(f"{operation.id}: {expected}")

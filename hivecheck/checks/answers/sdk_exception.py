"""A client library raised an exception for every request, after a number of calls (its own retries) counted in the journals."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst
from hivecheck.wording import counted, listed

RETRY_COUNT = "x-stainless-retry-count"  # the `openai` package numbers its calls of one request in this header
MOST_CALLS = 3  # the package makes two retries by default


def sdk_exception(history: History, *, exception: str, calls: int, most: int, says_when_done: bool = True) -> Verdict:
    """`calls`: the library's calls that reached a worker. `most`: the limit of arrivals, the gateway's retries included.

    `says_when_done`: whether a target's gateway sends `x-should-retry: false`. Without it the library makes its own retries as well.
    """
    return worst([_judge_one(history, operation, exception, calls, most, says_when_done) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, exception: str, calls: int, most: int, says_when_done: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    numbers = sorted({str(line.data.get("headers", {}).get(RETRY_COUNT)) for line in arrivals})
    if calls and not says_when_done:
        made = min(max(len(numbers), calls), MOST_CALLS)
        calls, most = made, most * made
    expected_numbers = [str(number) for number in range(calls)]
    expected = f"{exception} after {counted(calls, 'call')} (numbered {listed(expected_numbers)}) and at most {counted(most, 'arrival')}"
    if (operation.raised, numbers) != (exception, expected_numbers) or len(arrivals) > most:
        actual = (
            f"{operation.raised or 'no exception'}, calls {listed(numbers)}, {counted(len(arrivals), 'arrival')}: {operation.sentence()}"
        )
        return failed(expected=expected, actual=actual)
    return passed(f"{operation.id}: {expected}")

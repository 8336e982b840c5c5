"""Every request ended within a time limit, or every stream outlasted a limit that must not apply to it."""

from __future__ import annotations

from hivecheck.checks.facts import streams
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted, listed

LISTED = 10  # times in a message


def within_time(history: History, *, seconds: float) -> Verdict:
    """Every request was answered, from its start to its last byte, within `seconds`."""
    operations = history.operations()
    if not operations:
        return inconclusive(expected="at least one request", actual="no request was sent")
    # A request that failed at once must not hide behind a slow answer, so a failure comes first.
    slowest = max(operations, key=lambda operation: (not operation.is_answered, operation.seconds))
    if not slowest.is_answered or slowest.seconds > seconds:
        return failed(
            expected=f"every request is answered within {seconds:g} s", actual=f"{slowest.seconds:.2f} s for {slowest.sentence()}"
        )
    return passed(f"the slowest answer took {slowest.seconds:.2f} s")


def ended_in_time(history: History, *, purpose: str, seconds: float) -> Verdict:
    """Every request of the batch ended within `seconds`, by an answer, a refusal or a cut connection."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"at least one request of {purpose}", actual="none was sent")
    slowest = max(operations, key=lambda operation: operation.seconds)
    if slowest.seconds > seconds:
        return failed(expected=f"every request ends within {seconds:g} s", actual=f"{slowest.seconds:.2f} s for {slowest.sentence()}")
    return passed(f"the slowest request took {slowest.seconds:.2f} s")


def outlasted(history: History, *, seconds: float, is_one_enough: bool = False) -> Verdict:
    """Every stream is whole, and each or one took longer than `seconds`. A shorter one does not show whether the limit applies."""
    all_streams = streams(history)
    if cut := [stream for stream in all_streams if not stream.is_answered]:
        return failed(expected="every stream is whole", actual=cut[0].sentence())
    long = [stream for stream in all_streams if stream.seconds > seconds]
    if not long or (len(long) < len(all_streams) and not is_one_enough):
        times = listed(f"{took:.2f} s" for took in sorted(stream.seconds for stream in all_streams)[-LISTED:])
        return inconclusive(expected=f"streams that take longer than {seconds:g} s", actual=f"streams of {times}")
    return passed(f"{counted(len(long), 'stream')} longer than {seconds:g} s, of {len(all_streams)}")

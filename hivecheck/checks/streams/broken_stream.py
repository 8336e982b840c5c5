"""An answer that broke off shows it to its client: no finish reason, no [DONE], and an error event or a cut body."""

from __future__ import annotations

from hivecheck.checks.facts import order_fault, streams
from hivecheck.checks.standard import Codes, has_code
from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted

VISIBLE = "a broken stream has no finish reason, no [DONE], and an error event or a cut body"


def broken_stream(history: History, *, code: str | None = None, codes: Codes | None = None) -> Verdict:
    """Judges every stream of the scenario. A stream without a token did not break in its middle. `code`: of the error event.

    `codes`: those of the dialect of a target. With them a cut body is as good as an error event.
    """
    return worst([_judge_stream(operation, code, codes) for operation in streams(history)])


def _judge_stream(operation: Operation, code: str | None, codes: Codes | None) -> Verdict:
    if not operation.tokens:
        return inconclusive(expected="a stream that breaks off after its first token", actual=operation.sentence())
    if fault := order_fault(operation):
        return failed(expected="the tokens before the break are in order", actual=f"{operation.sentence()}: {fault}")
    is_visible = bool(operation.stream_error or operation.error)
    if operation.saw_done or operation.finish_reason or not is_visible:
        return failed(expected=VISIBLE, actual=operation.sentence())
    is_cut_only = codes is not None and operation.stream_error is None
    if code and not is_cut_only and not has_code((operation.stream_error or {}).get("code"), code, codes):
        return failed(expected=f"the stream ends with error event {code}", actual=operation.sentence())
    return passed(f"{operation.sentence()}: the break is visible")


def broke_off(history: History, *, purpose: str, seconds: float, code: str | None = None, codes: Codes | None = None) -> Verdict:
    """Every answer of the batch broke off visibly and in time, streams and unary answers, and reached one worker once.

    `code` is the code of the error event of streams. `seconds` counts from the last token, or from the headers of a unary answer.
    `codes`: those of the dialect of a target. With them a cut body or an error event is enough. The reference sends both.
    """
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"at least one request of {purpose}", actual="none was sent")
    return worst([_judge_answer(history, operation, seconds, code, codes) for operation in operations])


def _judge_answer(history: History, operation: Operation, seconds: float, code: str | None, codes: Codes | None) -> Verdict:
    begun = operation.tokens[-1].at if operation.tokens else operation.headers_at
    if operation.status != 200 or begun is None or operation.ended_at is None or (operation.is_stream and not operation.tokens):
        return failed(expected=f"the answer to {operation.id} begins before it breaks off", actual=operation.sentence())
    event = (operation.stream_error or {}).get("code")
    arrivals = len(history.arrivals(operation))
    rules = {
        "the body ended cleanly": bool(operation.error) or (codes is not None and operation.stream_error is not None),
        "it has an end marker": not operation.saw_done,
        "it has a finish reason": not operation.finish_reason,
        f"the error event is {event}": has_code(event, code, codes) or (codes is not None and operation.stream_error is None),
        f"{order_fault(operation)}": not operation.is_stream or order_fault(operation) is None,
        f"it ended {operation.ended_at - begun:.2f} s after its last byte": operation.ended_at - begun <= seconds,
        f"{counted(arrivals, 'arrival')}": arrivals == 1,
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        expected = f"a cut body with error event {code} and without end marker, within {seconds:g} s, after one arrival"
        return failed(expected=expected, actual=f"{'; '.join(found)}: {operation.sentence()}")
    return passed(f"{operation.id}: broke off visibly")


def unaffected(history: History, *, what: str = "killed", codes: Codes | None = None) -> Verdict:
    """The streams of the worker that was killed broke off visibly, and every other stream is whole. Both kinds must exist."""
    dead = {event.node for event in history.acts() if event.data.get("what") == what}
    sides: dict[bool, History] = {True: History(), False: History()}
    for stream in streams(history):
        places = {line.node for line in history.arrivals(stream)}
        sides[bool(places & dead)].record(stream)
    if not all(side.operations() for side in sides.values()):
        lost, others = (counted(len(sides[is_lost].operations()), "stream") for is_lost in (True, False))
        expected = f"a stream of a worker that was {what} and a stream of another worker"
        return inconclusive(expected=expected, actual=f"{lost} of such a worker, {others} of others")
    return worst([broken_stream(sides[True], codes=codes), whole_stream(_with_events(history, sides[False]))])


def _with_events(whole: History, side: History) -> History:
    for event in whole.events():
        side.record(event)
    return side

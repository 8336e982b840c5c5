"""Every intruder got a 4xx error object and a request id in time, never 408 or 409, and no worker heard of any of them."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

HOSTILE = "hostile"
FIELDS = {"message", "type", "param", "code"}
REPEATED = (408, 409)  # what clients send again, for ever
MOST_ECHOED = 1024


def turned_away(history: History, *, seconds: float, status: int | None = None) -> Verdict:
    """`seconds`: how long each of them may have been waited on; `status`: of the answer, None for any that means a refusal.

    What other clients sent is looked at for arrivals only.
    """
    intruders = history.operations(HOSTILE)
    if not intruders:
        return inconclusive(expected="intruders", actual="nobody came")
    known = {operation.id for operation in history.operations()}
    strange = [line.data.get("request_id") for line in history.journal("arrival") if line.data.get("request_id") not in known]
    if strange:
        return failed(expected="no arrival of an intruder's request at a worker", actual=f"{len(strange)}: {strange[:5]}")
    return worst([_judge_one(operation, seconds, status) for operation in intruders])


def _judge_one(operation: Operation, seconds: float, status: int | None) -> Verdict:
    error = operation.error_object()
    rules = {
        operation.error or "": operation.error is None,
        f"status is {operation.status}": operation.status in range(400, 500) and operation.status not in REPEATED,
        f"status is {operation.status}, not {status}": status in (None, operation.status),
        f"no error object but {str(operation.body)[:200] or operation.raw[:200]!r}": set(error) == FIELDS and bool(error.get("message")),
        "it repeats what was sent": len(str(error.get("message"))) <= MOST_ECHOED,
        "no request id": operation.header("X-Request-Id"),
        f"took {operation.seconds:.2f} s": operation.seconds <= seconds,
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        return failed(
            expected=f"a 4xx error object within {seconds:g} s for {operation.path}", actual=f"{'; '.join(found)}: {operation.sentence()}"
        )
    return passed(f"{operation.path}: {operation.status}")

"""How a batch ended: some requests answered, the others refused with one status and code, and a number of arrivals at workers."""

from __future__ import annotations

from hivecheck.checks.facts import Workers, discourages_retry, is_useful_retry_after, without_alternative
from hivecheck.checks.standard import Codes, has_code, has_status
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import agreeing, counted

DRAINING = "draining"


def batch_outcome(
    history: History,
    *,
    purpose: str,
    answered: int,
    status: int | None = None,
    code: str | None = None,
    hits: tuple[int, int] | None = None,
    workers: Workers,
    codes: Codes | None = None,
    says_when_done: bool = True,
    refuses_when_draining: bool = False,
) -> Verdict:
    """`hits`: the least and the greatest number of arrivals in all journals. A refusal with 503 must have Retry-After.

    `workers`: worker -> its models. A greatest number above the number of requests limits the retries at other workers. So each refused
    request that reached a worker needs a second one there. A gateway can send a request again to the same worker in any case.
    `codes`, `says_when_done` and `refuses_when_draining` are the dialect of a target. The defaults are those of the reference.
    """
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"at least one request of {purpose}", actual="none was sent")
    requests = counted(len(operations), "request")
    good = [operation for operation in operations if operation.is_answered]
    if len(good) != answered:
        bad = next((operation.sentence() for operation in operations if operation not in good), "none")
        return failed(
            expected=f"{answered} of {requests} {agreeing(answered, 'is', 'are')} answered", actual=f"{len(good)}; the first refusal: {bad}"
        )
    for operation in operations:
        if refuses_when_draining and code == DRAINING and operation.status is None and operation.error:
            continue  # a closed socket takes nothing new either
        if operation not in good and (fault := _fault(operation, status, code, bool(history.arrivals(operation)), codes, says_when_done)):
            return failed(expected=f"the other requests are refused with {status} {code}", actual=f"{fault}: {operation.sentence()}")
    arrived = sum(len(history.arrivals(operation)) for operation in operations)
    if hits and not hits[0] <= arrived <= hits[1]:
        return failed(expected=f"{hits[0]} to {hits[1]} arrivals at workers", actual=f"{arrived}")
    tried = [operation for operation in operations if operation not in good and history.arrivals(operation)]
    if hits and hits[1] > len(operations) and (alone := without_alternative(tried, workers)):
        return alone
    return passed(f"{answered} of {requests} answered, {counted(arrived, 'arrival')} at workers")


def _fault(
    operation: Operation, status: int | None, code: str | None, has_arrived: bool, codes: Codes | None, says_when_done: bool
) -> str | None:
    actual = operation.status, operation.error_object().get("code")
    if not has_status(actual[0], status, codes) or not has_code(actual[1], code, codes):
        return f"{actual[0]} {actual[1]}"
    # Without Retry-After the `openai` SDK tries again after 0.5 s, into the same overload.
    if status == 503 and says_when_done and not is_useful_retry_after(operation):
        return f"Retry-After {operation.header('Retry-After')!r}"
    # A worker may have begun the work of a request that a stopping gateway refuses, and an SDK would have it done twice.
    if code == DRAINING and says_when_done and (operation.header("X-Should-Retry") == "false") is not has_arrived:
        return f"X-Should-Retry {operation.header('X-Should-Retry')!r}, {'after an arrival' if has_arrived else 'without an arrival'}"
    if discourages_retry(operation):
        return "X-Should-Retry 'false' after one attempt at a busy worker"
    return None

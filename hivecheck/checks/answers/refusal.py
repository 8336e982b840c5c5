"""Every request was refused by a well-formed OpenAI error object: a request of a client, or one of a hostile client."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.checks.facts import Workers, discourages_retry, is_useful_retry_after
from hivecheck.checks.standard import ECHO, Codes, has_code, has_param, has_status, is_identified, media_type
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed, worst
from hivecheck.wording import counted, listed

# None is a valid `param` of an error, so it cannot stand for any value.
ANY = object()
HOSTILE = "hostile"
# The `openai` SDK reads type and code from these fields. With a text body they are lost in every SDK.
FIELDS = {"message", "type", "param", "code"}
RETRIED = (408, 409)  # the `openai` SDK retries both, so a hostile request would come again
MOST_ECHOED = 1024


@dataclass(frozen=True)
class _Words:
    """How a gateway words its refusals, where no standard decides."""

    codes: Codes | None
    request_id: str
    says_when_done: bool


def refusal(
    history: History,
    *,
    status: int,
    code: str,
    param: object = ANY,
    has_retry_after: bool = False,
    codes: Codes | None = None,
    request_id: str = ECHO,
    says_when_done: bool = True,
) -> Verdict:
    """`param`: the parameter that the error names, None for none, ANY to accept all. `has_retry_after` demands that header.

    `codes`, `request_id` and `says_when_done` are the dialect of a target. The defaults are those of the reference.
    """
    words = _Words(codes, request_id, says_when_done)
    return worst([_judge_refusal(operation, status, code, param, has_retry_after, words) for operation in history.operations()])


def _judge_refusal(operation: Operation, status: int, code: str, param: object, has_retry_after: bool, words: _Words) -> Verdict:
    error = operation.error_object()
    rules = {
        f"the status is {operation.status}": has_status(operation.status, status, words.codes),
        f"the code is {error.get('code')!r}": has_code(error.get("code"), code, words.codes),
        "the error has no code field": "code" in error,
        "the error has no message": isinstance(error.get("message"), str) and error.get("message"),
        "the error has no type": isinstance(error.get("type"), str) and error.get("type"),
        "the error has no param field": "param" in error,
        f"the content type is {operation.header('Content-Type')!r}": _is_json(operation),
        f"the param is {error.get('param')!r}, not {param!r}": param is ANY or has_param(error, param, words.codes),
        f"Retry-After is {operation.header('Retry-After') or ''!r}": (
            not (has_retry_after and words.says_when_done) or is_useful_retry_after(operation)
        ),
        "X-Should-Retry is 'false' after one attempt at a busy worker": not discourages_retry(operation),
        f"X-Request-Id is {operation.header('X-Request-Id')!r}": is_identified(operation, words.request_id),
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        expected = f"{operation.id} is refused with status {status} and an OpenAI error of code {code}"
        return failed(expected=expected, actual=f"{'; '.join(found)}: {operation.sentence()}")
    return passed(f"{operation.id}: refused with {status} {code}")


def hostile_refused(history: History, *, seconds: float, workers: Workers, status: int | None = None) -> Verdict:
    """Every hostile request got a 4xx error object within `seconds`, and no worker received one.

    `workers`: worker -> its models. `status` is the status of the answer. None accepts every 4xx status that clients do not retry.
    """
    hostile = history.operations(HOSTILE)
    if not hostile:
        return inconclusive(expected="requests of hostile clients", actual="none was sent")
    known = {operation.id for operation in history.operations()}
    strange = [line.data.get("request_id") for line in history.journal("arrival") if line.data.get("request_id") not in known]
    if strange:
        actual = f"{counted(len(strange), 'arrival')} in the journals: {listed(strange[:5])}"
        return failed(expected="no worker receives a request of a hostile client", actual=actual)
    if not workers:
        return no_room(expected="a worker that could receive a hostile request", actual="the stack has none")
    return worst([_judge_hostile(operation, seconds, status) for operation in hostile])


def _judge_hostile(operation: Operation, seconds: float, status: int | None) -> Verdict:
    error = operation.error_object()
    rules = {
        operation.error or "": operation.error is None,
        f"the status is {operation.status}": operation.status in range(400, 500) and operation.status not in RETRIED,
        f"the status is {operation.status}, not {status}": status in (None, operation.status),
        f"no error object but {str(operation.body)[:200] or operation.raw[:200]!r}": set(error) == FIELDS and bool(error.get("message")),
        f"the message echoes more than {MOST_ECHOED} characters": len(str(error.get("message"))) <= MOST_ECHOED,
        "no request id": operation.header("X-Request-Id"),
        f"the content type is {operation.header('Content-Type')!r}": _is_json(operation),
        f"it took {operation.seconds:.2f} s": operation.seconds <= seconds,
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        expected = f"a 4xx error object within {seconds:g} s for {operation.path}"
        return failed(expected=expected, actual=f"{'; '.join(found)}: {operation.sentence()}")
    return passed(f"{operation.path}: {operation.status}")


def _is_json(operation: Operation) -> bool:
    """Whether the response says so. An SDK reads no error object from another media type. Parameters such as a charset are allowed."""
    return (media_type(operation.header("Content-Type")) or "").partition(";")[0] == "application/json"

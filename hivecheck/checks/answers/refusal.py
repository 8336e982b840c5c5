"""Every request was refused with this status, as an OpenAI error object with this code, and with the request's own id."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst

ANY = object()


def refusal(history: History, *, status: int, code: str, param: object = ANY, has_retry_after: bool = False) -> Verdict:
    """`param`: the parameter at fault, None for none, ANY not to look; `has_retry_after`: the answer must say when to come back."""
    return worst([_judge_one(operation, status, code, param, has_retry_after) for operation in history.operations()])


def _judge_one(operation: Operation, status: int, code: str, param: object, has_retry_after: bool) -> Verdict:
    error = operation.error_object()
    retry_after = operation.header("Retry-After") or ""
    rules = {
        f"status is {operation.status}": operation.status == status,
        f"code is {error.get('code')!r}": error.get("code") == code,
        "no message": isinstance(error.get("message"), str) and error.get("message"),
        "no type": isinstance(error.get("type"), str) and error.get("type"),
        "no param field": "param" in error,
        f"param is {error.get('param')!r}, not {param!r}": param is ANY or error.get("param") == param,
        f"Retry-After is {retry_after!r}": not has_retry_after or retry_after.isdigit(),
        f"X-Request-Id is {operation.header('X-Request-Id')!r}": operation.header("X-Request-Id") == operation.id,
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        return failed(expected=f"status {status}, an OpenAI error of code {code}", actual=f"{'; '.join(found)}: {operation.sentence()}")
    return passed(f"{operation.id}: refused with {status} {code}")

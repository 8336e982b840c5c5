"""What public standards say about an answer, apart from the words and habits of one gateway. No check itself.

The sources are the error object and the debugging headers of OpenAI's API reference, and RFC 9110 for status codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from hivecheck.history import Operation

ECHO, OWN = "echo", "own"  # a request id that the client chose, or one of the gateway in the same header
REQUEST_ID = "X-Request-Id"
# A mapping of none: each code is legal, because OpenAI's reference lists no codes.
Codes = Mapping[str, str]
# The `openai` SDK raises an exception of its own for each of these. For all others the class of the status decides (RFC 9110, 15).
OF_ONE_MEANING = frozenset((401, 403, 404, 408, 409, 429))


def is_identified(operation: Operation, request_id: str) -> bool:
    """Whether the answer has a request id: the client's (`echo`), the gateway's (`own`), or one in the header of that name."""
    if request_id == ECHO:
        return operation.header(REQUEST_ID) == operation.id
    return bool(operation.header(REQUEST_ID if request_id == OWN else request_id))


def has_status(actual: int | None, expected: int | None, codes: Codes | None) -> bool:
    """Whether a status means the expected one. Without `codes` of a dialect it must be the same."""
    if codes is None or actual is None or expected is None:
        return actual == expected
    if {actual, expected} & OF_ONE_MEANING:
        return actual == expected
    return actual // 100 == expected // 100


def has_code(actual: object, expected: str | None, codes: Codes | None) -> bool:
    """Whether a code is the expected one, or the one that the dialect has for it. A dialect without one for it accepts each."""
    if codes is None:
        return actual == expected
    return expected is None or expected not in codes or actual == codes[expected]


def has_param(error: Mapping[str, object], expected: object, codes: Codes | None) -> bool:
    """Whether the error names the parameter. By the schema `param` can be null, so another dialect may name none, but no other one."""
    actual = error.get("param")
    if codes is None or not isinstance(expected, str):
        return actual == expected or codes is not None
    return actual is None or _first(actual) == _first(expected)


def media_type(header: str | None) -> str | None:
    """A media type without the differences that mean nothing: case, spaces, and the charset of a type that has no other."""
    if header is None:
        return None
    # RFC 9110, 8.3.1, compares without case. JSON (RFC 8259, 8.1) and event streams (HTML, 9.2) are UTF-8 in any case.
    return ";".join(part for part in header.lower().replace(" ", "").replace('"', "").split(";") if part not in {"", "charset=utf-8"})


def _first(param: object) -> str:
    """The field of the body that a parameter belongs to: `messages` of `messages[0].role`."""
    return str(param).partition(".")[0].partition("[")[0]

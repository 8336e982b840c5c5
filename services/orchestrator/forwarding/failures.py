"""Attempts that did not work, and what the client is told when none did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from multidict import CIMultiDict

from services import wire
from services.api_errors import ApiError

RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
BACKPRESSURE_STATUSES = frozenset({429, 503})

# What a client would misread if a worker's status came through: SDKs retry 408 and 409, and a 401 here is not about the client's key.
_MISLEADING = {401: "upstream_protocol_error", 408: "upstream_timeout", 409: "upstream_protocol_error"}
_CODE_OF_STATUS = {500: "upstream_protocol_error", 502: "upstream_disconnected", 503: "no_available_workers", 504: "upstream_timeout"}
CODE_OF_KIND = {
    "pool": "no_available_workers",
    "connect": "no_available_workers",
    "disconnect": "upstream_disconnected",
    "timeout": "upstream_timeout",
    "protocol": "upstream_protocol_error",
}

_ERROR_BODY = msgspec.json.Decoder(wire.ErrorBody)


@dataclass(frozen=True)
class Failure:
    """One failed attempt.

    `kind`: pool (no connection of ours was free), connect, disconnect, timeout, protocol (transport) or status (the worker answered
    with an error).
    """

    worker_id: str
    kind: str
    detail: str
    status: int = 0
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: bytes = b""

    @property
    def is_unreachable(self) -> bool:
        """Whether the way to the worker failed: ours to it, or its hive's, which answers 502, 503 or 504 then."""
        return self.status in (502, 503, 504) if self.kind == "status" else self.kind != "pool"

    @property
    def is_busy(self) -> bool:
        """Whether the worker is well, and only had no room for this request."""
        return self.kind == "pool" or self.status == 429

    @property
    def definite(self) -> bool:
        """Whether the worker surely did not begin the work: never reached, or turned away at its door."""
        return self.kind in ("pool", "connect") or self.status == 429


@dataclass(frozen=True)
class Refusal:
    """An error answer of a worker as it may go to the client."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


def verdict(failures: Sequence[Failure]) -> Refusal | ApiError:
    """What the client gets after the last attempt.

    The failure that may have had an effect speaks first, so that nobody repeats a request in the belief that nothing happened.
    """
    speaker = next((one for one in reversed(failures) if not one.definite), None)
    speaker = speaker or next((one for one in reversed(failures) if one.status == 429), failures[-1])
    answer = refusal(speaker)
    is_worth_another_call = (speaker.status == 429 and len(failures) == 1) or all(one.kind == "pool" for one in failures)
    if not is_worth_another_call:
        answer.headers[wire.SHOULD_RETRY] = "false"
    return answer


def refusal(failure: Failure) -> Refusal | ApiError:
    """One failure in OpenAI's words: the worker's own where they have that shape."""
    answer = _worded(failure)
    answer.headers.setdefault(wire.WORKER_ID, failure.worker_id)
    if failure.status in _MISLEADING:
        answer.headers[wire.SHOULD_RETRY] = "false"  # the worker has refused: another call would only be refused again
    return answer


def _worded(failure: Failure) -> Refusal | ApiError:
    if failure.kind != "status":
        return _own_words(CODE_OF_KIND[failure.kind], failure)
    if misread := _MISLEADING.get(failure.status):
        return _own_words(misread, failure)
    if _is_error_body(failure.body):
        return Refusal(failure.status, failure.headers, failure.body)
    if code := _CODE_OF_STATUS.get(failure.status):
        return _own_words(code, failure)
    return _reworded(failure)


def _is_error_body(body: bytes) -> bool:
    """Whether SDKs can read it: `{"error": {"message", "type", ...}}`."""
    try:
        _ERROR_BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _own_words(code: str, failure: Failure) -> ApiError:
    error = ApiError(code, f"The worker failed to answer ({failure.detail}).")
    if error.status == 503:
        error.headers[wire.RETRY_AFTER] = failure.headers.get(wire.RETRY_AFTER, "1")
    return error


def _reworded(failure: Failure) -> Refusal:
    """The worker's status, with a body that SDKs can read."""
    kind = "rate_limit_error" if failure.status == 429 else "invalid_request_error" if failure.status < 500 else "upstream_error"
    code = "rate_limit_exceeded" if failure.status == 429 else "upstream_protocol_error"
    detail = wire.ErrorDetail(message=f"The worker refused the request ({failure.detail}).", type=kind, code=code)
    headers = failure.headers.copy()
    headers["Content-Type"] = "application/json"
    headers.popall("Content-Encoding", None)
    return Refusal(failure.status, headers, msgspec.json.encode(wire.ErrorBody(error=detail)))

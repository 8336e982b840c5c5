"""Failed attempts, and the error answer that the client receives after the last one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from multidict import CIMultiDict

from services import wire
from services.api_errors import ApiError

RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
BACKPRESSURE_STATUSES = frozenset({429, 503})

# Statuses that a client would misread. The openai SDK retries 408 and 409, and a 401 of a worker is not about the client's key.
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

    `kind` is pool (no pooled connection was free), connect, disconnect, timeout, protocol, or status (the worker answered with an error).
    """

    worker_id: str
    kind: str
    detail: str
    status: int = 0
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: bytes = b""

    @property
    def is_unreachable(self) -> bool:
        """Whether the worker was unreachable, from the gateway or from its hive. A hive then answers 502, 503 or 504."""
        return self.status in (502, 503, 504) if self.kind == "status" else self.kind != "pool"

    @property
    def is_busy(self) -> bool:
        """Whether the worker is healthy and had no capacity for this request."""
        return self.kind == "pool" or self.status == 429

    @property
    def definite(self) -> bool:
        """Whether the worker surely did not start the work: it was not reached, or it rejected the request."""
        return self.kind in ("pool", "connect") or self.status == 429


@dataclass(frozen=True)
class Refusal:
    """An error answer of a worker, in the form for the client."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


def error_answer(failures: Sequence[Failure]) -> Refusal | ApiError:
    """The error answer after the last attempt. It reports an indefinite failure first, if there is one."""
    # An indefinite failure may have had an effect. A client that sees a definite one instead would repeat the request.
    decisive = next((one for one in reversed(failures) if not one.definite), None)
    decisive = decisive or next((one for one in reversed(failures) if one.status == 429), failures[-1])
    answer = refusal(decisive)
    is_worth_another_call = (decisive.status == 429 and len(failures) == 1) or all(one.kind == "pool" for one in failures)
    if not is_worth_another_call:
        answer.headers[wire.SHOULD_RETRY] = "false"
    return answer


def refusal(failure: Failure) -> Refusal | ApiError:
    """One failure as an OpenAI error. It keeps the worker's body if that has the OpenAI shape."""
    answer = _translated(failure)
    answer.headers.setdefault(wire.WORKER_ID, failure.worker_id)
    if failure.status in _MISLEADING:
        answer.headers[wire.SHOULD_RETRY] = "false"  # The worker would reject the same request again.
    return answer


def _translated(failure: Failure) -> Refusal | ApiError:
    if failure.kind != "status":
        return _gateway_error(CODE_OF_KIND[failure.kind], failure)
    if misread := _MISLEADING.get(failure.status):
        return _gateway_error(misread, failure)
    if _is_error_body(failure.body):
        return Refusal(failure.status, failure.headers, failure.body)
    if code := _CODE_OF_STATUS.get(failure.status):
        return _gateway_error(code, failure)
    return _standard_body(failure)


def _is_error_body(body: bytes) -> bool:
    """Whether a body has the OpenAI shape that SDKs read: `{"error": {"message", "type", ...}}`."""
    try:
        _ERROR_BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _gateway_error(code: str, failure: Failure) -> ApiError:
    error = ApiError(code, f"The worker failed to answer ({failure.detail}).")
    if error.status == 503:
        error.headers[wire.RETRY_AFTER] = failure.headers.get(wire.RETRY_AFTER, "1")
    return error


def _standard_body(failure: Failure) -> Refusal:
    """The worker's status, with a body of the OpenAI shape."""
    kind = "rate_limit_error" if failure.status == 429 else "invalid_request_error" if failure.status < 500 else "upstream_error"
    code = "rate_limit_exceeded" if failure.status == 429 else "upstream_protocol_error"
    detail = wire.ErrorDetail(message=f"The worker refused the request ({failure.detail}).", type=kind, code=code)
    headers = failure.headers.copy()
    headers["Content-Type"] = "application/json"
    return Refusal(failure.status, headers, msgspec.json.encode(wire.ErrorBody(error=detail)))

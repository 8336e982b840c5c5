"""Errors that clients receive: one exception with an OpenAI error object, and the only table of codes. Not for internal failures."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from services import wire


@dataclass(frozen=True)
class ErrorCode:
    """`definite`: the request certainly had no effect upstream, so a retry cannot execute it twice."""

    status: int
    type: str
    definite: bool


# The gateway's status policy: it never uses 408 and 409 on /v1, because the OpenAI SDKs retry both.
CODES: dict[str, ErrorCode] = {
    "invalid_request": ErrorCode(400, "invalid_request_error", definite=True),
    "invalid_json": ErrorCode(400, "invalid_request_error", definite=True),
    "invalid_api_key": ErrorCode(401, "authentication_error", definite=True),
    "invalid_cluster_token": ErrorCode(401, "authentication_error", definite=True),
    "model_not_allowed": ErrorCode(403, "permission_error", definite=True),
    "model_not_found": ErrorCode(404, "invalid_request_error", definite=True),
    "not_found": ErrorCode(404, "invalid_request_error", definite=True),
    "method_not_allowed": ErrorCode(405, "invalid_request_error", definite=True),
    "conflict": ErrorCode(409, "conflict_error", definite=True),  # registry and hive only
    "stale_epoch": ErrorCode(409, "conflict_error", definite=True),  # registry only
    "request_too_large": ErrorCode(413, "invalid_request_error", definite=True),
    "queue_full": ErrorCode(429, "rate_limit_error", definite=True),
    "rate_limit_exceeded": ErrorCode(429, "rate_limit_error", definite=True),
    "internal_error": ErrorCode(500, "server_error", definite=False),
    "upstream_disconnected": ErrorCode(502, "upstream_error", definite=False),
    "upstream_protocol_error": ErrorCode(502, "upstream_error", definite=False),
    "no_available_workers": ErrorCode(503, "service_unavailable_error", definite=True),
    "draining": ErrorCode(503, "service_unavailable_error", definite=True),
    "not_ready": ErrorCode(503, "service_unavailable_error", definite=True),
    "model_loading": ErrorCode(503, "service_unavailable_error", definite=True),
    "model_unavailable": ErrorCode(503, "service_unavailable_error", definite=True),
    "model_hub_unavailable": ErrorCode(503, "service_unavailable_error", definite=True),
    "not_enough_memory": ErrorCode(503, "service_unavailable_error", definite=True),  # worker only
    "upstream_timeout": ErrorCode(504, "upstream_error", definite=False),
    "insufficient_storage": ErrorCode(507, "server_error", definite=True),
}


@dataclass
class ApiError(Exception):
    """Any handler may raise it. `service.py` turns it into the response."""

    code: str
    message: str
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(f"{self.code}: {self.message}")

    @property
    def status(self) -> int:
        return CODES[self.code].status

    @property
    def definite(self) -> bool:
        return CODES[self.code].definite

    def body(self) -> bytes:
        """The JSON body, `{"error": {...}}`."""
        detail = wire.ErrorDetail(message=self.message, type=CODES[self.code].type, param=self.param, code=self.code)
        return msgspec.json.encode(wire.ErrorBody(error=detail))

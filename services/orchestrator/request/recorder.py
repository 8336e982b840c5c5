"""Records the end of each client request exactly once: in-flight counter, ledger, statistics, metrics and log line."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from types import TracebackType

from aiohttp import web

from services import logs
from services.api_errors import ApiError
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.request.metrics import Metrics
from services.orchestrator.request.stats import Stats
from services.orchestrator.usage.ledger import Ledger, Row
from services.orchestrator.usage.ledger_entry import LedgerEntry
from services.orchestrator.usage.usage_request import upstream_body
from services.service import REQUEST_ID

log = logging.getLogger("services.orchestrator.request")

CLIENT_GONE_STATUS = 499  # As in nginx. It appears in logs and metrics only, because the client has closed its connection.


@dataclass(frozen=True)
class RequestRecorder:
    """Opens the records of client requests and their ledger entries."""

    in_flight: InFlight
    stats: Stats
    metrics: Metrics
    ledger: Ledger

    def open(self, request: web.Request) -> RecordedRequest:
        """The record of one client request, for the length of a `with` block."""
        return RecordedRequest(self, RequestContext(request))

    def open_entry(self, context: RequestContext, body: bytes) -> bytes:
        """Open the ledger entry, once model and client are known. Returns the body to send to the worker."""
        assert context.identity is not None
        identity, request = context.identity, context.request
        row = Row(self.ledger.next_id(), request[REQUEST_ID], identity.subject, identity.tenant, context.model, request.path)
        upstream = upstream_body(request.path, body)
        context.ledger_entry = LedgerEntry(self.ledger, upstream, row)
        return upstream.body

    def count_retry(self) -> None:
        self.stats.retries_total += 1
        self.metrics.retried()


class RecordedRequest:
    """Counts one request from the start of its block and settles it at the end."""

    __slots__ = ("_guard", "_recorder", "context")

    def __init__(self, recorder: RequestRecorder, context: RequestContext) -> None:
        self._recorder = recorder
        self._guard = recorder.in_flight.request()
        self.context = context

    def __enter__(self) -> RequestContext:
        self._guard.__enter__()
        return self.context

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._guard.__exit__(kind, error, trace)
        if error is not None:
            self.context.status, self.context.outcome = _status_and_outcome(error)
        if isinstance(error, ApiError):
            error.headers.update(self.context.timing_headers())
        if self.context.ledger_entry is not None:
            self.context.ledger_entry.settle(self.context.status, self.context.outcome)
        self._recorder.stats.count(self.context)
        self._recorder.metrics.count(self.context)
        _write_line(self.context)


def _status_and_outcome(error: BaseException) -> tuple[int, str]:
    """Status and outcome of a request that ended by an exception."""
    if isinstance(error, ApiError):
        return error.status, "error"
    if isinstance(error, web.HTTPException):
        return error.status, "error"
    # aiohttp cancels the handler of a client that disconnects. A write to its connection raises ConnectionError.
    if isinstance(error, (asyncio.CancelledError, ConnectionError)):
        return CLIENT_GONE_STATUS, "client_gone"
    return 500, "error"


def _write_line(context: RequestContext) -> None:
    logs.event(
        log,
        "request",
        subject=context.identity.subject if context.identity else None,
        tenant=context.identity.tenant if context.identity else None,
        model=context.model,
        path=context.request.path,
        status=context.status,
        worker=context.worker_id or None,
        attempts=context.attempts,
        seconds=round(context.elapsed_seconds(), 6),
        ttft_seconds=None if context.ttft_seconds is None else round(context.ttft_seconds, 6),
        outcome=context.outcome,
        **context.timeline.fields(),
    )

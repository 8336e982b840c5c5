"""The one place where a client request ends: in-flight, stats, metrics and log line, exactly once, whatever happened."""

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
from services.orchestrator.usage.usage_request import ask
from services.service import REQUEST_ID

log = logging.getLogger("services.orchestrator.request")

CLIENT_GONE_STATUS = 499  # nginx's number; for logs and counters only, nobody is there to get it


@dataclass(frozen=True)
class RequestRecorder:
    """Where requests are entered."""

    in_flight: InFlight
    stats: Stats
    metrics: Metrics
    ledger: Ledger

    def open(self, request: web.Request) -> RecordedRequest:
        """The entry of one client request, for the length of a `with` block."""
        return RecordedRequest(self, RequestContext(request))

    def book(self, call: RequestContext, body: bytes) -> bytes:
        """Have what `call` costs booked, once its model and client are known; gives the body to send upstream."""
        assert call.identity is not None
        who, request = call.identity, call.request
        row = Row(self.ledger.next_id(), request[REQUEST_ID], who.subject, who.tenant, call.model, request.path)
        asked = ask(request.path, body)
        call.booking = LedgerEntry(self.ledger, asked, row)
        return asked.body

    def count_retry(self) -> None:
        self.stats.retries_total += 1
        self.metrics.retried()


class RecordedRequest:
    """Enters one request at the start of its block and settles it at the end."""

    __slots__ = ("_books", "_guard", "call")

    def __init__(self, books: RequestRecorder, call: RequestContext) -> None:
        self._books = books
        self._guard = books.in_flight.request()
        self.call = call

    def __enter__(self) -> RequestContext:
        self._guard.__enter__()
        return self.call

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._guard.__exit__(kind, error, trace)
        if error is not None:
            self.call.status, self.call.outcome = _judge(error)
        if isinstance(error, ApiError):
            error.headers.update(self.call.timing_headers())
        if self.call.booking is not None:
            self.call.booking.settle(self.call.status, self.call.outcome)
        self._books.stats.count(self.call)
        self._books.metrics.count(self.call)
        _write_line(self.call)


def _judge(error: BaseException) -> tuple[int, str]:
    """Status and outcome of a request that ended by an exception."""
    if isinstance(error, ApiError):
        return error.status, "error"
    if isinstance(error, web.HTTPException):
        return error.status, "error"
    if isinstance(error, (asyncio.CancelledError, ConnectionError)):
        return CLIENT_GONE_STATUS, "client_gone"
    return 500, "error"


def _write_line(call: RequestContext) -> None:
    logs.event(
        log,
        "request",
        subject=call.identity.subject if call.identity else None,
        tenant=call.identity.tenant if call.identity else None,
        model=call.model,
        path=call.request.path,
        status=call.status,
        worker=call.worker_id or None,
        attempts=call.attempts,
        seconds=round(call.elapsed_seconds(), 6),
        ttft_seconds=None if call.ttft_seconds is None else round(call.ttft_seconds, 6),
        outcome=call.outcome,
        **call.timeline.fields(),
    )

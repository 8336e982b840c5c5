"""One attempt at one worker with everything that guards it: counted, through its breaker, on a pooled connection, called back if it leaves.

No choice and no retry: those are the proxy's.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from services import wire
from services.orchestrator.forwarding.breaker import Breakers, Outcome
from services.orchestrator.forwarding.failures import BACKPRESSURE_STATUSES, Failure
from services.orchestrator.forwarding.pool import Pool, PoolExhausted
from services.orchestrator.forwarding.upstream import Upstream
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.routing.worker_loss import WorkerLoss
from services.relay import Exchange, UpstreamError
from services.wire import ServiceEntry

Deliver = Callable[[RequestContext, ServiceEntry, Exchange], Awaitable[tuple[web.StreamResponse, UpstreamError | None]]]


@dataclass(frozen=True)
class Attempts:
    """Makes attempts. Everything an attempt holds is given back on every way out."""

    in_flight: InFlight
    breakers: Breakers
    pool: Pool
    departures: WorkerLoss
    upstream: Upstream

    async def make(
        self,
        session: aiohttp.ClientSession,
        call: RequestContext,
        worker: ServiceEntry,
        headers: CIMultiDict[str],
        body: bytes,
        deliver: Deliver,
    ) -> web.StreamResponse | Failure:
        """The response, delivered; or why the client has not got a byte."""
        headers[wire.ATTEMPTS] = str(call.attempts)
        with self.in_flight.attempt(worker.id), self.breakers.passage(worker) as passage:
            try:
                async with self.pool.connection(worker.id):
                    call.timeline.lap("queue")
                    result = await self._first_byte(session, call, worker, headers, body)
                    if isinstance(result, Failure):
                        passage.ended(outcome_of(result), time.monotonic())
                        return result
                    passage.answered(time.monotonic())
                    response, error = await deliver(call, worker, result)
                    passage.ended("failure" if error else "success" if call.outcome == "ok" else "neutral", time.monotonic())
                    return response
            except PoolExhausted:
                return Failure(worker.id, "pool", f"no connection to it came free within {self.pool.wait_seconds:g} s")

    async def _first_byte(
        self, session: aiohttp.ClientSession, call: RequestContext, worker: ServiceEntry, headers: CIMultiDict[str], body: bytes
    ) -> Exchange | Failure:
        try:
            async with self.departures.waiting(worker):
                return await self.upstream.attempt(session, worker, call.request, headers, body, is_first=call.attempts == 1)
        except TimeoutError:
            return Failure(worker.id, "timeout", "it left the cluster before its first byte")


def outcome_of(failure: Failure) -> Outcome:
    """What a failed attempt says of the worker: nothing if it was the client's fault, backpressure, or never got there for our sake."""
    if failure.kind == "pool":
        return "neutral"
    if failure.kind == "status":
        return "neutral" if failure.status < 500 or failure.status in BACKPRESSURE_STATUSES else "failure"
    return "failure"

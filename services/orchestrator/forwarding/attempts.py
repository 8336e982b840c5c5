"""Makes one attempt at one worker with its guards: in-flight counter, breaker, pooled connection, worker loss.

The proxy selects the worker and retries.
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
    """Makes attempts. Every way out of an attempt releases what it holds."""

    in_flight: InFlight
    breakers: Breakers
    pool: Pool
    worker_loss: WorkerLoss
    upstream: Upstream

    async def make(
        self,
        session: aiohttp.ClientSession,
        context: RequestContext,
        worker: ServiceEntry,
        headers: CIMultiDict[str],
        body: bytes,
        deliver: Deliver,
    ) -> web.StreamResponse | Failure:
        """The delivered response, or the failure if the client received no byte."""
        headers[wire.ATTEMPTS] = str(context.attempts)
        with self.in_flight.attempt(worker.id), self.breakers.permit(worker) as permit:
            try:
                async with self.pool.connection(worker.id):
                    context.timeline.lap("queue")
                    result = await self._first_byte(session, context, worker, headers, body)
                    if isinstance(result, Failure):
                        permit.ended(outcome_of(result), time.monotonic())
                        return result
                    permit.answered(time.monotonic())
                    response, error = await deliver(context, worker, result)
                    permit.ended("failure" if error else "success" if context.outcome == "ok" else "neutral", time.monotonic())
                    return response
            except PoolExhausted:  # The permit ends neutral, because the worker received nothing.
                return Failure(worker.id, "pool", f"no connection to it was free within {self.pool.wait_seconds:g} s")

    async def _first_byte(
        self, session: aiohttp.ClientSession, context: RequestContext, worker: ServiceEntry, headers: CIMultiDict[str], body: bytes
    ) -> Exchange | Failure:
        try:
            async with self.worker_loss.waiting(worker):
                return await self.upstream.attempt(session, worker, context.request, headers, body, is_first=context.attempts == 1)
        except TimeoutError:  # Worker loss. The timeouts of the attempt itself are UpstreamErrors.
            return Failure(worker.id, "timeout", "it left the cluster before its first byte")


def outcome_of(failure: Failure) -> Outcome:
    """The breaker outcome of a failed attempt. Client errors, backpressure and a full connection pool are neutral."""
    if failure.kind == "pool":
        return "neutral"
    if failure.kind == "status":
        # A 503 or 429 is a worker that protects itself. An open circuit would take its remaining capacity away.
        return "neutral" if failure.status < 500 or failure.status in BACKPRESSURE_STATUSES else "failure"
    return "failure"

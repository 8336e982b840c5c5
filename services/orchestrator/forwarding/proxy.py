"""Forwards one validated request to a worker and relays the answer. Retries on other workers until the client has the first byte."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from services import logs, wire
from services.api_errors import ApiError
from services.orchestrator.forwarding.attempts import Attempts
from services.orchestrator.forwarding.delivery import Limits, deliver
from services.orchestrator.forwarding.failures import RETRYABLE_STATUSES, Failure, Refusal, error_answer, refusal
from services.orchestrator.forwarding.passive_health import PassiveHealth
from services.orchestrator.forwarding.resilience_metrics import ResilienceMetrics
from services.orchestrator.forwarding.retry import RetryBudget, RetryPolicy
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.recorder import RequestRecorder
from services.orchestrator.routing.balancer import choose
from services.orchestrator.routing.cluster import Cluster, unavailable
from services.orchestrator.routing.reported_queues import ReportedQueues
from services.orchestrator.routing.sessions import Sessions
from services.orchestrator.routing.sticky import Affinity
from services.relay import Exchange, UpstreamError
from services.wire import ServiceEntry

log = logging.getLogger(__name__)


@dataclass
class Proxy:
    """The retry loop over attempts."""

    recorder: RequestRecorder
    cluster: Cluster
    queues: ReportedQueues
    attempts: Attempts
    retry: RetryPolicy
    budget: RetryBudget
    sessions: Sessions
    metrics: ResilienceMetrics
    limits: Limits
    passive_health: PassiveHealth = field(default_factory=PassiveHealth)
    random: random.Random = field(default_factory=lambda: random.Random(0))

    async def answer(
        self, session: aiohttp.ClientSession, context: RequestContext, workers: tuple[ServiceEntry, ...], body: bytes
    ) -> web.StreamResponse:
        """The answer of one of `workers` to the request. Raises ApiError if every attempt failed."""
        assert context.identity is not None
        headers = self.attempts.upstream.headers(context.request, context.identity)
        headers.update(context.must_have_entry().headers())
        affinity = self.sessions.affinity(context.request.headers, body, context.identity, context.model)
        failures: list[Failure] = []
        self.budget.request(time.monotonic())
        while len(failures) < self.retry.max_attempts and (worker := self._next(workers, failures, affinity)):
            if failures:
                workers = await self._pause(context, workers, len(failures))
                # Workers can leave, join, or open their circuit during the backoff, so the selection starts again.
                if not workers or (worker := self._next(workers, failures, affinity)) is None:
                    break
                self.recorder.count_retry()
            context.timeline.lap("choose")
            context.attempts += 1
            context.worker_id = worker.id
            context.must_have_entry().attempt(worker.id)
            result = await self.attempts.make(session, context, worker, headers, body, self._deliver)
            if not isinstance(result, Failure):
                if affinity is not None and context.outcome == "ok":
                    affinity.served(worker.id, busy=(failure.worker_id for failure in failures if failure.is_busy))
                return result
            context.timeline.lap("proxy")
            self._record_failure(worker, result)
            if result.kind == "status" and result.status not in RETRYABLE_STATUSES:
                return _refused(context, refusal(result))
            failures.append(result)
        return _refused(context, error_answer(failures) if failures else self._all_circuits_open(workers))

    def forget_failures(self) -> None:
        """Forget what earlier requests showed about workers: circuits close, ejections end, and the retry budget is whole."""
        self.attempts.breakers.forget_failures()
        self.passive_health.readmit_all()
        self.budget.forget()

    def _next(self, workers: tuple[ServiceEntry, ...], failures: list[Failure], affinity: Affinity | None) -> ServiceEntry | None:
        turn, ejected = self.recorder.in_flight.turn, self.passive_health.ejected(workers)
        excluded = [failure.worker_id for failure in failures] + self.attempts.breakers.blocked(workers, time.monotonic())
        return choose(workers, self._queue, turn, excluded, ejected, affinity)

    async def _pause(self, context: RequestContext, workers: tuple[ServiceEntry, ...], failed: int) -> tuple[ServiceEntry, ...]:
        """Wait for the backoff. Returns the workers that are ready afterwards, or none if the budget denies a retry."""
        if not self.budget.take(time.monotonic()):
            self.metrics.retry_denied()
            return ()
        context.timeline.lap("choose")
        await asyncio.sleep(self.retry.delay_seconds(failed, self.random))
        context.timeline.lap("queue")
        return self.cluster.view.by_model.get(context.model, workers)

    def _all_circuits_open(self, workers: tuple[ServiceEntry, ...]) -> ApiError:
        """The 503 if every circuit is open. Retry-After gives the time until the first probe."""
        answer = unavailable("Every worker of the model has failed recently; try again.")
        answer.headers[wire.RETRY_AFTER] = str(max(1, math.ceil(self.attempts.breakers.seconds_left(workers, time.monotonic()))))
        return answer

    def _queue(self, worker: ServiceEntry) -> float:
        return self.recorder.in_flight.at(worker.id) + self.queues.of_others(worker.id, time.monotonic())

    async def _deliver(
        self, context: RequestContext, worker: ServiceEntry, exchange: Exchange
    ) -> tuple[web.StreamResponse, UpstreamError | None]:
        context.timeline.lap("proxy")
        context.timeline.first_token()
        self.passive_health.readmit(worker)
        try:
            response, error = await deliver(context, exchange, _marked(exchange.headers(), context), self.limits)
        finally:
            exchange.close()
        if error:
            self._record_failure(worker, Failure(worker.id, error.kind, error.detail))
        return response, error

    def _record_failure(self, worker: ServiceEntry, failure: Failure) -> None:
        """Log and count a failed attempt, and eject an unreachable worker. Any other error answer proves that the worker runs."""
        if failure.is_unreachable:
            self.passive_health.eject(worker)
        if failure.kind != "status":
            self.recorder.metrics.upstream_failed(failure.kind)
        logs.event(log, "attempt_failed", level=logging.WARNING, worker=worker.id, kind=failure.kind, detail=failure.detail)


def _refused(context: RequestContext, answer: Refusal | ApiError) -> web.Response:
    """The error answer of a worker. An error of the gateway itself is raised."""
    if isinstance(answer, ApiError):
        answer.headers[wire.ATTEMPTS] = str(context.attempts)
        raise answer
    context.status, context.outcome = answer.status, "error"
    return web.Response(body=answer.body, status=answer.status, headers=_marked(answer.headers, context))


def _marked(headers: CIMultiDict[str], context: RequestContext) -> CIMultiDict[str]:
    """The worker's headers, with worker id, attempts and timing."""
    # A hive has set the worker id already, and it knows which of its workers answered.
    headers.setdefault(wire.WORKER_ID, context.worker_id)
    headers[wire.ATTEMPTS] = str(context.attempts)
    for name, value in context.timing_headers().items():
        headers[name] = ", ".join([value, *headers.getall(name, ())])  # The worker may have sent its own Server-Timing.
    return headers

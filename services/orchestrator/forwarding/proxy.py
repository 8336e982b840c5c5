"""Carries one checked request to a worker and its answer back: tries again elsewhere as long as the client has not got a byte."""

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
from services.orchestrator.forwarding.failures import RETRYABLE_STATUSES, Failure, Refusal, refusal, verdict
from services.orchestrator.forwarding.passive_health import PassiveHealth
from services.orchestrator.forwarding.resilience_metrics import ResilienceMetrics
from services.orchestrator.forwarding.retry import RetryBudget, RetryPolicy
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.recorder import RequestRecorder
from services.orchestrator.routing.balancer import choose
from services.orchestrator.routing.cluster import Cluster, unavailable
from services.orchestrator.routing.sessions import Sessions
from services.orchestrator.routing.sticky import Affinity
from services.relay import Exchange, UpstreamError
from services.wire import ServiceEntry

log = logging.getLogger(__name__)


@dataclass
class Proxy:
    """The loop over attempts. `session` is opened at start, in the loop that uses it."""

    books: RequestRecorder
    cluster: Cluster
    attempts: Attempts
    retry: RetryPolicy
    budget: RetryBudget
    sessions: Sessions
    metrics: ResilienceMetrics
    limits: Limits
    suspicion: PassiveHealth = field(default_factory=PassiveHealth)
    random: random.Random = field(default_factory=lambda: random.Random(0))

    async def answer(
        self, session: aiohttp.ClientSession, call: RequestContext, workers: tuple[ServiceEntry, ...], body: bytes
    ) -> web.StreamResponse:
        """The answer to `call` from one of `workers`. Raises ApiError when none of the attempts worked."""
        assert call.identity is not None
        headers = self.attempts.upstream.headers(call.request, call.identity)
        headers.update(call.must_be_booked().headers())
        affinity = self.sessions.affinity(call.request.headers, body, call.identity, call.model)
        failures: list[Failure] = []
        self.budget.request(time.monotonic())
        while len(failures) < self.retry.max_attempts and (worker := self._next(workers, failures, affinity)):
            if failures:
                workers = await self._pause(call, workers, len(failures))
                # Whom the pause made unfit, or fit, is seen only now.
                if not workers or (worker := self._next(workers, failures, affinity)) is None:
                    break
                self.books.count_retry()
            call.timeline.lap("choose")
            call.attempts += 1
            call.worker_id = worker.id
            call.must_be_booked().attempt(worker.id)
            result = await self.attempts.make(session, call, worker, headers, body, self._deliver)
            if not isinstance(result, Failure):
                if affinity is not None and call.outcome == "ok":
                    affinity.served(worker.id, busy=(failure.worker_id for failure in failures if failure.is_busy))
                return result
            call.timeline.lap("proxy")
            self._note(worker, result)
            if result.kind == "status" and result.status not in RETRYABLE_STATUSES:
                return _refused(call, refusal(result))
            failures.append(result)
        return _refused(call, verdict(failures) if failures else self._nobody(workers))

    def _next(self, workers: tuple[ServiceEntry, ...], failures: list[Failure], affinity: Affinity | None) -> ServiceEntry | None:
        turn, suspects = self.books.in_flight.turn, self.suspicion.among(workers)
        out = [failure.worker_id for failure in failures] + self.attempts.breakers.barred(workers, time.monotonic())
        return choose(workers, self._queue, turn, out, suspects, affinity)

    async def _pause(self, call: RequestContext, workers: tuple[ServiceEntry, ...], failed: int) -> tuple[ServiceEntry, ...]:
        """Wait before another attempt; the workers that are ready then, none when the budget allows no other attempt."""
        if not self.budget.take(time.monotonic()):
            self.metrics.retry_denied()
            return ()
        call.timeline.lap("choose")
        await asyncio.sleep(self.retry.delay_seconds(failed, self.random))
        call.timeline.lap("queue")
        return self.cluster.view.by_model.get(call.model, workers)

    def _nobody(self, workers: tuple[ServiceEntry, ...]) -> ApiError:
        """Every worker's breaker is open: said at once, without asking any of them."""
        answer = unavailable("Every worker of the model has failed of late; try again.")
        answer.headers[wire.RETRY_AFTER] = str(max(1, math.ceil(self.attempts.breakers.seconds_left(workers, time.monotonic()))))
        return answer

    def _queue(self, worker: ServiceEntry) -> float:
        return self.books.in_flight.at(worker.id) + worker.metrics.get("waiting", 0.0)

    async def _deliver(
        self, call: RequestContext, worker: ServiceEntry, exchange: Exchange
    ) -> tuple[web.StreamResponse, UpstreamError | None]:
        call.timeline.lap("proxy")
        call.timeline.first_token()
        self.suspicion.clear(worker)
        try:
            response, error = await deliver(call, exchange, _marked(exchange.headers(), call), self.limits)
        finally:
            exchange.close()
        if error:
            self._note(worker, Failure(worker.id, error.kind, error.detail))
        return response, error

    def _note(self, worker: ServiceEntry, failure: Failure) -> None:
        """A worker that could not be reached, be it by its hive, is suspect; any other error answer proves that it lives."""
        if failure.is_unreachable:
            self.suspicion.raise_against(worker)
        if failure.kind != "status":
            self.books.metrics.upstream_failed(failure.kind)
        logs.event(log, "attempt_failed", level=logging.WARNING, worker=worker.id, kind=failure.kind, detail=failure.detail)


def _refused(call: RequestContext, answer: Refusal | ApiError) -> web.Response:
    """The error answer; errors of our own are raised, as everywhere."""
    if isinstance(answer, ApiError):
        answer.headers[wire.ATTEMPTS] = str(call.attempts)
        raise answer
    call.status, call.outcome = answer.status, "error"
    return web.Response(body=answer.body, status=answer.status, headers=_marked(answer.headers, call))


def _marked(headers: CIMultiDict[str], call: RequestContext) -> CIMultiDict[str]:
    """The worker's headers and how the answer came about; a hive in between knows the worker better than we do."""
    headers.setdefault(wire.WORKER_ID, call.worker_id)
    headers[wire.ATTEMPTS] = str(call.attempts)
    for name, value in call.timing_headers().items():
        headers[name] = ", ".join([value, *headers.getall(name, ())])  # a worker may have told its own part
    return headers

"""Handles /v1/ requests: journals each, rejects those that the worker cannot serve, and passes the rest to the generator."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import dataclass, field
from itertools import count

from aiohttp import web

from services import logs, service, wire
from services.api_errors import ApiError
from services.listener import Listener
from services.worker import faults, requests
from services.worker.answers import Head
from services.worker.behaviour import Behaviour, BehaviourError, parse
from services.worker.closing import ClosingConnections
from services.worker.endpoints import ENDPOINTS, Endpoint
from services.worker.generation import Generator, Run
from services.worker.injected_faults import InjectedFaults
from services.worker.journal import Journal, Record
from services.worker.requests import Job
from services.worker.settings import WorkerSettings

log = logging.getLogger("services.worker")


@dataclass
class RequestHandler:
    """Handles the worker's requests. `injected_faults` apply to requests without a behaviour of their own."""

    context: service.ServiceContext
    settings: WorkerSettings
    journal: Journal
    generator: Generator
    injected_faults: InjectedFaults
    is_loaded: bool = False
    is_cut: bool = False
    _tasks: set[asyncio.Task[object]] = field(default_factory=set)
    _listening: set[asyncio.Task[None]] = field(default_factory=set)
    _connections: ClosingConnections = field(init=False)
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _incarnation: str = field(default_factory=lambda: os.urandom(8).hex())

    def __post_init__(self) -> None:
        self._connections = ClosingConnections(self.settings.requests_per_connection)

    def must_be_allowed(self, request: web.Request) -> None:
        """Raise ApiError 401 without the cluster token. A worker without a token setting accepts every request."""
        if self.settings.token:
            service.must_have_token(request, self.settings.token)

    def must_be_loaded(self) -> None:
        """Raise ApiError 503 while the model loads."""
        if not self.is_loaded:
            raise ApiError("not_ready", "The model is still loading.", headers={wire.RETRY_AFTER: "1"})

    def allocate(self, mib: int) -> None:
        """Allocate this much more memory until the faults are reset."""
        self.injected_faults.allocate(mib)

    def fail_health_checks(self, n: int) -> None:
        """Fail the health checks until request number `n` has ended."""
        self.injected_faults.sick_during.add(n)

    async def refuse(self, seconds: float) -> None:
        """Close the port for `seconds`. A stop in between leaves it closed."""
        listener = self.context.listener
        if listener is None:
            return
        await listener.close()
        task = asyncio.create_task(self._listen_again(listener, seconds))
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    def cut(self) -> None:
        """Cancel every in-flight request. Each end is journaled."""
        self.is_cut = True
        for task in self._tasks:
            task.cancel()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request below /v1/ except GET. Journals its arrival and its end in any case."""
        await self._connections.must_be_open(request)
        body = await _read(request)
        endpoint = ENDPOINTS.get(request.path) if request.method == "POST" else None
        job = _job(request, endpoint, body)
        record = Record(self.journal, next(self._numbers), request[service.REQUEST_ID])
        model, is_stream = (job.model, job.is_stream) if isinstance(job, Job) else requests.peek(body or b"")
        record.arrival(request.method, request.raw_path, request.headers, body or b"", model, is_stream, _peer(request))
        task = asyncio.current_task()
        assert task is not None  # A coroutine always runs in a task.
        self._tasks.add(task)
        try:
            return await self._serve(request, record, endpoint, job)
        except ApiError as error:
            record.end("rejected", error.status, error.code)
            raise
        except (asyncio.CancelledError, ConnectionError):
            self._cancelled(request, record, model)
            raise asyncio.CancelledError from None
        except Exception as error:
            record.end("failed", None, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._tasks.discard(task)
            self.injected_faults.sick_during.discard(record.n)
            if record.outcome == "failed" and model in self.settings.models:
                self.generator.failed(model)
            logs.event(log, "request", path=request.path, model=model, **record.fields())

    async def _serve(self, request: web.Request, record: Record, endpoint: Endpoint | None, job: Job | ApiError) -> web.StreamResponse:
        self.must_be_allowed(request)
        if self.context.is_draining:
            raise ApiError("draining", "The worker is stopping.", headers={wire.RETRY_AFTER: "1"})
        self.must_be_loaded()
        if isinstance(job, ApiError):
            raise job
        assert endpoint is not None  # Without an endpoint there is no job.
        if job.model not in self.settings.models:
            raise no_model(job.model)
        record.prompt_tokens = job.prompt_tokens
        behaviour = self._behaviour(request)
        if answer := await faults.inject_on_arrival(behaviour, request, record, self):
            return answer
        identifier = f"{endpoint.id_prefix}{self._incarnation}{record.n:08x}"
        head = Head(identifier, int(time.time()), job.model, job.include_usage)
        return await self.generator.generate(Run(request, record, endpoint, job, behaviour, head))

    def _behaviour(self, request: web.Request) -> Behaviour:
        """The behaviour from the request header, else from the injected faults. Raises ApiError 400 for an invalid header."""
        own = None
        if self.settings.simulate_header and wire.SIMULATE in request.headers:
            try:
                own = parse(request.headers[wire.SIMULATE])
            except BehaviourError as error:
                raise ApiError("invalid_request", f"{wire.SIMULATE}: {error}", param=wire.SIMULATE) from None
        return self.injected_faults.behaviour(own if own and own.concerns(self.settings.name) else None)

    async def _listen_again(self, listener: Listener, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not self.context.is_draining:
            await listener.open()

    def _cancelled(self, request: web.Request, record: Record, model: str | None) -> None:
        if record.is_ended:
            return
        record.end(
            "cancelled",
            web.HTTPOk.status_code if request.get(service.IS_ANSWERED) else None,
            "worker stopped" if self.is_cut else "client disconnected",
        )
        if model in self.settings.models:
            self.generator.cancelled(model)


def no_model(model: str) -> ApiError:
    return ApiError("model_not_found", f"This worker does not serve the model {model[:256]!r}.", param="model")


def no_route(request: web.Request) -> ApiError:
    if request.path in ENDPOINTS:
        return ApiError("method_not_allowed", f"{request.method} is not allowed here; use POST.")
    return ApiError("not_found", f"No route {request.method} {request.path}.")


def _peer(request: web.Request) -> str | None:
    """The client's address and port. They distinguish the connections of one client."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    return f"{name[0]}:{name[1]}" if name else None


async def _read(request: web.Request) -> bytes | None:
    """The body, or None if it exceeds the limit."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None


def _job(request: web.Request, endpoint: Endpoint | None, body: bytes | None) -> Job | ApiError:
    """The job of the request, or the error that rejects it."""
    # The error is returned, because the journal line and the token check come first.
    if body is None:
        return ApiError("request_too_large", f"The body exceeds the limit (bytes: {service.MAX_BODY_BYTES}).")
    if endpoint is None:
        return no_route(request)
    try:
        return endpoint.read(body)
    except ApiError as error:
        return error

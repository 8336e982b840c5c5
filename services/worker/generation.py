"""Generates one accepted answer, unary or streamed, in a slot and with the configured timing. It does not accept or reject requests."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import msgspec
from aiohttp import web

from services import wire
from services.api_errors import ApiError
from services.worker import answers, faults, response_faults
from services.worker.answers import Head
from services.worker.behaviour import Behaviour, Length, deadlines, length_of, pace_of
from services.worker.endpoints import Endpoint
from services.worker.fault_types import Fault
from services.worker.journal import Record
from services.worker.memory_admission import MemoryAdmission
from services.worker.metrics import Meters
from services.worker.prefix_cache import PrefixCache, SessionKey, session_of
from services.worker.requests import Job
from services.worker.settings import WorkerSettings
from services.worker.slots import QueueFull, Slot, Slots

JSON_HEADERS = {"Content-Type": "application/json"}
STREAM_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
TOKENS_PER_TURN = 32  # A stream without latency yields to the event loop after this many tokens.


@dataclass(frozen=True)
class Run:
    """One accepted request with everything that its generation needs."""

    request: web.Request
    record: Record
    endpoint: Endpoint
    job: Job
    behaviour: Behaviour
    head: Head

    @property
    def fault(self) -> Fault | None:
        return self.behaviour.fault

    def headers(self, own: Mapping[str, str]) -> dict[str, str]:
        """The answer's headers, overridden by the headers of the behaviour."""
        kind = {"Content-Type": response_faults.content_type(self.fault, own["Content-Type"])}
        return {**own, **kind, **self._timing(), **self.behaviour.headers}

    def _timing(self) -> dict[str, str]:
        """The Server-Timing header, if the client requested it."""
        if self.request.headers.get(wire.TIMING) != "1":
            return {}
        slot_at = self.record.slot_at or self.record.arrived
        first = self.record.first_token_at or time.monotonic()
        spent = {"worker_queue": slot_at - self.record.arrived, "worker_first_token": first - slot_at}
        return {wire.SERVER_TIMING: ", ".join(f"{name};dur={1000 * seconds:.3f}" for name, seconds in spent.items())}

    async def answer_slowly(self, own: Mapping[str, str], body: bytes) -> None:
        seconds = (self.fault.argument or 0) / 1000 if self.fault else 0.0
        await faults.answer_slowly(self.request, self.headers(own), body, seconds)


class Generator:
    """Generates the responses of runs. It releases the slot on every exit path."""

    def __init__(self, settings: WorkerSettings, slots: Slots, meters: Meters) -> None:
        self._settings = settings
        self._slots = slots
        self._meters = meters
        self._memory_admission = MemoryAdmission(settings)
        self._prefixes = PrefixCache(settings.prefix_cache_tokens)

    async def generate(self, run: Run) -> web.StreamResponse:
        """The whole response. Raises ApiError 429 if the queue is full, 503 or 507 if there is no memory for the tokens."""
        with await self._slot(run.job.model) as slot, self._memory_admission.reserved(run.job.prompt_tokens + self._length(run).tokens):
            run.record.slot_at = time.monotonic()
            run = self._warmed(run)
            try:
                if run.fault and run.fault.kind == "hang":
                    await faults.hang()
                return await (self._stream(run, slot) if run.job.is_stream else self._unary(run, slot))
            finally:
                self._meters.of(run.job.model).tokens(run.job.prompt_tokens, run.record.output_tokens)

    def cancelled(self, model: str) -> None:
        """Count a request of a served model after a client disconnect."""
        self._meters.of(model).aborted()

    def failed(self, model: str) -> None:
        """Count a request of a served model that a fault ended."""
        self._meters.of(model).failed()

    async def _slot(self, model: str) -> Slot:
        try:
            return await self._slots.acquire(model)
        except QueueFull:
            text = f"The queue is full (slots: {self._settings.max_num_seqs}, waiting: {self._settings.max_waiting}); try again."
            raise ApiError("queue_full", text, headers={wire.RETRY_AFTER: "1"}) from None

    async def _unary(self, run: Run, slot: Slot) -> web.StreamResponse:
        length = self._length(run)
        due = self._deadlines(run)
        for moment in islice(due, max(1, length.tokens)) if due else ():
            await _reach(moment, run.record)
            run.record.first_token_at = run.record.first_token_at or time.monotonic()
            run.record.output_tokens += length.tokens > 0
        run.record.output_tokens = length.tokens
        run.record.first_token_at = run.record.first_token_at or time.monotonic()
        body = run.endpoint.write(run.head, run.job, length.tokens, length.finish_reason)
        if run.fault and run.fault.kind == "error_event_after":
            run.record.end("failed", 500, f"fault {run.fault}")
            # A unary answer has sent no byte yet, so a real server reports the failure by its status.
            return faults.status_answer(500, run.behaviour.headers)
        if run.fault and run.fault.tokens is not None:
            await faults.inject_after_tokens(run.fault, run.request, run.record, None)
            return web.Response(body=body[: len(body) // 2], headers=run.headers(JSON_HEADERS))
        body = response_faults.encoded(response_faults.unary(run.fault, body), run.behaviour.headers)
        self._finish(run, slot, length)
        if run.fault and run.fault.kind == "slow_headers":
            await run.answer_slowly(JSON_HEADERS, body)
        if run.fault and run.fault.kind == "slow_drip":
            response = web.StreamResponse(headers=run.headers(JSON_HEADERS) | {"Content-Length": str(len(body))})
            await response.prepare(run.request)
            await response_faults.write(run.fault, response.write, body)
            return response
        return web.Response(body=body, headers=run.headers(JSON_HEADERS))

    async def _stream(self, run: Run, slot: Slot) -> web.StreamResponse:
        shape = run.endpoint.stream
        assert shape is not None  # Only endpoints with a stream shape read the stream flag.
        length = self._length(run)
        due = self._deadlines(run)
        if due:
            await _reach(next(due), run.record)
        if run.fault and run.fault.kind == "slow_headers":
            await self._stream_slowly(run, slot, length)
        response = await self._open(run)
        write = faults.cutting(run.fault, run.request, run.record, response.write)
        if opening := shape.opening(run.head):
            await response_faults.write(run.fault, write, opening)
        for index in range(length.tokens):
            if index and due:
                await _reach(next(due), run.record)
            # A write to a socket with room does not suspend. Without this, one long stream would block the health check.
            elif index % TOKENS_PER_TURN == TOKENS_PER_TURN - 1:
                await asyncio.sleep(0)
            run.record.emit()
            await response_faults.write(run.fault, write, shape.token(run.head, response_faults.token(run.fault, index)))
        end = response_faults.tail(run.fault, shape, run.head, run.job, length.tokens, length.finish_reason)
        if run.fault and run.fault.tokens is not None:
            await faults.inject_after_tokens(run.fault, run.request, run.record, web.HTTPOk.status_code)
            await response.write(response_faults.stream_end(run.fault, end))
            return response
        self._finish(run, slot, length)
        await response_faults.write(run.fault, write, end)
        await faults.inject_at_end(run.fault, run.request, run.record)
        return response

    async def _stream_slowly(self, run: Run, slot: Slot, length: Length) -> None:
        """Send slow headers, then the whole stream at once."""
        shape = run.endpoint.stream
        assert shape is not None
        run.record.first_token()
        run.record.output_tokens = length.tokens
        tokens = b"".join(shape.token(run.head, answers.token(index)) for index in range(length.tokens))
        body = shape.opening(run.head) + tokens + answers.tail(shape, run.head, run.job, length.tokens, length.finish_reason)
        self._finish(run, slot, length)
        await run.answer_slowly(STREAM_HEADERS, body)

    async def _open(self, run: Run) -> web.StreamResponse:
        """Send the headers together with the first token."""
        # A worker that is killed before its first token must not have sent headers. Else the gateway could not retry.
        run.record.first_token()
        response = web.StreamResponse(headers=run.headers(STREAM_HEADERS))
        await response.prepare(run.request)
        return response

    def _session(self, run: Run) -> SessionKey | None:
        if not run.job.words:
            return None
        return session_of(run.request.headers, self._settings.session_headers, run.job.session, run.job.model)

    def _warmed(self, run: Run) -> Run:
        """The run with the number of cached prompt tokens, or the same run if it has no session."""
        session = self._session(run)
        if session is None:
            return run
        run.record.cached_tokens = self._prefixes.hits(session, run.job.words)
        return replace(run, job=msgspec.structs.replace(run.job, cached_tokens=run.record.cached_tokens))

    def _length(self, run: Run) -> Length:
        if run.endpoint.stream is None:
            return Length(0, "stop")
        length = length_of(self._settings, run.behaviour, run.job.limit)
        # A fault after n tokens needs n tokens, whatever the client's limit is. Else it would silently not take effect.
        after = run.fault.tokens if run.fault else None
        return length if after is None else Length(after, length.finish_reason)

    def _deadlines(self, run: Run) -> Iterator[float] | None:
        """The token deadlines, or None if no step takes any time."""
        pace = pace_of(self._settings, run.behaviour, run.job.prompt_tokens - run.record.cached_tokens)
        if pace.is_instant:
            return None
        return deadlines(pace, time.monotonic(), lambda: self._slots.running, f"{self._settings.seed}:{run.record.n}")

    def _finish(self, run: Run, slot: Slot, length: Length) -> None:
        """Journal the end and release the slot, before the last byte is sent."""
        # A client with its complete answer must find it in the journal and the slot free.
        run.record.end("finished", web.HTTPOk.status_code, f"fault {run.fault}" if run.fault else None)
        if session := self._session(run):
            self._prefixes.keep(session, run.job.words + tuple(answers.text(length.tokens).split()))
        self._meters.of(run.job.model).finished(length.finish_reason, run.record, time.monotonic())
        slot.release()


async def _reach(deadline: float, record: Record) -> None:
    """Sleep until `deadline` on the monotonic clock, at most 1 ms longer."""
    # uvloop's timers have a resolution of 1 ms. Rounding up prevents a wake-up before the deadline.
    while (left := deadline - time.monotonic()) > 0:  # noqa: ASYNC110 - it waits for a time, and there is no event
        await asyncio.sleep(math.ceil(left * 1000) / 1000)
    record.late_seconds = max(record.late_seconds, -left)

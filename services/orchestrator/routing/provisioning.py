"""Makes a hive load a model that no worker serves. All requests for the model share one job and wait for a limited time.

The reasons are in docs/adr/0010-requests-wait-for-an-absent-model.md.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import msgspec
from yarl import URL

from services import logs, wire
from services.api_errors import CODES, ApiError
from services.orchestrator.routing.cluster import Cluster
from services.orchestrator.routing.view import View

log = logging.getLogger(__name__)

HIVE_REQUEST_SECONDS = 5.0
POLL_SECONDS = 0.1
UNKNOWN_MODEL, NO_SPACE = "model_not_found", "insufficient_storage"


@dataclass
class Provisioner:
    """Runs one job per model, independent of the number of requests. It uses the hives of the current view."""

    cluster: Cluster
    token: str
    wait_seconds: float
    max_waiting: int
    waiting: int = 0
    _jobs: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def must_be_served(self, session: aiohttp.ClientSession, model: str) -> None:
        """Return when a worker serves the model, or when no hive knows it.

        Raises ApiError: model_loading after the wait, or the error of the hive.
        """
        if model in self.cluster.view.by_model or not self._hives(model):
            return
        if self.waiting >= self.max_waiting:
            raise loading(model, "and too many requests wait for models already")
        self.waiting += 1
        try:
            job = self._jobs.get(model) or self._start_job(session, model)
            # `wait` does not cancel the job with its request, because other requests wait for the same job.
            done, _ = await asyncio.wait({job}, timeout=self.wait_seconds)
            if not done:
                raise loading(model, f"and was not ready after {self.wait_seconds:g} s")
            job.result()
        finally:
            self.waiting -= 1

    def _start_job(self, session: aiohttp.ClientSession, model: str) -> asyncio.Task[None]:
        # An empty context: the job inherits no context variables of the request that starts it.
        job = asyncio.create_task(self._run(session, model), context=contextvars.Context())
        self._jobs[model] = job
        job.add_done_callback(lambda _: self._jobs.pop(model, None))
        job.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # Retrieves the error if no request waits any more.
        return job

    async def _run(self, session: aiohttp.ClientSession, model: str) -> None:
        """Request the model from the hives until one accepts, then poll. Ends after `wait_seconds`, like a request that starts now."""
        full_hives: dict[str, ApiError] = {}
        try:
            async with asyncio.timeout(self.wait_seconds):
                is_over = await self._step(session, model, full_hives)
                while not is_over:
                    await asyncio.sleep(POLL_SECONDS)
                    is_over = await self._step(session, model, full_hives)
        except TimeoutError:
            raise loading(model, "and needs more time") from None

    async def _step(self, session: aiohttp.ClientSession, model: str, full_hives: dict[str, ApiError]) -> bool:
        """Whether the job is finished: the model is served, or no hive knows it. An unreachable hive gets another request later."""
        if model in self.cluster.view.by_model:
            return True
        for hive in [hive for hive in self._hives(model) if hive.id not in full_hives]:
            try:
                await self._request_model(session, hive, model)
                return False
            except ApiError as refusal:
                # Only a full disk is the hive's own problem. Any other error would repeat at the next hive.
                if refusal.code == NO_SPACE:
                    full_hives[hive.id] = refusal
                elif refusal.code != UNKNOWN_MODEL:
                    raise
            except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
                detail = f"{type(error).__name__}: {error}"
                logs.event(log, "hive_request_failed", level=logging.WARNING, hive=hive.id, model=model, error=detail)
                return False  # It may load the model already, and a second hive would load it twice.
        if full_hives:
            raise next(iter(full_hives.values()))
        return True

    async def _request_model(self, session: aiohttp.ClientSession, hive: wire.ServiceEntry, model: str) -> None:
        """Request the model from one hive. Raises ApiError if the hive does not know it or cannot load it."""
        url = URL(hive.url) / "catalogue" / model
        limit = aiohttp.ClientTimeout(total=HIVE_REQUEST_SECONDS)
        async with session.post(url, headers={wire.CLUSTER_TOKEN: self.token}, timeout=limit) as response:
            body = await response.read()
            if response.status == 404:
                raise ApiError(UNKNOWN_MODEL, f"{hive.id} does not know it.")  # Also the answer of a hive without a model hub.
            if response.status >= 400:
                raise _refusal(body, response.headers.get(wire.RETRY_AFTER))
            view = msgspec.json.decode(body, type=wire.ModelView)
            if view.code:
                raise _failed(view)

    def _hives(self, model: str) -> Sequence[wire.ServiceEntry]:
        """The hives that accept work, in a fixed order for each model."""
        view: View = self.cluster.view
        able = [hive for hive in view.hives.values() if hive.status != "offline" and hive.state == "ready"]
        # The hash spreads models over hives, and each request for a model goes to the same hive first.
        return sorted(able, key=lambda hive: hashlib.sha256(f"{hive.id} {model}".encode()).digest())


def loading(model: str, detail: str) -> ApiError:
    """A 503 with Retry-After: a hive is loading the model."""
    return ApiError("model_loading", f"The model '{model}' is being loaded {detail}; try again.", headers={wire.RETRY_AFTER: "2"})


def _failed(view: wire.ModelView) -> ApiError:
    message = f"The model '{view.model}' could not be loaded: {view.reason}"
    return ApiError(_known_code(view.code), message, param="model", headers={wire.RETRY_AFTER: "10"})


def _known_code(code: str | None) -> str:
    return code if code in CODES else "model_unavailable"


def _refusal(body: bytes, retry_after: str | None) -> ApiError:
    detail = msgspec.json.decode(body, type=wire.ErrorBody).error
    headers = {wire.RETRY_AFTER: retry_after} if retry_after else {}
    return ApiError(_known_code(detail.code), detail.message, param=detail.param, headers=headers)

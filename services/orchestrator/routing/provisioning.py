"""Has a model brought to a hive when a request asks for one that nobody serves. Requests for it wait together, for a bounded time.

Why they wait, and when they do not: docs/adr/0010-requests-wait-for-an-absent-model.md.
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

ASK_SECONDS = 5.0
LOOK_SECONDS = 0.1
NOT_KNOWN, NO_ROOM = "model_not_found", "insufficient_storage"


@dataclass
class Provisioner:
    """One errand per model, whoever and however many ask. Known hives are those of the cluster's view."""

    cluster: Cluster
    token: str
    wait_seconds: float
    max_waiting: int
    waiting: int = 0
    _errands: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def must_be_there(self, session: aiohttp.ClientSession, model: str) -> None:
        """Return when the model is served, or when no hive can bring it, which is not ours to judge.

        Raises ApiError: model_loading when it did not come in time, and what the hive says when it cannot come.
        """
        if model in self.cluster.view.by_model or not self._hives(model):
            return
        if self.waiting >= self.max_waiting:
            raise loading(model, "and enough requests wait for models already")
        self.waiting += 1
        try:
            errand = self._errands.get(model) or self._send(session, model)
            # Not awaited itself: a client that leaves must not end what others wait for.
            done, _ = await asyncio.wait({errand}, timeout=self.wait_seconds)
            if not done:
                raise loading(model, f"and was not there after {self.wait_seconds:g} s")
            errand.result()
        finally:
            self.waiting -= 1

    def _send(self, session: aiohttp.ClientSession, model: str) -> asyncio.Task[None]:
        errand = asyncio.create_task(self._run(session, model), context=contextvars.Context())
        self._errands[model] = errand
        errand.add_done_callback(lambda _: self._errands.pop(model, None))
        errand.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # everybody may have left meanwhile
        return errand

    async def _run(self, session: aiohttp.ClientSession, model: str) -> None:
        """Ask hives until one takes it on, then follow it. Ends at the latest when a request that came now would give up."""
        without_room: dict[str, ApiError] = {}
        try:
            async with asyncio.timeout(self.wait_seconds):
                is_over = await self._step(session, model, without_room)
                while not is_over:
                    await asyncio.sleep(LOOK_SECONDS)
                    is_over = await self._step(session, model, without_room)
        except TimeoutError:
            raise loading(model, "and takes its time") from None

    async def _step(self, session: aiohttp.ClientSession, model: str, without_room: dict[str, ApiError]) -> bool:
        """Whether the errand is over: the model is served, or no hive knows it. A hive that does not answer is asked again.

        Only for want of room another hive is tried: whatever else went wrong at one would go wrong at the next.
        """
        if model in self.cluster.view.by_model:
            return True
        for hive in [hive for hive in self._hives(model) if hive.id not in without_room]:
            try:
                await self._ask(session, hive, model)
                return False
            except ApiError as refusal:
                if refusal.code == NO_ROOM:
                    without_room[hive.id] = refusal
                elif refusal.code != NOT_KNOWN:
                    raise
            except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
                told = f"{type(error).__name__}: {error}"
                logs.event(log, "hive_not_asked", level=logging.WARNING, hive=hive.id, model=model, error=told)
                return False  # perhaps it is at it: to ask another one now could bring the model twice
        if without_room:
            raise next(iter(without_room.values()))
        return True

    async def _ask(self, session: aiohttp.ClientSession, hive: wire.ServiceEntry, model: str) -> None:
        """Returns when the hive is at it. Raises ApiError when it does not know the model, or cannot bring it."""
        url = URL(hive.url) / "catalogue" / model
        limit = aiohttp.ClientTimeout(total=ASK_SECONDS)
        async with session.post(url, headers={wire.CLUSTER_TOKEN: self.token}, timeout=limit) as response:
            body = await response.read()
            if response.status == 404:
                raise ApiError(NOT_KNOWN, f"{hive.id} does not know it.")  # or brings no models at all
            if response.status >= 400:
                raise _refusal(body, response.headers.get(wire.RETRY_AFTER))
            view = msgspec.json.decode(body, type=wire.ModelView)
            if view.code:
                raise _failed(view)

    def _hives(self, model: str) -> Sequence[wire.ServiceEntry]:
        """Those that take work, in an order that is the model's own: while they stay, the same one is always asked first."""
        view: View = self.cluster.view
        able = [hive for hive in view.hives.values() if hive.status != "offline" and hive.state == "ready"]
        return sorted(able, key=lambda hive: hashlib.sha256(f"{hive.id} {model}".encode()).digest())


def loading(model: str, detail: str) -> ApiError:
    """503 with Retry-After: it is on its way."""
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

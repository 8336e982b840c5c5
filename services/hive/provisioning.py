"""Provisions models on demand: one download per model, then a worker for it. The catalogue keeps the state."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from services import logs, wire
from services.api_errors import ApiError
from services.hive.catalogue import Catalogue
from services.hive.catalogue_file import FILE_NAME, Model
from services.hive.download import Download, DownloadError
from services.hive.http_pools import HttpPools
from services.hive.hub_client import HubClient, HubError
from services.hive.settings import HiveSettings
from services.hive.supervisor import Supervisor
from services.hive.tasks import background

log = logging.getLogger("services.hive.provisioning")

# These limits make each row of the catalogue fit on one page, so `salvage` can read it.
MAX_NAME, MAX_REASON = 256, 200


class Provisioning:
    """Models by name. `start` and `stop` are called once, inside the loop."""

    def __init__(self, settings: HiveSettings, hub_url: str, supervisor: Supervisor, pools: HttpPools) -> None:
        self._settings = settings
        self._own = settings.provisioning
        self._supervisor = supervisor
        self._hub = HubClient(pools, hub_url, settings.token, settings.provisioning.stall_seconds)
        self._folder = Path(settings.data_dir).resolve() / "models"
        self.catalogue = Catalogue(Path(settings.data_dir).resolve() / FILE_NAME)
        self._downloads: dict[str, asyncio.Task[None]] = {}
        self._failed_at: dict[str, float] = {}
        self._listed_at = -math.inf
        self._listing = asyncio.Lock()  # Concurrent requests for unknown models share one listing of the hub.
        self._inspecting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Resume the downloads and workers of an earlier run."""
        self.catalogue.open()
        for model in self.catalogue:
            if model.state == "downloading":
                self._begin(model)
            elif model.state == "ready" and model.is_served:
                self._serve_or_forget(model)
        self._inspecting = background(self._inspect())

    async def stop(self) -> None:
        """Cancel all downloads. Partial files stay and are resumed later."""
        tasks = [*self._downloads.values(), *([self._inspecting] if self._inspecting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def health(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The health body with the catalogue's part. A catalogue that cannot be stored makes the hive `degraded`."""
        own = self.catalogue.health()
        status = "degraded" if own["status"] != "healthy" and body["status"] == "healthy" else body["status"]
        return dict(body) | {"status": status, "catalogue": own}

    async def request(self, name: str, *, is_served: bool) -> wire.ModelView:
        """Start what is missing of the model: its download, and a worker for it if `is_served`. Returns the progress.

        Raises ApiError: 404 for a model that the hub does not offer, 503 or 507 after a recent failure.
        """
        model = await self._known(name)
        # An operator may have deleted the file since the download.
        if model.state == "ready" and not self._is_there(model):
            model = self.catalogue.put(model, state="absent", bytes_done=0, path=None)
        if model.state == "failed":
            self._must_be_worth_a_try(model)
        if is_served and not model.is_served:
            model = self.catalogue.put(model, is_served=True)
        if model.state == "ready":
            self._serve_if_wanted(model)
        else:
            self._begin(model)
        return self.view(name)

    def view(self, name: str) -> wire.ModelView:
        """A model's progress. Raises ApiError 404."""
        model = self.catalogue.find(name)
        if model is None:
            raise ApiError("model_not_found", f"The model '{name[:256]}' is not in the catalogue.", param="model")
        worker = next((one for one in self._supervisor if one.is_managed and name in one.declared), None)
        state, code, reason = model.state, model.code, model.reason
        if model.state == "ready" and worker and worker.state == "fatal":
            code, reason = "model_unavailable", f"The worker {worker.id} for this model cannot run: {worker.last_exit}"
        return wire.ModelView(
            model=model.model,
            size_bytes=model.size_bytes,
            sha256=model.sha256,
            state=state,
            bytes_done=model.bytes_done,
            path=model.path,
            code=code,
            reason=reason,
            worker=worker.id if worker else None,
            worker_state=worker.state if worker else None,
        )

    async def _known(self, name: str) -> Model:
        model = self.catalogue.find(name)
        if model and (model.state in ("downloading", "ready") or self._seconds_left(model) > 0):
            return model
        try:
            await self._refresh()
        except HubError as error:
            if model is None:
                headers = {wire.RETRY_AFTER: "1"}
                raise ApiError("model_hub_unavailable", f"The model hub does not answer: {error}", headers=headers) from None
        if found := self.catalogue.find(name):
            return found
        raise ApiError("model_not_found", f"The model '{name[:256]}' does not exist.", param="model")

    async def _refresh(self) -> None:
        """Take over the hub's list, at most once per `listing_seconds`. Concurrent requests wait for the same answer."""
        async with self._listing:
            if time.monotonic() - self._listed_at < self._own.listing_seconds:
                return
            for offer in await self._hub.listing():
                known = self.catalogue.find(offer.model)
                is_news = known is None or (known.size_bytes, known.sha256) != (offer.size_bytes, offer.sha256)
                if is_news and len(offer.model) <= MAX_NAME and (known is None or known.state in ("absent", "failed")):
                    self.catalogue.put(Model(model=offer.model, size_bytes=offer.size_bytes, sha256=offer.sha256))
            self._listed_at = time.monotonic()

    def _must_be_worth_a_try(self, model: Model) -> None:
        left = self._seconds_left(model)
        if left > 0:
            raise ApiError(
                model.code or "model_unavailable",
                model.reason or "The model could not be downloaded.",
                param="model",
                headers={wire.RETRY_AFTER: str(math.ceil(left))},
            )

    def _seconds_left(self, model: Model) -> float:
        """Seconds until a failed model may be retried."""
        return self._failed_at.get(model.model, -math.inf) + self._own.failed_seconds - time.monotonic()

    def _begin(self, model: Model) -> None:
        """Start the download unless it is running."""
        if model.model not in self._downloads:
            if model.state != "downloading":
                model = self.catalogue.put(model, state="downloading", bytes_done=0, code=None, reason=None)
            self._downloads[model.model] = background(self._download(model))

    async def _download(self, model: Model) -> None:
        name, path = model.model, self._path(model.model)
        file = wire.HubModel(model=name, size_bytes=model.size_bytes, sha256=model.sha256)
        try:
            await Download(self._hub, file, path, self._own, lambda done: self.catalogue.set_progress(name, done)).run()
            model = self.catalogue.find(name) or model  # A request during the download may have set `is_served`.
            model = self.catalogue.put(model, state="ready", bytes_done=model.size_bytes, path=str(path))
            logs.event(log, "model_ready", model=name, size_bytes=model.size_bytes)
            self._serve_if_wanted(model)
        except DownloadError as error:
            self._fail(name, error.code, str(error))
        except Exception as error:
            log.exception("download_failed")
            self._fail(name, "internal_error", f"internal error of the hive: {type(error).__name__}; its log has the details")
        finally:
            del self._downloads[name]

    def _fail(self, name: str, code: str, reason: str) -> None:
        self._failed_at[name] = time.monotonic()
        logs.event(log, "model_failed", level=logging.ERROR, model=name, code=code, reason=reason)
        if model := self.catalogue.find(name):
            self.catalogue.put(model, state="failed", bytes_done=0, code=code, reason=reason[:MAX_REASON], path=None)

    def _serve_or_forget(self, model: Model) -> None:
        if self._is_there(model):
            self._serve_if_wanted(model)
        else:
            self.catalogue.put(model, state="absent", bytes_done=0, path=None)

    def _serve_if_wanted(self, model: Model) -> None:
        """Add a worker for the model if it needs one and has none."""
        identifier = f"{self._settings.name[:24]}-{_slug(model.model)}"
        is_served = any(one.is_managed and model.model in one.declared for one in self._supervisor)
        if model.is_served and not is_served:
            spec = wire.WorkerSpec(models=(model.model,), id=identifier, args=self._own.worker_args, env={"MODEL_FILE": model.path or ""})
            self._supervisor.add(spec)

    def _path(self, model: str) -> Path:
        return self._folder / _slug(model)

    def _is_there(self, model: Model) -> bool:
        path = self._path(model.model)
        return path.is_file() and path.stat().st_size == model.size_bytes

    async def _inspect(self) -> None:
        while True:
            await asyncio.sleep(self._own.inspect_seconds)
            self.catalogue.inspect()


def _slug(model: str) -> str:
    """A model's name for use in a file name or a worker id. A changed name gets a hash suffix, so it stays unique."""
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:24].strip("-_") or "model"
    return slug if slug == model else f"{slug}-{hashlib.sha256(model.encode()).hexdigest()[:10]}"


def as_body(views: list[wire.ModelView]) -> dict[str, Any]:
    """The body of `/catalogue`."""
    return {"models": [msgspec.to_builtins(view) for view in views]}

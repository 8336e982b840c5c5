"""The workers of a hive: adds, removes, resets, selects and stops them. `worker_lifecycle` runs each of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator

import msgspec
from yarl import URL

from services import wire
from services.api_errors import ApiError
from services.hive.child import reserve_port
from services.hive.launch import LOOPBACK
from services.hive.memory import KernelKills
from services.hive.probe import Prober
from services.hive.settings import AttachSettings, HiveSettings
from services.hive.tasks import background
from services.hive.worker import Worker
from services.hive.worker_lifecycle import AttachedLifecycle, ManagedLifecycle, WorkerLifecycle


class Supervisor:
    """Holds one `WorkerLifecycle` per worker id. It calls `on_change` after every change of a worker's state."""

    def __init__(self, settings: HiveSettings, url: str, prober: Prober, on_change: Callable[[], None]) -> None:
        self._settings = settings
        self._url = url
        self._prober = prober
        self._on_change = on_change
        self._lifecycles: dict[str, WorkerLifecycle] = {}
        self._removals: dict[str, asyncio.Task[str]] = {}
        self._restarts_of_removed = 0
        self._numbers = itertools.count(1)
        self._kernel_kills = KernelKills()
        self.is_answered = False

    def __iter__(self) -> Iterator[Worker]:
        return iter([lifecycle.worker for lifecycle in self._lifecycles.values()])

    @property
    def restarts(self) -> int:
        """Restarts of all workers since the hive started, including removed workers."""
        return self._restarts_of_removed + sum(worker.restarts for worker in self)

    def add(self, spec: wire.WorkerSpec) -> Worker:
        """Start a worker and return before it is ready. Raises ApiError 409 if its id is in use."""
        named = msgspec.structs.replace(spec, id=spec.id or self._free_id())
        identifier = named.id or ""
        self._must_be_free(identifier)
        # The port stays the same over restarts, so the worker's URL in the registry stays valid.
        reserved = reserve_port(LOOPBACK)
        base = URL.build(scheme="http", host=LOOPBACK, port=reserved.getsockname()[1])
        worker = Worker(identifier, base, f"{self._url}/workers/{identifier}", True, self._changed, declared=named.models)
        return self._adopt(ManagedLifecycle(worker, named, reserved, self._prober, self._settings, self._kernel_kills))

    def attach(self, other: AttachSettings) -> Worker:
        """Probe a worker that the hive does not start."""
        self._must_be_free(other.id)
        worker = Worker(other.id, URL(other.url), other.url, False, self._changed)
        return self._adopt(AttachedLifecycle(worker, self._prober))

    def find(self, identifier: str) -> Worker:
        """Raises ApiError 404."""
        return self._lifecycle(identifier).worker

    def reset(self, identifier: str) -> Worker:
        """Restart a dead or fatal worker now. Raises ApiError 404."""
        lifecycle = self._lifecycle(identifier)
        lifecycle.reset()
        return lifecycle.worker

    async def remove(self, identifier: str, drain_seconds: float) -> str:
        """Drain and stop a worker, and return its exit. A cancelled caller does not cancel the stop. Raises ApiError 404."""
        lifecycle = self._lifecycle(identifier)
        if identifier not in self._removals:
            self._removals[identifier] = background(self._remove(lifecycle, drain_seconds))
        # The shield keeps the stop running if the HTTP client of this call disconnects.
        return await asyncio.shield(self._removals[identifier])

    async def stop_all(self, drain_seconds: float) -> None:
        """Remove all workers at the same time."""
        await asyncio.gather(*(self.remove(worker.id, drain_seconds) for worker in self), return_exceptions=True)

    def choose(self, model: str | None) -> Worker:
        """The least busy alive worker that serves `model` (None: any). Raises ApiError 404 or 503."""
        able = [worker for worker in self if worker.state == "alive" and (model is None or worker.serves(model))]
        if able:
            # Equally busy workers take turns by their last use.
            return min(able, key=lambda worker: (worker.in_flight, worker.last_used))
        if model is None or any(model in (*worker.declared, *worker.models) for worker in self):
            raise no_worker("No worker for this model is alive now.")
        raise ApiError("model_not_found", f"This hive does not serve the model {model!r}.", param="model")

    def _changed(self) -> None:
        self.is_answered = self.is_answered or any(worker.state == "alive" for worker in self)
        self._on_change()

    def _adopt(self, lifecycle: WorkerLifecycle) -> Worker:
        self._lifecycles[lifecycle.worker.id] = lifecycle
        lifecycle.start()
        return lifecycle.worker

    async def _remove(self, lifecycle: WorkerLifecycle, drain_seconds: float) -> str:
        try:
            return await lifecycle.stop(drain_seconds)
        finally:
            self._restarts_of_removed += lifecycle.worker.restarts
            del self._lifecycles[lifecycle.worker.id], self._removals[lifecycle.worker.id]
            self._on_change()

    def _lifecycle(self, identifier: str) -> WorkerLifecycle:
        if identifier not in self._lifecycles:
            raise ApiError("not_found", f"This hive has no worker {identifier!r}.")
        return self._lifecycles[identifier]

    def _must_be_free(self, identifier: str) -> None:
        if identifier in self._lifecycles or identifier == self._settings.name:
            raise ApiError("conflict", f"The id {identifier!r} is in use; choose another id or omit it.", param="id")

    def _free_id(self) -> str:
        names = (f"{self._settings.name}-w{number}" for number in self._numbers)
        return next(name for name in names if name not in self._lifecycles)


def no_worker(message: str) -> ApiError:
    """503 with Retry-After: the client may retry here or on another hive."""
    return ApiError("no_available_workers", message, headers={wire.RETRY_AFTER: "1"})

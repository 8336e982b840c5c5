"""The state of the cluster: the current view, its age, and the recently ready models. The watcher updates it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.api_errors import ApiError
from services.orchestrator.routing.registry_grace import RegistryGrace, grace_after
from services.orchestrator.routing.view import View, view_of
from services.wire import RETRY_AFTER, ServiceEntry, ServiceList


class Cluster:
    """Keeps the last known good view while the registry is unreachable. Times are monotonic, in seconds."""

    def __init__(
        self,
        declared: Iterable[str] = (),
        memory_seconds: float = 600.0,
        unknown_model_status: int = 404,
        registry_grace_seconds: float = 0.0,
    ) -> None:
        self.view = View()
        self.is_connected = False
        self.listeners: list[Callable[[View], None]] = []
        self._declared = frozenset(declared)
        self._memory_seconds = memory_seconds
        self._registry_grace_seconds = registry_grace_seconds
        self._grace = RegistryGrace()
        self._unknown_code = "model_not_found" if unknown_model_status == 404 else "no_available_workers"
        self._ready_at: dict[str, float] = {}
        self._updated_at: float | None = None

    def apply(self, snapshot: ServiceList, now: float) -> None:
        """Replace the view by a snapshot and notify the listeners. After a new registry instance, the registry grace applies."""
        # A registry that starts without its data has a new instance id.
        if self.view.instance and snapshot.instance != self.view.instance:
            self._grace = grace_after({**self.view.workers, **self.view.hives}, now + self._registry_grace_seconds)
        self._grace = self._grace.remaining(snapshot, now)
        before, self.view = self.view, view_of(self._grace.added_to(snapshot))
        self.is_connected, self._updated_at = True, now
        # The models of the previous view were ready until this snapshot.
        self._ready_at |= dict.fromkeys([*before.by_model, *self.view.by_model], now)
        self._ready_at = {model: at for model, at in self._ready_at.items() if now - at <= self._memory_seconds}
        for listener in self.listeners:
            listener(self.view)

    def lost(self) -> None:
        """The registry does not answer. Routing continues with the last view."""
        self.is_connected = False

    def age_seconds(self, now: float) -> float | None:
        """Seconds since the last answer of the registry, or None before the first one."""
        return None if self._updated_at is None else now - self._updated_at

    def must_have(self, model: str, now: float) -> tuple[ServiceEntry, ...]:
        """The workers that are ready for `model`, at least one. Raises ApiError 404 or 503, before any attempt."""
        if workers := self.view.by_model.get(model):
            return workers
        if self._updated_at is None:  # A 404 could be wrong, and clients do not retry it.
            raise unavailable("The registry has not answered yet; try again.")
        if self.is_known(model, now):
            raise unavailable(f"No worker is ready for the model '{model}'; try again.")
        headers = {RETRY_AFTER: "1"} if self._unknown_code == "no_available_workers" else {}
        raise ApiError(self._unknown_code, f"The model '{model}' does not exist.", param="model", headers=headers)

    def is_known(self, model: str, now: float) -> bool:
        """Whether a model exists: a worker is ready for it, was ready recently, or the settings declare it."""
        if model in self.view.by_model or model in self._declared:
            return True
        ready_at = self._ready_at.get(model)
        return ready_at is not None and now - ready_at <= self._memory_seconds


def unavailable(message: str) -> ApiError:
    """A 503 with Retry-After. It is definite: no worker received the request."""
    return ApiError("no_available_workers", message, headers={RETRY_AFTER: "1"})

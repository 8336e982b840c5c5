"""The gateway's knowledge of the cluster: the current view, how fresh it is, and the models seen of late. Fed by the watcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.api_errors import ApiError
from services.orchestrator.routing.registry_grace import RegistryGrace, begun
from services.orchestrator.routing.view import View, view_of
from services.wire import RETRY_AFTER, ServiceEntry, ServiceList


class Cluster:
    """Keeps the last-known-good view while the registry is away. Times in seconds of one monotonic clock."""

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
        self._carryover = RegistryGrace()
        self._unknown_code = "model_not_found" if unknown_model_status == 404 else "no_available_workers"
        self._seen_at: dict[str, float] = {}
        self._updated_at: float | None = None

    def apply(self, snapshot: ServiceList, now: float) -> None:
        """Take over a snapshot. A registry that lost its data is believed only after a grace time: until then, whom it does not know yet
        is unconfirmed, not gone. Listeners get the new view.
        """
        if self.view.instance and snapshot.instance != self.view.instance:
            self._carryover = begun({**self.view.workers, **self.view.hives}, now + self._registry_grace_seconds)
        self._carryover = self._carryover.after(snapshot, now)
        before, self.view = self.view, view_of(self._carryover.laid_under(snapshot))
        self.is_connected, self._updated_at = True, now
        # Models of the view before count as seen now: they were ready until this very snapshot.
        self._seen_at |= dict.fromkeys([*before.by_model, *self.view.by_model], now)
        self._seen_at = {model: at for model, at in self._seen_at.items() if now - at <= self._memory_seconds}
        for listener in self.listeners:
            listener(self.view)

    def lost(self) -> None:
        """The registry does not answer: keep routing by what it last said."""
        self.is_connected = False

    def age_seconds(self, now: float) -> float | None:
        """Seconds since the registry last answered; None when it never did."""
        return None if self._updated_at is None else now - self._updated_at

    def must_have(self, model: str, now: float) -> tuple[ServiceEntry, ...]:
        """The workers ready for `model`, at least one. Raises ApiError 404 or 503; nothing has gone upstream then."""
        if workers := self.view.by_model.get(model):
            return workers
        if self._updated_at is None:
            raise unavailable("The cluster is not known yet; try again.")
        if self.is_known(model, now):
            raise unavailable(f"No worker is ready for the model '{model}'; try again.")
        headers = {RETRY_AFTER: "1"} if self._unknown_code == "no_available_workers" else {}
        raise ApiError(self._unknown_code, f"The model '{model}' does not exist.", param="model", headers=headers)

    def is_known(self, model: str, now: float) -> bool:
        """Whether a model exists: a worker is ready for it, one was of late, or it is declared."""
        if model in self.view.by_model or model in self._declared:
            return True
        seen_at = self._seen_at.get(model)
        return seen_at is not None and now - seen_at <= self._memory_seconds


def unavailable(message: str) -> ApiError:
    """503 with Retry-After: surely nothing happened, and it may soon be better."""
    return ApiError("no_available_workers", message, headers={RETRY_AFTER: "1"})

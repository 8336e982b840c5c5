"""A hive as the harness asks it. Synchronous; no state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hivecheck.clients.control import ControlClient, Reply


class HiveClient(ControlClient):
    """Health, info and the management of workers."""

    def health(self) -> dict[str, Any]:
        return dict(self.get("/health"))

    def info(self) -> dict[str, Any]:
        return dict(self.get("/info"))

    def models(self, path: str = "/models") -> Reply:
        return self.ask("GET", path)

    def worker(self, identifier: str) -> dict[str, Any] | None:
        """One worker as its hive sees it; None when the hive says 404."""
        found: dict[str, Any] | None = self.find(f"/workers/{identifier}")
        return found

    def workers(self) -> dict[str, dict[str, Any]]:
        return {worker["id"]: worker for worker in self.info()["workers"]}

    def model(self, name: str) -> dict[str, Any] | None:
        """A model as its catalogue has it; None when the hive says 404."""
        found: dict[str, Any] | None = self.find(f"/catalogue/{name}")
        return found

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """Every model it knows."""
        return {model["model"]: model for model in self.get("/catalogue")["models"]}

    def bring(self, model: str, *, serve: bool = True) -> Reply:
        """Ask for a model's file to be brought here, with a worker for it or without."""
        return self.ask("POST", f"/catalogue/{model}", body={"serve": serve})

    def start_worker(self, identifier: str, models: Sequence[str], args: Sequence[str] = ()) -> dict[str, Any]:
        """Begin a worker; returns before it is ready."""
        return dict(self.call("POST", "/workers", body={"id": identifier, "models": list(models), "args": list(args)}))

    def reset_worker(self, identifier: str) -> Reply:
        """Start a dead or fatal worker again now."""
        return self.ask("POST", f"/workers/{identifier}/reset")

    def remove_worker(self, identifier: str, drain_seconds: float = 5.0) -> Reply:
        """Drain and stop a worker. Returns after its exit."""
        # The hive responds after the exit. Beyond the drain that takes its SIGTERM and SIGKILL deadlines.
        return self.ask("DELETE", f"/workers/{identifier}?drain={drain_seconds:g}", seconds=drain_seconds + 15)

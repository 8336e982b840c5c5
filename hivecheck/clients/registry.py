"""The registry as the harness asks it. Synchronous; no state."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from hivecheck.clients.control import ControlClient, Reply


class RegistryClient(ControlClient):
    """Reads what is registered, and plays a client of the registry where a scenario needs one."""

    def services(self, kind: str | None = None, status: str = "online", **filters: str) -> dict[str, dict[str, Any]]:
        """Registrations by id; `status`: online, offline or all. `filters`: model and hive."""
        query = urlencode({"status": status} | ({"kind": kind} if kind else {}) | filters)
        return {entry["id"]: entry for entry in self.get(f"/services?{query}")["services"]}

    def workers(self) -> dict[str, dict[str, Any]]:
        """The online workers by id."""
        return self.services("worker")

    def register(self, registration: dict[str, Any]) -> Reply:
        return self.ask("POST", "/services", body=registration)

    def heartbeat(self, identifier: str, epoch: int) -> Reply:
        return self.ask("PUT", f"/services/{identifier}/heartbeat", body={"epoch": epoch})

    def deregister(self, identifier: str, epoch: int) -> Reply:
        return self.ask("DELETE", f"/services/{identifier}?epoch={epoch}")

    def stats(self) -> dict[str, Any]:
        return dict(self.get("/stats"))

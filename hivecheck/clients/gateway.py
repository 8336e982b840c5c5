"""The orchestrator's status side as the harness asks it. Synchronous; no state. Chats go through `openai_api`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hivecheck.clients.control import ControlClient


class GatewayClient(ControlClient):
    """Health, statistics and the cluster status API."""

    is_reference = True

    def not_routing_to(self, declared: Collection[str]) -> str | None:
        """Which workers it routes to, if those are not exactly the declared ones, or it gives one of them no work for a while."""
        workers = self.workers()
        routed = {name for name, worker in workers.items() if worker["status"] == "online"}
        if routed != set(declared):
            return f"the orchestrator routes to {sorted(routed)}, declared are {sorted(declared)}"
        suspected = sorted(name for name, worker in workers.items() if worker["suspected"])
        return f"the orchestrator still suspects {', '.join(suspected)}" if suspected else None

    def in_flight(self) -> int:
        return int(self.stats()["in_flight"])

    def health(self) -> dict[str, Any]:
        return dict(self.get("/health"))

    def is_ready(self) -> bool:
        return self.ask("GET", "/ready").status == 200

    def stats(self) -> dict[str, Any]:
        return dict(self.get("/stats"))

    def services(self) -> list[dict[str, Any]]:
        return list(self.get("/services")["services"])

    def status(self) -> dict[str, Any]:
        return dict(self.get("/api/cluster/status"))

    def workers(self) -> dict[str, dict[str, Any]]:
        """Every worker it knows, by id, offline ones included."""
        return {worker["id"]: worker for worker in self.get("/api/cluster/workers")["workers"]}

    def worker(self, identifier: str) -> dict[str, Any] | None:
        """One worker; None when the orchestrator says 404."""
        found: dict[str, Any] | None = self.find(f"/api/cluster/workers/{identifier}")
        return found

    def booked(self, since: float) -> list[dict[str, Any]]:
        """Every request in the usage ledger since a moment (seconds since 1970), the oldest first."""
        rows: list[dict[str, Any]] = []
        while more := self.get(f"/api/usage/requests?since={since:.6f}&limit=1000&after={rows[-1]['id'] if rows else 0}")["requests"]:
            rows += more
        return rows

    def usage(self, by: str, since: float, until: float | None = None) -> dict[str, Any]:
        """Totals of each worker, model or key from `since` to before `until`, seconds since 1970; None: up to now."""
        end = "" if until is None else f"&until={until:.6f}"
        return dict(self.get(f"/api/usage?by={by}&since={since:.6f}{end}"))

"""The gateway as the harness asks it: what each gateway under test has, and the APIs of the reference.

Synchronous and without state. Chats go through `openai_api`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from hivecheck.clients.control import ControlClient
from hivecheck.wording import figures, listed


def is_routable(view: Mapping[str, Any] | None) -> bool:
    """Whether the gateway sends requests to a worker in this view. A worker that starts or drains gets none."""
    return view is not None and view["status"] == "online" and view["state"] == "ready"


def _degraded_parts(health: Mapping[str, Any]) -> str | None:
    """What degrades a gateway, by its health report: hives, the connection to the registry, the ledger; None when nothing does."""
    # Not the status that follows from them: a gateway that reports a wrong one must fail a scenario, not the start of the stack.
    hives = {name: status for name, status in health["hives"].items() if status != "healthy"}
    parts = [figures(hives)] if hives else []
    parts += [] if health["registry"]["connected"] else ["no connection to the registry"]
    parts += [f"a ledger error: {error}"] if (error := health["ledger"]["error"]) else []
    return "; ".join(parts) or None


class Gateway(Protocol):
    """What every gateway under test can be asked. The status and usage APIs belong to the reference alone."""

    url: str

    def not_routing_to(self, declared: Collection[str]) -> str | None:
        """What is missing until the gateway routes to exactly the declared workers; None when nothing is."""

    def in_flight(self) -> int:
        """Requests that run at the gateway or behind it."""

    def is_ready(self) -> bool:
        """Whether the gateway accepts requests."""

    def close(self) -> None: ...


class GatewayClient(ControlClient):
    """The reference gateway: health, statistics, cluster status API and usage API."""

    def not_routing_to(self, declared: Collection[str]) -> str | None:
        """The difference between routed and declared workers, or the workers that the gateway avoids for a while."""
        workers = self.workers()
        routed = {name for name, worker in workers.items() if is_routable(worker)}
        if routed != set(declared):
            return f"the gateway routes to {listed(sorted(routed))}, declared are {listed(sorted(declared))}"
        if others := sorted(set(workers) - routed):
            return f"the gateway still lists {', '.join(others)}"
        if weak := _degraded_parts(self.health()):
            return f"the gateway reports {weak}"
        ejected = sorted(name for name, worker in workers.items() if worker["ejected"])
        if ejected:
            return f"the gateway has ejected {', '.join(ejected)}"
        # Requests past the gateway have ended, but the last report of their worker still counts them.
        queues = {name: worker["waiting_of_others"] for name, worker in workers.items() if worker["waiting_of_others"]}
        return f"the gateway counts queued requests of other clients: {figures(queues)}" if queues else None

    def forget_failures(self) -> None:
        """Circuits close, ejections end, and the retry budget is whole."""
        self.call("DELETE", "/api/cluster/failures")

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
        """Every known worker by its ID, offline ones included."""
        return {worker["id"]: worker for worker in self.get("/api/cluster/workers")["workers"]}

    def worker(self, identifier: str) -> dict[str, Any] | None:
        """One worker; None for a 404 response."""
        found: dict[str, Any] | None = self.find(f"/api/cluster/workers/{identifier}")
        return found

    def is_routable(self, worker: str, epoch: int | None = None) -> bool:
        """Whether the gateway sends requests to a worker. With an epoch, a later or earlier incarnation does not count."""
        view = self.worker(worker)
        return is_routable(view) and (epoch is None or (view is not None and view["epoch"] == epoch))

    def booked(self, since: float) -> list[dict[str, Any]]:
        """Every request in the usage ledger since a moment (seconds since 1970), the oldest first."""
        rows: list[dict[str, Any]] = []
        while more := self.get(f"/api/usage/requests?since={since:.6f}&limit=1000&after={rows[-1]['id'] if rows else 0}")["requests"]:
            rows += more
        return rows

    def usage(self, by: str, since: float, until: float | None = None) -> dict[str, Any]:
        """Totals of each worker, model or key, or of several with commas. `since` and `until` are seconds since 1970, None is now."""
        end = "" if until is None else f"&until={until:.6f}"
        return dict(self.get(f"/api/usage?by={by}&since={since:.6f}{end}"))

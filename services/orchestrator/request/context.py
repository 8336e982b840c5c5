"""One client request on its way through the gateway: what was asked, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from services import wire
from services.orchestrator.identity.auth import Identity
from services.orchestrator.request.timeline import Timeline
from services.orchestrator.usage.ledger_entry import LedgerEntry

NO_MODEL = "(unknown)"


@dataclass(slots=True)
class RequestContext:
    """`model` is set only when it is known to exist, so that clients cannot invent labels. Times in seconds, monotonic.

    `outcome`: ok, error (an error answer was sent), client_gone, upstream_broke (after the first byte was sent).
    """

    request: web.Request
    timeline: Timeline = field(default_factory=Timeline)
    identity: Identity | None = None
    model: str = NO_MODEL
    worker_id: str = ""
    attempts: int = 0
    status: int = 0
    outcome: str = "ok"
    booking: LedgerEntry | None = None

    def must_be_booked(self) -> LedgerEntry:
        """Its booking: a call that has come as far as to a worker has one."""
        assert self.booking is not None
        return self.booking

    @property
    def ttft_seconds(self) -> float | None:
        return self.timeline.first_token_seconds

    def elapsed_seconds(self) -> float:
        return self.timeline.total_seconds()

    def timing_headers(self) -> dict[str, str]:
        """Where the time went so far, for a client that asked; a stream's headers leave before its end is known."""
        wanted = self.request.headers.get(wire.TIMING) == "1"
        return {wire.SERVER_TIMING: self.timeline.server_timing()} if wanted else {}

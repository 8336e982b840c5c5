"""The context of one client request: its client, model, worker, attempts and outcome. Holds data and makes no decision."""

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
    """`model` is set only after the gateway knows that the model exists. Times are monotonic, in seconds.

    `outcome`: ok, error (an error answer was sent), client_gone, upstream_broke (after the first byte was sent).
    """

    request: web.Request
    timeline: Timeline = field(default_factory=Timeline)
    identity: Identity | None = None
    # Metrics use it as a label. A name from the request would let clients create series without limit.
    model: str = NO_MODEL
    worker_id: str = ""
    attempts: int = 0
    status: int = 0
    outcome: str = "ok"
    ledger_entry: LedgerEntry | None = None

    def must_have_entry(self) -> LedgerEntry:
        """The ledger entry. Every request has one before its first attempt."""
        assert self.ledger_entry is not None
        return self.ledger_entry

    @property
    def ttft_seconds(self) -> float | None:
        return self.timeline.first_token_seconds

    def elapsed_seconds(self) -> float:
        return self.timeline.total_seconds()

    def timing_headers(self) -> dict[str, str]:
        """The durations so far, if the client requested them. A stream sends its headers before the last phase ends."""
        is_requested = self.request.headers.get(wire.TIMING) == "1"
        return {wire.SERVER_TIMING: self.timeline.server_timing()} if is_requested else {}

"""The ledger entry of one request: opened before the first attempt, settled exactly once."""

from __future__ import annotations

import time

from services.orchestrator.usage.ledger import Ledger, Row
from services.orchestrator.usage.usage import BodyReading, Reading
from services.orchestrator.usage.usage_request import UpstreamBody, estimated_prompt
from services.orchestrator.usage.usage_stream import StreamReading


class LedgerEntry:
    """Passes the answer's bytes through a usage reading and records the usage.

    Without a count from the worker, the entry records an estimate: the relayed tokens, and the prompt once an answer has started.
    """

    __slots__ = ("_ledger", "_noted_at", "_reading", "_started", "row", "upstream")

    def __init__(self, ledger: Ledger, upstream: UpstreamBody, row: Row) -> None:
        self.upstream = upstream
        self.row = row
        self._ledger = ledger
        self._reading: Reading | None = None
        self._started = self._noted_at = time.monotonic()

    def headers(self) -> dict[str, str]:
        """Headers that replace the client's. The gateway can read usage only from an uncompressed stream."""
        return {"Accept-Encoding": "identity"} if self.upstream.is_stream else {}

    def attempt(self, worker: str) -> None:
        """Record an attempt, before the worker receives the request."""
        self.row.worker = worker
        self.row.attempts += 1
        self._ledger.write(self.row)

    def answered(self, *, is_stream: bool, encoding: str) -> None:
        """The answer for the client has started."""
        self._reading = StreamReading(is_hiding=self.upstream.is_hidden) if is_stream else BodyReading(encoding)

    def feed(self, chunk: bytes) -> bytes:
        """Read the next bytes of the answer. Returns the bytes to relay now."""
        assert self._reading is not None  # `answered` comes before the first chunk.
        passed = self._reading.feed(chunk)
        if (now := time.monotonic()) - self._noted_at >= self._ledger.note_seconds:
            self._noted_at = now
            self._count(is_over=False)
            self._ledger.write(self.row)
        return passed

    def rest(self) -> bytes:
        """The bytes that the reading still holds when the answer has ended."""
        return self._reading.rest() if self._reading else b""

    def settle(self, status: int, outcome: str) -> None:
        """Record the end of the request, once. A request without an attempt has no row."""
        if self.row.outcome is not None or not self.row.attempts:
            return
        self.row.status, self.row.outcome = status, outcome
        self.row.seconds = time.monotonic() - self._started
        if outcome == "error":  # An error answer has no usage.
            self.row.estimated = False
        else:
            self._count(is_over=True)
        self._ledger.write(self.row)

    def _count(self, *, is_over: bool) -> None:
        reading = self._reading
        if reading is None:
            return
        if (usage := reading.usage() if is_over else None) is not None:
            self.row.prompt_tokens, self.row.completion_tokens = usage.prompt_tokens, usage.completion_tokens
            self.row.cached_tokens, self.row.estimated = usage.cached_tokens, False
            return
        self.row.prompt_tokens = self.row.prompt_tokens or estimated_prompt(self.upstream.body)
        if is_over or isinstance(reading, StreamReading):
            self.row.completion_tokens = reading.relayed_tokens()

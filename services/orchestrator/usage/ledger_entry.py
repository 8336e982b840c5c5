"""One request in the ledger: opened before its first attempt, settled exactly once, whatever becomes of it."""

from __future__ import annotations

import time

from services.orchestrator.usage.ledger import Ledger, Row
from services.orchestrator.usage.usage import BodyReading, Reading
from services.orchestrator.usage.usage_request import Asked, estimated_prompt
from services.orchestrator.usage.usage_stream import StreamReading


class LedgerEntry:
    """Gives the answer's bytes to a reading on their way to the client and books what the reading found.

    Without the worker's own count, what is booked is what was relayed: the answer's tokens, and the prompt's once there is an answer.
    """

    __slots__ = ("_ledger", "_noted_at", "_reading", "_started", "asked", "row")

    def __init__(self, ledger: Ledger, asked: Asked, row: Row) -> None:
        self.asked = asked
        self.row = row
        self._ledger = ledger
        self._reading: Reading | None = None
        self._started = self._noted_at = time.monotonic()

    def headers(self) -> dict[str, str]:
        """Headers to lay over the client's: a stream that is to be read must not be compressed."""
        return {"Accept-Encoding": "identity"} if self.asked.is_stream else {}

    def attempt(self, worker: str) -> None:
        """A worker is about to get the request."""
        self.row.worker = worker
        self.row.attempts += 1
        self._ledger.write(self.row)

    def answered(self, *, is_stream: bool, encoding: str) -> None:
        """The answer that the client will get has begun."""
        self._reading = StreamReading(is_hiding=self.asked.is_hidden) if is_stream else BodyReading(encoding)

    def feed(self, chunk: bytes) -> bytes:
        """The next bytes of the answer; gives those that the client is to get now."""
        assert self._reading is not None  # an answer has begun before it goes on
        passed = self._reading.feed(chunk)
        if (now := time.monotonic()) - self._noted_at >= self._ledger.note_seconds:
            self._noted_at = now
            self._count(is_over=False)
            self._ledger.write(self.row)
        return passed

    def rest(self) -> bytes:
        """What was kept back of the answer, for when it is over."""
        return self._reading.rest() if self._reading else b""

    def settle(self, status: int, outcome: str) -> None:
        """Book the end; the first one counts. A request no worker ever got is not booked."""
        if self.row.outcome is not None or not self.row.attempts:
            return
        self.row.status, self.row.outcome = status, outcome
        self.row.seconds = time.monotonic() - self._started
        if outcome == "error":  # what the client got is no answer, and costs nothing
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
        self.row.prompt_tokens = self.row.prompt_tokens or estimated_prompt(self.asked.body)
        if is_over or isinstance(reading, StreamReading):
            self.row.completion_tokens = reading.relayed_tokens()

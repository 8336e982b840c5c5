"""The worker's journal: one JSON line per event, written before the event's effect, so it survives SIGKILL. Not a log."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

FILE_NAME = "journal.jsonl"
MAX_BODY_BYTES = 16 * 1024  # The journal contains only the hash of a longer body.
MAX_EMITTED = 512
MAX_LINES_READ = 10_000

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "x-cluster-token", "x-api-key", "cookie"})


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """The fields of every line. `n` is the request's number in this process and joins its lines. Times are in seconds."""

    n: int | None = None
    request_id: str | None = None
    time: float
    monotonic: float
    worker: str
    pid: int


class Started(Line, frozen=True, kw_only=True, tag="started"):
    """The process runs. `epoch` identifies this incarnation, in nanoseconds since 1970."""

    epoch: int


class Ready(Line, frozen=True, kw_only=True, tag="ready"):
    """The models answer from now on."""

    models: tuple[str, ...]


class Arrival(Line, frozen=True, kw_only=True, tag="arrival"):
    """A complete request has arrived. `path` is the request target as it was sent.

    Header names are in lower case, and secrets are replaced. `peer` is the client's address."""

    method: str
    path: str
    model: str | None
    session: str | None
    stream: bool
    headers: Mapping[str, str]
    body: str | None
    body_sha256: str
    peer: str | None = None


class FirstToken(Line, frozen=True, kw_only=True, tag="first_token"):
    """The headers and the first token of a stream are about to be sent."""


class End(Line, frozen=True, kw_only=True, tag="end"):
    """The generation has ended. `slot_at`: the monotonic time at which the request took a slot, or null.

    `emitted`: the monotonic time of each token's write, or null for unary and long answers.
    `late_seconds`: the largest delay of a token after its deadline.
    """

    outcome: str
    status: int | None
    output_tokens: int
    prompt_tokens: int
    cached_tokens: int = 0
    reason: str | None = None
    slot_at: float | None = None
    late_seconds: float = 0.0
    emitted: tuple[float, ...] | None = None


class Journal:
    """Appends to `<data_dir>/journal.jsonl`. Every write is one unbuffered system call. Raises OSError if it fails."""

    def __init__(self, data_dir: Path, worker: str) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.path = data_dir / FILE_NAME
        # O_APPEND and no buffer: each line reaches the kernel in one call, so SIGKILL loses none that was written.
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._worker = worker
        self._pid = os.getpid()
        self._encoder = msgspec.json.Encoder()

    def origin(self) -> dict[str, Any]:
        """The common fields of a line: times, worker and pid."""
        return {"time": time.time(), "monotonic": time.monotonic(), "worker": self._worker, "pid": self._pid}

    def append(self, line: Line) -> None:
        data = self._encoder.encode(line) + b"\n"
        # write(2) may accept a part on a full disk, and os.write then raises nothing.
        if os.write(self._fd, data) != len(data):
            raise OSError(f"{self.path}: the disk accepted only a part of a line")

    def started(self) -> None:
        self.append(Started(epoch=time.time_ns(), **self.origin()))

    def ready(self, models: tuple[str, ...]) -> None:
        self.append(Ready(models=models, **self.origin()))

    def read(self, since: int) -> list[msgspec.Raw]:
        """The lines after line number `since`, at most MAX_LINES_READ."""
        with self.path.open("rb") as file:
            return [msgspec.Raw(line) for line in islice(file, since, since + MAX_LINES_READ)]

    def close(self) -> None:
        os.close(self._fd)


class Record:
    """The lines of one request. The first `end` counts, and later ones have no effect."""

    def __init__(self, journal: Journal, n: int, request_id: str) -> None:
        self._journal = journal
        self.n = n
        self.request_id = request_id
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.output_tokens = 0
        self.arrived = time.monotonic()
        self.slot_at: float | None = None
        self.first_token_at: float | None = None
        self.late_seconds = 0.0
        self.is_ended = False
        self.outcome: str | None = None
        self._is_stream = False
        self._emitted: list[float] = []

    def arrival(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        model: str | None,
        stream: bool,
        peer: str | None = None,
    ) -> None:
        self._is_stream = stream
        self._journal.append(
            Arrival(
                n=self.n,
                request_id=self.request_id,
                method=method,
                path=path,
                model=model,
                session=headers.get("X-Session-ID"),
                stream=stream,
                # The evidence of a scenario contains journals, so credentials must not reach the file (SEC-002).
                headers=without_secrets(headers),
                body=body.decode("utf-8", "replace") if len(body) <= MAX_BODY_BYTES else None,
                body_sha256=hashlib.sha256(body).hexdigest(),
                peer=peer,
                **self._journal.origin(),
            )
        )

    def first_token(self) -> None:
        self.first_token_at = time.monotonic()
        self._journal.append(FirstToken(n=self.n, request_id=self.request_id, **self._journal.origin()))

    @property
    def emitted(self) -> tuple[float, ...]:
        """The time of each token's write. Empty for unary and long answers."""
        return tuple(self._emitted) if self._is_stream and len(self._emitted) <= MAX_EMITTED else ()

    def emit(self) -> None:
        """Count a token just before its write."""
        self.output_tokens += 1
        if self.output_tokens <= MAX_EMITTED + 1:  # One entry more than the limit marks a list that is too long.
            self._emitted.append(time.monotonic())

    def fields(self) -> dict[str, Any]:
        """The fields of the log line: the outcome and the duration of each phase in seconds, or null for a phase not reached."""
        ended = time.monotonic()
        queued = None if self.slot_at is None else round(self.slot_at - self.arrived, 6)
        ttft = None if self.first_token_at is None else round(self.first_token_at - self.arrived, 6)
        times = {"queue_seconds": queued, "ttft_seconds": ttft, "seconds": round(ended - self.arrived, 6)}
        tokens = {"prompt_tokens": self.prompt_tokens, "cached_tokens": self.cached_tokens, "output_tokens": self.output_tokens}
        return {"outcome": self.outcome} | tokens | times

    def end(self, outcome: str, status: int | None, reason: str | None = None) -> None:
        if self.is_ended:
            return
        self.is_ended = True
        self.outcome = outcome
        self._journal.append(
            End(
                n=self.n,
                request_id=self.request_id,
                outcome=outcome,
                status=status,
                output_tokens=self.output_tokens,
                prompt_tokens=self.prompt_tokens,
                cached_tokens=self.cached_tokens,
                reason=reason,
                slot_at=self.slot_at,
                late_seconds=self.late_seconds,
                emitted=tuple(self._emitted) if self._is_stream and len(self._emitted) <= MAX_EMITTED else None,
                **self._journal.origin(),
            )
        )


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with lower-case names, and with `***` in place of credentials. Values of a repeated header are joined in their order."""
    kept: dict[str, str] = {}
    for name, value in headers.items():
        shown = "***" if (lower := name.lower()) in _SECRET_HEADERS else value
        kept[lower] = f"{kept[lower]}, {shown}" if lower in kept else shown
    return kept

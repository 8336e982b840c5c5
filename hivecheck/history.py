"""The history of a scenario: client operations and events with monotonic times. Append-only, also as JSONL. Checks read only this."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hivecheck.wording import counted

FORMAT = 3  # of history.jsonl; 1 had no number and other words for faults, 2 had the headers of a response without their number and order
CLIENT_LEFT = "the client left"  # `error` of an operation that its client abandoned: by itself no fault of the server
INJECTED, REMOVED = "injected", "removed"  # `what` of the two events of a fault


Headers = tuple[tuple[str, str], ...]  # as they came: a mapping would lose a name that came twice


@dataclass(frozen=True)
class Token:
    """One content token of a stream: its text and when it reached the client (monotonic seconds)."""

    at: float
    text: str


@dataclass(frozen=True)
class Operation:
    """One request from the view of its client. Times are monotonic seconds, None for a moment that was not reached.

    `error` is the error of the transport: connection reset, refused, timed out. `stream_error` is an error event inside a stream.
    `body` is the parsed JSON of a unary response, `raw` its text if it is not JSON. `raised` is the exception of a client library.
    `intended_at` is the scheduled send time, for a request with a schedule.
    `usage_chunks` counts the chunks of a stream that have a usage and no choices.
    `before_done` is the kind of the last chunk: usage or answer.
    """

    id: str
    path: str
    model: str
    is_stream: bool
    started_at: float
    request: Mapping[str, Any] = field(default_factory=dict)
    sent_headers: Mapping[str, str] = field(default_factory=dict)
    purpose: str = "chat"
    status: int | None = None
    headers: Headers = ()
    headers_at: float | None = None
    ended_at: float | None = None
    body: Any = None
    raw: str = ""
    tokens: tuple[Token, ...] = ()
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    saw_done: bool = False
    usage_chunks: int = 0
    before_done: str = ""
    stream_error: Mapping[str, Any] | None = None
    error: str | None = None
    raised: str = ""
    intended_at: float | None = None

    @property
    def is_answered(self) -> bool:
        """A complete 2xx response."""
        is_whole = self.error is None and self.stream_error is None and (self.saw_done or not self.is_stream)
        return self.status is not None and 200 <= self.status < 300 and is_whole and self.ended_at is not None

    @property
    def seconds(self) -> float:
        return (self.ended_at or time.monotonic()) - self.started_at

    def header(self, name: str) -> str | None:
        """A header of the response, by name in any case. The values of a repeated one are joined, so it equals none of them."""
        # RFC 9110, section 5.3. A check of one value therefore fails for a header that came twice.
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def error_object(self) -> Mapping[str, Any]:
        """OpenAI's error object of the response; empty when there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else {}

    def sentence(self) -> str:
        """This operation in one line, for messages."""
        parts = [f"{self.id}: {self.path} {self.model}", f"status {self.status}" if self.status else "no status"]
        if self.is_stream and self.status == 200:
            end = "[DONE]" if self.saw_done else "no [DONE]"
            parts.append(f"{counted(len(self.tokens), 'token')}, finish_reason {self.finish_reason}, {end}")
        if self.error_object():
            parts.append(f"error {self.error_object().get('code')}: {self.error_object().get('message')}")
        if self.stream_error:
            parts.append(f"error event {self.stream_error.get('code')}")
        if self.error:
            parts.append(self.error)
        if self.raised:
            parts.append(f"raised {self.raised}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Event:
    """Something that happened at a node or was done to it. `at` is monotonic seconds.

    * `journal`: a line of a worker's journal. The node is the worker.
    * `log`: a structured log line.
    * `state`: a value observed by polling.
    * `act`: an action of the harness.
    * `fault`: an injection with its observed effect, or its verified removal. The node is the fault target.
    * `load`: the start or end of a steady load. The node is its model.
    * `soak`: the start, a round or the end of a soak. The node is its model.
    * `load_run`: the figures of a load run, at its end. The node is its model.
    """

    at: float
    kind: str
    node: str
    data: Mapping[str, Any]


class History:
    """Append-only and thread-safe. An operation is recorded once, at its end. The first line of the file has the format number."""

    def __init__(self, path: Path | None = None) -> None:
        # The loop thread and thread pools record operations while the main thread records acts.
        self._lock = threading.Lock()
        self._operations: list[Operation] = []
        self._events: list[Event] = []
        self._file = path.open("a", encoding="utf-8") if path else None
        if self._file and self._file.tell() == 0:
            self._write({"type": "history", "format": FORMAT})

    def record(self, item: Operation | Event) -> None:
        """Append an operation or an event, in memory and on disk."""
        with self._lock:
            if isinstance(item, Operation):
                self._operations.append(item)
            else:
                self._events.append(item)
            if self._file:
                # Not asdict(), which copies each value first: a third of the time of a record.
                self._write({"type": type(item).__name__.lower()} | vars(item))

    def act(self, node: str, what: str, **data: Any) -> Event:
        """Record an action of the harness, now."""
        event = Event(time.monotonic(), "act", node, {"what": what, **data})
        self.record(event)
        return event

    def operations(self, purpose: str | None = "chat") -> list[Operation]:
        """Finished operations in the order of their end. `purpose=None` means all."""
        with self._lock:
            return [operation for operation in self._operations if purpose in (None, operation.purpose)]

    def events(self, kind: str | None = None, node: str | None = None) -> list[Event]:
        with self._lock:
            return [event for event in self._events if kind in (None, event.kind) and node in (None, event.node)]

    def between(self, begin: float, end: float = math.inf) -> History:
        """The operations that began and the events that happened from `begin` to before `end`, as a history in memory."""
        found = History()
        with self._lock:
            found._operations = [operation for operation in self._operations if begin <= operation.started_at < end]
            found._events = [event for event in self._events if begin <= event.at < end]
        return found

    def acts(self, node: str | None = None) -> list[Event]:
        """What the harness did, by time: `act` events, and each injection with its fault's act as `what` ("killed")."""
        acts = [_as_act(event) for event in self.events(node=node) if event.kind == "act" or "act" in event.data]
        return sorted(acts, key=lambda event: event.at)

    def journal(self, entry: str, request_id: str | None = None) -> list[Event]:
        """Journal lines of one entry (`arrival`, `first_token`, `end`...), of one request or of all."""
        lines = self.events("journal")
        return [line for line in lines if line.data.get("event") == entry and request_id in (None, line.data.get("request_id"))]

    def arrivals(self, operation: Operation) -> list[Event]:
        """The arrivals of this request at workers."""
        return self.journal("arrival", operation.id)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(line, default=_plain) + "\n")
        # At once, because a harness that is killed leaves only what the kernel has.
        self._file.flush()


def _plain(value: object) -> object:
    return vars(value) if isinstance(value, Token) else str(value)


def _as_act(event: Event) -> Event:
    """The event as an act, at the moment of the harm."""
    # The event of an injection is recorded later, once the effect was observed. Detection budgets count from the harm.
    return event if event.kind == "act" else Event(event.data["injected_at"], "act", event.node, {**event.data, "what": event.data["act"]})


def journal_pairs(history: History) -> Iterator[tuple[Event, Event | None]]:
    """Each arrival with its end, or None while the worker has not finished."""
    # Not by request id: a retried request arrives several times, and a restarted worker numbers its requests from 1 again.
    ends = {(line.node, line.data.get("pid"), line.data.get("n")): line for line in history.journal("end")}
    for arrival in history.journal("arrival"):
        yield arrival, ends.get((arrival.node, arrival.data.get("pid"), arrival.data.get("n")))

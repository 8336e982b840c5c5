"""A thousand streams through the gateway at once: whether each is whole, and their memory. Part of the gateway's benchmark.

The client is as thin as the one of `gateway_overhead.py`, because its cost would count as the gateway's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

STREAMS, TOKENS = 1000, 20
# The first token comes after the last request was sent, also on a machine that needs 2 s for a thousand connections.
PACE = "ttft=3.0;itl=0.02"
EXPECTED = [f"t{number} " for number in range(TOKENS)]
SECONDS = 60.0


class Asker(Protocol):
    """A connection that can send bytes and gather the whole answer."""

    async def ask(self, request: bytes, *, is_stream: bool = False) -> float: ...

    def answer(self) -> bytes: ...


@dataclass(frozen=True)
class Stream:
    """The times of its request and of its end (seconds), and its defect; None for a whole stream."""

    asked_at: float
    ended_at: float
    fault: str | None


async def measure(connect: Callable[[], Awaitable[Asker]], request: bytes) -> dict[str, float]:
    """All streams at once, each over a connection of its own: the share of whole ones, and the most at one moment."""
    connections = [await connect() for _ in range(STREAMS)]
    async with asyncio.timeout(SECONDS):
        streams = await asyncio.gather(*(_take(connection, request) for connection in connections))
    for fault in sorted({stream.fault for stream in streams if stream.fault})[:5]:
        sys.stdout.write(f"not whole: {fault}\n")
    whole = sum(stream.fault is None for stream in streams)
    return {"streams_whole_percent": 100.0 * whole / STREAMS, "streams_at_once": float(most_at_once(streams))}


def fault_of(answer: bytes) -> str | None:
    """The first of these that a stream lacks: status, tokens in order, finish reason, one end marker at the end, end of the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return f"status {head[:40]!r}"
    if not body.endswith(b"\r\n0\r\n\r\n"):
        return "no end of the body"
    events = [line.removeprefix("data: ") for line in _unchunked(body).split("\n") if line.startswith("data: ")]
    if events.count("[DONE]") != 1 or events[-1] != "[DONE]":
        return "no end marker, or not once and last"
    chunks = [json.loads(event) for event in events[:-1]]
    if broken := next((chunk["error"] for chunk in chunks if "error" in chunk), None):
        return f"error event {broken}"
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    tokens = [text for choice in choices if (text := choice["delta"].get("content"))]
    if tokens != EXPECTED:
        return f"tokens: {len(tokens)} of {TOKENS}, or not in order"
    return None if any(choice["finish_reason"] for choice in choices) else "no finish reason"


def most_at_once(streams: Sequence[Stream]) -> int:
    """The greatest number of streams at one moment."""
    steps = sorted([(stream.asked_at, 1) for stream in streams] + [(stream.ended_at, -1) for stream in streams])
    now = peak = 0
    for _, step in steps:
        now += step
        peak = max(peak, now)
    return peak


def memory_mib(pid: int, field: str) -> float:
    """`VmRSS` (now) or `VmHWM` (the most so far) of a process, in MiB; proc(5)."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def _take(connection: Asker, request: bytes) -> Stream:
    asked_at = time.perf_counter()
    try:
        await connection.ask(request, is_stream=True)
        fault = fault_of(connection.answer())
    except (RuntimeError, OSError) as error:
        fault = f"{type(error).__name__}: {str(error)[:120]}"
    return Stream(asked_at, time.perf_counter(), fault)


def _unchunked(body: bytes) -> str:
    """The body without its chunk sizes (RFC 9112 section 7.1)."""
    pieces = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(pieces).decode()

"""A fast server with known truth: the load engine measures it, and its journal says what the engine should have found.

Run `python -m hivecheck.load.truth_server [--ttft SECONDS] [--itl SECONDS]`. It prints its port, and ends when its standard input closes.
The header `X-Truth` of a request declares other times and a defect: `ttft=0.2;itl=0.01;defect=cut;at=3`. `--truth` declares it for all.
`GET /truth` gives, of each request by its `X-Request-Id`, when it arrived and when each token was written (monotonic seconds).
`GET /stats` counts the requests and the whole answers. `GET /lateness` says how late the server itself was with its first tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DEFAULT_TOKENS = 16
PROMPT_TOKENS = 5
STALL_SECONDS = 1.0
SLOW_DEFECTS = ("stall", "hang", "cut")  # what was written must leave before they happen
# Of the request line and headers. A client of this server sends far less.
REQUEST_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Truth:
    """What one answer is like. `at` is the token that the defect concerns. Times are seconds."""

    ttft: float = 0.0
    itl: float = 0.0
    defect: str = ""
    at: int = 3

    @classmethod
    def parse(cls, words: str) -> Truth:
        """Raises ValueError for an unknown name."""
        fields = dict(part.strip().split("=", 1) for part in words.split(";") if part.strip())
        truth = cls(float(fields.pop("ttft", 0)), float(fields.pop("itl", 0)), fields.pop("defect", ""), int(fields.pop("at", 3)))
        if fields or truth.defect not in DEFECTS:
            raise ValueError(f"expected: ttft, itl, at, and a defect of {', '.join(sorted(DEFECTS))}\nactual: {words}")
        return truth


Texts = list[bytes]


def _twice(texts: Texts, at: int) -> Texts:
    return [*texts[: at + 1], *texts[at:]]


def _swapped(texts: Texts, at: int) -> Texts:
    return [*texts[:at], *reversed(texts[at : at + 2]), *texts[at + 2 :]]


def _without(texts: Texts, at: int) -> Texts:
    return [*texts[:at], *texts[at + 1 :]]


def _with_error(texts: Texts, at: int) -> Texts:
    return [*texts[:at], _event(b'{"error": {"code": "upstream_error", "message": "died"}}')]


def _with_garbage(texts: Texts, at: int) -> Texts:
    return [*texts[:at], _event(b'{"choices": [')]


def _same(texts: Texts, at: int) -> Texts:
    return texts


# What a defect does to the events of the tokens. Of the others the connection is cut, an end is missing, or a time is wrong.
DEFECTS: dict[str, Callable[[Texts, int], Texts]] = {
    "": _same,
    "duplicate": _twice,
    "reorder": _swapped,
    "lose": _without,
    "error": _with_error,
    "garbage": _with_garbage,
    "cut": lambda texts, at: texts[:at],
    "end": lambda texts, at: texts[:at],  # a clean end of the body
    "unterminated": _same,
    "usage": _same,
    "stall": _same,
    "hang": lambda texts, at: texts[:at],
    "refuse": _same,
    "close": _same,  # without a response
}


def _event(data: bytes) -> bytes:
    framed = b"data: " + data + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(framed), framed)


# Some clients look at each of these fields.
CHUNK = {"id": "chatcmpl-truth", "object": "chat.completion.chunk", "created": 1, "model": "truth"}


def _token(number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f"t{number} "}, "logprobs": None, "finish_reason": None}
    return _event(json.dumps(CHUNK | {"choices": [choice]}).encode())


TOKENS: Texts = []
STOP = _event(json.dumps(CHUNK | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode())
DONE = _event(b"[DONE]")
MODELS = b'{"object": "list", "data": [{"id": "truth", "object": "model", "created": 1, "owned_by": "hivecheck"}]}'


def _tokens(count: int) -> Texts:
    # Encoded once, so that the server is no bottleneck of what it measures.
    TOKENS.extend(_token(number) for number in range(len(TOKENS), count))
    return TOKENS[:count]


@dataclass
class Stats:
    """What happened to all requests: chats received, chats answered to the end, and lateness of first tokens in seconds."""

    received: int = 0
    answered: int = 0
    lateness: list[float] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"received": self.received, "answered": self.answered}

    def late(self) -> dict[str, float]:
        """Nearest ranks in seconds. Apart from the counts, because sorting would delay tokens during a load."""
        late = sorted(self.lateness)
        return {f"late_p{percent}": late[math.ceil(len(late) * percent / 100) - 1] if late else 0.0 for percent in (50, 99)}


class Answering(asyncio.Protocol):
    """One connection. It answers its requests one after the other."""

    def __init__(self, journal: dict[str, list[float]], known: dict[bytes, Truth], stats: Stats) -> None:
        self._journal = journal
        self._stats = stats
        self._known = known  # the parsed declarations, by their words
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._is_answering = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport has the interface but is no subclass

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_answering:
            self._next(time.monotonic())

    def _next(self, now: float) -> None:
        """Answer the next request, if it is whole."""
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            if len(self._received) > REQUEST_LIMIT_BYTES:
                self._transport.abort()
            return
        head = bytes(self._received[:head_end])
        lower = head.lower()
        body_end = head_end + 4 + int(_header(head, lower, b"content-length") or 0)
        if len(self._received) < body_end:
            return
        body = bytes(self._received[head_end + 4 : body_end])
        del self._received[:body_end]
        self._is_answering = True
        if head.startswith(b"GET "):
            self._inform(head)
            return
        self._stats.received += 1
        asked = json.loads(body)
        count = int(asked.get("max_tokens") or asked.get("max_completion_tokens") or DEFAULT_TOKENS)
        truth = self._truth(_header(head, lower, b"x-truth"))
        times = [now]
        if identifier := _header(head, lower, b"x-request-id"):
            self._journal[identifier.decode()] = times
        if truth.defect == "close":
            self._transport.close()
        elif truth.defect == "refuse":
            self._unary(b'{"error": {"code": "overloaded", "message": "no slot"}}', b"503 Service Unavailable")
        elif asked.get("stream"):
            self._stream(truth, count, times)
        else:
            self._at(now + truth.ttft + truth.itl * (count - 1), self._answer, _chat(count))

    def _inform(self, head: bytes) -> None:
        """What a client asks before a load, or a benchmark after it."""
        if head.startswith(b"GET /truth"):
            self._unary(json.dumps(self._journal).encode())
        elif head.startswith(b"GET /stats"):
            self._unary(json.dumps(self._stats.counts()).encode())
        elif head.startswith(b"GET /lateness"):
            self._unary(json.dumps(self._stats.late()).encode())
        else:
            self._unary(MODELS)

    def _answer(self, body: bytes) -> None:
        self._stats.answered += 1
        self._unary(body)

    def _stream(self, truth: Truth, count: int, times: list[float]) -> None:
        texts = DEFECTS[truth.defect](_tokens(count), truth.at)
        if not truth.ttft and not truth.itl and truth.defect not in SLOW_DEFECTS:
            times.append(time.monotonic())
            self._stats.answered += 1
            self._transport.write(b"".join((HEAD, *texts, _tail(truth, count))))
            self._over()
            return
        self._transport.write(HEAD)
        # Absolute times, so that a late token does not delay the ones after it.
        dues = [times[0] + truth.ttft + truth.itl * number for number in range(len(texts))]
        if truth.defect == "stall":
            dues[truth.at :] = [due + STALL_SECONDS for due in dues[truth.at :]]
        self._write_due(truth, list(zip(dues, texts, strict=True)), _tail(truth, count), times)

    def _write_due(self, truth: Truth, rest: list[tuple[float, bytes]], tail: bytes, times: list[float]) -> None:
        """Write each token that is due, and wait for the next one."""
        now = time.monotonic()
        while rest and rest[0][0] <= now:
            if len(times) == 1:
                self._stats.lateness.append(now - rest[0][0])
            times.append(now)
            self._transport.write(rest.pop(0)[1])
        if rest:
            self._at(rest[0][0], self._write_due, truth, rest, tail, times)
        elif truth.defect == "cut":
            self._transport.close()
        elif truth.defect != "hang":
            self._stats.answered += 1
            self._transport.write(tail)
            self._over()

    def _unary(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        self._over()

    def _truth(self, words: bytes) -> Truth:
        if words not in self._known:
            self._known[words] = Truth.parse(words.decode())
        return self._known[words]

    def _over(self) -> None:
        self._is_answering = False
        if self._received:
            self._next(time.monotonic())

    def _at(self, due: float, act: Callable[..., None], *arguments: object) -> None:
        # uvloop's timers have a resolution of 1 ms. Rounding up prevents a wake-up before the deadline.
        delay = math.ceil((due - time.monotonic()) * 1000) / 1000
        self._timer = self._loop.call_later(max(delay, 0.0), act, *arguments)


def _tail(truth: Truth, count: int) -> bytes:
    """What follows the tokens."""
    if truth.defect == "end":
        return b"0\r\n\r\n"
    tokens = count + 2 if truth.defect == "usage" else count
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens, "total_tokens": PROMPT_TOKENS + tokens}
    done = b"" if truth.defect == "unterminated" else DONE
    return STOP + _event(json.dumps(CHUNK | {"choices": [], "usage": usage}).encode()) + done + b"0\r\n\r\n"


def _header(head: bytes, lower: bytes, name: bytes) -> bytes:
    at = lower.find(b"\r\n" + name + b":")
    return head[at + 3 + len(name) :].split(b"\r\n", 1)[0].strip() if at >= 0 else b""


def _chat(count: int) -> bytes:
    message = {"role": "assistant", "content": "".join(f"t{number} " for number in range(count))}
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": count, "total_tokens": PROMPT_TOKENS + count}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(CHUNK | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode()


async def serve(truth: Truth) -> None:
    """Listen on 127.0.0.1 until standard input closes."""
    loop = asyncio.get_running_loop()
    journal: dict[str, list[float]] = {}
    known, stats = {b"": truth}, Stats()
    server = await loop.create_server(lambda: Answering(journal, known, stats), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    closed = asyncio.Event()
    # A parent that died has closed the pipe too, so no server outlives its run.
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(closed.set)), daemon=True).start()
    await closed.wait()
    server.close()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttft", type=float, default=0.0, help="seconds from a request to its first token")
    parser.add_argument("--itl", type=float, default=0.0, help="seconds between two tokens")
    parser.add_argument("--truth", help="all of it, in the form of the header")
    arguments = parser.parse_args()
    uvloop.run(serve(Truth.parse(arguments.truth) if arguments.truth else Truth(arguments.ttft, arguments.itl)))


if __name__ == "__main__":
    main()

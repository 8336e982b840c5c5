"""The faults that change the bytes of an answer. Pure, except for the delays of `slow_drip`."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec

from services import wire
from services.worker import answers
from services.worker.answers import DONE, Head, StreamShape
from services.worker.fault_types import Fault
from services.worker.requests import Job

DRIP_BYTES = 16  # Smaller than any SSE event, so each event arrives in several pieces.
KIB = 1024
WRONG_TYPE = "text/html; charset=utf-8"
# The SSE framing is intact, and only the JSON breaks off. So the client's JSON parser meets the fault, not its event reader.
BROKEN_CHUNK = b'data: {"id": "chatcmpl-broken", "choices": [{"delta": {"content": \n\n'

Write = Callable[[bytes], Awaitable[None]]


def content_type(fault: Fault | None, right: str) -> str:
    return WRONG_TYPE if _is(fault, "wrong_type") else right


def token(fault: Fault | None, index: int) -> str:
    """The text of one token. An oversized token keeps its number, so its order stays visible."""
    plain = answers.token(index)
    if fault is None:
        return plain
    first = fault.argument or 0
    if fault.kind == "repeat_token" and index == first:
        return plain + plain
    if fault.kind == "swap_tokens" and index in (first, first + 1):
        return answers.token(2 * first + 1 - index)
    if index or fault.kind != "oversized_chunk":
        return plain
    return plain + "x" * (KIB * (fault.argument or 1) - len(plain) - 1) + " "


def tail(fault: Fault | None, shape: StreamShape, head: Head, job: Job, tokens: int, finish_reason: str) -> bytes:
    """The end of a stream."""
    head = msgspec.structs.replace(head, include_usage=False) if _is(fault, "no_usage") else head
    end = answers.tail(shape, head, job, tokens, finish_reason)
    if _is(fault, "no_done"):
        return end.removesuffix(DONE)
    return end + DONE if _is(fault, "double_done") else end


def unary(fault: Fault | None, body: bytes) -> bytes:
    """A unary body after the fault: without usage, or with an oversized text."""
    if fault is None or fault.kind not in ("no_usage", "oversized_chunk"):
        return body
    answer = msgspec.json.decode(body)
    if fault.kind == "no_usage":
        answer.pop("usage", None)
    for choice in answer.get("choices", ()) if fault.kind == "oversized_chunk" else ():
        place, name = (choice["message"], "content") if "message" in choice else (choice, "text")
        place[name] = place[name].replace(answers.token(0), token(fault, 0), 1)
    return msgspec.json.encode(answer)


def encoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole body in the coding that its headers name: gzip, or none."""
    return gzip.compress(body) if headers.get("Content-Encoding") == "gzip" else body


def stream_end(fault: Fault, end: bytes) -> bytes:
    """The final bytes of a stream after the fault's tokens. `end` is the correct end."""
    if fault.kind == "bad_json_after":
        return BROKEN_CHUNK + end
    return _error_event() if fault.kind == "error_event_after" else b""


def _error_event() -> bytes:
    """vLLM's output for a failure in mid-stream: an error object as data, then the end marker."""
    detail = wire.ErrorDetail(message="Simulated failure in mid-stream.", type="server_error", code="simulated_fault")
    return b"data: " + msgspec.json.encode(wire.ErrorBody(error=detail)) + b"\n\n" + DONE


async def write(fault: Fault | None, out: Write, data: bytes) -> None:
    """Send `data` at once, or in small delayed pieces for `slow_drip`."""
    if fault is None or fault.kind != "slow_drip":
        await out(data)
        return
    for piece in pieces(data, DRIP_BYTES):
        await out(piece)
        await asyncio.sleep((fault.argument or 1) / 1000)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _is(fault: Fault | None, kind: str) -> bool:
    return fault is not None and fault.kind == kind

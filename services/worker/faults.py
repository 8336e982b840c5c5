"""Injects faults into a real connection. `fault_types` defines the kinds."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Mapping
from typing import Protocol

import msgspec
from aiohttp import web

from services import wire
from services.service import json_response
from services.worker.behaviour import Behaviour
from services.worker.fault_types import Fault
from services.worker.journal import Record
from services.worker.response_faults import Write, encoded, pieces

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 503: "service_unavailable_error"}
HEAD_PIECES = 10
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds: a close sends RST (socket(7)).


class Host(Protocol):
    """The worker-wide effects of a fault."""

    def allocate(self, mib: int) -> None: ...

    def fail_health_checks(self, n: int) -> None: ...

    async def refuse(self, seconds: float) -> None: ...


async def inject_on_arrival(behaviour: Behaviour, request: web.Request, record: Record, host: Host) -> web.Response | None:
    """Inject the fault if its kind takes effect before a slot is taken. Returns an error answer, or None."""
    fault = behaviour.fault
    if fault is None:
        return None
    number = fault.argument or 0
    if fault.kind == "exit":
        os._exit(number)  # Without clean-up, like a crash.
    if fault.kind == "allocate":
        host.allocate(number)
    if fault.kind == "sick":
        host.fail_health_checks(record.n)
    if fault.kind == "refuse":
        await host.refuse(number / 1000)
    if fault.kind in ("reset", "refuse"):
        await _reset(fault, request, record, None)
    if fault.kind == "status":
        record.end("failed", number, f"fault {fault}")
        return status_answer(number, behaviour.headers)
    if fault.kind == "foreign_status":
        record.end("failed", number, f"fault {fault}")
        return json_response({"detail": f"Simulated status {number}."}, number, behaviour.headers)
    return None


async def inject_after_tokens(fault: Fault, request: web.Request, record: Record, status: int | None) -> None:
    """Inject the fault after its tokens are sent. Returns only for kinds where the caller ends the body."""
    if fault.kind == "reset_after":
        await _reset(fault, request, record, status)
    if fault.kind == "stall_after":
        await hang()
    record.end("failed", status or web.HTTPOk.status_code, f"fault {fault}")


async def inject_at_end(fault: Fault | None, request: web.Request, record: Record) -> None:
    """Reset the connection of a whole stream for `reset_after_done`."""
    if fault is not None and fault.kind == "reset_after_done":
        await _reset(fault, request, record, web.HTTPOk.status_code)


def cutting(fault: Fault | None, request: web.Request, record: Record, out: Write) -> Write:
    """`out` itself, or for `cut_at` a writer that resets the connection after exactly that many bytes."""
    if fault is None or fault.kind != "cut_at":
        return out
    left = fault.argument or 0

    async def write(data: bytes) -> None:
        nonlocal left
        if piece := data[:left]:
            await out(piece)
        left -= len(piece)
        if len(piece) < len(data):
            await _reset(fault, request, record, web.HTTPOk.status_code)

    return write


async def answer_slowly(request: web.Request, headers: Mapping[str, str], body: bytes, seconds: float) -> None:
    """Send status line and headers in HEAD_PIECES pieces over `seconds`, then the body, then close. Never returns."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
    transport = request.transport
    for piece in pieces(head, -(-len(head) // HEAD_PIECES)):
        if transport is not None:
            transport.write(piece)
        await asyncio.sleep(seconds / HEAD_PIECES)
    if transport is not None:
        transport.write(body)
        transport.close()
    await hang()


async def hang() -> None:
    """Wait until the client disconnects, which cancels the handler."""
    await asyncio.get_running_loop().create_future()


async def _reset(fault: Fault, request: web.Request, record: Record, status: int | None) -> None:
    record.end("failed", status, f"fault {fault}")
    # uvloop writes at the end of a loop iteration. The sleep lets it send the tokens before the reset drops its buffer.
    await asyncio.sleep(0)
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    await hang()


def status_answer(status: int, given: Mapping[str, str]) -> web.Response:
    """An OpenAI error object. 429 and 503 carry Retry-After, unless `given` overrides it."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    detail = wire.ErrorDetail(message=f"Simulated status {status}.", type=kind, code="simulated_fault")
    headers = ({wire.RETRY_AFTER: "1"} if status in (429, 503) else {}) | dict(given)
    body = msgspec.json.encode(wire.ErrorBody(error=detail))
    return web.Response(body=encoded(body, headers), status=status, headers=headers, content_type="application/json")

"""One download: the part of a file that was asked for, at the ordered pace, with the ordered flaw; noted in the journal."""

from __future__ import annotations

import asyncio
import re
import time

from aiohttp import web

from services import relay
from services.model_hub.content import BLOCK_BYTES, Content
from services.model_hub.hub import ModelHub
from services.service import REQUEST_ID

CHECKSUM = "X-Checksum-Sha256"
PIECE_BYTES = 16 * 1024  # small, so that a slow download is slow all the way
# A cut comes after a silence, so that what was sent before it has surely arrived, and been taken.
SILENCE_BEFORE_CUT_SECONDS = 1.0
LOOK_SECONDS = 0.1
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


async def deliver(hub: ModelHub, content: Content, request: web.Request) -> web.StreamResponse:
    """Answer with 200 (whole), 206 (part) or 416 (nothing there)."""
    etag = f'"{content.sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", CHECKSUM: content.sha256, "Content-Type": "application/octet-stream"}
    span = _span(request, content, etag)
    if span is None:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{content.size_bytes}"})
    start, stop = span
    is_part = (start, stop) != (0, content.size_bytes)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size_bytes}"
    response = web.StreamResponse(status=206 if is_part else 200, headers=headers)
    response.content_length = stop - start
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    return await _send(hub, content, request, response, start, stop)


async def _send(
    hub: ModelHub, content: Content, request: web.Request, response: web.StreamResponse, start: int, stop: int
) -> web.StreamResponse:
    number = hub.journal.began(content.model, start, request[REQUEST_ID])
    is_wrong, cut_after = hub.orders.take_corruption(), hub.orders.take_cut()
    end = stop if cut_after is None else min(stop, start + cut_after)
    place, outcome = start, "client_gone"
    try:
        await response.prepare(request)
        began = time.monotonic()
        while place < end:
            piece = _piece(content, place, end)
            await response.write(_spoilt(piece) if is_wrong and place == start else piece)
            place += len(piece)
            await _keep_pace(hub, began, place - start)
        outcome = "cut" if end < stop else "corrupted" if is_wrong else "finished"
        if end < stop:
            await asyncio.sleep(SILENCE_BEFORE_CUT_SECONDS)
            relay.cut(request)
        else:
            await response.write_eof()
    except ConnectionError:
        outcome = "client_gone"
    finally:
        hub.journal.ended(number, content.model, start, place - start, outcome)
        hub.bytes_sent.inc(place - start)
        hub.downloads.labels(outcome).inc()
    return response


async def _keep_pace(hub: ModelHub, began: float, sent: int) -> None:
    """Wait until so much may have been sent; the pace can change meanwhile, and a faster one takes effect at once."""
    rate = hub.orders.bytes_per_second
    while rate and (left := began + sent / rate - time.monotonic()) > 0:
        await asyncio.sleep(min(left, LOOK_SECONDS))
        rate = hub.orders.bytes_per_second


def _piece(content: Content, place: int, end: int) -> bytes:
    return content.read(place, min(PIECE_BYTES, end - place, BLOCK_BYTES - place % BLOCK_BYTES))


def _spoilt(piece: bytes) -> bytes:
    return bytes([piece[0] ^ 0xFF]) + piece[1:]


def _span(request: web.Request, content: Content, etag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None when no byte of the file is meant. What is no simple range means the whole file."""
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or request.headers.get("If-Range", etag) != etag:
        return 0, content.size_bytes
    start = int(asked[1])
    stop = min(int(asked[2]) + 1 if asked[2] else content.size_bytes, content.size_bytes)
    return (start, stop) if start < stop else None

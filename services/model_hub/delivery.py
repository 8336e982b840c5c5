"""One download: sends the requested range of a file at the configured rate with the injected fault, and journals it."""

from __future__ import annotations

import asyncio
import re
import time

from aiohttp import web

from services import connections
from services.model_hub.content import BLOCK_BYTES, Content
from services.model_hub.hub import ModelHub
from services.service import REQUEST_ID

CHECKSUM = "X-Checksum-Sha256"
PIECE_BYTES = 16 * 1024  # Small, so that a slow download has a steady rate.
# The pause before a cut lets the client receive and process all bytes sent before it.
SILENCE_BEFORE_CUT_SECONDS = 1.0
RATE_CHECK_SECONDS = 0.1
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


async def deliver(hub: ModelHub, content: Content, request: web.Request) -> web.StreamResponse:
    """Answer with 200 (whole file), 206 (part) or 416 (range outside of the file)."""
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
    # Before the journal and the faults: a HEAD request is no download and must not use one up.
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    return await _send(hub, content, request, response, start, stop)


async def _send(
    hub: ModelHub, content: Content, request: web.Request, response: web.StreamResponse, start: int, stop: int
) -> web.StreamResponse:
    number = hub.journal.began(content.model, start, request[REQUEST_ID])
    is_corrupted, cut_after = hub.injected_faults.take_corruption(), hub.injected_faults.take_cut()
    end = stop if cut_after is None else min(stop, start + cut_after)
    place, outcome = start, "client_gone"
    try:
        await response.prepare(request)
        began = time.monotonic()
        while place < end:
            piece = _piece(content, place, end)
            # One wrong byte with the right length: only the checksum can find it.
            await response.write(_corrupted(piece) if is_corrupted and place == start else piece)
            place += len(piece)
            await _keep_pace(hub, began, place - start)
        outcome = "cut" if end < stop else "corrupted" if is_corrupted else "finished"
        if end < stop:
            await asyncio.sleep(SILENCE_BEFORE_CUT_SECONDS)
            connections.cut(request)
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
    """Wait until the rate allows `sent` bytes. A change of the rate takes effect within RATE_CHECK_SECONDS."""
    rate = hub.injected_faults.bytes_per_second
    while rate and (left := began + sent / rate - time.monotonic()) > 0:
        await asyncio.sleep(min(left, RATE_CHECK_SECONDS))
        rate = hub.injected_faults.bytes_per_second


def _piece(content: Content, place: int, end: int) -> bytes:
    return content.read(place, min(PIECE_BYTES, end - place, BLOCK_BYTES - place % BLOCK_BYTES))


def _corrupted(piece: bytes) -> bytes:
    return bytes([piece[0] ^ 0xFF]) + piece[1:]


def _span(request: web.Request, content: Content, etag: str) -> tuple[int, int] | None:
    """The first byte and the byte after the last, or None for a range outside of the file. Other Range forms mean the whole file."""
    requested = _RANGE.fullmatch(request.headers.get("Range", ""))
    # RFC 9110: a server may ignore a Range (14.2), and must ignore it if If-Range does not match (13.1.5).
    if not requested or request.headers.get("If-Range", etag) != etag:
        return 0, content.size_bytes
    start = int(requested[1])
    stop = min(int(requested[2]) + 1 if requested[2] else content.size_bytes, content.size_bytes)
    return (start, stop) if start < stop else None

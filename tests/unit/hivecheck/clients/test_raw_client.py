"""Bytes on a socket and what comes back, against real connections."""

from __future__ import annotations

import itertools
import json
import socket
import time
from urllib.parse import urlsplit

from scripted_gateway import ScriptedGateway

from hivecheck.clients.raw_http import PURPOSE, RawClient, RawRequest
from hivecheck.history import History
from hivecheck.platforms.ports import PortReservation

ERROR = {"error": {"message": "No.", "type": "t", "param": None, "code": "c"}}
REQUEST = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


def test_raw_operation(gateway: ScriptedGateway, history: History) -> None:
    """The response to raw bytes becomes an operation."""
    gateway.pieces, gateway.status, gateway.content_type = [json.dumps(ERROR).encode()], 400, "application/json"
    seen = RawClient(gateway.url, history, 2.0).send("r1", "some words", RawRequest(REQUEST))
    assert (seen.id, seen.path, seen.purpose, seen.status, seen.error_object()) == ("r1", "some words", PURPOSE, 400, ERROR["error"])
    assert history.operations(PURPOSE) == [seen]


def test_raw_text(gateway: ScriptedGateway, history: History) -> None:
    """A response that is not JSON is kept as text."""
    gateway.pieces = [b"Bad Request"]
    assert RawClient(gateway.url, history, 2.0).send("r1", "x", RawRequest(REQUEST)).raw == "Bad Request"


def test_pieces_until_answer(gateway: ScriptedGateway, history: History) -> None:
    """Pieces are sent until a response begins."""
    gateway.pieces = [b"early"]
    begun = time.monotonic()
    seen = RawClient(gateway.url, history, 5.0).send("r1", "x", RawRequest(REQUEST, lambda: itertools.repeat(b" "), 0.01))
    assert (seen.status, seen.raw) == (200, "early")
    assert time.monotonic() - begun < 4


def test_raw_timeout_and_refusal(gateway: ScriptedGateway, history: History) -> None:
    """A missing response ends in time, and a refused connection is reported."""
    gateway.hangs = True
    assert "no end within 0.2 s" in str(RawClient(gateway.url, history, 0.2).send("r1", "x", RawRequest(REQUEST)).error)
    reservation = PortReservation()
    url = f"http://127.0.0.1:{reservation.port}"
    assert "ConnectionRefusedError" in str(RawClient(url, history, 1.0).send("r1", "x", RawRequest(REQUEST)).error)
    assert urlsplit(url).port == reservation.port


def test_raw_begin(gateway: ScriptedGateway, history: History) -> None:
    """A begun request has a small receive buffer, and its caller reads the response."""
    gateway.pieces = [b"Hello"]
    with RawClient(gateway.url, history, 2.0).begin(REQUEST, 4096) as connection:
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * 4096
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert history.operations(PURPOSE) == []

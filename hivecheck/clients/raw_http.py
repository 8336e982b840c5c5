"""Bytes on a socket that no HTTP library would send, and whatever comes back as an operation. Judges nothing."""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from hivecheck.history import History, Operation

PURPOSE = "hostile"
ORDINARY = b"GET /health HTTP/1.1\r\nHost: gateway\r\n\r\n"


@dataclass(frozen=True)
class RawRequest:
    """What is sent: `first`, then `then` piece by piece with `pause_seconds` before each, until an answer begins."""

    first: bytes
    then: Callable[[], Iterable[bytes]] = tuple
    pause_seconds: float = 0.0


class RawClient:
    """One connection for each raw request. `patience_seconds` limits each wait."""

    def __init__(self, url: str, history: History, patience_seconds: float) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._history = history
        self._patience_seconds = patience_seconds

    def send(self, identifier: str, words: str, raw: RawRequest, *, is_second: bool = False) -> Operation:
        """Send one raw request and wait for the response, the close or the end of the patience.

        With `is_second` an ordinary request comes first on the same connection.
        """
        operation = Operation(
            id=identifier,
            path=words,
            model="",
            is_stream=False,
            started_at=time.monotonic(),
            purpose=PURPOSE,
            request={"bytes": len(raw.first)},
        )
        try:
            with socket.create_connection(self._address, self._patience_seconds) as connection:
                if is_second:
                    connection.sendall(ORDINARY)
                    _answer(connection, operation)
                    operation = replace(operation, started_at=time.monotonic())
                self._post(connection, raw)
                operation = _answer(connection, operation)
        except TimeoutError:
            operation = replace(operation, error=f"no end within {self._patience_seconds:g} s")
        except (OSError, http.client.HTTPException) as error:
            operation = replace(operation, error=f"{type(error).__name__}: {error}")
        operation = replace(operation, ended_at=time.monotonic())
        self._history.record(operation)
        return operation

    def occupy(self, count: int) -> list[socket.socket]:
        """So many connections that asked for something, had their answer and are idle now. The caller closes them."""
        connections = []
        for _ in range(count):
            connection = socket.create_connection(self._address, self._patience_seconds)
            connections.append(connection)
            connection.sendall(ORDINARY)
            # The answer proves that the server accepted it. Before, it may wait in the listen backlog.
            connection.recv(65536)
        return connections

    def begin(self, request: bytes, receive_bytes: int) -> socket.socket:
        """A connection with a small receive buffer, over which a request was sent. The caller reads its response and closes it."""
        connection = socket.socket()
        # Before the connect: the handshake announces the window.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(self._patience_seconds)
        try:
            connection.connect(self._address)
            connection.sendall(request)
        except BaseException:
            connection.close()
            raise
        return connection

    def _post(self, connection: socket.socket, raw: RawRequest) -> None:
        """A peer that responded early or closed the connection does not receive the rest."""
        deadline = time.monotonic() + self._patience_seconds
        try:
            connection.sendall(raw.first)
            for piece in raw.then():
                # Data for a closed socket brings a RST, and a RST discards the answer that is not read yet.
                if select.select([connection], [], [], raw.pause_seconds)[0] or time.monotonic() > deadline:
                    return
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return


def _answer(connection: socket.socket, operation: Operation) -> Operation:
    response = http.client.HTTPResponse(connection)
    response.begin()
    operation = replace(operation, status=response.status, headers=tuple(response.getheaders()), headers_at=time.monotonic())
    text = response.read()
    try:
        body: Any = json.loads(text)
    except ValueError:
        return replace(operation, raw=text.decode(errors="replace"))
    return replace(operation, body=body)

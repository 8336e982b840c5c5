"""What a command in a container says arrives whole, however the engine cuts it into segments, or it is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from docker import APIClient

from hivecheck.errors import ClientError
from hivecheck.platforms.docker.container_exec import execute, output_of
from hivecheck.platforms.docker.frames import HEADER, unpack

RAW = b"HTTP/1.1 %s\r\nContent-Type: application/vnd.docker.raw-stream\r\n%s\r\n"
UPGRADED = (b"101 UPGRADED", b"Connection: Upgrade\r\nUpgrade: tcp\r\n")


def frame(text: bytes, stream: int = 1) -> bytes:
    return HEADER.pack(stream, len(text)) + text


@contextmanager
def engine(body: bytes, code: int = 0) -> Iterator[APIClient]:
    """An engine that sends the headers of an exec and what the command said in one piece."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/start"):
                self.wfile.write(RAW % (UPGRADED if "Upgrade" in self.headers else (b"200 OK", b"")) + body)
            else:
                self.answer({"Id": "one"})

        def do_GET(self) -> None:
            self.answer({"ExitCode": code})

        def answer(self, reply: dict[str, object]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *_: object) -> None:
            """Nothing: a test speaks for itself."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        client = APIClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.41")
        try:
            yield client
        finally:
            client.close()
            server.shutdown()


def test_output_with_headers() -> None:
    """Output that arrives together with the headers is complete."""
    with engine(frame(b"oom_kill 1\n") + frame(b"and a complaint\n", stream=2), code=3) as api:
        assert execute(api, "box", ["cat"]) == (3, b"oom_kill 1\nand a complaint\n")


def test_sdk_loses_output() -> None:
    """The SDK still loses such output, so this code is needed."""
    with engine(frame(b"oom_kill 1\n")) as api:
        assert api.exec_start("one") == b""


def test_empty_output() -> None:
    """A command without output has an empty output."""
    assert output_of(b"") == b""


@pytest.mark.parametrize("body", [frame(b"whole") + frame(b"oom_kill 1")[:-1], frame(b"oom_kill 1")[:5]])
def test_cut_frame(body: bytes) -> None:
    """A body that ends within a frame is an error."""
    with pytest.raises(ClientError, match="broke off"):
        output_of(body)


def test_unpack_keeps_incomplete_frame() -> None:
    """The start of a frame stays until the rest arrives."""
    whole = frame(b"first") + frame(b"second", stream=2)
    assert unpack(whole[:-1]) == (b"first", frame(b"second", stream=2)[:-1])
    assert unpack(whole) == (b"firstsecond", b"")

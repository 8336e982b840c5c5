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

        def answer(self, told: dict[str, object]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

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


def test_all_is_heard_that_comes_in_one_piece_with_the_headers() -> None:
    with engine(frame(b"oom_kill 1\n") + frame(b"and a complaint\n", stream=2), code=3) as api:
        assert execute(api, "box", ["cat"]) == (3, b"oom_kill 1\nand a complaint\n")


def test_the_sdk_itself_still_loses_it_so_that_ours_is_needed() -> None:
    with engine(frame(b"oom_kill 1\n")) as api:
        assert api.exec_start("one") == b""


def test_a_command_that_says_nothing_said_nothing() -> None:
    assert output_of(b"") == b""


@pytest.mark.parametrize("body", [frame(b"whole") + frame(b"oom_kill 1")[:-1], frame(b"oom_kill 1")[:5]])
def test_what_ends_within_a_frame_is_an_error(body: bytes) -> None:
    with pytest.raises(ClientError, match="broke off"):
        output_of(body)


def test_unpack_keeps_incomplete_frame() -> None:
    """The start of a frame stays until the rest arrives."""
    whole = frame(b"first") + frame(b"second", stream=2)
    assert unpack(whole[:-1]) == (b"first", frame(b"second", stream=2)[:-1])
    assert unpack(whole) == (b"firstsecond", b"")

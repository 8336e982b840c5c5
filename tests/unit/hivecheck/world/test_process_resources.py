"""The program that reads what a process holds, on this very process."""

from __future__ import annotations

import json
import mmap
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from hivecheck.platforms.node_program import python_command
from hivecheck.world.observations.resources import RESOURCES

PAGE = b'# HELP x\nservice_tasks 7.0\nvllm:num_requests_running{model_name="a"} 2.0\nvllm:num_requests_running{model_name="b"} 1.0\n'
SECONDS = 20


class Metrics(BaseHTTPRequestHandler):
    """Answers each GET with a metrics page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """No lines on the console of the tests."""


def read(*pids: int) -> list[dict[str, Any]]:
    command = python_command(RESOURCES, *map(str, pids), interpreter=sys.executable)
    return list(json.loads(subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout))


def test_descriptors() -> None:
    """An open file is one descriptor more."""
    before = read(os.getpid())[0]["descriptors"]
    with open(os.devnull):
        assert read(os.getpid())[0]["descriptors"] == before + 1


def test_memory() -> None:
    """Used memory is resident."""
    # A mapping of its own: an object may take memory that the allocator has kept, which is resident already.
    with mmap.mmap(-1, 2**24) as used:
        before = read(os.getpid())[0]["memory_bytes"]
        used.write(b"x" * len(used))
        assert read(os.getpid())[0]["memory_bytes"] - before > len(used) // 2


def test_threads() -> None:
    """A thread that waits is one thread more."""
    before, end = read(os.getpid())[0]["threads"], threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert read(os.getpid())[0]["threads"] == before + 1
    finally:
        end.set()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_sockets_by_state(host: str) -> None:
    """A connection that the peer has closed and this process has not is in state close_wait."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname()[:2])
        accepted, _ = listener.accept()
        with client, accepted:
            client.shutdown(socket.SHUT_WR)
            assert accepted.recv(1) == b""
            states = read(os.getpid())[0]["sockets"]
    assert states["close_wait"] >= 1 and states["fin_wait2"] >= 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_reported(host: str) -> None:
    """Tasks and running requests are those of the metrics page of a port that the process listens on."""
    with HTTPServer((host, 0), Metrics) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            found = read(os.getpid())[0]
        finally:
            server.shutdown()
            thread.join()
    assert (found["tasks"], found["running"]) == (7, 3)


def test_exited_process_is_absent() -> None:
    """A process that has exited is not in the list, and the others are."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(SECONDS)
    assert [process["pid"] for process in read(ended.pid, os.getpid())] == [os.getpid()]

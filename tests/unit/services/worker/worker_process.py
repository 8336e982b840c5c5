"""One real worker process for the tests, and a plain client of it. Holds no assertions."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat_bodies import chat_body
from held_ports import free_port

TOKEN = "secret"
ROOT = Path(__file__).parents[4]
CHAT = "/v1/chat/completions"
PORT_TAKEN = 3


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.json["error"])

    @property
    def events(self) -> list[str]:
        """The data of each complete SSE event."""
        return [block.removeprefix("data: ") for block in self.body.decode().split("\n\n")[:-1]]

    @property
    def chunks(self) -> list[Any]:
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def text(self) -> str:
        """The content of a streamed chat, put together."""
        return "".join(choice["delta"].get("content", "") for chunk in self.chunks for choice in chunk["choices"])


@dataclass(frozen=True)
class WorkerProcess:
    process: subprocess.Popen[bytes]
    port: int
    admin_port: int
    data_dir: Path

    def call(self, method: str, path: str, body: Any = None, *, admin: bool = False, **headers: str) -> Answer:
        """One request over its own connection; `X_Simulate="..."` gives a header; `body` as JSON unless it is bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port if admin else self.port, timeout=10)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"X-Cluster-Token": TOKEN} | {key.replace("_", "-"): value for key, value in headers.items()}
        try:
            connection.request(method, path, data, given)
            response = connection.getresponse()
            try:
                content = response.read()
            except http.client.IncompleteRead as error:
                raise ConnectionError(error.partial) from error
            return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, content)
        finally:
            connection.close()

    def chat(self, *, stream: bool = False, simulate: str = "", request_id: str = "", **fields: Any) -> Answer:
        headers = ({"X_Simulate": simulate} if simulate else {}) | ({"X_Request_Id": request_id} if request_id else {})
        return self.call("POST", CHAT, chat_body(stream=stream, **fields), **headers)

    @contextmanager
    def open_chat(self, *, stream: bool = True, simulate: str = "", request_id: str = "x", **fields: Any) -> Iterator[socket.socket]:
        """Send a chat and leave the answer unread. The end of the `with` closes the connection."""
        body = json.dumps(chat_body(stream=stream, **fields))
        lines = [
            f"POST {CHAT} HTTP/1.1",
            "Host: x",
            f"X-Cluster-Token: {TOKEN}",
            f"X-Request-Id: {request_id}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"X-Simulate: {simulate}"] if simulate else []
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            yield connection

    def health(self) -> dict[str, Any]:
        return dict(self.call("GET", "/health").json)

    def journal(self, request_id: str | None = None) -> list[dict[str, Any]]:
        """The complete journal lines so far, of all requests or of one."""
        lines = (self.data_dir / "journal.jsonl").read_text().split("\n")[:-1]
        events = [json.loads(line) for line in lines]
        return [event for event in events if request_id is None or event["request_id"] == request_id]

    def end_of(self, request_id: str, within_seconds: float = 5.0) -> dict[str, Any]:
        eventually(lambda: any(line["event"] == "end" for line in self.journal(request_id)), within_seconds)
        return self.journal(request_id)[-1]

    def metric(self, name: str) -> float:
        """The sum over all labels."""
        text = self.call("GET", "/metrics").body.decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))

    def sample(self, series: str) -> float:
        """The value of one series with its labels, or 0."""
        lines = self.call("GET", "/metrics").body.decode().splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{series} ")), 0.0)

    def is_idle(self) -> bool:
        health = self.health()
        return health["running"] == health["waiting"] == 0

    def has_logged(self, event: str) -> bool:
        """Read the log up to `event`. False if the log ends without it."""
        assert self.process.stdout is not None
        return any(json.loads(line)["event"] == event for line in self.process.stdout)

    def close(self) -> None:
        with self.process:
            self.process.kill()


@dataclass
class WorkerFactory:
    """Starts workers and ends them all."""

    directory: Path
    started: list[WorkerProcess] = field(default_factory=list)

    def __call__(self, **settings: Any) -> WorkerProcess:
        worker = start(self.directory / f"w{len(self.started)}", settings)
        self.started.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.started:
            worker.close()


def start(data_dir: Path, settings: dict[str, Any]) -> WorkerProcess:
    """A listening worker. Tries another port if another process takes the port between choice and use."""
    for _ in range(5):
        port, admin_port = free_port(), free_port()
        chosen = {"name": "w1", "port": port, "models": ["m"], "data_dir": str(data_dir), "admin_port": admin_port} | settings
        worker = WorkerProcess(spawn(chosen), port, admin_port, data_dir)
        if worker.has_logged("admin_listening" if chosen["admin_port"] else "listening"):
            return worker
        assert worker.process.wait() == PORT_TAKEN
    raise AssertionError("five free ports were taken by others")


def spawn(settings: dict[str, Any], token: str = TOKEN, *, has_pipe: bool = True) -> subprocess.Popen[bytes]:
    """The process, listening or not. Its standard input is a pipe from this process, unless `has_pipe` is false."""
    options = [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]
    environment = os.environ | {"WORKER_TOKEN": token}
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "services.worker", *options]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe if has_pipe else subprocess.DEVNULL, stdout=pipe, stderr=pipe)


def read_until(connection: socket.socket, part: bytes) -> bytes:
    """The received bytes up to and including `part`."""
    data = b""
    while part not in data:
        more = connection.recv(65536)
        assert more, f"the connection ended before {part!r}; it sent {data!r}"
        data += more
    return data


def eventually(condition: Callable[[], Any], within_seconds: float = 5.0) -> None:
    """Return as soon as `condition` holds. Fails if it does not hold in time."""
    tick = threading.Event()
    end = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < end, f"not within {within_seconds} s: {condition}"
        tick.wait(0.005)

"""A Docker engine that holds summaries of containers only: enough to list and to remove them."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

VERSION = {"Version": "27.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64"}


class Engine(ThreadingHTTPServer):
    """Holds its containers by id."""

    def __init__(self, containers: dict[str, dict[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.containers = containers

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.server_port}"

    def summaries(self, wanted: list[str]) -> list[dict[str, Any]]:
        """The containers with each wanted label, which is a name or `name=value`."""
        return [
            {"Id": key, "Labels": labels, "State": "running", "Names": [f"/{key}"]}
            for key, labels in self.containers.items()
            if all(label in labels or label in {f"{name}={value}" for name, value in labels.items()} for label in wanted)
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.endswith("/containers/json"):
            self._answer(self.server.summaries(_labels(query)))
        else:
            self._answer([] if path.endswith("/networks") else VERSION)

    def do_DELETE(self) -> None:
        self.server.containers.pop(self.path.partition("?")[0].rpartition("/")[2], None)
        self._answer({})

    def log_message(self, format: str, *args: object) -> None:
        """A test prints no access log."""

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def running(containers: dict[str, dict[str, str]]) -> Iterator[Engine]:
    """An engine that answers until the end of the block."""
    with Engine(containers) as engine:
        thread = threading.Thread(target=engine.serve_forever, daemon=True)
        thread.start()
        yield engine
        engine.shutdown()
        thread.join(10)


def _labels(query: str) -> list[str]:
    filters = json.loads(parse_qs(query).get("filters", ["{}"])[0])
    return list(filters.get("label", []))

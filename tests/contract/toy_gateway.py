"""A foreign gateway in sixty lines: workers register over its API, and chats go to the first worker of the model. Standard library.

It answers `/v1/models` in a form of its own, which is no OpenAI list: a fault for a conformance table to find.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

WORKERS: dict[str, str] = {}  # model -> URL


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, {"/v1/models": {"models": sorted(WORKERS)}}.get(self.path, {"known": {"models": len(WORKERS)}}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        if self.path == "/workers":
            WORKERS[asked["model"]] = asked["url"]
            self._answer(200, {})
        elif asked["model"] in WORKERS:
            self._forward(WORKERS[asked["model"]], body)
        else:
            self._answer(
                404, {"error": {"message": "unknown", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}}
            )

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _forward(self, url: str, body: bytes) -> None:
        connection = http.client.HTTPConnection(str(urlsplit(url).netloc))
        connection.request("POST", self.path, body, {"Content-Type": "application/json", "X-Request-Id": self.headers["X-Request-Id"]})
        reply = connection.getresponse()
        self._answer(reply.status, json.loads(reply.read()))

    def _answer(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def main() -> None:
    """Serve until SIGTERM; workers may also be given in a file of lines `model url`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers")
    arguments = parser.parse_args()
    if arguments.workers:
        with open(arguments.workers, encoding="utf-8") as file:
            WORKERS.update(line.split() for line in file if line.strip())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    sys.stderr.write("toy gateway\n")
    ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()

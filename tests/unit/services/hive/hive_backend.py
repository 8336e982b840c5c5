"""A tiny model server for the hive's tests: `hive_backend.py PORT MODELS [key=value...]`. Standard library only.

Options: `starting` (seconds of 503), `crash` (exit code, at once), `hang` (health hangs while this file exists), `wrap` (a grandchild
serves, and its pid is written to this file).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT = int(sys.argv[1])
MODELS = json.loads(sys.argv[2])
OPTIONS = dict(option.split("=", 1) for option in sys.argv[3:])
STARTED = time.monotonic()
NEVER = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        if self.path == "/health":
            if "hang" in OPTIONS and Path(OPTIONS["hang"]).exists():
                NEVER.wait()
            self.answer(200, {"running": 3, "waiting": 2})
        elif self.path == "/v1/models":
            is_ready = time.monotonic() - STARTED >= float(OPTIONS.get("starting", 0))
            self.answer(200 if is_ready else 503, {"object": "list", "data": [{"id": model} for model in MODELS]})
        else:
            self.answer(200, {"path": self.path, "headers": dict(self.headers), "body": ""})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/die":
            os._exit(7)
        elif self.path == "/v1/exit":
            self.answer(200, {})
            os._exit(0)
        elif self.path == "/v1/stream":
            self.stream(json.loads(body))
        elif self.path == "/v1/refuse":
            self.answer(429, {"error": {"message": "full"}}, {"Retry-After": "3"})
        else:
            self.answer(200, {"path": self.path, "headers": dict(self.headers), "body": body.decode(), "pid": os.getpid()})

    def answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def stream(self, asked: dict[str, float]) -> None:
        """Send `chunks` chunks, one each `gap` seconds. Exits after `die_after` of them. A client disconnect is written to `note`."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number in range(int(asked["chunks"])):
                if number == asked.get("die_after"):
                    os._exit(9)
                text = f"data: {number}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
                NEVER.wait(asked.get("gap", 0))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            Path(str(asked["note"])).write_text("left")


def main() -> None:
    if "crash" in OPTIONS:
        sys.exit(int(OPTIONS["crash"]))
    if "wrap" in OPTIONS:
        served = subprocess.Popen([sys.executable, __file__, sys.argv[1], sys.argv[2]])
        Path(OPTIONS["wrap"]).write_text(str(served.pid))
        served.wait()
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()

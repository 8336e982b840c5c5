"""Real registry processes, and a client for the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from held_ports import free_port

TOKEN = "registry-test-token"
HEADERS = {"X-Cluster-Token": TOKEN}

Start = Callable[..., "RunningRegistry"]


@dataclass
class RunningRegistry:
    """One process. `lines` is its log up to the event `listening`."""

    process: subprocess.Popen[bytes]
    url: str
    lines: list[dict[str, Any]]
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
        """Status and decoded body."""
        data = None if body is None else json.dumps(body)
        answer = self.session.request(method, self.url + path, data=data, headers={"X-Cluster-Token": token}, timeout=30)
        is_json = answer.headers["Content-Type"].startswith("application/json")
        return answer.status_code, answer.json() if is_json else answer.text

    def ids(self, query: str = "") -> list[str]:
        return [service["id"] for service in self.call("GET", f"/services{query}")[1]["services"]]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.kill()
        self.session.close()
        if self.process.stdout:
            self.process.stdout.close()


def start(data_dir: Path, **settings: object) -> RunningRegistry:
    """Start a registry and wait until it listens."""
    port = free_port()
    given = {"name": "registry", "port": port, "token": TOKEN, "data_dir": data_dir} | settings
    sets = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
    process = subprocess.Popen([sys.executable, "-m", "services.registry", *sets], stdout=subprocess.PIPE)
    return RunningRegistry(process, f"http://127.0.0.1:{port}", _until_listening(process))


def registration(identifier: str = "w1", **fields: object) -> dict[str, object]:
    return {"id": identifier, "kind": "worker", "url": "http://127.0.0.1:9", "epoch": 10, "models": ["model-a"]} | fields


def _until_listening(process: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for line in process.stdout or ():
        lines.append(json.loads(line))
        if lines[-1]["event"] == "listening":
            break
    return lines

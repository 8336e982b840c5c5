"""A real registry and real hives with the tiny backend, and clients for the tests."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
from held_ports import free_port

TOKEN = "hive-test-token"
HEADERS = {"X-Cluster-Token": TOKEN}
BACKEND = str(Path(__file__).with_name("hive_backend.py"))

FoundT = TypeVar("FoundT")
StartHive = Callable[..., "Running"]
AddWorker = Callable[..., "Worker"]

# Short, so that a test of probes or restarts takes tenths of seconds.
QUICK = """
heartbeat_interval_seconds = 0.2
probe_interval_seconds = 0.1
probe_timeout_seconds = 0.2
stop_grace_seconds = 2
drain_seconds = 3
[restart]
base_seconds = 0.05
max_restarts = 2
[backend]
command = ["{python}", "%s"]
args = ["{port}", "{models}"]
"""


@dataclass
class Running:
    """One service process."""

    process: subprocess.Popen[bytes]
    url: str
    data_dir: Path
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: object = None, *, token: str = TOKEN, **headers: str) -> requests.Response:
        data = None if body is None else json.dumps(body)
        given = {"X-Cluster-Token": token} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, self.url + path, data=data, headers=given, timeout=10)

    def get(self, path: str) -> Any:
        return self.call("GET", path).json()

    def states(self) -> dict[str, str]:
        return {identifier: worker["state"] for identifier, worker in self.get("/health")["workers"].items()}

    def services(self, query: str = "") -> dict[str, dict[str, Any]]:
        return {service["id"]: service for service in self.get(f"/services{query}")["services"]}

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in (self.data_dir / "log").read_text().splitlines())
        return [line for line in lines if line["event"] == name]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(15)

    def close(self) -> None:
        self.session.close()
        if self.process.poll() is None:
            self.stop()


@dataclass
class Worker:
    """One worker of a hive. Each attribute is a new request."""

    hive: Running
    id: str

    def __getattr__(self, name: str) -> Any:
        return self.hive.get(f"/workers/{self.id}")[name]

    def must_become(self, state: str, seconds: float = 5.0) -> Worker:
        eventually(lambda: self.state == state, seconds)
        return self

    def post(self, path: str, body: object) -> requests.Response:
        return self.hive.call("POST", f"/workers/{self.id}{path}", body)


def start(service: str, data_dir: Path, config: str, port: int | None = None, **settings: object) -> Running:
    """Start a service and wait until it answers. In `settings`, `restart__base_seconds` means `restart.base_seconds`."""
    data_dir.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    head = f'name = "{data_dir.name}"\nport = {port}\ntoken = "{TOKEN}"\ndata_dir = "{data_dir}"\n'
    (data_dir / "config.toml").write_text(head + config)
    with open(data_dir / "log", "ab") as log:
        command = [sys.executable, "-m", f"services.{service}", "--config", str(data_dir / "config.toml")]
        command += [part for name, value in settings.items() for part in ("--set", f"{name.replace('__', '.')}={value}")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    running = Running(process, f"http://127.0.0.1:{port}", data_dir)
    eventually(lambda: answers(running.url) or process.poll() is not None, 20)
    assert process.poll() is None, (data_dir / "log").read_text()
    return running


def start_hive(data_dir: Path, registry_url: str, config: str = "", port: int | None = None, **settings: object) -> Running:
    """Start a hive with quick settings; `config` is appended to them."""
    return start("hive", data_dir, f'registry_url = "{registry_url}"\n' + QUICK % BACKEND + config, port, **settings)


def eventually(read: Callable[[], FoundT], seconds: float = 5.0) -> FoundT:
    """The first truthy value of `read`. Fails if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (found := read()):
        assert time.monotonic() < deadline, f"not within {seconds} s; last value: {found!r}"
        pause.wait(0.01)
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=1).ok
    except requests.ConnectionError:
        return False


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # ProcessLookupError: it exited between open and read.
        return False

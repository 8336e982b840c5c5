"""The gateway's overhead on a request: direct and through the gateway, interleaved in one run, over kept-alive connections.

Real processes: registry, orchestrator, one simulated worker. Then a thousand streams at once and, in this process, the choice among a
thousand workers. Run: `hivecheck bench gateway`.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import many_streams
import uvloop
import worker_choice

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "gateway.json"
BARS = {
    "added_p50_ms": ("at most", 1.0),
    "requests_per_second": ("at least", 2500.0),
    "added_ttft_p50_ms": ("at most", 2.0),
    "streams_whole_percent": ("at least", 100.0),
    "streams_at_once": ("at least", float(many_streams.STREAMS)),
    "choice_p99_ms": ("at most", 1.0),
}
TOKEN, KEY, MODEL = "benchmark-token", "sk-benchmark", "model-a"
ROUNDS, UNARY_BLOCK, STREAM_BLOCK = 20, 100, 25
CONNECTIONS, LOAD_REQUESTS, WARM_UP_REQUESTS, LOAD_ROUNDS = 16, 4000, 500, 3
START_SECONDS, HEARTBEAT_SECONDS = 15.0, 1.0


class Connection(asyncio.Protocol):
    """One kept-alive connection that sends prepared bytes and finds the end of the answer with little work."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._received = b""
        self._done: asyncio.Future[float] | None = None
        self._first_byte_at = 0.0
        self._is_stream = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._first_byte_at and (b"data: " in data or not self._is_stream):
            self._first_byte_at = time.perf_counter()
        self._received += data
        if self._done and not self._done.done() and self._is_whole():
            self._done.set_result(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(error or ConnectionError("closed in mid-answer"))

    async def ask(self, request: bytes, *, is_stream: bool = False) -> float:
        """Seconds until the whole answer arrived, or for a stream until its first event."""
        assert self.transport is not None
        self._received, self._first_byte_at, self._is_stream = b"", 0.0, is_stream
        self._done = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        self.transport.write(request)
        ended = await self._done
        if not self._received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"expected: 200\nactual: {self._received[:300]!r}")
        return (self._first_byte_at if is_stream else ended) - started

    def answer(self) -> bytes:
        """The bytes of the last answer."""
        return self._received

    def _is_whole(self) -> bool:
        if self._is_stream:
            return self._received.endswith(b"\r\n0\r\n\r\n")
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return bool(separator) and len(body) >= int(length)


class Stack(NamedTuple):
    """The ports of the processes, and the process id of the gateway."""

    registry: int
    orchestrator: int
    worker: int
    orchestrator_pid: int = 0


def chat(more: str = "", **changes: Any) -> bytes:
    """The bytes of one chat request; `more` are header lines."""
    return _post({"model": MODEL, "max_tokens": 8, "messages": [{"role": "user", "content": "hello"}]} | changes, more=more)


def _post(body: dict[str, Any], path: str = "/v1/chat/completions", more: str = "") -> bytes:
    payload = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        f"Authorization: Bearer {KEY}\r\nX-Cluster-Token: {TOKEN}\r\n{more}\r\n"
    )
    return head.encode() + payload


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure() -> dict[str, Any]:
    """Start the stack, measure, stop it. Figures in milliseconds and requests per second, each with its bar."""
    date, load = datetime.datetime.now(datetime.UTC).date().isoformat(), round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as stack:
        figures = uvloop.run(_measure(stack)) | {"choice_p99_ms": max(row["p99_ms"] for row in worker_choice.measure(folder).values())}
    bars = {
        name: {"bar": bar, "rule": rule, "met": figures[name] <= bar if rule == "at most" else figures[name] >= bar}
        for name, (rule, bar) in BARS.items()
    }
    # What a reader needs to judge the figures, without the machine's name. A load above 0.5 means that other processes ran.
    machine = {"cores": os.cpu_count(), "architecture": platform.machine(), "python": platform.python_version(), "date": date, "load": load}
    return {"figures": figures, "bars": bars, "machine": machine}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Registry, worker and orchestrator as processes."""
    stack = Stack(free_port(), free_port(), free_port())
    common = f'token = "{TOKEN}"\ndata_dir = "{folder}"\ndrain_seconds = 1.0\n'
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    tables = {
        "registry": f'name = "registry"\nport = {stack.registry}\n{common}',
        "worker": f'name = "worker-1"\nport = {stack.worker}\nmodels = ["{MODEL}"]\nmax_num_seqs = 1024\nsimulate_header = true\n{common}',
        "orchestrator": f'name = "orchestrator"\nport = {stack.orchestrator}\nregistry_url = "http://127.0.0.1:{stack.registry}"\n{common}'
        f'[[api_keys]]\nname = "benchmark"\nsha256 = "{digest}"\n',
    }
    with contextlib.ExitStack() as processes:
        for service, text in tables.items():
            config = folder / f"{service}.toml"
            config.write_text(text)
            process = processes.enter_context(_process(service, config, folder / f"{service}.log"))
        yield stack._replace(orchestrator_pid=process.pid)  # the last one


@contextlib.contextmanager
def _process(service: str, config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", f"services.{service}", "--config", str(config)]
    with log.open("wb") as output, subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def _measure(stack: Stack) -> dict[str, float]:
    async with _registered(stack):
        direct, through = await connect(stack.worker), await connect(stack.orchestrator)
        await _until_served(through)
        for connection in (direct, through):
            await _repeat(connection, chat(), WARM_UP_REQUESTS)
        unary = await _interleaved(direct, through, chat(), UNARY_BLOCK, is_stream=False)
        ttft = await _interleaved(direct, through, chat(stream=True), STREAM_BLOCK, is_stream=True)
        ports = [stack.worker, stack.orchestrator] * LOAD_ROUNDS
        load = [await _requests_per_second(port) for port in ports]
        before = many_streams.memory_mib(stack.orchestrator_pid, "VmRSS")
        request = chat(f"X-Simulate: {many_streams.PACE}\r\n", stream=True, max_tokens=many_streams.TOKENS)
        streams = await many_streams.measure(lambda: connect(stack.orchestrator), request)
        most = many_streams.memory_mib(stack.orchestrator_pid, "VmHWM")
    return {
        "direct_p50_ms": unary[0],
        "gateway_p50_ms": unary[1],
        "added_p50_ms": unary[1] - unary[0],
        "direct_ttft_p50_ms": ttft[0],
        "gateway_ttft_p50_ms": ttft[1],
        "added_ttft_p50_ms": ttft[1] - ttft[0],
        "direct_requests_per_second": statistics.median(load[::2]),
        "requests_per_second": statistics.median(load[1::2]),
        "requests_per_second_lowest": min(load[1::2]),
        "memory_mib": before,
        "memory_most_mib": most,
        "memory_per_stream_kib": (most - before) * 1024 / many_streams.STREAMS,
    } | streams


async def connect(port: int) -> Connection:
    """A connection to `port`, as soon as something listens there."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(OSError):
                return (await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port))[1]
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _registered(stack: Stack) -> AsyncIterator[None]:
    """The worker in the registry. Its heartbeats are full registrations, which the registry accepts as heartbeats."""
    body = {"id": "worker-1", "kind": "worker", "url": f"http://127.0.0.1:{stack.worker}", "epoch": time.time_ns(), "models": [MODEL]}

    async def beat() -> None:
        connection = await connect(stack.registry)
        while True:
            with contextlib.suppress(RuntimeError):  # the first answer is 201
                await connection.ask(_post(body, "/services"))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


async def _until_served(connection: Connection) -> float:
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(RuntimeError):  # 503 until the gateway lists the worker
                return await connection.ask(chat())
            await asyncio.sleep(0.02)


async def _repeat(connection: Connection, request: bytes, count: int, *, is_stream: bool = False) -> list[float]:
    return [await connection.ask(request, is_stream=is_stream) for _ in range(count)]


async def _interleaved(direct: Connection, through: Connection, request: bytes, block: int, *, is_stream: bool) -> tuple[float, float]:
    """Medians in milliseconds, direct and through the gateway; in alternating blocks, so that both run under the same load."""
    samples: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for seconds, connection in zip(samples, (direct, through), strict=True):
            seconds.extend(await _repeat(connection, request, block, is_stream=is_stream))
    return statistics.median(samples[0]) * 1000, statistics.median(samples[1]) * 1000


async def _requests_per_second(port: int) -> float:
    connections = [await connect(port) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    await asyncio.gather(*(_repeat(connection, chat(), LOAD_REQUESTS // CONNECTIONS) for connection in connections))
    return LOAD_REQUESTS / (time.perf_counter() - started)


def main() -> int:
    """Measure, print, write the results file. Exit code 1 when a bar is missed."""
    result = measure()
    for name, value in result["figures"].items():
        verdict = result["bars"].get(name)
        note = f"   {verdict['rule']} {verdict['bar']:g}: {'met' if verdict['met'] else 'MISSED'}" if verdict else ""
        sys.stdout.write(f"{name:28} {value:10.3f}{note}\n")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if all(bar["met"] for bar in result["bars"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())

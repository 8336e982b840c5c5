"""The load engine's protocol against a server with known truth: requests per CPU-second of the client, and the error of its times.

The server and each client are processes of their own. Rounds interleave the engine and a floor (`raw_engine.py`), so their ratio holds on
a busy machine. Times are compared with the moments at which the server wrote. Run: `hivecheck bench protocol`.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import provenance
import uvloop
from raw_engine import RawEngine

from hivecheck.protocol.answer import Expectations, SampleHandler
from hivecheck.protocol.http1 import RequestHead
from hivecheck.protocol.origin import Origin
from hivecheck.protocol.pool import Pool
from hivecheck.protocol.sample import Outcome, Sample

RESULTS = Path(__file__).parent / "results" / "protocol.json"
BARS = {
    "streams_per_cpu_second": ("at least", 6000.0),
    "unary_per_cpu_second": ("at least", 20000.0),
    "ttft_error_p99_ms": ("at most", 10.0),
    "added_by_long_stream_ms": ("at most", 1.0),
    "longest_read_cpu_ms": ("at most", 1.0),
    "memory_mib": ("at most", 150.0),
}
PATH, TOKENS, LONG_TOKENS = "/v1/chat/completions", 16, 5000
ROUNDS, SECONDS, CLIENTS = 5, 4.0, 64
OPEN_STREAMS, OPEN_TTFT_SECONDS, OPEN_SPREAD_SECONDS = 1000, 0.2, 2.0
BESIDE_STREAMS, BESIDE_TOKENS, BESIDE_ROUNDS = 20, 50, 10
PACED, BESIDE = "ttft=0.005;itl=0.003", "ttft=0.02;itl=0.02"
DEADLINE_SECONDS = 60.0
NUMBERED = Expectations(is_numbered=True)


def request(port: int, *, is_stream: bool, truth: str = "", identifier: str = "", tokens: int = TOKENS) -> bytes:
    """The bytes of one chat."""
    extra = {"X-Truth": truth} if truth else {}
    headers = {"Content-Type": "application/json"} | extra | ({"X-Request-Id": identifier} if identifier else {})
    messages = [{"role": "user", "content": "hello"}]
    body = {"model": "truth", "messages": messages, "max_tokens": tokens, "stream": is_stream, "stream_options": {"include_usage": True}}
    return RequestHead("POST", PATH, f"127.0.0.1:{port}", headers).bytes(json.dumps(body).encode())


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def closed_loop(port: int, sent: bytes, *, is_stream: bool) -> int:
    """Each of `CLIENTS` sends its next request after the last one. Returns the complete requests."""
    loop, end = asyncio.get_running_loop(), time.monotonic() + SECONDS
    pool, origin, expectations = Pool(loop), Origin(False, "127.0.0.1", port), NUMBERED if is_stream else Expectations()
    complete, running, over = 0, CLIENTS, asyncio.Event()

    def send() -> None:
        now = time.monotonic()
        sample = Sample(0, now, is_stream=is_stream)
        sample.sent_at = now
        pool.send(origin, sent, SampleHandler(sample, done, expectations), DEADLINE_SECONDS)

    def done(sample: Sample) -> None:
        nonlocal complete, running
        complete += sample.outcome is Outcome.COMPLETE
        if time.monotonic() < end:
            send()
            return
        running -= 1
        if not running:
            over.set()

    for _ in range(CLIENTS):
        send()
    await over.wait()
    await pool.close()
    return complete


async def raw_loop(port: int, sent: bytes, *, is_stream: bool) -> int:
    """The same with the floor."""
    loop, end = asyncio.get_running_loop(), time.monotonic() + SECONDS
    counts: list[int] = []
    over = asyncio.Event()

    def done(count: int) -> None:
        counts.append(count)
        if len(counts) == CLIENTS:
            over.set()

    def make() -> RawEngine:
        return RawEngine(sent, is_stream, lambda: time.monotonic() >= end, done)

    await asyncio.gather(*(loop.create_connection(make, "127.0.0.1", port) for _ in range(CLIENTS)))
    await over.wait()
    return sum(counts)


async def open_loop(port: int, requests: Sequence[tuple[float, bytes]]) -> list[Sample]:
    """Send each request at its time, in seconds from now. Returns the samples in the order of the requests."""
    loop = asyncio.get_running_loop()
    pool, origin, begin = Pool(loop), Origin(False, "127.0.0.1", port), time.monotonic() + 0.1
    samples = [Sample(number, begin + at) for number, (at, _) in enumerate(requests)]
    running, over = len(samples), asyncio.Event()

    def done(_: Sample) -> None:
        nonlocal running
        running -= 1
        if not running:
            over.set()

    def send(sample: Sample) -> None:
        sample.sent_at = time.monotonic()
        pool.send(origin, requests[sample.number][1], SampleHandler(sample, done, NUMBERED), DEADLINE_SECONDS)

    for sample in samples:
        loop.call_later(sample.intended_at - time.monotonic(), send, sample)
    await over.wait()
    await pool.close()
    return samples


class BusyHandler(SampleHandler):
    """Notes how much processor time the events of one read take: as long as that, no other stream is read."""

    __slots__ = ("_begun", "_read_at", "longest_seconds")

    def __init__(self, sample: Sample, done: Callable[[Sample], None]) -> None:
        super().__init__(sample, done, NUMBERED)
        self._begun = self._read_at = self.longest_seconds = 0.0

    def on_event(self, data: bytes, now: float) -> None:
        if now != self._read_at:
            self._read_at, self._begun = now, time.thread_time()
        super().on_event(data, now)
        self.longest_seconds = max(self.longest_seconds, time.thread_time() - self._begun)


async def long_stream(port: int) -> float:
    """One stream of 5000 tokens in one burst: the most processor time of one read, in milliseconds."""
    pool, over = Pool(asyncio.get_running_loop()), asyncio.Event()
    sample = Sample(0, time.monotonic())
    handler = BusyHandler(sample, lambda _: over.set())
    pool.send(Origin(False, "127.0.0.1", port), request(port, is_stream=True, tokens=LONG_TOKENS), handler, DEADLINE_SECONDS)
    await over.wait()
    await pool.close()
    assert sample.outcome is Outcome.COMPLETE, sample.cause
    return 1000 * handler.longest_seconds


def ttft_run(port: int, name: str) -> dict[str, float]:
    """A thousand open-loop streams: the time between the write of a first token and its arrival at the handler."""
    gap, truth = OPEN_SPREAD_SECONDS / OPEN_STREAMS, f"ttft={OPEN_TTFT_SECONDS};itl=0.1"
    sent = [(gap * n, request(port, is_stream=True, truth=truth, identifier=f"{name}-{n}")) for n in range(OPEN_STREAMS)]
    samples = uvloop.run(open_loop(port, sent))
    written = truth_of(port)
    errors = [sample.first_token_at - written[f"{name}-{sample.number}"][1] for sample in samples]
    complete = sum(sample.outcome is Outcome.COMPLETE for sample in samples)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"p50_ms": 1000 * rank(errors, 50), "p99_ms": 1000 * rank(errors, 99), "complete": complete, "memory_mib": memory}


def beside_run(port: int, name: str) -> dict[str, float]:
    """Paced streams, in turns alone and beside a stream of 5000 tokens in one burst: how late their tokens reach the handler."""
    late: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * BESIDE_ROUNDS):
        has_long, prefix = bool(number % 2), f"{name}-{number}"
        sent = [
            (0.001 * n, request(port, is_stream=True, truth=BESIDE, identifier=f"{prefix}-{n}", tokens=BESIDE_TOKENS))
            for n in range(BESIDE_STREAMS)
        ]
        long = [(0.3, request(port, is_stream=True, tokens=LONG_TOKENS))] if has_long else []
        samples = uvloop.run(open_loop(port, sent + long))[:BESIDE_STREAMS]
        written = truth_of(port)
        lateness = [at - wrote for one in samples for at, wrote in zip(one.token_times, written[f"{prefix}-{one.number}"][1:], strict=True)]
        late[has_long].append(1000 * rank(lateness, 99))
    alone, beside = statistics.median(late[False]), statistics.median(late[True])
    read = statistics.median(uvloop.run(long_stream(port)) for _ in range(BESIDE_ROUNDS))
    return {"alone_p99_ms": alone, "beside_p99_ms": beside, "added_ms": max(beside - alone, 0.0), "read_cpu_ms": read}


def rate_run(port: int, engine: str, kind: str) -> dict[str, float]:
    """Complete requests per second of the client's processor time, and per second."""
    loop = {"engine": closed_loop, "raw": raw_loop}[engine]
    is_stream = kind != "unary"
    sent = request(port, is_stream=is_stream, truth=PACED if kind == "paced" else "")
    cpu, begun = cpu_seconds(), time.monotonic()
    complete = uvloop.run(loop(port, sent, is_stream=is_stream))
    return {"per_cpu_second": complete / (cpu_seconds() - cpu), "per_second": complete / (time.monotonic() - begun)}


def truth_of(port: int) -> Mapping[str, list[float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/truth", timeout=DEADLINE_SECONDS) as response:
        truth: dict[str, list[float]] = json.load(response)
        return truth


def rank(values: Sequence[float], percent: float) -> float:
    """The nearest rank, with ceil."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


@contextmanager
def server() -> Iterator[int]:
    """A truth server, by its port."""
    command = [sys.executable, "-m", "hivecheck.load.truth_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def client(*words: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    sys.stdout.write(f"{' '.join(words[1:]):<24} {'  '.join(f'{name} {value:.4g}' for name, value in result.items())}\n")
    sys.stdout.flush()
    return result


def measure() -> dict[str, float]:
    """All rounds. A figure is the median of its rounds."""
    figures: dict[str, list[float]] = {}
    with server() as port:
        for number in range(ROUNDS):
            for kind, name in (("burst", "streams"), ("paced", "paced_streams"), ("unary", "unary")):
                rates = {engine: client(str(port), engine, kind)["per_cpu_second"] for engine in ("engine", "raw")}
                figures.setdefault(f"{name}_per_cpu_second", []).append(rates["engine"])
                figures.setdefault(f"{name}_ratio_to_floor", []).append(rates["engine"] / rates["raw"])
            ttft = client(str(port), "ttft", f"t{number}")
            figures.setdefault("ttft_error_p50_ms", []).append(ttft["p50_ms"])
            figures.setdefault("ttft_error_p99_ms", []).append(ttft["p99_ms"])
            figures.setdefault("memory_mib", []).append(ttft["memory_mib"])
            beside = client(str(port), "beside", f"b{number}")
            figures.setdefault("added_by_long_stream_ms", []).append(beside["added_ms"])
            figures.setdefault("longest_read_cpu_ms", []).append(beside["read_cpu_ms"])
    return {name: round(statistics.median(values), 3) for name, values in figures.items()}


def main() -> int:
    """Measure, write the results, compare with the bars. Exit code 1 when a bar is missed."""
    load, commit = os.getloadavg()[0], provenance.commit()
    figures = measure()
    bars = {name: {"bar": bar, "rule": rule, "met": _is_met(figures[name], rule, bar)} for name, (rule, bar) in BARS.items()}
    machine = provenance.machine(load) | {"uvloop": uvloop.__version__}
    RESULTS.write_text(json.dumps({"figures": figures, "bars": bars, "commit": commit, "machine": machine}, indent=2) + "\n")
    for name, value in figures.items():
        verdict = bars.get(name)
        note = f"   {verdict['rule']} {verdict['bar']:g}: {'met' if verdict['met'] else 'MISSED'}" if verdict else ""
        sys.stdout.write(f"{name:28} {value:10.4g}{note}\n")
    return 0 if all(bar["met"] for bar in bars.values()) else 1


def _is_met(value: float, rule: str, bar: float) -> bool:
    return value >= bar if rule == "at least" else value <= bar


MODES: dict[str, Callable[[int, str], dict[str, float]]] = {"ttft": ttft_run, "beside": beside_run}

if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    _, given, mode, argument = sys.argv
    result = MODES[mode](int(given), argument) if mode in MODES else rate_run(int(given), mode, argument)
    sys.stdout.write(json.dumps(result))

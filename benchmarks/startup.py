"""From the first node started to the first routed chat: 1 registry, 1 orchestrator, 1 hive, 2 workers. Writes results/startup.json.

On local processes, and on containers if a daemon answers (the image is built beforehand). The shares come from the nodes: the start
of each process (/proc), and the `listening` line in each service's log. Both have the same monotonic clock.

The same run measures the floor: the same number of Python processes that only import the services' web server, started at once.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from hivecheck.clients.openai_api import OpenAIClient
from hivecheck.history import History
from hivecheck.loop_thread import LoopThread
from hivecheck.platforms.platform import Node
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology
from hivecheck.world.requests.chats import Chats

ROUNDS = 5
PROCESSES = 5
BARS_SECONDS = {"process": 0.4, "docker": 1.6}
RESULTS = Path(__file__).parent / "results" / "startup.json"


def main() -> int:
    """Measure, print, write; exit code 1 when a median is above its bar."""
    platforms = ["process", *(["docker"] if has_daemon() else [])]
    cold: dict[str, list[float]] = {name: [] for name in platforms}
    shares: dict[str, list[dict[str, float]]] = {name: [] for name in platforms}
    floor = []
    with tempfile.TemporaryDirectory() as folder, LoopThread() as loop:
        for number in range(ROUNDS):
            floor.append(bare_processes())
            for name in platforms:
                seconds, parts = first_chat(name, Path(folder) / f"{name}-{number}", loop)
                cold[name].append(seconds)
                shares[name].append(parts)
    figures = {
        "what": "seconds from the first node started to the first routed chat, topology small",
        "first_chat_seconds": {name: _spread(values) for name, values in cold.items()},
        "median_parts_seconds": {name: _medians(rows) for name, rows in shares.items()},
        "bare_imports_seconds": _spread(floor),
        "bars_seconds": BARS_SECONDS,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "date": time.strftime("%Y-%m-%d")},
        "command": "hivecheck bench startup",
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for name, values in cold.items():
        sys.stdout.write(f"first routed chat, {name:<8} {_row(values)}   bar {BARS_SECONDS[name]} s\n")
        sys.stdout.writelines(f"    {part:<50}{seconds:5.2f} s\n" for part, seconds in _medians(shares[name]).items())
    sys.stdout.write(f"bare imports (x{PROCESSES})            {_row(floor)}\n")
    return 0 if all(statistics.median(values) <= BARS_SECONDS[name] for name, values in cold.items()) else 1


def has_daemon() -> bool:
    """Whether a Docker daemon answers."""
    return platform_factory.choose(replace(Settings.load({}, {}), ci=False), lambda sentence: None) == "docker"


def first_chat(name: str, folder: Path, loop: LoopThread) -> tuple[float, dict[str, float]]:
    """One cold start: its seconds and their shares."""
    settings = Settings.load({}, {"platform": name})
    host = platform_factory.open_platform(name, settings, f"bench-{os.getpid()}-{folder.name}", folder, lambda sentence: None)
    stack = Stack("bench", topology.load("small"), host, Timeouts())
    start = time.monotonic()
    stack.up()
    ready = time.monotonic()
    try:
        history = History()
        gateway = OpenAIClient(stack.orchestrator.url, loop, history, stack.timeouts.request)
        call = Chats(gateway, stack.secrets, history, stack.timeouts).ask("model-a")
        end = time.monotonic()
        gateway.close()
        if not call.operation.is_answered:
            raise SystemExit(f"expected: an answer to the first chat\nactual: {call.operation.sentence()}")
        return end - start, parts(stack, start, ready, end)
    finally:
        if left := stack.down():
            raise SystemExit(f"expected: nothing left of the stack\nactual: {left}\nnext: hivecheck cleanup")


def parts(stack: Stack, start: float, ready: float, end: float) -> dict[str, float]:
    """The shares of the time to the first chat, in seconds. Each share ends at a moment that the next one waits for."""
    nodes = stack.nodes.values()
    worker_logs = [node.read_file(path).decode() for node in nodes for path in node.files("workers/*/log.jsonl")]
    moments = {
        "platform: until every node's process runs": max(began(node) for node in nodes),
        "nodes: interpreter and imports, until all listen": max(listening(node.log_lines()) for node in nodes),
        "workers: the same again, inside their hive": max(listening(log.splitlines()) for log in worker_logs),
        "registration: until each is routable": ready,
        "the chat": end,
    }
    cut, seconds = start, {}
    for part, moment in moments.items():
        seconds[part] = max(0.0, moment - cut)
        cut = max(cut, moment)
    return seconds


def began(node: Node) -> float:
    """When a node's own process started: field 22 of its stat (proc(5)), from ticks since boot to the monotonic clock."""
    stat = node.run(["cat", f"/proc/{node.processes()[0].pid}/stat"]).output
    since_boot = int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return since_boot - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


def listening(log_lines: list[str]) -> float:
    """The time of a service's `listening` log line."""
    lines = (json.loads(line) for line in log_lines if line.startswith("{"))
    return next(float(line["monotonic"]) for line in lines if line["event"] == "listening")


def bare_processes() -> float:
    """The same number of interpreters, which import the services' libraries and exit."""
    start = time.monotonic()
    code = "import aiohttp.web, msgspec, prometheus_client, uvloop"
    processes = [subprocess.Popen([sys.executable, "-P", "-c", code]) for _ in range(PROCESSES)]
    for process in processes:
        process.wait()
    return time.monotonic() - start


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {part: round(statistics.median(row[part] for row in rows), 3) for part in rows[0]}


def _row(values: list[float]) -> str:
    return f"median {statistics.median(values):.2f} s   min {min(values):.2f} s   max {max(values):.2f} s"


if __name__ == "__main__":
    sys.exit(main())

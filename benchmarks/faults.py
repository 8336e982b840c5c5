"""The time from an injection to its observed effect, and of the removal, for each fault of a platform. Writes results/faults.json.

The injector measures, as in scenarios. Run: `python benchmarks/faults.py [INJECTIONS [PLATFORM ...]]`. Both times have a bar.
A removal by the stack itself has none. The shares of platform and service stand beside a time and are never subtracted.
"""

from __future__ import annotations

import json
import math
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from own_stack import running

from hivecheck.faults import FAULTS
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.platforms.ports import PortReservation
from hivecheck.settings import Settings
from hivecheck.stack import platform_factory
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually
from hivecheck.world.faults import epoch_of

INJECTIONS = 10
BARS_SECONDS = {"process and engine": 0.3, "network": 0.4}
RESULTS = Path(__file__).parent / "results" / "faults.json"
ADMIN_WORKER = "worker-3"  # no topology declares it: its row starts it, with an admin listener
# Topology -> fault -> target.
TARGETS: dict[str, dict[str, str]] = {
    "small": {
        "a process pause": "worker-1",
        "a container pause": "hive-1",
        "a network disconnect": "hive-1",
        "CPU throttling": "registry",
        "a restart": "registry",
        "a SIGTERM": "registry",
        "a silent crash": "hive-1",
        "memory pressure at 95 %": "registry",
        "a lock on the database": "registry",
        "a file write limit of 0 bytes": "registry",
        "corruption of the database header": "registry",
        "corruption of a database page": "registry",
        "a truncation of the database": "registry",
        "a zeroed database": "registry",
        "a replacement of the database": "registry",
        "a partition from the registry": "hive-1",
        "500 ms latency to the registry": "hive-1",
        "30 % packet loss from the registry": "hive-1",
        "a connection reset to the registry": "hive-1",
        "a SIGKILL": "worker-1",
        "an OOM kill": "worker-2",
        "a gray failure": ADMIN_WORKER,
    },
    "low_limits": {"connection exhaustion": "hive-1"},
    "small_disk": {"a full disk": "hive-1"},
    "model_provisioning": dict.fromkeys(
        ["an outage of the model hub", "a bandwidth limit of the model hub", "corruption of model downloads"], "hub"
    ),
}
BY_RESTART_POLICY, BY_ITSELF = (
    "the stack: the hive starts it again, by its restart policy after 1 s",
    "the stack: the service repairs its database",
)
# Faults that the stack removes, not the harness. Their removal has no bar.
REMOVED_BY = {
    "a SIGKILL": BY_RESTART_POLICY,
    "an OOM kill": BY_RESTART_POLICY,
    "corruption of the database header": BY_ITSELF,
    "corruption of a database page": BY_ITSELF,
    "a truncation of the database": BY_ITSELF,
    "a zeroed database": BY_ITSELF,
    "a replacement of the database": BY_ITSELF,
}
# The shares of an injection or removal that only the platform and the service can do, measured without the injector.
STOP, START, KILL = "the service's orderly stop", "the platform's start of a node", "the exit of a killed node"
INJECT_INCLUDES: dict[str, tuple[str, ...]] = {"a restart": (STOP, START), "a SIGTERM": (STOP,), "a silent crash": (KILL,)}
REMOVE_INCLUDES: dict[str, tuple[str, ...]] = {"a SIGTERM": (START,), "a silent crash": (START,)}
STABLE_SECONDS = 0.6  # after this uptime a worker's restart policy starts again, so that no injection exhausts it
BURN = ["python3", "-c", "import time\nwhile time.process_time() < 0.6: pass"]


def main() -> int:
    """Measure, print, write; exit code 1 when a 95th percentile is above its bar."""
    injections = int(sys.argv[1]) if len(sys.argv) > 1 else INJECTIONS
    has_daemon = platform_factory.choose(replace(Settings.load({}, {}), ci=False), lambda sentence: None) == "docker"
    platforms = sys.argv[2:] or ["process", *(["docker"] if has_daemon else [])]
    figures = {name: measured(name, injections) for name in platforms}
    result = {
        "what": "seconds from an injection to its observed effect, and from the start of a removal until nothing is left",
        "injections": injections,
        "figures": figures,
        "bars_seconds": BARS_SECONDS,
        "machine": {
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
            "date": time.strftime("%Y-%m-%d"),
        },
        "command": "hivecheck bench faults",
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    rows = [(name, words, row) for name, of_name in figures.items() for words, row in of_name.items()]
    for name, words, row in rows:
        sys.stdout.write(f"{name:<8}{words:<50}{'   '.join(_sentence(row[key]) for key in ('strike', 'heal'))}\n")
    return 0 if all(row[key]["is_within"] is not False for *_, row in rows for key in ("inject", "remove")) else 1


def measured(name: str, injections: int) -> dict[str, dict[str, Any]]:
    """Fault -> its figures on that platform."""
    found: dict[str, dict[str, Any]] = {}
    for kind, injected in TARGETS.items():
        with running(name, kind) as stack:
            capabilities = stack.platform.capabilities("node")
            shares = shares_of(stack, injections) if any(words in INJECT_INCLUDES for words in injected) else {}
            for words, target in injected.items():
                if FAULTS[words]().requires <= capabilities:
                    with served(stack, target):
                        found[words] = figures_of(words, [measure_once(stack, words, target) for _ in range(injections)], shares)
    return found


def figures_of(words: str, seconds: list[tuple[float, float]], shares: Mapping[str, list[float]]) -> dict[str, Any]:
    """A row. `is_within` its bar is None for a removal by the stack."""
    group = "network" if "packets" in FAULTS[words]().requires else "process and engine"
    row: dict[str, Any] = {"group": group}
    for key, values, includes in zip(("inject", "remove"), zip(*seconds, strict=True), (INJECT_INCLUDES, REMOVE_INCLUDES), strict=True):
        row[key] = {**_spread(values), "is_within": _spread(values)["p95"] <= BARS_SECONDS[group]}
        if words in includes:
            row[key]["includes"] = {what: _spread(shares[what]) for what in includes[words]}
    row["load"] = round(os.getloadavg()[0], 2)  # of the machine at the end of the row: other processes may disturb
    row["remove"]["by"] = REMOVED_BY.get(words, "the harness")
    if words in REMOVED_BY:
        row["remove"]["is_within"] = None
    return row


def shares_of(stack: Stack, times: int) -> dict[str, list[float]]:
    """The times of a node's exit and start alone, in seconds."""
    node = stack.nodes["registry"]
    found: dict[str, list[float]] = {STOP: [], START: [], KILL: []}
    for _ in range(times):
        for what, number in ((STOP, signal.SIGTERM), (KILL, signal.SIGKILL)):
            begun = time.monotonic()
            node.signal(number)
            eventually(lambda: not node.is_running(), within=stack.timeouts.node_stop, what="the node exited", every=0.002)
            exited = time.monotonic()
            node.restart()
            found[what].append(exited - begun)
            found[START].append(time.monotonic() - exited)
            must_be_at_baseline(stack)
    return found


def measure_once(stack: Stack, words: str, target: str) -> tuple[float, float]:
    """Inject and remove once; returns when the stack is at its baseline again. Seconds until the effect, seconds until it was clean."""
    injector = Injector(History(), stack.timeouts, epoch_of)
    with ThreadPoolExecutor(1) as pool:
        if "CPU" in words:  # the kernel does not throttle an idle node
            node = stack.nodes[target]
            pool.submit(node.run, BURN)
            eventually(lambda: any("process_time" in view.command for view in node.processes()), within=5, what="the node computes")
        injector.inject(words, target, [FaultTarget.named(target, stack)])
        injector.heal(target)
    injected, removed = injector.history.events("fault", target)
    if target != ADMIN_WORKER:
        must_be_at_baseline(stack)
    threading.Event().wait(STABLE_SECONDS)
    return float(injected.data["inject_seconds"]), float(removed.data["heal_seconds"])


def must_be_at_baseline(stack: Stack) -> None:
    eventually(
        stack.not_at_baseline, within=2 * stack.timeouts.heal, what="the stack at its baseline", until=lambda difference: difference is None
    )


@contextmanager
def served(stack: Stack, target: str) -> Iterator[None]:
    """The target runs; the worker with an admin listener is started for its row."""
    if target != ADMIN_WORKER:
        yield
        return
    hive, port = next(iter(stack.hives.values())), PortReservation()
    hive.start_worker(ADMIN_WORKER, ["model-a"], ["--set", f"admin_port={port.port}"])
    eventually(lambda: ADMIN_WORKER in stack.registry.workers(), within=stack.timeouts.restart, what=f"{ADMIN_WORKER} registered")
    yield
    hive.remove_worker(ADMIN_WORKER, drain_seconds=0.0)
    port.release()
    must_be_at_baseline(stack)


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Nearest-rank percentiles."""
    return {f"p{percent}": round(sorted(values)[math.ceil(percent / 100 * len(values)) - 1], 4) for percent in (50, 95)}


def _sentence(figures: Mapping[str, Any]) -> str:
    """One time of a row, for the console."""
    text = f"p50 {figures['p50']:6.3f} p95 {figures['p95']:6.3f} s"
    if figures["is_within"] is False:
        shares = " + ".join(f"{share['p50']:.3f} s {what}" for what, share in figures.get("includes", {}).items())
        text += f" ABOVE ITS BAR{f', usually of these {shares}' if shares else ''}"
    return text if figures["is_within"] is not None else f"{text} by {figures['by']}"


if __name__ == "__main__":
    sys.exit(main())

"""From a strike to its observed effect, and from healing to nothing left, for the faults a platform can do. Writes results/faults.json.

As scenarios strike: through the injector, whose own clock is read. `python benchmarks/faults.py [STRIKES [PLATFORM ...]]`.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hivecheck import hosting, topology
from hivecheck.errors import HivecheckError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Victim
from hivecheck.faults.injector import Injector
from hivecheck.history import History
from hivecheck.settings import Settings
from hivecheck.stack import Stack
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

STRIKES = 10
BARS_SECONDS = {"process and engine": 0.3, "network": 0.4}
RESULTS = Path(__file__).parent / "results" / "faults.json"
# Topology -> fault -> who is struck. What hives start again is healed when it runs: that takes their restart's wait, no work of ours.
STRUCK: dict[str, dict[str, str]] = {
    "small": {
        "a wedge": "worker-1",
        "a freeze": "hive-1",
        "a disconnection": "hive-1",
        "a starvation of processor time": "registry",
        "a restart": "registry",
        "memory at 95 %": "registry",
        "a lock on the database": "registry",
        "a limit of 0 bytes to files": "registry",
        "a damage to the header of the database": "registry",
        "a damage to a page of the database": "registry",
        "a truncation of the database": "registry",
        "a zeroed database": "registry",
        "a partition from the registry": "hive-1",
        "500 ms more per round trip to the registry": "hive-1",
        "a loss of 30 % of the packets from the registry": "hive-1",
        "a hail of resets to the registry": "hive-1",
        "a kill": "worker-1",
        "an exhaustion of memory": "worker-2",
    },
    "capped": {"a hoard of connections": "hive-1"},
    "provisioned": dict.fromkeys(
        ["an outage of the model source", "a slowness of the model source", "a corruption of the model source"], "hub"
    ),
}
STABLE_SECONDS = 0.6  # a worker of these topologies that lived for so long starts its restart policy over: no strike makes it give up
BURN = ["python3", "-c", "import time\nwhile time.process_time() < 0.4: pass"]


def main() -> int:
    """Measure, print, write; exit code 1 when a 95th percentile from strike to effect is above its bar."""
    strikes = int(sys.argv[1]) if len(sys.argv) > 1 else STRIKES
    has_daemon = hosting.choose(replace(Settings.load({}, {}), ci=False), lambda sentence: None) == "docker"
    platforms = sys.argv[2:] or ["process", *(["docker"] if has_daemon else [])]
    figures = {name: measured(name, strikes) for name in platforms}
    told = {
        "what": "seconds from a strike to its observed effect, and from the beginning of healing until nothing was left of it",
        "strikes": strikes,
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
    RESULTS.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    rows = [(name, words, row) for name, of_name in figures.items() for words, row in of_name.items()]
    for name, words, row in rows:
        marks = "".join(f"{key} p50 {row[key]['p50']:6.3f} p95 {row[key]['p95']:6.3f} s   " for key in ("strike", "heal"))
        sys.stdout.write(f"{name:<8}{words:<50}{marks}{'' if row['is_within'] else 'ABOVE ITS BAR'}\n")
    return 0 if all(row["is_within"] for *_, row in rows) else 1


def measured(name: str, strikes: int) -> dict[str, dict[str, object]]:
    """Fault -> its figures on that platform."""
    found: dict[str, dict[str, object]] = {}
    for kind, struck in STRUCK.items():
        with running(name, kind) as stack:
            powers = stack.platform.powers("node")
            for words, target in struck.items():
                if FAULTS[words]().needs <= powers:
                    found[words] = figures_of(stack, words, [one_strike(stack, words, target) for _ in range(strikes)])
    return found


def figures_of(stack: Stack, words: str, seconds: list[tuple[float, float]]) -> dict[str, object]:
    group = "network" if "packets" in FAULTS[words]().needs else "process and engine"
    strike, heal = (sorted(values) for values in zip(*seconds, strict=True))
    row: dict[str, object] = {"group": group, "strike": _spread(strike), "heal": _spread(heal)}
    return row | {"is_within": _spread(strike)["p95"] <= BARS_SECONDS[group]}


def one_strike(stack: Stack, words: str, target: str) -> tuple[float, float]:
    """Strike and heal once; returns when the stack is at its baseline again. Seconds until the effect, seconds until it was clean."""
    injector = Injector(History(), stack.timeouts)
    with ThreadPoolExecutor(1) as pool:
        if "processor" in words:  # who wants no processor time is not starved
            pool.submit(stack.nodes[target].run, BURN)
        injector.strike(words, target, [Victim.named(target, stack)])
        injector.heal(target)
    struck, healed = injector.history.events("fault", target)
    eventually(stack.not_at_baseline, within=2 * stack.timeouts.heal, what="the stack at its baseline", until=lambda odd: odd is None)
    threading.Event().wait(STABLE_SECONDS)
    return float(struck.data["inject_seconds"]), float(healed.data["heal_seconds"])


@contextmanager
def running(name: str, kind: str) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load({}, {"platform": name})
        host = hosting.open_platform(name, settings, f"bench-{os.getpid()}-{kind}", Path(folder), lambda sentence: None)
        stack = Stack(f"bench-{kind}", topology.load(kind), host, Timeouts())
        stack.up()
        try:
            yield stack
        finally:
            if left := stack.down():
                raise HivecheckError(f"left behind: {left}")


def _spread(values: list[float]) -> dict[str, float]:
    """Nearest-rank percentiles of sorted values."""
    return {f"p{percent}": round(values[math.ceil(percent / 100 * len(values)) - 1], 4) for percent in (50, 95)}


if __name__ == "__main__":
    sys.exit(main())

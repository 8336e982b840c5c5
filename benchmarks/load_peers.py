"""hivecheck's load against the field's engines: the same truth server, the same cases, one run.

Each engine has a core of its own and the server has the other one. CPU time and memory are sums over the processes of an engine.
They are those of the middle of its run, so no start and no report counts.
Run `hivecheck bench load`, or a part: `hivecheck bench load --only ours,locust`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import provenance
from peers import environments, table
from peers.aiperf_peer import AiperfPeer
from peers.environments import NotInstalledError
from peers.guidellm_peer import GuidellmPeer
from peers.inference_perf_peer import InferencePerfPeer
from peers.locust_peer import LocustPeer
from peers.observation import Observed, observe
from peers.ours import OurEngine, OurLoad
from peers.peer import Case, Peer
from peers.wrk_peer import WrkPeer

RESULTS = Path(__file__).parent / "results" / "load.json"
CACHE = Path.home() / ".cache" / "hivecheck" / "peers"
PEERS: Sequence[Peer] = (OurEngine(), OurLoad(), WrkPeer(), LocustPeer(), InferencePerfPeer(), AiperfPeer(), GuidellmPeer())
PYTHON_PEERS = ("locust", "inference-perf", "aiperf", "guidellm")
TTFT_SECONDS = 0.2
# 500 streams a second that last 2 s: a thousand at once.
OPEN_RATE, OPEN_ITL, OPEN_STREAMS = 500.0, 0.12, 1000
# An engine below these shares had another load than the case declares, and the results say so.
LEAST_AT_ONCE_SHARE, LEAST_SENT_PERCENT = 0.95, 99.0
MEMORY_MINUTES, SEED = 10.0, 7
CASES = (
    Case("streams", 5.0, users=64),
    Case("unary", 4.0, users=64, is_stream=False),
    Case("ttft", 5.0, rate=OPEN_RATE, truth=f"ttft={TTFT_SECONDS};itl={OPEN_ITL}"),
    Case("stop", 4.0, rate=50.0, truth="ttft=0.02;itl=0.001", stopped_seconds=2.0),
    Case("cut", 2.0, rate=50.0, truth="defect=end;at=3"),
    Case("memory", 60 * MEMORY_MINUTES, rate=OPEN_RATE, truth=f"ttft={TTFT_SECONDS};itl={OPEN_ITL}"),
)
AHEAD = 1.5
# Of hivecheck's own engine. The memory of its processes is flat when it grows by less than the last figure.
BARS = {
    "streams_per_cpu_second": ("at least", 6000.0),
    "unary_per_cpu_second": ("at least", 20000.0),
    "ttft_error_p99_ms": ("at most", 10.0),
    "stop_p95_ms": ("at least", 1700.0),
    "cut_success_percent": ("at most", 0.0),
    "memory_mib": ("at most", 150.0),
    "memory_growth_mib": ("at most", 5.0),
}
Figures = dict[str, float]


def rates(name: str, observed: Observed) -> Figures:
    """A closed loop: whole answers per second, and per CPU-second of the engine."""
    found = observed.rates()
    return {f"{name}_per_second": found[0], f"{name}_per_cpu_second": found[1]} if found else {}


def ttft(observed: Observed) -> Figures:
    """What the engine reports, minus when the server really wrote its first tokens."""
    reported, stats = observed.reported, observed.stats
    figures = {"ttft_sent_percent": 100.0 * stats["received"] / _case("ttft").requests, "server_late_p99_ms": 1000 * stats["late_p99"]}
    if reported is not None:
        figures["ttft_error_p50_ms"] = 1000 * (reported.ttft_p50 - TTFT_SECONDS - stats["late_p50"])
        figures["ttft_error_p99_ms"] = 1000 * (reported.ttft_p99 - TTFT_SECONDS - stats["late_p99"])
    return figures | {"ttft_at_once": float(observed.most_open()), "memory_mib": observed.memory()[0]}


def shortfalls(case: str, figures: Figures) -> list[str]:
    """Where an engine did not bring the load of the case, its times are those of a smaller one."""
    if case != "ttft":
        return []
    at_once, sent = figures["ttft_at_once"], figures["ttft_sent_percent"]
    return [
        *([f"{at_once:.0f} of {OPEN_STREAMS} streams at once"] if at_once < LEAST_AT_ONCE_SHARE * OPEN_STREAMS else []),
        *([f"sent {sent:.0f} % of the schedule"] if sent < LEAST_SENT_PERCENT else []),
    ]


def stop(observed: Observed) -> Figures:
    """SIGSTOP held the server for 2 s. The requests of that time waited, and an engine that keeps its schedule reports it."""
    return {"stop_p95_ms": 1000 * observed.reported.e2e_p95} if observed.reported else {}


def cut(observed: Observed) -> Figures:
    """Each body ends after 3 of 16 tokens: the share of these streams that the engine calls a success."""
    reported = observed.reported
    total = reported.complete + reported.failed if reported else 0
    return {"cut_success_percent": 100.0 * reported.complete / total} if reported and total else {}


def memory(observed: Observed) -> Figures:
    most, growth = observed.memory()
    return {"memory_mib": most, "memory_growth_mib": growth}


FIGURES: Mapping[str, Callable[[Observed], Figures]] = {
    "streams": lambda observed: rates("streams", observed),
    "unary": lambda observed: rates("unary", observed),
    "ttft": ttft,
    "stop": stop,
    "cut": cut,
    "memory": memory,
}


def measure(peer: Peer, cases: Sequence[Case], cache: Path, seed: int) -> dict[str, Any]:
    """All figures of one engine, its version, what it cannot do, and what went wrong."""
    row: dict[str, Any] = {"version": peer.pinned_version() or "-", "figures": {}, "limits": list(peer.limits), "problems": []}
    try:
        binaries = environments.must_be_installed(cache, peer)
    except NotInstalledError as error:
        say(f"{peer.name:<15} not installed: {error}")
        return row | {"problems": [f"not installed: {error}"]}
    row["version"] = peer.version()
    for case in cases:
        if case.name not in peer.cases:
            continue
        observed = observe(peer, case, binaries, seed)
        figures = {name: round(value, 3) for name, value in FIGURES[case.name](observed).items() if math.isfinite(value)}
        row["figures"] |= figures
        notes = [*([observed.problem] if observed.problem else []), *(observed.reported.notes if observed.reported else ())]
        notes += shortfalls(case.name, figures)
        row["problems"] += [f"{case.name}: {note}" for note in notes]
        words = "  ".join(f"{name} {value:.5g}" for name, value in figures.items())
        say(f"{peer.name:<15} {case.name:<8} {observed.seconds:5.1f} s  {words}", *(f"{'':<15} {note}" for note in notes))
    return row


def say(*lines: str) -> None:
    """Write lines at once: a run takes minutes."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def compare(rows: Mapping[str, dict[str, Any]]) -> None:
    """Give each engine its ratio to ours, in streams per CPU-second."""
    rate = "streams_per_cpu_second"
    ours = rows.get("ours", {"figures": {}})["figures"].get(rate)
    for row in rows.values():
        if ours and rate in row["figures"]:
            row["figures"]["ratio_to_ours"] = round(row["figures"][rate] / ours, 3)


def judged(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The bars of the measured figures."""
    ours = rows.get("ours", {"figures": {}})["figures"]
    bars = {name: {"rule": rule, "bar": bar, "actual": ours[name]} for name, (rule, bar) in BARS.items() if name in ours}
    rate = "streams_per_cpu_second"
    for name in PYTHON_PEERS:
        theirs = rows.get(name, {"figures": {}})["figures"].get(rate)
        if theirs and rate in ours:
            bars[f"ahead_of_{name}"] = {"rule": "at least", "bar": AHEAD, "actual": round(ours[rate] / theirs, 2)}
    for bar in bars.values():
        bar["met"] = bar["actual"] >= bar["bar"] if bar["rule"] == "at least" else bar["actual"] <= bar["bar"]
    return bars


def main() -> int:
    """Measure, print, write the results of a whole run. Exit code 1 when a bar is missed."""
    chosen = options()
    only, names = chosen.only.split(","), chosen.cases.split(",")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a thousand streams at both ends
    load, begun, commit = os.getloadavg()[0], time.monotonic(), provenance.commit()
    cases = [replace(case, seconds=60 * chosen.minutes) if case.name == "memory" else case for case in CASES if case.name in names]
    rows = {peer.name: measure(peer, cases, CACHE, chosen.seed) for peer in PEERS if peer.name in only}
    compare(rows)
    bars = judged(rows)
    result = {"engines": rows, "bars": bars, "commit": commit, "seed": chosen.seed, "machine": provenance.machine(load)}
    is_whole = {*only} == {peer.name for peer in PEERS} and {*names} == {*FIGURES} and chosen.minutes >= MEMORY_MINUTES
    if is_whole:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    say("", *table.lines(rows, shutil.get_terminal_size((160, 24)).columns), "")
    for name, bar in bars.items():
        say(f"{name:28} {bar['actual']:10.5g}   {bar['rule']} {bar['bar']:g}: {'met' if bar['met'] else 'MISSED'}")
    say(f"{time.monotonic() - begun:.0f} s, load of the machine at the start {load:.2f}, seed {chosen.seed}, commit {commit}")
    say(f"results: {RESULTS}" if is_whole else "results: not written, because this is a part of the benchmark")
    return 0 if all(bar["met"] for bar in bars.values()) else 1


def options() -> argparse.Namespace:
    """Those of the command line."""
    parser = argparse.ArgumentParser(prog="hivecheck bench load", description=__doc__)
    names, cases = [peer.name for peer in PEERS], ",".join(FIGURES)
    parser.add_argument("--only", default=",".join(names), metavar="ENGINES", help=f"some of {','.join(names)}; writes no results")
    parser.add_argument("--cases", default=cases, metavar="CASES", help=f"some of {cases}; writes no results")
    parser.add_argument("--minutes", type=float, default=MEMORY_MINUTES, help="of the case memory; fewer than %(default)g write no results")
    parser.add_argument("--seed", type=int, default=SEED, help="of the engines that draw anything (%(default)s)")
    chosen = parser.parse_args()
    if unknown := {*chosen.only.split(",")} - {*names} | {*chosen.cases.split(",")} - {*FIGURES}:
        parser.error(f"expected: names of {', '.join(names)} and of {cases}; actual: {', '.join(sorted(unknown))}")
    return chosen


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


if __name__ == "__main__":
    sys.exit(main())

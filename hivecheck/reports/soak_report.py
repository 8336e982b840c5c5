"""The report of a soak: `soak.json`, and the lines of its timeline. Also of a soak that was stopped: the report so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from hivecheck.checks.leaks.no_leak import judged
from hivecheck.checks.recovery.sound_soak import sound_soak, verdicts
from hivecheck.history import Event, History
from hivecheck.measurement.floors import MEMORY, cycles
from hivecheck.measurement.soak import Entry, Round, began, entries, fault_entry, is_whole, round_of, rounds, timeline
from hivecheck.reports import recovery_table
from hivecheck.reports.text import one_line
from hivecheck.verdict import Verdict
from hivecheck.wording import counted

FORMAT = 1  # of soak.json
FILE = "soak.json"
MIB = 1024 * 1024


def keep(history: History, folder: Path) -> tuple[Verdict, list[str]] | None:
    """Write `soak.json` into a scenario's folder. Returns the verdict so far and the closing lines; None for a scenario without a soak."""
    start = began(history)
    if start is None:
        return None
    path, parts, verdict = folder / FILE, verdicts(history), sound_soak(history)
    path.write_text(json.dumps(data(history, start, parts, verdict), indent=2, default=str) + "\n", encoding="utf-8")
    lines = [f"soak  {name}: {part.answer}  {one_line(part.message)}" for name, part in parts.items()]
    return verdict, [*lines, f"soak  timeline: {path}"]


def data(history: History, start: Event, parts: Mapping[str, Verdict], verdict: Verdict) -> dict[str, Any]:
    """The whole report for programs. `leaks` are by process and resource, `recoveries` by round."""
    done = rounds(history)
    plan = {key: value for key, value in start.data.items() if key not in ("what", "nodes")}
    return {
        "format": FORMAT,
        "kind": "soak",
        "version": metadata.version("hivecheck"),
        "model": start.node,
        **plan,
        "is_whole": is_whole(history),
        "rounds": len(done),
        "verdict": verdict.answer,
        "verdicts": {name: {"answer": part.answer, "message": part.message} for name, part in parts.items()},
        "leaks": leaks(history),
        "recoveries": {_faults(one): recovery_table.data(recovery) for one in done if (recovery := one.recovery)},
        "timeline": timeline(history, done),
    }


def leaks(history: History) -> dict[str, dict[str, Any]]:
    """Process and resource -> finding and slope with its interval, per cycle. Of several lives of a process the last one counts."""
    return {
        f"{case.floors.process}: {case.floors.resource}": {
            "finding": case.growth.finding,
            "slope": case.growth.slope,
            "low": case.growth.low,
            "high": case.growth.high,
            "smallest_visible": case.growth.smallest_visible,
            "cycles": case.growth.cycles,
            "requests_per_cycle": case.growth.requests,
        }
        for case in sorted(judged(history, cycles(history), 0), key=lambda each: each.floors.last_cycle)
    }


def opening(start: Event, quiet_rounds: int) -> str:
    """The first line: what will happen, and how to end it."""
    plan = start.data
    load = f"{plan['minutes']:g} min of load at {plan['rate_per_second']:g}/s with {counted(plan['faults'], 'fault')}"
    quiet = f"the last {counted(quiet_rounds, 'round')} or more have no fault"
    return f"soak {_clock(0.0)}  {load}; {quiet}; ctrl-C ends it with the report so far"


def round_lines(history: History, event: Event) -> Iterator[str]:
    """The lines of one round, by time: faults, load with its recovery, floors."""
    start = began(history)
    one = round_of(history, event)
    # Faults first: a recovery without harm has the time of its fault.
    found = [*((fault.at, fault_entry(fault)) for fault in one.history.events("fault")), *entries(one)]
    for at, entry in sorted(found, key=lambda each: each[0]):
        yield f"soak {_clock(max(0.0, at - (start.at if start else at)))}  {_sentence(entry)}"


def _clock(seconds: float) -> str:
    """Minutes and seconds. Rounded before they are split, because 59.96 is no 60.0 seconds."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    return f"{minutes:02}:{tenths / 10:04.1f}"


def _sentence(entry: Entry) -> str:
    kind = entry["kind"]
    if kind == "load":
        ttft = f"TTFT p50 {entry['ttft_p50_seconds']:.3f} s, p99 {entry['ttft_p99_seconds']:.3f} s"
        sent = counted(entry["sent"], "request")
        return f"round {entry['round']}: {sent} in {entry['for_seconds']:.1f} s, {entry['failed']} failed, {ttft}"
    if kind == "floors":
        held = f", held: {entry['held']}" if entry["held"] else ""
        return f"round {entry['round']}: floors {_totals(entry['processes'])}{held}"
    if kind == "recovery":
        if not entry["is_back"]:
            return f"round {entry['round']}: not back to normal"
        after = entry["recovered_after_seconds"]
        return f"round {entry['round']}: " + (f"back to normal {after:.2f} s after the first fault" if after else "no harm to the load")
    return f"{kind}: {entry['fault']} on {entry['target']}"


def _totals(processes: Mapping[str, Mapping[str, float]]) -> str:
    memory = sum(resources.get(MEMORY, 0.0) for resources in processes.values()) / MIB
    descriptors = sum(resources.get("descriptors", 0.0) for resources in processes.values())
    return f"{memory:.1f} MiB, {counted(int(descriptors), 'descriptor')} in {counted(len(processes), 'process', 'processes')}"


def _faults(one: Round) -> str:
    recovery = one.recovery
    faults = ", ".join(recovery.faults) if recovery else ""
    targets = ", ".join(recovery.fault_targets) if recovery else ""
    return f"round {one.number}: {faults} on {targets}"
